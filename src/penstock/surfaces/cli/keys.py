"""penstock keys: create, list, revoke."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from penstock.surfaces.cli import exits
from penstock.surfaces.cli.tell import printable

if TYPE_CHECKING:
    from penstock.database.keys import KeyRow
    from penstock.surfaces.cli.running import Opener


async def run_create(
    opener: Opener,
    data_dir: Path | None,
    *,
    name: str,
    owner: str,
    org: str,
    scopes: tuple[str, ...],
    days: int,
    as_json: bool,
) -> int:
    """Create a key and print it once. Raises InvalidConfiguration for an unknown scope."""
    async with opener.keys(data_dir=data_dir) as keys:
        plain, row = await keys.create(org_id=org, owner=owner, name=name, scopes=scopes, days=days)
    if as_json:
        sys.stdout.write(json.dumps({"key": plain, "id": row.kid, "expires": row.expires_at.isoformat()}) + "\n")
        return exits.OK
    sys.stdout.write(f"{plain}\n")
    sys.stderr.write(
        f"Key {row.kid} for {printable(name)}, valid until {row.expires_at:%Y-%m-%d}."
        " It is shown this once; keep it safe.\n"
    )
    return exits.OK


async def run_list(opener: Opener, data_dir: Path | None, *, as_json: bool) -> int:
    """List the keys."""
    async with opener.keys(data_dir=data_dir) as keys:
        rows = await keys.list()
    if as_json:
        listed = [
            {
                "id": row.kid, "name": row.name, "org": row.org_id, "owner": row.owner, "scopes": list(row.scopes),
                "expires": row.expires_at.isoformat(),
                "revoked": row.revoked_at.isoformat() if row.revoked_at else None,
            }
            for row in rows
        ]  # fmt: skip
        sys.stdout.write(json.dumps(listed, indent=2) + "\n")
        return exits.OK
    now = datetime.now(UTC)
    sys.stdout.write("".join(f"{key_line(row, now)}\n" for row in rows))
    return exits.OK


def key_line(row: KeyRow, now: datetime) -> str:
    """Return one key as a line: id, whose it is, what for, and whether it still opens anything."""
    ended = "expired" if row.expires_at <= now else "until"
    state = "revoked" if row.revoked_at else f"{ended} {row.expires_at:%Y-%m-%d}"
    return f"{row.kid}  {printable(f'{row.org_id}/{row.owner}')}  {printable(row.name)}  {state}"


async def run_revoke(opener: Opener, data_dir: Path | None, key_id: str, *, as_json: bool) -> int:
    """Revoke a key. Raises NotFound."""
    async with opener.keys(data_dir=data_dir) as keys:
        await keys.revoke(key_id)
    sys.stdout.write((json.dumps({"revoked": key_id}) if as_json else f"Key {printable(key_id)} is revoked.") + "\n")
    return exits.OK
