"""What `penstock keys list` says of a key."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from penstock.database.keys import KeyRow
from penstock.surfaces.cli.keys import key_line

NOW = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.mark.parametrize(
    ("days", "revoked", "state"),
    [
        (1, None, "until 2026-11-25"),
        (0, None, "expired 2026-11-24"),
        (-1, None, "expired 2026-11-23"),
        (1, NOW, "revoked"),
    ],
)
def test_a_key_says_whether_it_still_opens_anything(days: int, revoked: datetime | None, state: str):
    row = KeyRow(
        kid="abcdefghijk1", key_hash=b"0" * 32, pepper_version=1, org_id="acme", owner="ann", name="ci", scopes=(),
        allowed_cidrs=(), bootstrap=False, created_at=NOW, expires_at=NOW + timedelta(days=days), last_used_at=None,
        revoked_at=revoked,
    )  # fmt: skip
    assert key_line(row, NOW) == f"abcdefghijk1  acme/ann  ci  {state}"
