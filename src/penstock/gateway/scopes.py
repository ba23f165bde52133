"""What a key may allow (POLICY.md §5). There are no wildcards: what is not named is denied."""

from __future__ import annotations

from collections.abc import Iterable

from penstock.domain.pipelines import LOCAL_SCOPES
from penstock.errors import InvalidConfiguration

SCOPES = (
    "pipelines:generate", "pipelines:validate", "pipelines:read", "pipelines:commit", "workflows:write", "skills:read",
    "skills:publish", "policies:read", "policies:write", "waivers:request", "waivers:approve", "keys:read",
    "keys:manage", "audit:read", "usage:read", "org:admin",
)  # fmt: skip
USUAL = tuple(scope for scope in SCOPES if scope in LOCAL_SCOPES)
"""What a key may do unless told otherwise: the main job."""
OF_FIRST_KEY = tuple(scope for scope in SCOPES if scope in LOCAL_SCOPES or scope in {"audit:read", "usage:read"})
"""What the key of a new installation may do: the main job, and read what it did and cost."""


def checked_scopes(asked: Iterable[str]) -> tuple[str, ...]:
    """Return the scopes in their order, each once; the usual ones for none. Raises InvalidConfiguration."""
    wanted = set(asked)
    unknown = sorted(wanted - set(SCOPES))
    if unknown:
        message = f"There is no scope {', '.join(repr(scope[:64]) for scope in unknown)}."
        raise InvalidConfiguration(
            message, fields=["scope"], next_steps=(f"Choose from: {', '.join(SCOPES)}. There are no wildcards.",)
        )
    return tuple(scope for scope in SCOPES if scope in wanted) or USUAL
