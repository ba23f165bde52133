"""Times in unix cron: five fields for minute, hour, day, month and day of the week."""

from __future__ import annotations

import re

_FIELDS = (("minute", 0, 59), ("hour", 0, 23), ("day", 1, 31), ("month", 1, 12), ("day of the week", 0, 7))
_LONGEST = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
"""Days of each month, at most."""
_EVERY_MINUTE = 60
_PART = re.compile(r"(?:\*|(\d{1,4})(?:-(\d{1,4}))?)(?:/(\d{1,4}))?")


def cron_problem(schedule: str) -> str | None:
    """Return why a schedule never comes, comes every minute or cannot be read, None when it is one."""
    fields = schedule.split(" ")
    if len(fields) != len(_FIELDS):
        return f"it takes {len(_FIELDS)} fields"
    for text, (name, least, most) in zip(fields, _FIELDS, strict=True):
        for part in text.split(","):
            match = _PART.fullmatch(part)
            if match is None:
                return f"its {name} cannot be read"
            first, last, every = (int(each) if each else None for each in match.groups())
            if any(each is not None and not least <= each <= most for each in (first, last)):
                return f"its {name} is not between {least} and {most}"
            if (first is not None and last is not None and last < first) or every == 0:
                return f"its {name} never comes"
    return _too_seldom_or_often(fields)


def _too_seldom_or_often(fields: list[str]) -> str | None:
    """Return what is wrong with the times that fields name which can be read."""
    minutes, _, days, months, _ = (
        _values(text, least, most) for text, (_, least, most) in zip(fields, _FIELDS, strict=True)
    )
    if len(minutes) == _EVERY_MINUTE:
        return "it comes every minute; name the minutes, such as */15"
    comes = any(day <= _LONGEST[month - 1] for day in days for month in months)
    if not comes and fields[4] == "*":  # with a day of the week, either of both is enough
        return "no month it names has that day: it never comes"
    return None


def _values(text: str, least: int, most: int) -> set[int]:
    found: set[int] = set()
    for part in text.split(","):
        match = _PART.fullmatch(part)
        if match is not None:
            first, last, every = (int(each) if each else None for each in match.groups())
            end = last if last is not None else (most if first is None or every else first)
            found |= set(range(least if first is None else first, end + 1, every or 1))
    return found
