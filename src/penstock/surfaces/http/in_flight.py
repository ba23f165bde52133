"""How many generations one user and one organisation may have under way at once (BEHAVIOUR.md C25)."""

from __future__ import annotations

from collections import Counter
from typing import Any

from penstock.domain.pipelines import Caller
from penstock.errors import ConcurrencyLimited

_COME_BACK_S = 2


class InFlight:
    """Counts what is under way in this process; a user's own and an organisation's share are bounded."""

    def __init__(self, per_user: int, per_org: int) -> None:
        self._per_user = per_user
        self._per_org = per_org
        self._users: Counter[tuple[str, str]] = Counter()
        self._orgs: Counter[str] = Counter()

    def take(self, caller: Caller) -> None:
        """Count one more; give it back with ``leave``. Raises ConcurrencyLimited when there are too many."""
        user = (caller.org_id, caller.principal_id)
        if self._users[user] >= self._per_user:
            message = f"You have {self._per_user} generations under way; no more are begun before one ends."
            raise ConcurrencyLimited(message, retry_after_s=_COME_BACK_S, limit=self._per_user)
        if self._orgs[caller.org_id] >= self._per_org:
            message = f"Your organisation has {self._per_org} generations under way; no more are begun before one ends."
            raise ConcurrencyLimited(message, retry_after_s=_COME_BACK_S, limit=self._per_org)
        self._users[user] += 1
        self._orgs[caller.org_id] += 1

    def leave(self, caller: Caller) -> None:
        """Count one less."""
        _less(self._users, (caller.org_id, caller.principal_id))
        _less(self._orgs, caller.org_id)


def _less(counts: Counter[Any], name: Any) -> None:
    counts[name] -= 1
    if counts[name] <= 0:
        del counts[name]
