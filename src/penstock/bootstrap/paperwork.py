"""What a server does beside its requests: events go out, the audit log is sealed, usage is counted, gauges are read."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from penstock.errors import InvalidConfiguration

if TYPE_CHECKING:
    from penstock.archive.chain_heads import ChainHeads
    from penstock.bootstrap.adapters import Adapters
    from penstock.database.connections import Database
    from penstock.events.ports import EventSink
    from penstock.pipelines.background import Duty
    from penstock.pipelines.trail import Trail
    from penstock.pipelines.verifying import Verifier
    from penstock.settings import Settings

_RELAY_S, _SEAL_S, _BATCHED_S, _EXPORT_S = 1.0, 2.0, 10.0, 60.0
_TOPIC = re.compile(r"\Apubsub://(?P<project>[a-z0-9.:-]+)/(?P<topic>[A-Za-z][A-Za-z0-9._~%+-]{2,254})\Z")
_EMULATOR = re.compile(r"\A[A-Za-z0-9.-]+:[0-9]{1,5}\Z")


def build_trail(database: Database) -> Trail:
    """Return what organisations may read of their trail."""
    from penstock.database.audit import AuditLog
    from penstock.database.usage import Usage
    from penstock.pipelines.trail import Trail

    return Trail(AuditLog(database), Usage(database))


def build_verifier(settings: Settings, database: Database) -> Verifier:
    """Return what proves the audit log. Raises InvalidConfiguration, Unavailable."""
    from penstock.database.audit import AuditLog
    from penstock.pipelines.verifying import Verifier

    return Verifier(AuditLog(database), _chain_heads(settings))


@asynccontextmanager
async def keep_paperwork(settings: Settings, adapters: Adapters) -> AsyncIterator[None]:
    """Do it all while the server runs, and once more at the end. Raises InvalidConfiguration, Unavailable."""
    from penstock.pipelines.background import Background

    if adapters.database is None:
        yield
        return
    sink = open_sink(settings)
    duties = _duties(settings, adapters, adapters.database, sink)
    background = Background(duties, clock=adapters.clock, telemetry=adapters.telemetry)
    background.start()
    try:
        yield
    finally:
        await background.stop()
        await sink.close()


def open_sink(settings: Settings) -> EventSink:
    """Return who gets the events; nothing is asked of the network yet. Raises InvalidConfiguration."""
    chosen = settings.events
    if chosen.url is None:
        from penstock.events.local_file import LocalFile

        file = settings.data_dir / "events" / "events.jsonl"
        return LocalFile(file, max_bytes=chosen.file_max_bytes, keep=chosen.files_kept)
    from penstock.events.google_tokens import GoogleTokens, NoTokens
    from penstock.events.pubsub import HOST, PubSub

    named = _TOPIC.match(chosen.url)
    if named is None:
        message = "PENSTOCK_EVENTS__URL names no topic."
        steps = ("Write it as pubsub://PROJECT/TOPIC, or leave it unset for files in the data folder.",)
        raise InvalidConfiguration(message, fields=["PENSTOCK_EVENTS__URL"], next_steps=steps)
    emulator = chosen.pubsub_emulator
    if emulator is not None and not _EMULATOR.match(emulator):
        message = "PENSTOCK_EVENTS__PUBSUB_EMULATOR must be HOST:PORT."
        raise InvalidConfiguration(message, fields=["PENSTOCK_EVENTS__PUBSUB_EMULATOR"])
    host = f"http://{emulator}" if emulator else HOST
    return PubSub(named["project"], named["topic"], tokens=NoTokens() if emulator else GoogleTokens(), host=host)


def _duties(settings: Settings, adapters: Adapters, database: Database, sink: EventSink) -> list[Duty]:
    from penstock.database.audit import AuditLog
    from penstock.database.outbox import Outbox
    from penstock.database.usage import Usage
    from penstock.pipelines.background import Duty
    from penstock.pipelines.relay import Relay
    from penstock.pipelines.sealing import Exporter, Sealer
    from penstock.pipelines.trail import UsageRounds

    telemetry, outbox, audit = adapters.telemetry, Outbox(database), AuditLog(database)
    exporter = Exporter(
        audit,
        _chain_heads(settings),
        telemetry,
        every_rows=settings.audit.export_rows,
        every=timedelta(hours=settings.audit.export_hours),
    )

    async def look() -> bool:
        telemetry.set_backlog(await outbox.backlog())
        return False

    duties = [
        Duty("events", Relay(outbox, sink, telemetry).round, _RELAY_S, at_the_end=True),
        Duty("seal", Sealer(audit, telemetry).round, _SEAL_S),
        Duty("export", exporter.round, _EXPORT_S),
        Duty("usage", UsageRounds(Usage(database), telemetry).round, _BATCHED_S, at_the_end=True),
        Duty("gauges", look, _BATCHED_S),
    ]
    if adapters.archive is not None and adapters.recoveries is not None:
        from penstock.archive.again import ArchiveAgain
        from penstock.database.archiving import Archiving

        again = ArchiveAgain(adapters.archive, Archiving(database), adapters.recoveries, telemetry)
        duties.append(Duty("archive", again.round, settings.recovery.every_s))
    if adapters.denials is not None:
        duties.append(Duty("denials", adapters.denials.round, _BATCHED_S, at_the_end=True))
    return duties


def _chain_heads(settings: Settings) -> ChainHeads:
    from penstock.archive.chain_heads import ChainHeads
    from penstock.bootstrap.parts import archive_objects

    return ChainHeads(archive_objects(settings))
