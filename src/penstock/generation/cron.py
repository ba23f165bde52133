"""Times in unix cron: five fields for minute, hour, day, month and day of the week."""

from __future__ import annotations

import re

_FIELDS = (("minute", 0, 59), ("hour", 0, 23), ("day", 1, 31), ("month", 1, 12), ("day of the week", 0, 7))
_PART = re.compile(r"(?:\*|(\d{1,4})(?:-(\d{1,4}))?)(?:/(\d{1,4}))?")


def cron_problem(schedule: str) -> str | None:
    """Return why a schedule never comes or cannot be read, None when it is one."""
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
    return None
