"""Brings a database to the schema this Penstock knows: numbered SQL files, each applied once, never changed after.

A database that is ahead of this Penstock, or was made from other files, is refused and left as it is.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from penstock.database.failures import in_words, unreachable
from penstock.database.queries import queries
from penstock.errors import DatabaseFailed

if TYPE_CHECKING:
    import asyncpg

_NAME = re.compile(r"^(\d{4})_([a-z0-9_]+)\.sql$")
_CONNECT_S = 5.0
_LOCK_TIMEOUT_MS = 30_000


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered file."""

    version: int
    name: str
    text: str

    @property
    def checksum(self) -> str:
        """Hex sha256 of the text."""
        return hashlib.sha256(self.text.encode()).hexdigest()


@cache
def shipped() -> tuple[Migration, ...]:
    """Return the migrations of this Penstock in order."""
    return read_migrations(Path(str(files("penstock.database") / "migrations")))


def read_migrations(folder: Path) -> tuple[Migration, ...]:
    """Read a folder of migrations. Raises ValueError for a file with a bad name or a gap in the numbers."""
    found = []
    for file in sorted(folder.glob("*.sql")):
        named = _NAME.match(file.name)
        if named is None:
            raise ValueError(f"{file.name} is no name for a migration: 0001_what_it_does.sql")
        found.append(Migration(int(named.group(1)), file.stem, file.read_text()))
    if [each.version for each in found] != list(range(1, len(found) + 1)):
        raise ValueError(f"the migrations in {folder.name} are not numbered 1, 2, 3, ...")
    return tuple(found)


async def migrate(dsn: str, migrations: Sequence[Migration] | None = None) -> tuple[str, ...]:
    """Apply what is missing, each in a transaction of its own, and return the names of what was applied.

    Several Penstocks may start at once: one does the work, the others wait for it. Raises DatabaseFailed when the
    database cannot be reached, is newer than this Penstock, or was made from other files.
    """
    import asyncpg

    try:
        connection = await asyncpg.connect(
            dsn,
            timeout=_CONNECT_S,
            server_settings={"application_name": "penstock migrations", "lock_timeout": str(_LOCK_TIMEOUT_MS)},
        )
    except Exception as problem:
        raise unreachable(problem) from problem
    wanted = shipped() if migrations is None else migrations
    try:
        if not _missing(wanted, await _applied(connection)):
            return ()
        return await _apply(connection, wanted)
    except asyncpg.PostgresError as problem:
        message = f"The database's schema cannot be looked at: {in_words(problem)}."
        raise DatabaseFailed(message) from problem
    finally:
        await connection.close(timeout=_CONNECT_S)


async def _apply(connection: asyncpg.Connection, wanted: Sequence[Migration]) -> tuple[str, ...]:
    statements = queries()
    await connection.execute(statements["lock_migrations"])
    await connection.execute(statements["make_migrations"])
    missing = _missing(wanted, await _applied(connection))
    for migration in missing:
        await _apply_one(connection, migration, statements["record_migration"])
    return tuple(migration.name for migration in missing)


async def _apply_one(connection: asyncpg.Connection, migration: Migration, record: str) -> None:
    import asyncpg

    try:
        async with connection.transaction():
            await connection.execute(migration.text)
            await connection.execute(record, migration.version, migration.name, migration.checksum)
    except asyncpg.PostgresError as problem:
        message = f"Migration {migration.name} cannot be applied, so nothing of it was: {problem}."
        steps = ("Give Penstock a database of its own, whose owner it is.", "See the cause above, then start it again.")
        raise DatabaseFailed(message, next_steps=steps) from problem


async def _applied(connection: asyncpg.Connection) -> dict[int, tuple[str, str]]:
    statements = queries()
    if not await connection.fetchval(statements["has_migrations"]):
        return {}
    rows = await connection.fetch(statements["applied_migrations"])
    return {row["version"]: (row["name"], row["checksum"]) for row in rows}


def _missing(wanted: Sequence[Migration], applied: Mapping[int, tuple[str, str]]) -> list[Migration]:
    """Return what is still to be applied. Raises DatabaseFailed when what was applied is not what we know."""
    known = {migration.version: migration for migration in wanted}
    newest = max(known, default=0)
    ahead = [name for version, (name, _) in applied.items() if version > newest]
    if ahead:
        message = (
            f"The database is newer than this Penstock: it has the migration {ahead[-1]},"
            f" and this Penstock knows {newest}."
        )
        steps = ("Start the newer Penstock that made it, or give this one another database (--data-dir).",)
        raise DatabaseFailed(message, next_steps=steps)
    for version, told in applied.items():
        if told != (known[version].name, known[version].checksum):
            message = f"The database was made with another text of the migration {told[0]}, so its schema is not known."
            restore = (
                "Start the Penstock that made it, or give this one another database (--data-dir).",
                "If you changed the file: restore it, and put the change into a new migration.",
            )
            raise DatabaseFailed(message, next_steps=restore)
    return [migration for migration in wanted if migration.version not in applied]
