"""Dollar signs in Cloud Build: which are substitutions and which are meant literally.

In ``args`` and ``env`` Cloud Build replaces ``$NAME`` and ``${NAME}``; a literal dollar is written ``$$``. Scripts get
no substitution at all (docs.cloud.google.com, "Substitute variable values").
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from penstock.domain.spec import Step

_BUILT_IN = frozenset(
    {
        "PROJECT_ID", "PROJECT_NUMBER", "BUILD_ID", "LOCATION", "TRIGGER_NAME", "COMMIT_SHA", "REVISION_ID",
        "SHORT_SHA",
        "REPO_NAME", "REPO_FULL_NAME", "BRANCH_NAME", "TAG_NAME", "REF_NAME", "TRIGGER_BUILD_CONFIG_PATH",
        "SERVICE_ACCOUNT_EMAIL", "SERVICE_ACCOUNT",
    }
)  # fmt: skip
_FROM_PULL_REQUEST = frozenset({"_HEAD_BRANCH", "_BASE_BRANCH", "_HEAD_REPO_URL", "_PR_NUMBER"})
_REFERENCE = re.compile(r"\$\$|\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))?")
_OWN = re.compile(r"_[A-Z0-9_]{1,99}")


def escaped(text: str) -> str:
    """Return text for ``args`` or ``env``: substitutions stay, every other dollar is doubled."""
    return _REFERENCE.sub(_kept_or_doubled, text)


def own_names(steps: Iterable[Step]) -> list[str]:
    """Return the substitutions of our own (``_NAME``) that the steps use, sorted; the file has to define each."""
    found = set()
    for step in steps:
        for text in (*step.args, *step.env.values()):
            found |= {name for name in _names(text) if _OWN.fullmatch(name)}
    return sorted(found - _FROM_PULL_REQUEST)


def _names(text: str) -> Iterable[str]:
    return (match[1] or match[2] for match in _REFERENCE.finditer(text) if match[1] or match[2])


def _kept_or_doubled(match: re.Match[str]) -> str:
    name = match[1] or match[2]
    if name and (name in _BUILT_IN or _OWN.fullmatch(name)):
        return match.group()
    return match.group() if match.group() == "$$" else f"${match.group()}"
