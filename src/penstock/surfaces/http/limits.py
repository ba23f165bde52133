"""How much the REST door takes in, as plain numbers; settings.py explains and checks them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one server process (BEHAVIOUR.md §2.5, POLICY.md §4)."""

    max_body_bytes: int = 262_144
    body_timeout_s: float = 10.0
    max_generations: int = 60
    max_waiting: int = 16
    max_wait_s: float = 1.0
    per_user: int = 10
    per_org: int = 40
    most_memory: float = 0.85
    """Share of the container's memory above which no generation is begun."""
    deadline_s: float = 45.0
    """Longest a generation may take (BEHAVIOUR.md §2.4); what is promised by then is finished all the same."""
    ping_timeout_s: float = 1.0
    ping_every_s: float = 1.0
    """Readiness answers are reused that long: probes cannot be used to load the database."""
    heartbeat_s: float = 10.0
    """A comment is sent on a silent event stream that often, so that proxies keep it open."""
