"""The embedded engine: regorus, a Rego interpreter in Rust, in threads of its own (POLICY.md §2.5).

An engine object may only be used by the thread that made it, so each thread keeps a loaded one and clones it (a
microsecond) for every question. Built-ins that fail raise: strict by default in regorus.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import Any

from penstock.errors import PolicyEngineUnavailable

_ENTRY = "data.penstock.main.decision"
_CLOSE_S = 0.5
_PATTERNS = 1_024
"""Compiled patterns the engine keeps, several times what the rules have: one too few, and all are compiled anew."""


class RegorusEngine:
    """Loads ``penstock/**/*.rego`` (tests left out) and ``data/**/data.json`` of a folder.

    Raises PolicyEngineUnavailable when the folder holds no rules, no catalogue, or Rego that does not parse.
    """

    def __init__(self, folder: Path, *, threads: int = 2) -> None:
        self._policies, self._data = _sources(folder)
        self._digest = _digest(folder, self._policies, self._data)
        rules = self._data.get("catalogue", {}).get("rules", {})
        if not self._policies or not rules:
            raise PolicyEngineUnavailable(f"{folder} holds no rules, or no catalogue of them.")
        self._catalogue: dict[str, dict[str, Any]] = rules
        self._local = threading.local()
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="rego")
        self._threads.submit(self._try_loading).result()

    @property
    def name(self) -> str:
        """Engine and version."""
        return f"regorus {version('gordon-to-regorus')}"

    @property
    def revision(self) -> str:
        """Digest of rules and data."""
        return self._digest

    @property
    def catalogue(self) -> Mapping[str, Mapping[str, Any]]:
        """Rule id -> what the catalogue says of it."""
        return self._catalogue

    async def evaluate(self, document: dict[str, Any]) -> dict[str, Any]:
        """Return the decision document. Raises PolicyEngineUnavailable; a cancelled wait lets the thread finish."""
        text = json.dumps(document, ensure_ascii=False)
        try:
            answer = await asyncio.get_running_loop().run_in_executor(self._threads, self._evaluate, text)
        except RuntimeError as problem:
            raise PolicyEngineUnavailable("The policy engine is closed.") from problem
        if not isinstance(answer, dict):
            raise PolicyEngineUnavailable("The policy engine gave no decision.")
        return answer

    def close(self) -> None:
        """End the threads and wait a moment for them: each drops its engine itself, a busy one when it is done."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        ending = threading.Thread(target=self._threads.shutdown, name="rego-ending", daemon=True)
        ending.start()
        ending.join(_CLOSE_S)

    def _evaluate(self, text: str) -> Any:
        answer, failure = self._asked(text)
        if failure:
            raise PolicyEngineUnavailable(failure)
        return answer

    def _asked(self, text: str) -> tuple[Any, str]:
        """Return the answer, or the reason of a failure: no traceback that holds an engine may leave its thread."""
        try:
            engine = self._engine().clone()
            engine.set_input_json(text)
            return json.loads(engine.eval_rule_as_json(_ENTRY)), ""
        except PolicyEngineUnavailable as problem:
            return None, problem.message
        except Exception as problem:  # noqa: BLE001 -- whatever it was, there is no decision
            return None, f"The policy engine failed: {_first_line(problem)}"
        except BaseException as problem:
            if type(problem).__name__ != "PanicException":
                raise
            return None, "The policy engine failed from within."

    def _try_loading(self) -> None:
        self._engine()

    def _engine(self) -> Any:
        """Return this thread's engine, loading it at first use. Raises PolicyEngineUnavailable."""
        loaded = getattr(self._local, "engine", None)
        if loaded is not None:
            return loaded
        engine, failure = self._loaded()
        if failure:
            raise PolicyEngineUnavailable(failure)
        self._local.engine = engine
        return engine

    def _loaded(self) -> tuple[Any, str]:
        # The engine makes errors and drops them inwardly; with backtraces every evaluation takes half as long again.
        os.environ.setdefault("RUST_LIB_BACKTRACE", "0")
        import regorus

        try:
            regorus.set_cache_config(regex=_PATTERNS)
            engine = regorus.Engine()
            for name, source in self._policies.items():
                engine.add_policy(name, source)
            engine.add_data_json(json.dumps(self._data))
            self._prepare(engine)
        except Exception as problem:  # noqa: BLE001 -- see _asked
            return None, f"The policies cannot be loaded: {_first_line(problem)}"
        return engine, ""

    @staticmethod
    def _prepare(engine: Any) -> None:
        """Ask once, so that the analysis of the rules is shared by all clones."""
        engine.set_input_json(json.dumps({"profile": "standard", "artifacts": [], "facts": {"selftest": ""}}))
        engine.eval_rule_as_json(_ENTRY)


def _sources(folder: Path) -> tuple[dict[str, str], dict[str, Any]]:
    try:
        policies = {
            path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
            for path in sorted((folder / "penstock").rglob("*.rego"))
            if not path.name.endswith("_test.rego")
        }
        data: dict[str, Any] = {}
        for path in sorted((folder / "data").rglob("data.json")):
            branch = data
            parts = path.relative_to(folder / "data").parent.parts
            for part in parts[:-1]:
                branch = branch.setdefault(part, {})
            branch[parts[-1]] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise PolicyEngineUnavailable(f"The policies in {folder} cannot be read: {_first_line(problem)}") from problem
    return policies, data


def _digest(folder: Path, policies: dict[str, str], data: dict[str, Any]) -> str:
    digest = hashlib.sha256()
    digest.update(json.dumps([sorted(policies.items()), data], sort_keys=True).encode())
    stamp = folder / "VERSION"
    prefix = stamp.read_text(encoding="utf-8").strip() + "+" if stamp.is_file() else ""
    return f"{prefix}{digest.hexdigest()[:40]}"


def _first_line(problem: BaseException) -> str:
    """Return the reason without regorus' stack trace."""
    lines = [line.strip() for line in str(problem).partition("Stack backtrace")[0].splitlines() if line.strip()]
    return " ".join(lines)[:300] or type(problem).__name__
