"""Size of what runs: how many instances, memory, processor, requests at a time."""

from __future__ import annotations

import re

from penstock.generation.intent.scope import services_for
from penstock.generation.intent.stages import STAGE, resolved
from penstock.generation.intent.wishes import Wishes

_WORDS = {
    "zero": 0, "no": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "eight": 8, "ten": 10,
    "twenty": 20,
    "eine": 1, "zwei": 2, "drei": 3, "zehn": 10, "une": 1, "deux": 2, "trois": 3, "dix": 10, "una": 1,
    "dos": 2, "tres": 3, "diez": 10,
}  # fmt: skip
_N = rf"([0-9]{{1,6}}|{'|'.join(sorted(_WORDS, key=len, reverse=True))})"
_WHAT = r"(?:instances?|replicas?|pods?|copies|containers?|instanzen|instanz|réplicas|répliques?|instancias?)"
_LEAST = (
    r"(?:min(?:imum|imal|imal|\.)?|(?:not|never|don't) (?:[a-z]+ ){1,2}(?:below|less than|fewer than|under)|at least"
    r"|no fewer than|not less than|mindestens|au moins|al menos|mínimo|como mínimo)"
)
_MOST = (
    r"(?:max(?:imum|imal|\.)?|at most|up to|no more than|not more than|never more than|höchstens|bis zu|au plus"
    r"|(?:not|never|don't) (?:[a-z]+ ){1,2}more than|not exceed|jusqu'à|máximo|como máximo|hasta)"
)
_OF = r"(?: (?:of|de|is|von|to))?[ :=]{1,2}"
_BOTH = re.compile(
    rf"\b{_LEAST}(?:[ -]{_WHAT})?{_OF}{_N}(?: {_WHAT})?(?:,? (?:and|und|et|y|to)|,"
    rf"|/)? ?{_MOST}(?:[ -]{_WHAT})?{_OF}{_N}(?: {_WHAT})?(?!\w)"
)
_RANGE = re.compile(
    rf"(?<![\w.])(?:(?:between|from|zwischen|entre|von|de) )?{_N}(?: ?(?:-|\u2013|\.\.) ?| (?:to|and|und|bis|et"
    rf"|à|y|a) ){_N} {_WHAT}\b"
)
_MIN = re.compile(
    rf"\b(?:{_LEAST}{_OF}{_N} {_WHAT}|{_LEAST}[ -_]?{_WHAT}{_OF}{_N}(?!\w)|{_N} {_WHAT} (?:minimum|at least"
    rf"|at all times|always|running))"
)
_MAX = re.compile(
    rf"\b(?:{_MOST}{_OF}{_N} {_WHAT}|{_MOST}[ -_]?{_WHAT}{_OF}{_N}(?!\w)|{_N} {_WHAT} (?:maximum|at most|max)"
    rf"|scales? (?:up )?to {_N} {_WHAT})\b"
)
_EXACT = re.compile(rf"(?<![\w.])(?:(exactly|fixed at|genau|exactement) )?{_N} {_WHAT}\b")
_ZERO = re.compile(
    r"\b(?:scal(?:e|es|ed|ing) (?:down )?(?:it |back )?to (?:zero|0)|scale-to-zero|auf null skalieren"
    r"|skalier\w* auf (?:null|0))\b"
)
_WARM = re.compile(
    r"\b(?:always (?:warm|on)|keep (?:one|an|at least one|it|1)(?: instances?| replicas?)? (?:always )?(?:warm"
    r"|running|alive)|(?:no|avoid|without|prevent) cold[ -]starts?|warm instance)\b"
)
_UNIT = r"(gib|gi|gb|g|mib|mi|mb)"
_RAM = r"(?:memory|ram|speicher|arbeitsspeicher|mémoire|memoria)"
_MEMORY = re.compile(
    rf"(?<![\w.])([0-9]{{1,5}}(?:\.5)?) ?{_UNIT}\b(?: (?:of|de|an))? {_RAM}\b|\b{_RAM}(?: (?:limit|of|to|is|at"
    rf"|de|von))*[ :=]{{1,2}}([0-9]{{1,5}}(?:\.5)?) ?{_UNIT}\b"
    r"|(?<![\w.])([0-9]{1,5}) ?(gi|mi)b?\b"
)
_CPU = re.compile(
    r"(?<![\w.])([0-9]{1,2}(?:\.[0-9])?|[0-9]{2,4}m|one|two|four) ?(?:v?cpus?|cores?|kerne?|cœurs?|núcleos?)\b"
    r"|\bcpus?(?: (?:limit|of|to|is|at))*[ :=]{1,2}([0-9]{1,2}(?:\.[0-9])?(?!\w)|[0-9]{2,4}m)\b"
)
_CONCURRENCY = re.compile(
    r"\b(?:max(?:imum|imal)? )?concurrency(?: (?:of|to|is|at|limit))*[ :=]{1,2}([0-9]{1,6})\b"
    r"|(?<![\w.])([0-9]{1,6}) (?:concurrent"
    r"|parallel|simultaneous) requests\b|(?<![\w.])([0-9]{1,6}) requests (?:at a time|at once|in parallel"
    r"|per instance)\b"
)
_STAGE_BEHIND = re.compile(rf"(?:,? (?:in|for|on|auf|en|dans|im))(?: (?:the|our))? ({STAGE})")
_STAGE_BEFORE = re.compile(
    rf"({STAGE})(?: (?:never|not|always|with|gets|has|runs|needs|should|must|have|run|environment"
    r"|mit|avec|con|on))*[ :]+$"
)
_COUNTED = re.compile("instan|replic|réplic|répliq|pods?|copies|container|max")
_SCALE, _HEAT = re.compile("scal|skalier"), re.compile("warm|cold|always on|alive|running")
_RAM_WORD = re.compile("memor|ram|speicher|mémoire|[0-9] ?[gm]i")
_CPU_WORD, _REQUESTS = re.compile("cpu|core|kern|cœur|núcleo"), re.compile("concurren|requests")
_HIGHEST = 1000
_MEBI = {"mi", "mib", "mb"}
_GIBI = 1024


def read(wishes: Wishes) -> None:
    """Read sizes."""
    _instances(wishes)
    _memory(wishes)
    _processor(wishes)
    _concurrency(wishes)
    for name, fields in wishes.services.items():
        _possible(wishes, name, f"services.{name}", fields)
    for name, fields in wishes.stage_values.items():
        _possible(wishes, name, f"environments.{name}", fields)


def _instances(wishes: Wishes) -> None:
    sentence = wishes.sentence
    for pattern in (_BOTH, _RANGE):
        for found in sentence.find(pattern, _COUNTED):
            _set(wishes, found, min_instances=_number(found.group(1)), max_instances=_number(found.group(2)))
    for pattern, key in ((_MIN, "min_instances"), (_MAX, "max_instances")):
        for found in sentence.find(pattern, _COUNTED):
            _set(wishes, found, **{key: _number(next(each for each in found.groups() if each))})
    for found in sentence.find(_EXACT, _COUNTED):
        count = _number(found.group(2))
        _set(wishes, found, min_instances=count, **({"max_instances": count} if found.group(1) or count > 10 else {}))  # noqa: PLR2004
    for found in sentence.find(_ZERO, _SCALE, negated=True):
        negated = sentence.is_negated(found.start())
        _set(wishes, found, min_instances=1 if negated else 0)
        if negated:
            sentence.take_negated(*found.span())
    for found in sentence.find(_WARM, _HEAT):
        _set(wishes, found, min_instances=1)


def _set(wishes: Wishes, found: re.Match[str], **given: int) -> None:
    words = wishes.sentence.take(found)
    too_many = [value for key, value in given.items() if value > _HIGHEST or (key == "max_instances" and value < 1)]
    if too_many:
        wishes.ask(f"How many instances are meant by {words}? At least one and at most {_HIGHEST} can run.")
        return
    stage = _stage(wishes, found)
    for key, value in given.items():
        if stage is not None:
            wishes.of_stage(stage, key, value, words)
            continue
        for name in services_for(wishes, found.start(), found.end()):
            wishes.of_service(name, key, value, words)


def _stage(wishes: Wishes, found: re.Match[str]) -> str | None:
    sentence = wishes.sentence
    named = _STAGE_BEHIND.match(sentence.low, found.end()) or _STAGE_BEFORE.search(sentence.before(found.start()))
    return resolved(named.group(1), wishes.stages or list(wishes.usual)) if named else None


def _memory(wishes: Wishes) -> None:
    for found in wishes.sentence.find(_MEMORY, _RAM_WORD):
        amount, unit = [each for each in found.groups() if each]
        words = wishes.sentence.take(found)
        whole = float(amount) * (1 if unit in _MEBI else _GIBI)
        if not 0 < whole < 100_000:  # noqa: PLR2004 -- five digits
            wishes.ask(f"How much memory is meant by {words}?")
            continue
        plain = unit not in _MEBI and float(amount).is_integer()
        value = f"{int(float(amount))}Gi" if plain else f"{int(whole)}Mi"
        for name in services_for(wishes, found.start(), found.end()):
            wishes.of_service(name, "memory", value, words)


def _processor(wishes: Wishes) -> None:
    for found in wishes.sentence.find(_CPU, _CPU_WORD):
        value = next(each for each in found.groups() if each)
        value = str(_WORDS.get(value, value)).removesuffix(".0")
        words = wishes.sentence.take(found)
        if value.strip("0.m") == "":
            wishes.ask(f"How many processors are meant by {words}?")
            continue
        for name in services_for(wishes, found.start(), found.end()):
            wishes.of_service(name, "cpu", value, words)


def _concurrency(wishes: Wishes) -> None:
    for found in wishes.sentence.find(_CONCURRENCY, _REQUESTS):
        value = int(next(each for each in found.groups() if each))
        words = wishes.sentence.take(found)
        if not 0 < value <= _HIGHEST:
            wishes.ask(f"How many requests at a time are meant by {words}? It takes 1 to {_HIGHEST}.")
            continue
        for name in services_for(wishes, found.start(), found.end()):
            wishes.of_service(name, "concurrency", value, words)


def _possible(wishes: Wishes, name: str, path: str, fields: dict[str, object]) -> None:
    least, most = fields.get("min_instances"), fields.get("max_instances")
    if isinstance(least, int) and isinstance(most, int) and least > most:
        for key in ("min_instances", "max_instances"):
            del fields[key]
            wishes.said.pop(f"{path}.{key}", None)
        wishes.ask(f"How many instances does {name} get? At least {least} and at most {most} contradict each other.")


def _number(text: str) -> int:
    return _WORDS[text] if text in _WORDS else int(text)
