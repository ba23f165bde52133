"""The calls to regorus, a Rego interpreter in Rust: load once, then clone (a microsecond) for every question.

An engine object may only be used by the thread that made it. Built-ins that fail raise: strict by default in regorus.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from penstock.errors import PolicyEngineUnavailable

_ENTRY = "data.penstock.main.decision"
_PATTERNS = 1_024
"""Compiled patterns the engine keeps, several times what the rules have: one too few, and all are compiled anew."""


def name() -> str:
    """Return the engine and its version."""
    from importlib.metadata import version

    return f"regorus {version('gordon-to-regorus')}"


def load(policies: Mapping[str, str], data: Mapping[str, Any]) -> tuple[Any, str]:
    """Return an engine, or the reason why there is none."""
    # The engine makes errors and drops them inwardly; with backtraces every evaluation takes half as long again.
    os.environ.setdefault("RUST_LIB_BACKTRACE", "0")
    import regorus

    try:
        regorus.set_cache_config(regex=_PATTERNS)
        engine = regorus.Engine()
        for path, source in policies.items():
            engine.add_policy(path, source)
        engine.add_data_json(json.dumps(data))
        _prepare(engine)
    except Exception as problem:  # noqa: BLE001 -- see ask
        return None, f"The policies cannot be loaded: {_first_line(problem)}"
    return engine, ""


def ask(engine: Any, text: str) -> tuple[str, str]:
    """Return the answer as JSON, or the reason of a failure: no traceback that holds an engine may leave its thread."""
    try:
        asked = engine.clone()
        asked.set_input_json(text)
        answer: str = asked.eval_rule_as_json(_ENTRY)
    except Exception as problem:  # noqa: BLE001 -- whatever it was, there is no decision
        return "", f"The policy engine failed: {_first_line(problem)}"
    except BaseException as problem:
        if type(problem).__name__ != "PanicException":
            raise
        return "", "The policy engine failed from within."
    return answer, ""


def decision(answer: str | bytes) -> dict[str, Any]:
    """Return what an answer says. Raises PolicyEngineUnavailable when that is no document."""
    try:
        read = json.loads(answer)
    except ValueError as problem:
        raise PolicyEngineUnavailable("The policy engine's answer cannot be read.") from problem
    if not isinstance(read, dict):
        raise PolicyEngineUnavailable("The policy engine gave no decision.")
    return read


def _prepare(engine: Any) -> None:
    """Ask once, so that the analysis of the rules is shared by all clones."""
    engine.set_input_json(json.dumps({"profile": "standard", "artifacts": [], "facts": {"selftest": ""}}))
    engine.eval_rule_as_json(_ENTRY)


def _first_line(problem: BaseException) -> str:
    """Return the reason without regorus' stack trace."""
    lines = [line.strip() for line in str(problem).partition("Stack backtrace")[0].splitlines() if line.strip()]
    return " ".join(lines)[:300] or type(problem).__name__
