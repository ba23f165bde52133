"""The soak's clients: developers who ask for pipelines and ask again with the same key until they have an answer."""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from server_load import body as sent_files
from soak_house import ANSWER_S, EXAMPLE, PLAIN, PROTECTED, House

GENERATE = "/api/v1/pipelines/generate"
PATIENCE_S = 3 * ANSWER_S
"""Longest wait for one answer: a server may be stopped meanwhile."""
AGAIN = frozenset({"idempotency-in-flight", "database-error", "internal"})
_THINKS_S = 0.6
"""Longest pause between an answer and the next request: eight clients without one are more than two cores serve."""
_LEAVES, _PLANTS = 0.06, 0.05
"""Share of requests whose client goes away for good, and of those with a secret in their sentence."""


@dataclass
class Sent:
    """One pipeline that was asked for, and all that came back."""

    key: str
    organisation: int
    wanted: dict[str, Any]
    answers: list[tuple[float, float, str]] = field(default_factory=list)
    """(asked at, answered at, status and slug): monotonic seconds."""
    pipelines: set[str] = field(default_factory=set)
    acknowledged: str = ""
    """Its pipeline, from the first 201 or 202 on."""
    first: bytes = b""
    """The body of a 201."""
    final: str = ""
    detail: str = ""
    """Why the final answer is no pipeline."""
    left: bool = False

    def document(self) -> dict[str, Any]:
        """Return it for the history."""
        return {
            "key": self.key, "organisation": self.organisation, "wanted": self.wanted["options"],
            "context": self.wanted["service_context"].get("repository"), "answers": self.answers,
            "pipelines": sorted(self.pipelines), "final": self.final,
            "detail": self.detail, "left": self.left,
        }  # fmt: skip


class Clients:
    """``count`` of them, each in a thread of its own with its own dice."""

    def __init__(self, house: House, seed: int, count: int) -> None:
        self._house = house
        self._seed = seed
        self.sent: list[Sent] = []
        self._over = threading.Event()
        self._give_up_at = float("inf")
        self._threads = [threading.Thread(target=self._live, args=(each,), daemon=True) for each in range(count)]

    def start(self) -> None:
        """Begin to ask."""
        for thread in self._threads:
            thread.start()

    def finish(self, within_s: float) -> None:
        """Ask for nothing new; wait until everybody has an answer, at most so long."""
        self._give_up_at = time.monotonic() + within_s
        self._over.set()
        for thread in self._threads:
            thread.join(within_s + PATIENCE_S)

    def _live(self, number: int) -> None:
        dice = random.Random(f"{self._seed}/{number}")  # noqa: S311 -- the seed repeats a run
        count = 0
        while not self._over.is_set():
            count += 1
            planted = self._house.secrets["planted in sentences"] if dice.random() < _PLANTS else ""
            sent = Sent(f"soak-{self._seed}-{number}-{count}", number % 2, _wanted(dice, number, count, planted))
            self.sent.append(sent)
            sent.left = dice.random() < _LEAVES
            self._until_final(sent)
            time.sleep(dice.random() * _THINKS_S)

    def _until_final(self, sent: Sent) -> None:
        while time.monotonic() < self._give_up_at:
            wait = self._once(sent)
            if wait is None or sent.left:
                return
            time.sleep(min(wait, 1.0))

    def _once(self, sent: Sent) -> float | None:
        """Ask once. None: the answer is final; else seconds until it is asked again."""
        begun = time.monotonic()
        patience = 0.3 if sent.left else PATIENCE_S
        try:
            status, headers, content = ask(self._house, sent, patience)
        except (OSError, http.client.HTTPException) as problem:
            sent.answers.append((begun, time.monotonic(), type(problem).__name__))
            return 0.2
        document = json.loads(content)
        slug = str(document.get("type", "")).rpartition("#")[2]
        sent.answers.append((begun, time.monotonic(), f"{status} {slug}".strip()))
        if document.get("pipeline_id"):
            sent.pipelines.add(document["pipeline_id"])
        if status in {201, 202}:
            sent.acknowledged = document["pipeline_id"]
            sent.first = content if status == 201 else b""
        elif status in {429, 503, 504, 408} or slug in AGAIN:
            return float(headers.get("retry-after") or 0.5)
        sent.final, sent.detail = f"{status} {slug}".strip(), str(document.get("detail", ""))
        return None


def ask(house: House, sent: Sent, patience_s: float) -> tuple[int, dict[str, str], bytes]:
    """Send the request once, through the balancer. Raises OSError, HTTPException."""
    connection = http.client.HTTPConnection("127.0.0.1", house.balancer.port, timeout=patience_s)
    headers = {
        "Authorization": f"Bearer {house.keys[sent.organisation]}",
        "Content-Type": "application/json",
        "Idempotency-Key": sent.key,
        "Connection": "close",
    }
    try:
        connection.request("POST", GENERATE, json.dumps(sent.wanted), headers)
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def _wanted(dice: random.Random, number: int, count: int, planted: str) -> dict[str, Any]:
    delivery = dice.choices(("none", "auto", "commit", "pull_request"), (25, 35, 25, 15))[0]
    intent = f"Create CI/CD pipeline for payment-api, change {count} of developer {number}"
    options: dict[str, Any] = {
        "target": "cloud-run",
        "project": f"soak-{number}-{count}-x",
        "mode": dice.choice(("template", "ai")),
        "fallback": dice.choice(("on_any_failure", "on_breaker_open")),
        "delivery": delivery,
    }
    if delivery == "none":
        context: dict[str, Any] = dict(sent_files(EXAMPLE, count)["service_context"])  # type: ignore[call-overload]
        context["service_name"] = "payment-api"
    else:
        context = {"repository": dice.choice(PLAIN if delivery == "commit" else (*PLAIN, *PROTECTED))}
    if planted:
        intent += f" with the key {planted}"
    return {"intent": intent, "service_context": context, "options": options}
