"""Opens the repository host, and keeps the promises of a server while it runs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from penstock.errors import InvalidConfiguration

if TYPE_CHECKING:
    from penstock.bootstrap.adapters import Adapters
    from penstock.delivery.ports import RepositoryHost
    from penstock.kit.clock import Clock
    from penstock.pipelines.finishing import Finishing
    from penstock.pipelines.hosted import Hosted
    from penstock.pipelines.recovery import Recovery
    from penstock.settings import Settings
    from penstock.telemetry.service import Telemetry


def open_host(
    settings: Settings, opened: AsyncExitStack, *, clock: Clock, telemetry: Telemetry
) -> RepositoryHost | None:
    """Return GitHub as it is configured, None when it is not. Nothing is asked yet. Raises InvalidConfiguration."""
    chosen = settings.github
    if chosen.token is None and chosen.app_id is None:
        return None
    if chosen.app_id is not None and chosen.private_key is None:
        message = "PENSTOCK_GITHUB__APP_ID is set, and PENSTOCK_GITHUB__PRIVATE_KEY is not."
        raise InvalidConfiguration(message, fields=["PENSTOCK_GITHUB__PRIVATE_KEY"])
    from penstock.delivery.github import Access, GitHub, Manner
    from penstock.delivery.github_gate import Pace

    access = Access(
        app_id=chosen.app_id,
        private_key=chosen.private_key.get_secret_value() if chosen.private_key else None,
        token=chosen.token.get_secret_value() if chosen.token else None,
        install_url=chosen.install_url,
    )
    manner = Manner(pace=Pace(pause_s=chosen.mutation_every_s), stage_s=chosen.deliver_s)
    host = GitHub(access, clock, telemetry, base_url=chosen.base_url, manner=manner)
    opened.push_async_callback(host.close)
    return host


def build_hosted(adapters: Adapters) -> Hosted | None:
    """Return the host with the record of its plans; None without either."""
    from penstock.pipelines.hosted import Hosted

    if adapters.host is None:
        return None
    return Hosted(adapters.host, adapters.recoveries)


def build_finishing(settings: Settings, adapters: Adapters) -> Finishing | None:
    """Return what ends promises, for handlers and recovery alike; None where nothing is recorded."""
    from penstock.pipelines.finishing import Finishing

    if adapters.records is None or adapters.recoveries is None:
        return None
    return Finishing(
        adapters.records,
        adapters.recoveries,
        adapters.telemetry,
        adapters.clock,
        hosted=build_hosted(adapters),
        archive=adapters.archive,
        deliver_s=settings.github.deliver_s,
        backoff_s=settings.recovery.backoff_s,
    )


def build_recovery(settings: Settings, adapters: Adapters, finishing: Finishing | None) -> Recovery | None:
    """Return the reconciler; None where nothing is recorded."""
    from penstock.pipelines.recovery import Recovery

    if finishing is None or adapters.recoveries is None:
        return None
    return Recovery(
        finishing,
        adapters.recoveries,
        clock=adapters.clock,
        telemetry=adapters.telemetry,
        every_s=settings.recovery.every_s,
        renew_s=settings.database.lease_s / 3,
    )


@asynccontextmanager
async def keep_promises(recovery: Recovery | None) -> AsyncIterator[None]:
    """Scan while the server runs. A scan that is cut off loses nothing: its leases run out."""
    if recovery is None:
        yield
        return
    scanning = asyncio.create_task(recovery.run())
    try:
        yield
    finally:
        recovery.stop()
        scanning.cancel()
        await asyncio.wait({scanning})
