"""How large a build may be for the rules to judge it: what is beyond is denied, and the rules see only the beginning.

The first limits are Cloud Build's own. The others are far above what people write; without them a few kilobytes could
keep the engine busy for minutes (steps that all wait for each other, substitutions that hold each other many times).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from penstock.kit.guarded_yaml import escape
from penstock.policy.cloud_messages import RULE
from penstock.policy.finding import Finding, here

MOST_STEPS, MOST_ARGS, LONGEST_ARG, MOST_SUBSTITUTIONS, LONGEST_VALUE = 300, 100, 10_000, 200, 4_000
"""Cloud Build's own limits: steps, args of a step, characters of an arg, substitutions, characters of one."""
MOST_ENTRIES = 1_000
"""Entries of any other list of a build or of a step."""
MOST_WAITS = 3_000
"""Steps that steps wait for, all together: each of 300 steps could name ten."""
MOST_VARIABLES, MOST_SECRETS = 10_000, 3_000
"""Entries of env and of secretEnv of all steps, all together; those of the options count for every step."""
LONGEST_FILLED = 1 << 20
"""Characters of all steps once substitutions and variables are filled in."""
_NAME = re.compile(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)")


def sized(build: dict[str, Any]) -> tuple[dict[str, Any], list[Finding]]:
    """Return a build (keys in camelCase) as the rules may see it, and what of it is too much: that is denied."""
    faults = list(_list_faults(build))
    if faults:
        build = _cut(build)
    if _waits(build) > MOST_WAITS:
        faults.append(here(RULE, f"its steps wait for more than {MOST_WAITS} steps, all together", pointer="/steps"))
        build = _without(build, "waitFor")
    for key, most in (("env", MOST_VARIABLES), ("secretEnv", MOST_SECRETS)):
        if _given(build, key) > most:
            faults.append(here(RULE, f"more than {most} entries of {key} for all steps together", pointer="/steps"))
            build = _without(build, key)
    if _filled_length(build) > LONGEST_FILLED:
        detail = f"its steps are longer than {LONGEST_FILLED} characters once substitutions are filled in"
        faults.append(here(RULE, detail, pointer="/substitutions"))
        build = _without(_without(build, "substitutions"), "env")
    return build, faults


def _list_faults(build: dict[str, Any]) -> Iterator[Finding]:
    steps = _entries(build, "steps")
    if len(steps) > MOST_STEPS:
        yield here(RULE, f"more than {MOST_STEPS} steps", pointer="/steps")
    for pointer, fields in (("", build), ("/options", _mapping(build, "options"))):
        for key, value in fields.items():
            if key != "steps" and isinstance(value, list) and len(value) > MOST_ENTRIES:
                yield here(RULE, f"more than {MOST_ENTRIES} entries of {key}", pointer=f"{pointer}/{escape(key)}")
    for index, step in enumerate(steps):
        if isinstance(step, dict):
            yield from _step_faults(step, f"/steps/{index}")
    substitutions = _mapping(build, "substitutions")
    if len(substitutions) > MOST_SUBSTITUTIONS:
        yield here(RULE, f"more than {MOST_SUBSTITUTIONS} substitutions", pointer="/substitutions")
    for name, value in substitutions.items():
        if isinstance(value, str) and len(value) > LONGEST_VALUE:
            detail = f"{name[:80]} is longer than {LONGEST_VALUE} characters"
            yield here(RULE, detail, pointer=f"/substitutions/{escape(name)}")


def _step_faults(step: dict[str, Any], pointer: str) -> Iterator[Finding]:
    for key, value in step.items():
        most = MOST_ARGS if key == "args" else MOST_ENTRIES
        if isinstance(value, list) and len(value) > most:
            yield here(RULE, f"more than {most} {key}", pointer=f"{pointer}/{escape(key)}")
    for index, arg in enumerate(_entries(step, "args")):
        if isinstance(arg, str) and len(arg) > LONGEST_ARG:
            yield here(RULE, f"an argument of more than {LONGEST_ARG} characters", pointer=f"{pointer}/args/{index}")


def _cut(build: dict[str, Any]) -> dict[str, Any]:
    bounded = _first_entries(build)
    if isinstance(build.get("options"), dict):
        bounded["options"] = _first_entries(build["options"])
    if isinstance(build.get("substitutions"), dict):
        short = [pair for pair in build["substitutions"].items() if len(str(pair[1])) <= LONGEST_VALUE]
        bounded["substitutions"] = dict(short[:MOST_SUBSTITUTIONS])
    return bounded | {"steps": [_cut_step(step) for step in _entries(build, "steps")[:MOST_STEPS]]}


def _cut_step(step: Any) -> Any:
    if not isinstance(step, dict):
        return step
    bounded = _first_entries(step)
    if isinstance(step.get("args"), list):
        bounded["args"] = [arg[:LONGEST_ARG] if isinstance(arg, str) else arg for arg in step["args"][:MOST_ARGS]]
    return bounded


def _first_entries(fields: dict[str, Any]) -> dict[str, Any]:
    return {key: value[:MOST_ENTRIES] if isinstance(value, list) else value for key, value in fields.items()}


def _without(build: dict[str, Any], key: str) -> dict[str, Any]:
    """Return the build without a field of its own, of its options and of its steps."""
    bounded = {name: value for name, value in build.items() if name != key}
    if isinstance(build.get("options"), dict):
        bounded["options"] = {name: value for name, value in build["options"].items() if name != key}
    steps = [
        {name: value for name, value in step.items() if name != key} if isinstance(step, dict) else step
        for step in _entries(build, "steps")
    ]
    return bounded | {"steps": steps}


def _mapping(fields: dict[str, Any], key: str) -> dict[str, Any]:
    found = fields.get(key)
    return found if isinstance(found, dict) else {}


def _entries(fields: Any, key: str) -> list[Any]:
    found = fields.get(key) if isinstance(fields, dict) else None
    return found if isinstance(found, list) else []


def _waits(build: dict[str, Any]) -> int:
    """Count who waits for whom; an id that several steps have counts for each of them."""
    steps = _entries(build, "steps")
    ids = Counter(step["id"] for step in steps if isinstance(step, dict) and isinstance(step.get("id"), str))
    waited = (each for step in steps for each in _entries(step, "waitFor") if isinstance(each, str))
    return sum(max(ids[each], 1) for each in waited)


def _given(build: dict[str, Any], key: str) -> int:
    """Count the entries of a list that every step has, and every step gets from the options."""
    steps = _entries(build, "steps")
    return sum(len(_entries(step, key)) for step in steps) + len(steps) * len(_entries(build.get("options"), key))


def _filled_length(build: dict[str, Any]) -> int:
    """Return the characters of all steps once substitutions, and the steps' own variables, are filled in."""
    direct = {name: str(value) for name, value in _mapping(build, "substitutions").items()}
    lengths = {name: len(value) for name, value in direct.items()}
    filled = {name: _length(value, lengths) for name, value in direct.items()}
    shared = [each.partition("=") for each in _entries(build.get("options"), "env") if isinstance(each, str)]
    total = sum(filled.values())
    for step in _entries(build, "steps"):
        if isinstance(step, dict):
            own = [each.partition("=") for each in _entries(step, "env") if isinstance(each, str)]
            known = {**{name: _length(value, filled) for name, _, value in (*shared, *own)}, **filled}
            texts = (step.get("name"), step.get("script"), *_entries(step, "args"))
            total += sum(_length(text, known) for text in texts if isinstance(text, str))
    return total


def _length(text: str, lengths: dict[str, int]) -> int:
    if "$" not in text or not lengths:
        return len(text)
    return len(text) + sum(lengths.get(name, 0) for name in _NAME.findall(text))
