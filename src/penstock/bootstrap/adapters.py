"""All parts an engine works with, opened and closed together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from penstock.bootstrap import parts
from penstock.bootstrap.hosting import open_host
from penstock.bootstrap.models import open_adapting
from penstock.bootstrap.parts import LIBRARY

if TYPE_CHECKING:
    from penstock.archive.service import Archive
    from penstock.database.connections import Database
    from penstock.database.keys import PostgresKeys
    from penstock.database.postgres import PostgresRecords
    from penstock.database.recoveries import PostgresRecoveries
    from penstock.delivery.ports import RepositoryHost
    from penstock.gateway.denials import Denials
    from penstock.gateway.hashing import KeyHasher
    from penstock.gateway.redis_counters import RedisCounters
    from penstock.generation.adapting import Adapting
    from penstock.kit.clock import Clock
    from penstock.policy.ports import PolicyEngine
    from penstock.settings import Settings
    from penstock.skills.ports import SkillStore
    from penstock.telemetry.service import Telemetry


@dataclass(frozen=True)
class Adapters:
    """Everything outside that an engine works with. None: not opened for this door."""

    skills: SkillStore
    policy: PolicyEngine
    fingerprint_key: bytes
    clock: Clock
    telemetry: Telemetry
    database: Database | None = None
    denials: Denials | None = None
    records: PostgresRecords | None = None
    keys: PostgresKeys | None = None
    archive: Archive | None = None
    hasher: KeyHasher | None = None
    counters: RedisCounters | None = None
    recoveries: PostgresRecoveries | None = None
    host: RepositoryHost | None = None
    """None: no repository host is set, and files go to folders of this machine or to the caller."""
    adapting: Adapting | None = None
    """None: no model is set, and templates are all there is."""


@asynccontextmanager
async def open_adapters(settings: Settings, *, record: bool, server: bool) -> AsyncIterator[Adapters]:
    """Open what the door needs and close it in reverse. ``record``: the database too; ``server``: all there is.

    Raises DataDirUnusable, DatabaseFailed, InvalidConfiguration, PolicyEngineUnavailable.
    """
    from penstock.database.keys import PostgresKeys
    from penstock.database.postgres import PostgresRecords
    from penstock.kit.clock import SystemClock
    from penstock.skills.library_store import LibrarySkills

    async with AsyncExitStack() as opened:
        logs: list[Telemetry] = []
        judges = await opened.enter_async_context(parts.open_judges()) if server else None
        dsn = parts.database_address(settings, opened, own=server, logs=logs if server else None) if record else None
        redis_url = parts.redis_address(settings, opened, logs) if server else None
        fingerprint_key = parts.secret(
            settings.policy.fingerprint_key, settings.data_dir / "fingerprint.key", make=record
        )
        telemetry = parts.open_telemetry(settings, opened, fingerprint_key) if server else parts.silent()
        logs.append(telemetry)
        clock = SystemClock()
        database = await parts.open_database(settings, dsn, opened, telemetry, server=server) if dsn else None
        keys = await parts.open_keys(settings, dsn, opened, telemetry) if dsn and server else None
        if judges:
            await judges.ready()
        yield Adapters(
            skills=LibrarySkills(LIBRARY / "skills", telemetry),
            policy=judges or parts.open_judge(opened),
            fingerprint_key=fingerprint_key,
            clock=clock,
            telemetry=telemetry,
            database=database,
            denials=parts.open_denials(database, clock, telemetry) if database and server else None,
            records=PostgresRecords(database, lease=timedelta(seconds=settings.database.lease_s)) if database else None,
            recoveries=parts.open_recoveries(settings, database) if database else None,
            host=open_host(settings, opened, clock=clock, telemetry=telemetry),
            keys=keys or (PostgresKeys(database) if database else None),
            archive=parts.open_archive(settings, telemetry) if record else None,
            hasher=parts.hasher(settings) if server else None,
            counters=parts.open_counters(settings, redis_url, opened) if redis_url else None,
            adapting=open_adapting(
                settings, opened, redis_url=redis_url, fingerprint_key=fingerprint_key, clock=clock, telemetry=telemetry
            ),
        )
