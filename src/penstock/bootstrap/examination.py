"""The doctor's look at every part, and what to do about one that is not well."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from penstock import __version__
from penstock.bootstrap import parts
from penstock.bootstrap.parts import LIBRARY
from penstock.errors import PenstockError, Unavailable

if TYPE_CHECKING:
    from penstock.settings import Settings


Look = Callable[["Settings"], Awaitable[str]]


async def examine(settings: Settings) -> list[tuple[str, bool, str]]:
    """Look at every part: its name, whether it is well, and what it is or what to do."""
    return [await _examined(name, look, settings) for name, look in _EXAMINATIONS.items()]


async def _examined(name: str, look: Look, settings: Settings) -> tuple[str, bool, str]:
    try:
        return name, True, await look(settings)
    except PenstockError as problem:
        return name, False, " ".join([problem.message, *(f"-> {step}" for step in problem.steps[:1])])


async def _look_at_python(_settings: Settings) -> str:
    version = sys.version_info
    return f"Penstock {__version__} on Python {version.major}.{version.minor}.{version.micro}"


async def _look_at_folder(settings: Settings) -> str:
    parts.secret(settings.policy.fingerprint_key, settings.data_dir / "fingerprint.key", make=True)
    return f"{settings.data_dir} can be written"


async def _look_at_database(settings: Settings) -> str:
    parts.check_production(settings)
    async with AsyncExitStack() as opened:
        dsn = parts.database_address(settings, opened, own=False)
        database = await parts.open_database(settings, dsn, opened, parts.silent(), server=False)
        row = await database.row("ping", repeatable=True)
        where = "embedded" if settings.database.url is None else "as set"
        return f"{where}, schema is up to date" if row else f"{where}, gave no answer"


async def _look_at_redis(settings: Settings) -> str:
    from penstock.gateway import embedded_valkey
    from penstock.gateway.ports import SharedCountersAway

    async with AsyncExitStack() as opened:
        if settings.redis.url is None:
            server = embedded_valkey.start(settings.data_dir)
            opened.callback(server.close)
        url = settings.redis.url.get_secret_value() if settings.redis.url else server.url
        counters = parts.open_counters(settings, url, opened)
        try:
            await counters.ping()
        except SharedCountersAway as problem:
            message = f"Redis does not answer ({problem}); each server process would count rate limits alone."
            raise Unavailable(message, next_steps=("Check PENSTOCK_REDIS__URL.",)) from problem
        return "embedded, answers" if settings.redis.url is None else "as set, answers"


async def _look_at_skills(_settings: Settings) -> str:
    from penstock.skills.library_store import LibrarySkills

    return f"{len(await LibrarySkills(LIBRARY / 'skills').list('local'))} skills"


async def _look_at_policies(_settings: Settings) -> str:
    from penstock.policy.gate import Gate
    from penstock.policy.regorus import RegorusEngine

    engine = RegorusEngine(LIBRARY / "policies", threads=1)
    try:
        await Gate(engine, fingerprint_key=os.urandom(32)).warm()
        return f"{len(engine.catalogue)} rules, {engine.name}, revision {engine.revision[:12]}"
    finally:
        engine.close()


async def _look_at_git(_settings: Settings) -> str:
    if shutil.which("git") is None:
        message = "git is not installed, so `generate --branch` cannot commit."
        raise Unavailable(message, next_steps=("Install git.",))
    return "installed"


_EXAMINATIONS: dict[str, Look] = {
    "penstock": _look_at_python,
    "data folder": _look_at_folder,
    "database": _look_at_database,
    "redis": _look_at_redis,
    "skills": _look_at_skills,
    "policies": _look_at_policies,
    "git": _look_at_git,
}
