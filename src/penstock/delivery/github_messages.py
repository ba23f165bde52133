"""What GitHub's refusals mean: its words as data, because it tells much by its words alone (BEHAVIOUR.md C17, §4).

Only bootstrap imports the modules whose names begin with ``github``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto

LEAST_WAIT_S, MOST_WAIT_S = 60.0, 7_200.0
"""How long a limit holds at least, and what is the most that is believed of a header."""

_WORDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("archived", ("archived so is read-only", "repository was archived")),
    ("workflows", ("without `workflow", "workflows` permission", "workflow` scope")),
    ("merge_queue", ("merge queue",)),
    (
        "protected",
        (
            "through a pull request",
            "required status check",
            "approving review",
            "not authorized to push",
            "protected branch",
            "protected ref",
            "locked branch",
            "creations being restricted",
            "required deployment",
            "must not contain merge commits",
        ),
    ),
    ("signatures", ("verified signature", "must be signed", "must have a verified")),
    ("conflict", ("secret detected",)),
    ("protected", ("repository rule violations",)),
)
"""Kind of refusal by what the message contains; the first that fits counts, so the order matters."""
_BEHIND = ("not a fast forward", "reference already exists", "reference does not exist", "but expected")
"""Somebody else moved the branch first."""
_LAGGING = ("object does not exist", "tree sha does not exist", "parent sha does not exist", "not a valid tree oid")
"""What was made a moment ago is not to be seen yet."""
_SECONDARY = ("secondary rate limit", "abuse detection")
_EMPTY = ("repository is empty",)

_NEXT: dict[str, tuple[str, tuple[str, ...]]] = {
    "protected": (
        "The branch's protection refuses the commit.",
        ("Deliver as a pull request (delivery: pull_request), or let the Penstock App bypass the rule.",),
    ),
    "merge_queue": (
        "The branch takes changes through its merge queue only.",
        ("Deliver as a pull request (delivery: pull_request).",),
    ),
    "signatures": (
        "The branch takes signed commits only, and a token's commits are not signed.",
        ("Connect Penstock as a GitHub App, whose commits GitHub signs, or lift the rule.",),
    ),
    "permission": (
        "Penstock may not do this in the repository.",
        ("Give the Penstock App (or token) write access to contents and pull requests, then commit again.",),
    ),
    "workflows": (
        "Penstock may not write workflow files.",
        ("Give the Penstock App the workflows permission (a token: the workflow scope), then commit again.",),
    ),
    "empty": ("The repository has no commit yet.", ("Make a first commit, such as a README, then commit again.",)),
    "archived": ("The repository is archived.", ("Unarchive it, then commit again.",)),
    "not_found": (
        "The repository was not found, or Penstock may not see it.",
        ("Check the name, and that the Penstock App is installed on this repository (or the token may read it).",),
    ),
    "conflict": (
        "GitHub refuses the change.",
        ("Mend what GitHub says, then commit again; the files are kept with the pipeline.",),
    ),
    "misconfigured": (
        "GitHub cannot be used as it is set up here.",
        ("Contact the platform team with the trace_id.",),
    ),
}


class Sense(Enum):
    """What an answer means for what happens next."""

    OK = auto()
    AGAIN = auto()
    """Trouble on the other side; the same call may succeed."""
    BAD_TOKEN = auto()
    LIMITED = auto()
    """A rate limit: nobody of this installation should call before ``retry_at_s``."""
    BEHIND = auto()
    REFUSED = auto()


@dataclass(frozen=True, slots=True)
class Verdict:
    """An answer, understood."""

    sense: Sense
    kind: str = ""
    """Of a refusal, as in HostRefused."""
    said: str = ""
    """GitHub's own words, cleaned."""
    retry_at_s: float = 0.0


def understand(
    status: int, headers: Mapping[str, str], message: str, now: datetime, *, least_wait_s: float = LEAST_WAIT_S
) -> Verdict:
    """Sort an answer by status, headers (names in lower case) and message, in this order of doubt."""
    words, said = message.lower(), cleaned(message)
    if 200 <= status < 300:  # noqa: PLR2004 -- success
        return Verdict(Sense.OK)
    if status == 429 or (status == 403 and _limited(headers, words)):  # noqa: PLR2004 -- BEHAVIOUR.md §4
        return Verdict(Sense.LIMITED, said=said, retry_at_s=_retry_at(headers, now.timestamp(), least_wait_s))
    if status == 401:  # noqa: PLR2004 -- unauthorised
        return Verdict(Sense.BAD_TOKEN, said=said)
    if status >= 500 or status == 408 or any(each in words for each in _LAGGING):  # noqa: PLR2004 -- their trouble
        return Verdict(Sense.AGAIN, said=said)
    if any(each in words for each in _BEHIND):
        return Verdict(Sense.BEHIND, said=said)
    return Verdict(Sense.REFUSED, _kind(status, headers, words), said)


def explained(kind: str, said: str = "") -> tuple[str, tuple[str, ...]]:
    """Return message and next steps for a kind of refusal, with GitHub's own words where there are any."""
    message, steps = _NEXT[kind]
    return (f"{message} GitHub says: {said}" if said else message), steps


def cleaned(text: str, *, longest: int = 300) -> str:
    """Return a foreign text on one line, without control characters, cut to a length."""
    line = " ".join("".join(each if each.isprintable() else " " for each in text).split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


def _kind(status: int, headers: Mapping[str, str], words: str) -> str:
    for kind, texts in _WORDS:
        if any(each in words for each in texts):
            return kind
    if any(each in words for each in _EMPTY):
        return "empty"
    if status == 403:  # noqa: PLR2004 -- forbidden
        return "workflows" if "workflows=write" in headers.get("x-accepted-github-permissions", "") else "permission"
    return "not_found" if status in {404, 410, 451} else "conflict"


def _limited(headers: Mapping[str, str], words: str) -> bool:
    spent = headers.get("x-ratelimit-remaining") == "0"
    return "retry-after" in headers or spent or any(each in words for each in _SECONDARY)


def _retry_at(headers: Mapping[str, str], now: float, least_wait_s: float) -> float:
    told = [least_wait_s]
    if re.fullmatch(r"\d{1,9}", headers.get("retry-after", "")):
        told.append(float(headers["retry-after"]))
    elif headers.get("x-ratelimit-remaining") == "0":
        told.append(reset_in(headers, now))
    return now + min(max(told), MOST_WAIT_S)


def reset_in(headers: Mapping[str, str], now: float) -> float:
    """Return in how many seconds the primary limit begins anew; 0 where nothing says so."""
    reset = headers.get("x-ratelimit-reset", "")
    return max(0.0, float(reset) - now) if re.fullmatch(r"\d{1,12}", reset) else 0.0
