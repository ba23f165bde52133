"""What a door gets to work with: built by bootstrap, the same for HTTP and the command line."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from penstock.gateway.service import Gateway
    from penstock.pipelines.service import Pipelines
    from penstock.pipelines.trail import Trail

Ping = Callable[[], Awaitable[None]]
"""Answers when the part is well, raises when it is not."""


@dataclass(frozen=True)
class Engine:
    """The whole of Penstock behind the doors."""

    pipelines: Pipelines
    gateway: Gateway | None = None
    """None at the command line: the machine's login is the authentication."""
    pings: Mapping[str, Ping] = field(default_factory=dict)
    """Part name -> ping; readiness lists them."""
    trail: Trail | None = None
    """Audit log and usage; None where nothing is recorded."""
