"""What the gate needs of a policy engine, in this process or behind a socket."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol


class PolicyEngine(Protocol):
    """Evaluates ``data.penstock.main.decision``. The same rules, whichever engine runs them."""

    @property
    def name(self) -> str:
        """Return the engine's name and version, as decisions record it."""
        ...

    @property
    def revision(self) -> str:
        """Return the digest of the rules and data that are loaded, as ``sha256:<hex>``."""
        ...

    @property
    def catalogue(self) -> Mapping[str, Mapping[str, Any]]:
        """Return rule id -> what the catalogue says of it. A decision that ran fewer rules is no decision."""
        ...

    async def evaluate(self, document: dict[str, Any]) -> dict[str, Any]:
        """Return the decision document for an input v1. Raises PolicyEngineUnavailable, also for no result at all."""
        ...

    def close(self) -> None:
        """Free threads and connections."""
        ...
