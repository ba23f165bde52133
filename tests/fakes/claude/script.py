"""What a test asks of the next calls: a list of actions used up in order, then a list that stays."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from typing import Any

ANSWERS = ("answer", "text", "content", "error", "body")


class ScriptRefused(Exception):
    """The script cannot be played; the text says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Where an answer ends too early, and how: `end` (HTTP still in order), `close` (FIN) or `reset` (RST).

    Without `after_events` (of a stream) or `after_bytes` (of any body) nothing at all is sent, not even headers.
    """

    how: str = "close"
    after_events: int | None = None
    after_bytes: int | None = None

    def __post_init__(self) -> None:
        if self.how not in {"end", "close", "reset"}:
            raise ScriptRefused(f"cut.how is {self.how!r}, not end, close or reset")

    @property
    def before_headers(self) -> bool:
        return self.after_events is None and self.after_bytes is None


@dataclass(frozen=True, slots=True)
class ErrorEvent:
    """An `error` event in a stream that began with status 200, after so many events."""

    after_events: int
    type: str = "overloaded_error"
    message: str = "Overloaded"


@dataclass(frozen=True, slots=True)
class Failure:
    """An error answer; the type follows from the status when it is not given."""

    status: int
    type: str | None = None
    message: str = "Scripted failure"
    error_code: str | None = None


@dataclass(frozen=True, slots=True)
class Body:
    """Any bytes at all with any status, as a proxy in between might send them."""

    text: str
    status: int = 200
    content_type: str = "text/html"


@dataclass(frozen=True, slots=True)
class Action:
    """What happens to one call. At most one of ANSWERS; without any, the least document the schema allows.

    All times are seconds. `repeat` multiplies `text` or `body.text` (for answers too large to send by script).
    """

    match: str | None = None  # only for a request whose body holds this text
    answer: Any = None
    text: str | None = None
    content: list[dict[str, Any]] | None = None
    error: Failure | None = None
    body: Body | None = None
    stop_reason: str = "end_turn"
    stop_details: dict[str, Any] | None = None
    usage: dict[str, Any] = field(default_factory=dict)
    model: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    delay_headers: float = 0
    delay_body: float = 0
    delay_events: float = 0  # before each further event
    drip: float = 0  # after each single byte of the body
    hold: str | None = None  # "headers": never a byte; "body": headers, then never a byte
    chunk: int = 24  # characters in one text_delta
    repeat: int = 1
    gzip: bool = False
    cut: Cut | None = None
    error_event: ErrorEvent | None = None
    named: frozenset[str] = frozenset()  # the keys the script gave

    def __post_init__(self) -> None:
        if self.hold not in {None, "headers", "body"}:
            raise ScriptRefused(f"hold is {self.hold!r}, not headers or body")
        if self.chunk < 1 or self.repeat < 1:
            raise ScriptRefused("chunk and repeat start at 1")
        if len(self.named & set(ANSWERS)) > 1:
            raise ScriptRefused(f"an action has one of {', '.join(ANSWERS)}, not {sorted(self.named & set(ANSWERS))}")


PARTS: dict[str, type] = {"error": Failure, "body": Body, "cut": Cut, "error_event": ErrorEvent}


def read_action(raw: Any) -> Action:
    """Read one action from JSON; a key nobody knows is refused, so that a mistyped fault cannot pass as none."""
    if not isinstance(raw, dict):
        raise ScriptRefused(f"an action is an object, not {type(raw).__name__}")
    given = {name: _part(name, value) for name, value in raw.items()}
    _check_names(Action, given)
    try:
        return Action(**given, named=frozenset(raw))
    except TypeError as problem:
        raise ScriptRefused(str(problem)) from problem


def _part(name: str, value: Any) -> Any:
    kind = PARTS.get(name)
    if kind is None or value is None:
        return value
    if not isinstance(value, dict):
        raise ScriptRefused(f"{name} is an object")
    _check_names(kind, value)
    try:
        return kind(**value)
    except TypeError as problem:
        raise ScriptRefused(f"{name}: {problem}") from problem


def _check_names(kind: type, given: dict[str, Any]) -> None:
    known = {each.name for each in fields(kind)} - {"named"}
    unknown = sorted(set(given) - known)
    if unknown:
        raise ScriptRefused(f"unknown key {', '.join(unknown)}; known: {', '.join(sorted(known))}")


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

    def next(self, body: str) -> Action:
        """Take the first action that fits the request's body."""
        for place, action in enumerate(self._once):
            if action.match is None or action.match in body:
                return self._once.pop(place)
        return next((each for each in self._then if each.match is None or each.match in body), Action())
