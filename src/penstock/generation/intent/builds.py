"""Size of the build itself: its machine and how long it may take."""

from __future__ import annotations

import re

from penstock.generation.intent.wishes import Wishes

_TYPE = re.compile(
    r"(?<![\w-])e2[_-](medium|highcpu[_-]8|highcpu[_-]32)(?![\w-])(?: (?:build )?(?:machine|machines|worker|builder))?"
)
_CORES = re.compile(
    r"(?<![\w.])(?:machines? (?:with|of) )?(8|32)[ -]?(?:v?cpus?|cores?|kerne?n?)(?: (?:build )?(?:machine"
    r"|worker|builder|build)| (?:for|in) (?:the |every )?builds?)\b"
    r"|\bbuild(?:s|er)? (?:machine )?(?:on|with) (?:a |an )?(8|32)[ -](?:v?cpus?|cores?)\b"
)
_BIGGER = re.compile(
    r"\b(?:bigger|larger|faster|stronger|more powerful|beefier|big|large|fast|powerful|größere\w*"
    r"|schnellere\w*)(?: cloud)? (?:build )?(?:machines?|builders?|build workers?|maschine)\b(?: (?:for"
    r"|in) (?:the )?builds?)?"
)
_UNIT = r"(seconds?|secs?|s|minutes?|mins?|min|m|hours?|hrs?|h|minuten|stunden?|heures?|horas?|minutos)"
_N = r"([0-9]{1,5}|one|two|an|ein|eine)"
_TIMEOUT = re.compile(
    rf"\b(?:build )?time[ -]?outs?(?: (?:of|after|is|to|for|the|build|builds|at|von))*[ :=]{{1,2}}{_N} ?{_UNIT}\b"
    rf"(?! (?:for|per|of) (?:the |every )?(?:requests?|queries|connections?))"
    rf"|(?<![\w.]){_N}[ -]?{_UNIT} (?:build )?time[ -]?out\b"
)
_LONGEST = re.compile(
    rf"\bbuilds? (?:may|can|could|must|should|takes?|to|not|take|longer|than|run|for|up|at|most|within|finish"
    rf"|in|less|more|be|done|stop|after|cancel)(?: (?:may|can|take|longer|than|run|for|up|to|at|most|within"
    rf"|finish|in|less|more|not|after))* {_N} ?{_UNIT}\b"
)
_CPU = re.compile("cpu|core|kern")
_MACHINE = re.compile("machine|builder|worker|maschine")
_WORD = re.compile("time.?out")
_SPAN = re.compile("[0-9] ?[smh]")
_SECONDS = {"s": 1, "m": 60, "h": 3600}
_LEAST, _MOST = 60, 86_400


def read(wishes: Wishes) -> None:
    """Read the machine and the timeout of builds."""
    sentence = wishes.sentence
    if sentence.any("e2", "cpu", "core", "machine", "builder", "worker", "maschine", "kern"):
        for found in sentence.find(_TYPE):
            wishes.set("machine_type", f"E2_{found.group(1).upper().replace('-', '_')}", sentence.take(found))
        for found in sentence.find(_CORES, _CPU):
            wishes.set("machine_type", f"E2_HIGHCPU_{found.group(1) or found.group(2)}", sentence.take(found))
        for found in sentence.find(_BIGGER, _MACHINE):
            wishes.set("machine_type", "E2_HIGHCPU_8", sentence.take(found))
            wishes.assume("Builds run on a machine with 8 processors; E2_HIGHCPU_32 would be the largest.")
    if sentence.any("timeout", "time out", "time-out", "build"):
        for pattern, near in ((_TIMEOUT, _WORD), (_LONGEST, _SPAN)):
            for found in sentence.find(pattern, near):
                _timeout(wishes, found)


def _timeout(wishes: Wishes, found: re.Match[str]) -> None:
    number, unit = [each for each in found.groups() if each][:2]
    words = wishes.sentence.take(found)
    count = int(number) if number.isdigit() else 2 if number == "two" else 1
    seconds = (
        count
        * _SECONDS[
            "s" if unit.startswith("se") or unit == "s" else "h" if unit[0] == "h" or unit.startswith("stu") else "m"
        ]
    )
    if _LEAST <= seconds <= _MOST:
        wishes.set("build_timeout_s", seconds, words)
    else:
        wishes.ask(f'How long may a build take? "{words}" is not between a minute and a day.')
