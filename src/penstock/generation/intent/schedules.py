"""The clock: nightly, every Monday at 6, a cron line; all of it in UTC."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice

from penstock.generation.intent.sentence import Sentence

_HOUR = 2
"""When nothing says at what hour: most people sleep, and backups are not running yet."""
_DAYS = {
    "sunday": 0, "monday": 1, "tuesday": 2, "wednesday": 3, "thursday": 4, "friday": 5, "saturday": 6,
    "sonntag": 0, "montag": 1, "dienstag": 2, "mittwoch": 3, "donnerstag": 4, "freitag": 5, "samstag": 6,
    "dimanche": 0, "lundi": 1, "mardi": 2, "mercredi": 3, "jeudi": 4, "vendredi": 5, "samedi": 6,
    "domingo": 0, "lunes": 1, "martes": 2, "miércoles": 3, "jueves": 4, "viernes": 5, "sábado": 6,
}  # fmt: skip
_DAY = "|".join(_DAYS)
_AT = (
    r"(?:,? (?:at|um|à|a las|a la|@) ?(?P<hour{0}>[0-9]{{1,2}})(?:[:.h](?P<minute{0}>[0-9]{{2}}))?"
    r"(?: ?(?P<half{0}>am|pm|a\.m\.|p\.m\.)| ?(?:uhr|h|o'clock))?"
    r"(?P<zone{0}> (?:utc|gmt|cet|cest|est|edt|pst|pdt|ist|jst|bst|[a-z]+ time|ortszeit))?)?"
)
_CRON = re.compile(
    r"(?<![\w*/])(?:cron(?: expression| schedule)?:? ?)?[\"'`(]?"
    r"((?:[0-9*][0-9*/,-]{0,12}\s){4}[0-9*][0-9*/,-]{0,12})[\"'`)]?(?![\w*/])"
)
_DAILY = re.compile(
    r"\b(?:at midnight (?:every|each) (?:day|night)|(?:every|each) (?:day|night) at midnight|nightly|(?:every"
    r"|each|once a) (?:night|day|morning|evening)|daily|at night|overnight|(?:every|at) midnight|nachts"
    r"|jede nacht|jeden tag"
    r"|täglich|nächtlich\w*|chaque nuit|toutes les nuits|tous les jours|chaque jour|la nuit|cada noche|cada día"
    r"|todas las noches|todos los días|diariamente|por la noche)(?! build\w* (?:is|are))" + _AT.format(1)
)
_WEEKLY = re.compile(
    rf"\b(?:(?:on |every |each |jeden |chaque |cada |am |los |le )+(?P<day>{_DAY})s?\b|(?P<week>weekly|(?:every"
    rf"|once a) week|wöchentlich|jede woche"
    rf"|chaque semaine|toutes les semaines|semanalmente|cada semana)(?:,? on (?P<on>{_DAY})s?)?|(?P<work>(?:on "
    rf"|every )?(?:weekdays?|workdays?|werktags|jours ouvrés|días laborables)))" + _AT.format(2)
)
_MONTHLY = re.compile(
    r"\b(?:monthly|(?:every|once a) month|monatlich|jeden monat|chaque mois|mensuellement|mensualmente|cada mes)\b"
    + _AT.format(3)
)
_HOURLY = re.compile(
    r"\b(?:hourly|(?:every|once an) hour|stündlich|jede stunde|toutes les heures|chaque heure|cada hora)\b"
)
_EVERY = re.compile(
    r"\b(?:every|alle|toutes les|cada) ([0-9]{1,2}) ?(hours?|h|stunden|heures|horas|minutes?|mins?|minuten|minutos)\b"
)
_RELEASES = re.compile(r"deploy|releas|promot|ausroll|déploi|despl")
ZONE = re.compile(
    r"\b(?:(?:in|at) )?(?:(?:berlin|london|paris|madrid|zurich|new york|pacific|eastern|central european"
    r"|central|tokyo|sydney|local|our|indian) time(?: zone)?"
    r"|ortszeit|cet|cest|est|edt|pst|pdt|ist|jst|bst|aest)\b"
)
"""A time zone said apart from the hour."""
ZONE_WORD = re.compile("time|zeit|c?est|cet|[ep][ds]t|[ij]st|bst")
_ZONE = re.compile(r"utc|gmt")
_MOST = 10
_NOON, _DAY_HOURS, _HOUR_MINUTES = 12, 24, 60


@dataclass(frozen=True)
class Clock:
    """When something runs: ``cron`` in UTC, the place of the words, whether a time zone was named that is not UTC."""

    cron: str
    start: int
    end: int
    zone: str | None = None

    def in_words(self) -> str:
        """Return the schedule for people."""
        return f"{self.cron} (minute, hour, day, month, weekday; in UTC)"


def clocks(sentence: Sentence) -> list[Clock]:
    """Return the schedules of a sentence, in the order of their words; nothing is taken yet."""
    found = [
        Clock(each.group(1), *each.span())
        for each in islice(sentence.find(_CRON, _STAR), _MOST)
        if _plausible(each.group(1).split())
    ]
    for pattern, near, read in _READERS:
        for each in sentence.find(pattern, near, negated=True):
            clock = None if sentence.is_negated(each.start()) else read(each)
            if clock is not None and not any(clock.start < other.end and other.start < clock.end for other in found):
                found.append(clock)
    return sorted(found, key=lambda clock: clock.start)


def _plausible(fields: list[str]) -> bool:
    """Whether five fields are a time: in their bounds, and not just five numbers."""
    highest = (59, 23, 31, 12, 7)
    numbers = [[int(part) for part in re.findall(r"[0-9]{1,4}", field)] for field in fields]
    shaped = all(
        re.fullmatch(r"(?:\*|[0-9]{1,2}(?:-[0-9]{1,2})?)(?:/[0-9]{1,2})?(?:,(?:[0-9]{1,2}(?:-[0-9]{1,2})?))*", field)
        for field in fields
    )
    return (
        shaped
        and "*" in "".join(fields)
        and all(max(each, default=0) <= most for each, most in zip(numbers, highest, strict=True))
    )


def _time(found: re.Match[str], at: int) -> tuple[int, int, str | None] | None:
    """Return hour, minute and the zone that was named; None for a time there is not."""
    hour = int(found[f"hour{at}"]) if found[f"hour{at}"] else None
    if hour is None:
        return (0 if "midnight" in found.group() else _HOUR), 0, None
    minute, half = int(found[f"minute{at}"] or 0), (found[f"half{at}"] or "")[:1]
    if half:
        hour = hour % _NOON + (_NOON if half == "p" else 0)
    zone = (found[f"zone{at}"] or "").strip()
    if hour >= _DAY_HOURS or minute >= _HOUR_MINUTES:
        return None
    return hour, minute, None if not zone or _ZONE.match(zone) else zone


def _daily(found: re.Match[str]) -> Clock | None:
    time = _time(found, 1)
    return Clock(f"{time[1]} {time[0]} * * *", *found.span(), time[2]) if time else None


def _weekly(found: re.Match[str]) -> Clock | None:
    time = _time(found, 2)
    day = found["day"] or found["on"]
    days = "1-5" if found["work"] else str(_DAYS[day]) if day else "1"
    return Clock(f"{time[1]} {time[0]} * * {days}", *found.span(), time[2]) if time else None


def _monthly(found: re.Match[str]) -> Clock | None:
    time = _time(found, 3)
    return Clock(f"{time[1]} {time[0]} 1 * *", *found.span(), time[2]) if time else None


def _hourly(found: re.Match[str]) -> Clock | None:
    return Clock("0 * * * *", *found.span())


def _every(found: re.Match[str]) -> Clock | None:
    count, unit = int(found.group(1)), found.group(2)
    minutes = unit.startswith("m")
    limit = _HOUR_MINUTES if minutes else _DAY_HOURS
    if not 0 < count < limit:
        return None
    return Clock(f"*/{count} * * * *" if minutes else f"0 */{count} * * *", *found.span())


def releases(sentence: Sentence, clock: Clock) -> bool:
    """Whether the clause around a schedule speaks of releasing: by the clock nothing is released."""
    first, last = sentence.clause(clock.start)
    return _RELEASES.search(sentence.low[first:last]) is not None


_STAR = re.compile(r"\* ")
_READERS = (
    (_WEEKLY, re.compile(rf"week|work|woch|werk|semain|seman|jours|días|{_DAY}"), _weekly),
    (_DAILY, re.compile("night|day|daily|morning|evening|nacht|tag|täglich|nächt|nuit|jour|noche|día|diari"), _daily),
    (_MONTHLY, re.compile("month|monat|mois|mens|mes"), _monthly),
    (_HOURLY, re.compile("hour|stund|stünd|heure|hora"), _hourly),
    (_EVERY, re.compile("every [0-9]|alle [0-9]|toutes les [0-9]|cada [0-9]"), _every),
)
"""Pattern, what every fit holds, and what becomes of it."""
