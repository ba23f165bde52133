"""Which of the versions a skill offers satisfies what a project demands.

One grammar reads the demands of all ecosystems, since each spelling has one meaning wherever it occurs: npm's
``^20.1``, ``20.x`` and ``18 || 20``, Python's ``>=3.11,<3.14`` and ``~=3.11``, Ruby's ``~> 3.3``, plain ``21`` and
``1.24.3``, names like ``lts/iron``. An offered ``24`` or ``3.13`` means the newest release of that line, which is what
an image's tag means too. Pre-release suffixes are not looked at: images of pre-releases are not offered.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

Version = tuple[int, int, int]

_NEWEST = 1_000_000
"""Stands for the parts an offered version leaves open; no release has such a number."""
_MAX_DEMAND = 200
_LTS = {"hydrogen": 18, "iron": 20, "jod": 22, "krypton": 24}
"""Node's names of long-term lines, as ``lts/NAME`` in .nvmrc."""
_PREFIX = re.compile(r"(?<![\w.])[A-Za-z][A-Za-z-]*(?=\d)")
_COMPARATOR = re.compile(
    r"(?P<operator>\^|~=|~>|~|>=|<=|===|==|!=|>|<|=)?\s*"
    r"(?P<major>\d{1,6}|[xX*])(?:\.(?P<minor>\d{1,6}|[xX*]))?(?:\.(?P<patch>\d{1,6}|[xX*]))?"
    r"(?:\.\d+)*(?:[-+][\w.+-]*|[A-Za-z][\w.]*)?(?=[\s,]|$)"
)
_HYPHEN = re.compile(r"(\S+)\s+-\s+(\S+)")


@dataclass(frozen=True, slots=True)
class _Bound:
    """One comparator: versions from ``low`` on and below ``high``, or (``outside``) all others."""

    low: Version
    high: Version
    parts: int
    """How many numbers were written."""
    operator: str
    outside: bool = False

    def takes(self, version: Version) -> bool:
        return (self.low <= version < self.high) is not self.outside


_ZERO, _END = (0, 0, 0), (_NEWEST + 1, 0, 0)


def satisfies(version: str, demand: str | None) -> bool:
    """Whether a version, or the newest release of a line like ``24``, is what the demand asks for."""
    offered = _offered(version)
    alternatives = _read(demand)
    return offered is not None and (not alternatives or any(_all(each, offered) for each in alternatives))


def picked(demand: str | None, offered: Mapping[str, Any]) -> str | None:
    """Return the newest offered version that satisfies the demand; without a demand the default, else the newest."""
    versions = sorted(((found, name) for name in offered if (found := _offered(str(name))) is not None), reverse=True)
    if not _read(demand):
        return _default(offered) or (str(versions[0][1]) if versions else None)
    return next((str(name) for _, name in versions if satisfies(str(name), demand)), None)


def pick(demand: str | None, offered: Mapping[str, Any]) -> Any:
    """Return what is offered under the version that ``picked`` chooses, none when no offered version fits."""
    version = picked(demand, offered)
    return None if version is None else {str(name): value for name, value in offered.items()}[version]


def pinned(demand: str | None) -> str | None:
    """Return the version a demand names, as ``v22.2.0``, ``22``, ``3.13.*`` and ``lts/iron`` do; none for ranges."""
    alternatives = _read(demand)
    if len(alternatives) != 1 or len(alternatives[0]) != 1:
        return None
    only = alternatives[0][0]
    return _text(only.low, only.parts) if only.operator in {"", "=", "==", "==="} and not only.outside else None


def plain_demand(demand: str | None) -> str | None:
    """Return a demand with its operators and numbers alone: what a file writes around them is left out; else none."""
    if not _read(demand) or demand is None:
        return None
    return " || ".join(_plain(each.strip()) for each in demand.split("||"))


def _plain(text: str) -> str:
    if re.fullmatch(r"lts/\w+", text.lower()):
        return text.lower()
    plain = _PREFIX.sub("", text)
    hyphen = _HYPHEN.fullmatch(plain)
    plain = f">={hyphen[1]} <={hyphen[2]}" if hyphen else plain
    parts = []
    for match in _COMPARATOR.finditer(plain):
        numbers = ".".join(number for name in ("major", "minor", "patch") if (number := match[name]))
        parts.append(f"{match['operator'] or ''}{numbers}")
    return " ".join(parts)


def line(demand: str | None, parts: int) -> str | None:
    """Return the first numbers of the lowest version a demand allows: ``>=16.13 <19`` and 1 give ``16``; else none.

    The newest release of that line is what to take when nothing offered fits.
    """
    bounds = [max(lows) for each in _read(demand) if (lows := [bound.low for bound in each if not bound.outside])]
    lowest = max(bounds, default=_ZERO)
    return _text(lowest, parts) if lowest != _ZERO else None


def _default(offered: Mapping[str, Any]) -> str | None:
    """Return the version marked as default: named by a key ``default``, or holding ``default: true``."""
    named = offered.get("default")
    if isinstance(named, str) and named in offered:
        return named
    marked = (name for name, value in offered.items() if isinstance(value, Mapping) and value.get("default") is True)
    return next((str(name) for name in marked), None)


def _offered(version: str) -> Version | None:
    match = re.fullmatch(r"(\d{1,6})(?:\.(\d{1,6}))?(?:\.(\d{1,6}))?", version)
    if match is None:
        return None
    major, minor, patch = (int(part) if part is not None else _NEWEST for part in match.groups())
    return major, minor, patch


def _all(bounds: tuple[_Bound, ...], version: Version) -> bool:
    return all(bound.takes(version) for bound in bounds)


def _text(version: Version, parts: int) -> str:
    return ".".join(str(number) for number in version[:parts])


@lru_cache(1024)
def _read(demand: str | None) -> tuple[tuple[_Bound, ...], ...]:
    """Return the alternatives of a demand; none at all for an absent, a moving (``latest``) or an unreadable one."""
    if not demand or len(demand) > _MAX_DEMAND:
        return ()
    found = []
    for alternative in demand.split("||"):
        bounds = _bounds(alternative.strip())
        if not bounds or not any(bound.parts for bound in bounds):
            return ()
        found.append(bounds)
    return tuple(found)


def _bounds(text: str) -> tuple[_Bound, ...]:
    """Return the comparators of one alternative, none for what cannot be read."""
    named = re.fullmatch(r"lts/(\w+)", text.lower())
    if named:
        return (_bound("", [_LTS[named[1]]]),) if named[1] in _LTS else ()
    plain = _PREFIX.sub("", text)
    hyphen = _HYPHEN.fullmatch(plain)
    plain = f">={hyphen[1]} <={hyphen[2]}" if hyphen else plain
    found: list[_Bound] = []
    position = 0
    while position < len(plain):
        match = _COMPARATOR.match(plain, position)
        if match is None:
            return ()
        operator = match["operator"] or ""
        found.append(_bound("-" if hyphen and operator == "<=" else operator, _numbers(match)))
        position = match.end()
        while position < len(plain) and plain[position] in ", \t":
            position += 1
    return tuple(found)


def _numbers(match: re.Match[str]) -> list[int]:
    numbers: list[int] = []
    for name in ("major", "minor", "patch"):
        if match[name] is None or not match[name].isdecimal():
            break
        numbers.append(int(match[name]))
    return numbers


def _bound(operator: str, numbers: list[int]) -> _Bound:
    parts = len(numbers)
    low = (*numbers, *[0] * (3 - parts))[:3]
    first = (low[0], low[1], low[2])
    if parts == 0:
        return _Bound(_ZERO, _END, 0, operator)
    after = _next(numbers)
    low_high: dict[str, tuple[Version, Version]] = {
        "^": (first, _next(_caret(numbers))),
        "~": (first, _next(numbers[:2])),
        "~=": (first, _next(numbers[: max(1, parts - 1)])),
        "~>": (first, _next(numbers[: max(1, parts - 1)])),
        ">=": (first, _END),
        ">": (after, _END),
        "<": (_ZERO, first),
        "-": (_ZERO, after),
        "<=": (_ZERO, after if parts != 2 else _next([*numbers, 0])),  # noqa: PLR2004 -- 3.12 is 3.12.0 to Python
    }
    low_end, high_end = low_high.get(operator, (first, after))
    return _Bound(low_end, high_end, parts, operator, outside=operator == "!=")


def _caret(numbers: list[int]) -> list[int]:
    """Return the numbers a caret holds: up to the first that is not zero."""
    kept = next((index for index, number in enumerate(numbers) if number), len(numbers) - 1)
    return numbers[: kept + 1]


def _next(numbers: list[int]) -> Version:
    """Return the first version after the line that the numbers name."""
    raised = [*numbers[:-1], numbers[-1] + 1, 0, 0]
    return raised[0], raised[1], raised[2]
