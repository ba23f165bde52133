"""What the command line opens, as the settings say."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from penstock.bootstrap import parts
from penstock.bootstrap.adapters import Adapters, open_adapters
from penstock.bootstrap.engine import build_app, build_engine, open_server
from penstock.bootstrap.loading import COMMAND, SERVER, load, settle
from penstock.surfaces.cli.streams import let_go_of_broken

if TYPE_CHECKING:
    from penstock.gateway.keys import Keys
    from penstock.pipelines.verifying import Verifier
    from penstock.settings import Settings
    from penstock.surfaces.engine import Engine


_warming: set[asyncio.Task[None]] = set()
_THREADS_S = 0.5
"""Seconds threads have to end once everything is closed."""


class FromSettings:
    """The Opener of the command line: opens what a command needs, as the settings say."""

    @asynccontextmanager
    async def engine(self, *, data_dir: Path | None = None, record: bool = False) -> AsyncIterator[Engine]:
        """Open the engine; with ``record`` PostgreSQL too, shared with a server that runs on the same data folder."""
        settings = _load(data_dir)
        loading = _begin_loading(COMMAND if record else ())
        async with open_adapters(settings, record=record, server=False) as adapters:
            await loading
            yield build_engine(settings, adapters)

    async def serve(self, *, host: str | None, port: int | None, data_dir: Path | None) -> None:
        """Run the server until it is told to stop. The port is taken first: a taken one is told at once."""
        from penstock.bootstrap.waiting import database_there
        from penstock.surfaces.http.listening import bind

        settings = _load(data_dir)
        parts.check_production(settings)
        listener = bind(host or settings.http.host, settings.http.port if port is None else port)
        loading = _begin_loading(SERVER)
        with contextlib.closing(listener):
            if not await database_there(settings, listener):
                return
            async with open_server(settings) as (engine, adapters):
                await loading
                from penstock.surfaces.http.server import serve
                from penstock.telemetry.library_logs import adopt

                adopt(adapters.telemetry)
                first_key = await _first_key(settings, adapters)
                app = build_app(settings, engine, adapters.telemetry)
                settle()
                await serve(app, listener, on_ready=partial(_ready, adapters, first_key=first_key))
        await _end_threads()

    @asynccontextmanager
    async def keys(self, *, data_dir: Path | None = None) -> AsyncIterator[Keys]:
        """Open the key store; works beside a running server."""
        from penstock.database.keys import PostgresKeys
        from penstock.gateway.keys import Keys
        from penstock.kit.clock import SystemClock

        settings = _load(data_dir)
        parts.check_production(settings)
        async with AsyncExitStack() as opened:
            dsn = parts.database_address(settings, opened, own=False)
            database = await parts.open_database(settings, dsn, opened, parts.silent(), server=False)
            counters = parts.running_counters(settings, opened)
            await parts.check_pepper(settings, PostgresKeys(database))
            yield Keys(
                PostgresKeys(database),
                parts.hasher(settings),
                SystemClock(),
                days=settings.gateway.key_days,
                on_revoked=partial(parts.tell_revoked, counters),
            )

    @asynccontextmanager
    async def audit(self, *, data_dir: Path | None = None) -> AsyncIterator[Verifier]:
        """Open what proves the audit log; works beside a running server."""
        from penstock.bootstrap.paperwork import build_verifier

        settings = _load(data_dir)
        async with AsyncExitStack() as opened:
            dsn = parts.database_address(settings, opened, own=False)
            database = await parts.open_database(settings, dsn, opened, parts.silent(), server=False)
            yield build_verifier(settings, database)

    async def doctor(self, *, data_dir: Path | None) -> list[tuple[str, bool, str]]:
        """Check every part: name, well, and what it is or what to do."""
        from penstock.bootstrap.examination import examine

        return await examine(_load(data_dir))


def _load(data_dir: Path | None) -> Settings:
    from penstock.settings import load_settings

    return load_settings(data_dir=data_dir)


def _begin_loading(modules: Sequence[str]) -> asyncio.Future[None]:
    """Begin at once, in a thread; a task would only begin when the database has started."""
    return asyncio.get_running_loop().run_in_executor(None, load, modules)


async def _first_key(settings: Settings, adapters: Adapters) -> str | None:
    """Make the first key of a new data folder. A database of one's own gets its keys from `penstock keys create`."""
    from penstock.gateway.keys import Keys

    if settings.database.url is not None or adapters.keys is None or adapters.hasher is None:
        return None
    return await Keys(adapters.keys, adapters.hasher, adapters.clock, days=settings.gateway.key_days).create_bootstrap()


async def _end_threads() -> None:
    """End the process when threads are busy still: everything is closed, and Python would wait for them without end."""
    ending = asyncio.ensure_future(asyncio.get_running_loop().shutdown_default_executor())
    await asyncio.wait({ending}, timeout=_THREADS_S)
    busy = [each for each in threading.enumerate() if not each.daemon and each is not threading.main_thread()]
    if ending.done() and not busy:
        return
    let_go_of_broken()
    os._exit(0)


def _ready(adapters: Adapters, url: str, *, first_key: str | None) -> None:
    """Tell that the server answers; only then load the model's SDK, which takes seconds, in a thread."""
    _welcome(url, first_key=first_key)
    if adapters.adapting is not None:
        _warming.add(warming := asyncio.get_running_loop().create_task(adapters.adapting.warm()))
        warming.add_done_callback(_warming.discard)


def _welcome(url: str, *, first_key: str | None) -> None:
    """Say where the server listens. It serves on when nobody reads that: `penstock keys create` makes another key."""
    from penstock.surfaces.cli.welcome import ready_lines

    with contextlib.suppress(OSError):
        sys.stdout.write("\n".join(ready_lines(url, first_key)) + "\n")
    let_go_of_broken()
