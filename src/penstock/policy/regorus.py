"""The embedded engine in threads of this process (POLICY.md §2.5), for single commands.

An evaluation holds the interpreter's lock, so a server asks processes of its own (regorus_processes.py).
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from penstock.errors import PolicyEngineUnavailable
from penstock.policy import regorus_calls
from penstock.policy.rego_sources import read_sources

_CLOSE_S = 0.5


class RegorusEngine:
    """Loads the policies of a folder, in each thread anew.

    Raises PolicyEngineUnavailable when the folder holds no rules, no catalogue, or Rego that does not parse.
    """

    def __init__(self, folder: Path, *, threads: int = 2) -> None:
        self._sources = read_sources(folder)
        self._local = threading.local()
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="rego")
        self._threads.submit(self._try_loading).result()

    @property
    def name(self) -> str:
        """Engine and version."""
        return regorus_calls.name()

    @property
    def revision(self) -> str:
        """Digest of rules and data."""
        return self._sources.revision

    @property
    def catalogue(self) -> Mapping[str, Mapping[str, Any]]:
        """Rule id -> what the catalogue says of it."""
        return self._sources.catalogue

    async def evaluate(self, document: dict[str, Any]) -> dict[str, Any]:
        """Return the decision document. Raises PolicyEngineUnavailable; a cancelled wait lets the thread finish."""
        text = json.dumps(document, ensure_ascii=False)
        try:
            answer = await asyncio.get_running_loop().run_in_executor(self._threads, self._evaluate, text)
        except RuntimeError as problem:
            raise PolicyEngineUnavailable("The policy engine is closed.") from problem
        return regorus_calls.decision(answer)

    def close(self) -> None:
        """End the threads and wait a moment for them: each drops its engine itself, a busy one when it is done."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        ending = threading.Thread(target=self._threads.shutdown, name="rego-ending", daemon=True)
        ending.start()
        ending.join(_CLOSE_S)

    def _evaluate(self, text: str) -> str:
        answer, failure = regorus_calls.ask(self._engine(), text)
        if failure:
            raise PolicyEngineUnavailable(failure)
        return answer

    def _try_loading(self) -> None:
        self._engine()

    def _engine(self) -> Any:
        """Return this thread's engine, loading it at first use. Raises PolicyEngineUnavailable."""
        loaded = getattr(self._local, "engine", None)
        if loaded is not None:
            return loaded
        engine, failure = regorus_calls.load(self._sources.policies, self._sources.data)
        if failure:
            raise PolicyEngineUnavailable(failure)
        self._local.engine = engine
        return engine
