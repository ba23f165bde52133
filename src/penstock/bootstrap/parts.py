"""Opens the single parts, each as the settings say: a service by its address, or one of our own."""

from __future__ import annotations

import contextlib
import os
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from datetime import timedelta
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from penstock import __version__
from penstock.bootstrap.pool_arithmetic import KEY_CONNECTIONS, check_pools
from penstock.errors import DataDirUnusable, InvalidConfiguration

if TYPE_CHECKING:
    from pydantic import SecretStr

    from penstock.archive.service import Archive
    from penstock.database.connections import Database
    from penstock.database.keys import PostgresKeys
    from penstock.database.recoveries import PostgresRecoveries
    from penstock.gateway.denials import Denials
    from penstock.gateway.hashing import KeyHasher
    from penstock.gateway.redis_counters import RedisCounters
    from penstock.kit.clock import Clock
    from penstock.object_storage.buckets import Buckets
    from penstock.policy.regorus import RegorusEngine
    from penstock.policy.regorus_processes import RegorusProcesses
    from penstock.settings import Settings
    from penstock.telemetry.service import Telemetry

LIBRARY = Path(str(files("penstock") / "library"))
_POLICIES = LIBRARY / "policies"
_MOST_JUDGES = 8
"""Processes that judge, whatever the number of cores: each takes 40 MB."""
_COMMAND_CONNECTIONS = 4
"""Connections a single command may use: it works on one pipeline."""
_PEPPER_VERSION = 1


def check_production(settings: Settings) -> None:
    """Refuse a database of many servers with a pepper of this one. Raises InvalidConfiguration."""
    if settings.database.url is None or settings.gateway.pepper is not None:
        return
    message = (
        "PENSTOCK_GATEWAY__PEPPER must be set when PENSTOCK_DATABASE__URL is: every server on that database needs the"
        " same, and the hashes of all keys depend on it."
    )
    steps = ("Set it to a random secret, e.g. from `openssl rand -hex 32`, and keep it: a new one voids every key.",)
    raise InvalidConfiguration(message, fields=["PENSTOCK_GATEWAY__PEPPER"], next_steps=steps)


def database_address(
    settings: Settings, opened: AsyncExitStack, *, own: bool, logs: list[Telemetry] | None = None
) -> str:
    """Return the database's address, starting an embedded one when none is set; ``own``: not shared with another.

    With ``logs`` (filled later: the log opens after the database) the process ends when the embedded one dies.
    """
    from penstock.database import embedded_postgres

    if settings.database.url is not None:
        return settings.database.url.get_secret_value()
    server = embedded_postgres.start(settings.data_dir, attach=not own)
    opened.callback(server.close)
    if logs is not None:
        server.on_death(partial(_end_without_database, logs))
    return server.dsn


def _end_without_database(logs: list[Telemetry], code: int) -> None:
    """End at once, with a code that makes a supervisor start us again: only a start brings the database back."""
    for log in logs:
        log.log("database.died", level="error", exit_code=code, reason="The embedded PostgreSQL ended by itself.")
    os._exit(1)


def _go_on_without_counters(logs: list[Telemetry], code: int) -> None:
    for log in logs:
        log.log("redis.died", level="error", exit_code=code, reason="The embedded Valkey ended; limits are local.")


def redis_address(settings: Settings, opened: AsyncExitStack, logs: list[Telemetry]) -> str:
    """Return the address of Redis, starting a Valkey of this server's own when none is set."""
    from penstock.gateway import embedded_valkey

    if settings.redis.url is not None:
        return settings.redis.url.get_secret_value()
    server = embedded_valkey.start(settings.data_dir, attach=False)
    opened.callback(server.close)
    server.on_death(partial(_go_on_without_counters, logs))
    return server.url


async def open_database(
    settings: Settings, dsn: str, opened: AsyncExitStack, telemetry: Telemetry, *, server: bool
) -> Database:
    """Bring the schema up to date and open the pool: a small one for a single command. Raises DatabaseFailed."""
    from penstock.database.connections import PoolLimits, open_database
    from penstock.database.migrations import migrate

    for name in await migrate(dsn):
        telemetry.log("database.migrated", migration=name)
    chosen = settings.database
    if server and chosen.url is not None:
        await check_pools(chosen, dsn)
    limits = PoolLimits(
        least=chosen.pool_min if server else 1,
        most=chosen.pool_max if server else _COMMAND_CONNECTIONS,
        idle_s=chosen.idle_s,
        lifetime_s=chosen.lifetime_s,
        statement_timeout_ms=chosen.statement_timeout_ms,
    )
    return await opened.enter_async_context(open_database(dsn, limits, telemetry=telemetry))


async def open_keys(settings: Settings, dsn: str, opened: AsyncExitStack, telemetry: Telemetry) -> PostgresKeys:
    """Open a server's keys over connections of their own: they wait for no generation.

    Raises DatabaseFailed, InvalidConfiguration.
    """
    from penstock.database.connections import PoolLimits, open_database
    from penstock.database.keys import PostgresKeys

    chosen = settings.database
    limits = PoolLimits(
        least=1,
        most=KEY_CONNECTIONS,
        idle_s=chosen.idle_s,
        lifetime_s=chosen.lifetime_s,
        statement_timeout_ms=chosen.statement_timeout_ms,
    )
    keys = PostgresKeys(await opened.enter_async_context(open_database(dsn, limits, telemetry=telemetry)))
    await check_pepper(settings, keys)
    return keys


def open_judges() -> AbstractAsyncContextManager[RegorusProcesses]:
    """Return a server's policy engine: a process for each core, so that judging holds no other request up."""
    from penstock.policy.regorus_processes import open_processes

    return open_processes(_POLICIES, count=min(max(2, os.cpu_count() or 2), _MOST_JUDGES))


def open_judge(opened: AsyncExitStack) -> RegorusEngine:
    """Open a single command's policy engine. Raises PolicyEngineUnavailable."""
    from penstock.policy.regorus import RegorusEngine

    engine = RegorusEngine(_POLICIES, threads=1)
    opened.callback(engine.close)
    return engine


def open_recoveries(settings: Settings, database: Database) -> PostgresRecoveries:
    """Return recovery's side of the record."""
    from penstock.database.recoveries import PostgresRecoveries

    lease = timedelta(seconds=settings.database.lease_s)
    return PostgresRecoveries(database, lease=lease, grace=timedelta(seconds=settings.recovery.grace_s))


def open_archive(settings: Settings, telemetry: Telemetry) -> Archive:
    """Open the auditors' copies. Raises InvalidConfiguration, Unavailable."""
    from penstock.archive.service import Archive

    return Archive(archive_objects(settings), telemetry)


def archive_objects(settings: Settings) -> Buckets:
    """Open the place of the auditors' copies. Raises InvalidConfiguration, Unavailable."""
    from penstock.object_storage.buckets import open_objects

    folder = settings.data_dir.resolve() / "archive"
    return open_objects(settings.archive.url or folder.as_uri())


def open_denials(database: Database, clock: Clock, telemetry: Telemetry) -> Denials:
    """Return what takes refusals to the audit log."""
    from penstock.database.audit import AuditLog
    from penstock.gateway.denials import Denials

    return Denials(AuditLog(database), clock=clock, telemetry=telemetry)


def open_counters(settings: Settings, url: str, opened: AsyncExitStack) -> RedisCounters:
    """Open the shared counters; nothing is asked of Redis yet. Raises InvalidConfiguration."""
    from penstock.gateway.redis_counters import RedisCounters

    counters = RedisCounters(url, timeout_s=settings.redis.timeout_s)
    opened.push_async_callback(counters.close)
    return counters


def open_telemetry(settings: Settings, opened: AsyncExitStack, fingerprint_key: bytes) -> Telemetry:
    """Open a server's log, metrics and spans; secrets are masked in all of them. Raises InvalidConfiguration."""
    from penstock.policy.secrets import redact_quoted
    from penstock.telemetry.service import open_telemetry

    chosen = settings.telemetry
    try:
        telemetry = open_telemetry(
            redact=partial(redact_quoted, key=fingerprint_key),
            version=__version__,
            log_level=chosen.log_level,
            spans_file=chosen.spans_file,
        )
    except OSError as problem:
        message = f"The file for spans cannot be opened: {problem.strerror or problem}."
        raise InvalidConfiguration(message, fields=["PENSTOCK_TELEMETRY__SPANS_FILE"]) from problem
    opened.callback(telemetry.close)
    return telemetry


def silent() -> Telemetry:
    """Return the telemetry of a command: its user sees what happens."""
    from penstock.telemetry.service import Telemetry

    return Telemetry()


def secret(setting: SecretStr | None, file: Path, *, make: bool) -> bytes:
    """Return a secret of this installation: as set, as kept in the data folder, or (unless ``make``) for this once.

    Raises DataDirUnusable when it can be neither read nor made.
    """
    from penstock.kit.secret_file import LENGTH, kept_secret, read_secret

    if setting is not None:
        return setting.get_secret_value().encode()
    try:
        if make:
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            return kept_secret(file)
        return read_secret(file)
    except (OSError, ValueError) as problem:
        if not make:
            return os.urandom(LENGTH)
        message = f"The data folder {file.parent} cannot be used: {getattr(problem, 'strerror', None) or problem}."
        steps = ("Check its permissions, or choose another folder with --data-dir.",)
        raise DataDirUnusable(message, next_steps=steps) from problem


async def check_pepper(settings: Settings, keys: PostgresKeys) -> None:
    """Refuse to make a new pepper beside keys that were hashed with another. Raises InvalidConfiguration."""
    file = settings.data_dir / "pepper.key"
    if settings.gateway.pepper is not None or file.exists() or not await keys.list():
        return
    message = f"{file} is missing, and the hashes of all keys in the database depend on it."
    steps = ("Put the file back from a backup.", "Or set PENSTOCK_GATEWAY__PEPPER to a new secret: it voids every key.")
    raise InvalidConfiguration(message, fields=["PENSTOCK_GATEWAY__PEPPER"], next_steps=steps)


def hasher(settings: Settings) -> KeyHasher:
    """Return what hashes keys. Raises InvalidConfiguration, DataDirUnusable."""
    from penstock.gateway.hashing import KeyHasher

    pepper = secret(settings.gateway.pepper, settings.data_dir / "pepper.key", make=True)
    try:
        return KeyHasher({_PEPPER_VERSION: pepper})
    except ValueError as problem:
        message = f"PENSTOCK_GATEWAY__PEPPER cannot be used. {problem}"
        raise InvalidConfiguration(message, fields=["PENSTOCK_GATEWAY__PEPPER"]) from problem


def running_counters(settings: Settings, opened: AsyncExitStack) -> RedisCounters | None:
    """Return the counters of the servers that use these keys, None when no server runs."""
    from penstock.gateway import embedded_valkey

    chosen = settings.redis.url
    url = chosen.get_secret_value() if chosen else embedded_valkey.running(settings.data_dir)
    return open_counters(settings, url, opened) if url else None


async def tell_revoked(counters: RedisCounters | None) -> None:
    """Tell running servers; one that cannot be told finds out within a minute (gateway.key_cache_s)."""
    from penstock.gateway.ports import SharedCountersAway

    if counters is not None:
        with contextlib.suppress(SharedCountersAway):
            await counters.revoked()
