"""What a test asks of the next calls: a list of actions used up in order, then a list that stays."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from typing import Any


class ScriptRefused(Exception):
    """The script cannot be played; the text says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Where an answer ends too early, and how: `end` (HTTP still in order), `close` (FIN) or `reset` (RST).

    Without `after_bytes` nothing at all is sent, not even headers.
    """

    how: str = "reset"
    after_bytes: int | None = None

    def __post_init__(self) -> None:
        if self.how not in {"end", "close", "reset"}:
            raise ScriptRefused(f"cut.how is {self.how!r}, not end, close or reset")


@dataclass(frozen=True, slots=True)
class Instead:
    """An answer that is sent instead of the real one: any status, a JSON value or any text."""

    status: int = 200
    json: Any = None
    text: str | None = None
    content_type: str = "application/json; charset=utf-8"


@dataclass(slots=True)
class Action:
    """What happens to one call.

    `match` is a regular expression searched in "METHOD /path?query" (without /api/v3), `holding` one in the body; the
    first `skip` such calls go by untouched and the action is used for the next `times`. All times are seconds.

    `apply` says whether the call is carried out; without it, it is not when `answer`, `cut` (without after_bytes) or
    `hold: before` is given. `before` and `after` are changes to the world (see changes.py) made around the call.
    """

    match: str = ""
    holding: str = ""
    skip: int = 0
    times: int = 1
    apply: bool | None = None
    answer: Instead | None = None
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0  # before the call is carried out
    delay_after: float = 0  # after it, before the answer
    hold: str | None = None  # "before" or "after" the call is carried out: never a byte
    cut: Cut | None = None
    before: list[dict[str, Any]] = field(default_factory=list)
    after: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.hold not in {None, "before", "after"}:
            raise ScriptRefused(f"hold is {self.hold!r}, not before or after")
        if self.apply and self.hold == "before":
            raise ScriptRefused("a call held before it is carried out cannot be applied")
        for name in ("match", "holding"):
            try:
                re.compile(getattr(self, name))
            except re.error as problem:
                raise ScriptRefused(f"{name}: {problem}") from problem

    @property
    def applies(self) -> bool:
        if self.apply is not None:
            return self.apply
        silent_cut = self.cut is not None and self.cut.after_bytes is None
        return self.answer is None and self.hold != "before" and not silent_cut

    def fits(self, call: str, body: str) -> bool:
        return re.search(self.match, call) is not None and re.search(self.holding, body) is not None


PARTS: dict[str, type] = {"answer": Instead, "cut": Cut}


def read_action(raw: Any) -> Action:
    """Read one action from JSON; a key nobody knows is refused, so that a mistyped fault cannot pass as none."""
    if not isinstance(raw, dict):
        raise ScriptRefused(f"an action is an object, not {type(raw).__name__}")
    given = {name: _built(PARTS[name], value, name) if name in PARTS else value for name, value in raw.items()}
    action: Action = _built(Action, given, "an action")
    return action


def _built(kind: type, given: Any, where: str) -> Any:
    if given is None:
        return None
    if not isinstance(given, dict):
        raise ScriptRefused(f"{where} is an object")
    known = {each.name for each in fields(kind)}
    unknown = sorted(set(given) - known)
    if unknown:
        raise ScriptRefused(f"{where}: unknown key {', '.join(unknown)}; known: {', '.join(sorted(known))}")
    return kind(**given)


class Script:
    """The actions still to come."""

    def __init__(self) -> None:
        self._once: list[Action] = []
        self._then: list[Action] = []

    def load(self, once: Iterable[Any], then: Iterable[Any]) -> None:
        """Replace everything: `once` is used up in order, `then` answers whatever comes after."""
        self._once, self._then = [read_action(each) for each in once], [read_action(each) for each in then]

    @property
    def left(self) -> int:
        return len(self._once)

    def next(self, call: str, body: str) -> Action:
        """Take the first action that fits the call."""
        for action in list(self._once):
            if not action.fits(call, body):
                continue
            if action.skip > 0:
                action.skip -= 1
                continue
            action.times -= 1
            if action.times < 1:
                self._once.remove(action)
            return action
        return next((each for each in self._then if each.fits(call, body)), Action())
