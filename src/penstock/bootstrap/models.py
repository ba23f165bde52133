"""Opens what adapts plans: Claude behind its breaker, where a key or a Vertex project is set."""

from __future__ import annotations

import asyncio
import os
from contextlib import AsyncExitStack
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from penstock.generation.adapting import Adapting
    from penstock.generation.attempts import Attempts
    from penstock.kit.clock import Clock
    from penstock.settings import Settings
    from penstock.telemetry.service import Telemetry

_VENDOR_KEY = "ANTHROPIC_API_KEY"


def open_adapting(
    settings: Settings,
    opened: AsyncExitStack,
    *,
    redis_url: str | None,
    fingerprint_key: bytes,
    clock: Clock,
    telemetry: Telemetry,
) -> Adapting | None:
    """Return what asks the models, None when none is set. The SDK is not imported yet (``Adapting.warm``).

    With ``redis_url`` the breaker is shared with all servers on that Redis.
    """
    if not configured(settings):
        return None
    if redis_url is None and settings.redis.url is not None:
        redis_url = settings.redis.url.get_secret_value()
    from penstock.domain.models import Prices
    from penstock.generation.adapting import Adapting
    from penstock.policy.secrets import redact

    chosen = settings.model
    names = [chosen.name, *([chosen.second] if chosen.second else [])]
    usual = Prices(
        chosen.usd_per_mtok_input,
        chosen.usd_per_mtok_output,
        chosen.usd_per_mtok_cache_read,
        chosen.usd_per_mtok_cache_write,
    )
    own = {name: Prices(**each.model_dump()) for name, each in chosen.prices.items()}
    return Adapting(
        [_attempts(settings, opened, name, redis_url, clock, telemetry) for name in names],
        prices={name: own.get(name, usual) for name in names},
        redact=partial(redact, key=fingerprint_key),
        max_tokens=chosen.max_tokens,
        clock=clock,
        telemetry=telemetry,
    )


def configured(settings: Settings) -> bool:
    """Whether a model can be asked."""
    return bool(_key(settings) or settings.model.vertex_project)


def _key(settings: Settings) -> str | None:
    own = settings.model.api_key
    return (own.get_secret_value() if own is not None else os.environ.get(_VENDOR_KEY)) or None


def _attempts(  # noqa: PLR0917 -- all of it is needed to ask one model
    settings: Settings, opened: AsyncExitStack, name: str, redis_url: str | None, clock: Clock, telemetry: Telemetry
) -> Attempts:
    from penstock.generation.attempts import AttemptRules, Attempts
    from penstock.generation.breaker import CircuitBreaker
    from penstock.generation.breaker_rules import BreakerLimits
    from penstock.generation.claude import Access, ClaudeModel
    from penstock.generation.redis_breaker import RedisBreaker

    chosen = settings.model
    limits = BreakerLimits(**settings.breaker.model_dump())
    shared = RedisBreaker(redis_url, name, limits, timeout_s=settings.redis.timeout_s) if redis_url else None
    breaker = CircuitBreaker(shared, model=name, limits=limits, clock=clock, telemetry=telemetry)
    token = chosen.vertex_token
    access = Access(
        api_key=_key(settings),
        base_url=chosen.base_url,
        vertex_project=chosen.vertex_project,
        vertex_region=chosen.vertex_region,
        vertex_token=token.get_secret_value() if token else None,
    )
    model = ClaudeModel(name, access)
    opened.push_async_callback(model.close)
    opened.push_async_callback(breaker.close)
    rules = AttemptRules(
        connect_s=chosen.connect_s,
        first_byte_s=chosen.first_byte_s,
        idle_s=chosen.idle_s,
        total_s=chosen.attempt_s,
        backoff_s=chosen.backoff_s,
        least_left_s=chosen.least_left_s,
        least_left_after_total_s=chosen.least_left_after_total_s,
        at_once=chosen.at_once,
    )
    if redis_url:
        watching = asyncio.get_running_loop().create_task(breaker.watch())
        opened.callback(watching.cancel)
    return Attempts(model, breaker, rules=rules, clock=clock, telemetry=telemetry)
