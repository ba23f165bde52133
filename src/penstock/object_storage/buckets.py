"""Folders, memory and buckets (Google Cloud Storage, S3) behind one door: obstore."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

from penstock.errors import InvalidConfiguration, Unavailable
from penstock.kit.clock import Clock, SystemClock

Result = TypeVar("Result")
SCHEMES = ("file", "memory", "gs", "s3")
_CONNECT, _REQUEST = timedelta(seconds=1), timedelta(seconds=3)
_PLAIN_HTTP = {"gs": "GOOGLE_ALLOW_HTTP", "s3": "AWS_ALLOW_HTTP"}
"""The library's own variables: it no longer looks at them when it is given options."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How often something is tried again: a wait before each retry, and the time for all of it (seconds)."""

    waits_s: tuple[float, ...]
    total_s: float


WRITE, READ = Patience((0.5, 1.0, 2.0), 5.0), Patience((0.2, 0.4), 2.0)
"""BEHAVIOUR.md §4, GCS. Buckets owns the retries: the library's are off, and nobody above tries again in a request."""


def open_objects(url: str, *, clock: Clock | None = None, **options: Any) -> Buckets:
    """Open the store of a URL: file:///folder (made when missing), memory:///, gs://bucket/folder, s3://bucket/folder.

    Buckets take their credentials from the environment, as their clouds' own tools do, or from ``options`` of the
    library. Nothing is asked of the network yet. Raises InvalidConfiguration for another URL, Unavailable when the
    folder cannot be made.
    """
    from obstore import store
    from obstore.exceptions import BaseError

    parts = urlsplit(url)
    if parts.scheme not in SCHEMES or (parts.scheme in {"gs", "s3"} and not parts.netloc):
        message = f"{parts.scheme or 'no scheme'}: is no object store Penstock knows; there are {', '.join(SCHEMES)}."
        raise InvalidConfiguration(message, next_steps=("Name it like gs://bucket/folder or file:///folder.",))
    if parts.scheme == "memory":
        return Buckets(store.MemoryStore(), "memory")
    if parts.scheme == "file":
        if parts.netloc not in {"", "localhost"} or not parts.path.startswith("/"):
            message = f"{url}: is no folder of this machine: a file:// address has three slashes and a whole path."
            raise InvalidConfiguration(message, next_steps=("Name it like file:///folder.",))
        return _folder(Path(unquote(parts.path)))
    try:
        opened: Any = store.from_url  # each kind of store takes options of its own
        bucket = opened(
            url,
            client_options={
                "connect_timeout": _CONNECT,
                "timeout": _REQUEST,
                "allow_http": os.environ.get(_PLAIN_HTTP[parts.scheme], "").lower() == "true",
                **options.pop("client_options", {}),
            },
            retry_config={"max_retries": 0, "retry_timeout": _REQUEST},
            **options,
        )
    except (BaseError, ValueError) as problem:
        message = f"The object store {parts.scheme}://{parts.hostname} cannot be opened with these settings."
        raise InvalidConfiguration(message) from problem
    return Buckets(bucket, f"{parts.scheme}://{parts.hostname}", clock or SystemClock())


def _folder(folder: Path) -> Buckets:
    from obstore.store import LocalStore

    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return Buckets(LocalStore(prefix=folder), str(folder))
    except OSError as problem:
        message = f"The folder {folder} cannot be used: {problem.strerror or problem}."
        raise Unavailable(message, next_steps=("Choose a folder that can be written.",)) from problem


class Buckets:
    """An ObjectStore of ports.py."""

    def __init__(self, store: Any, name: str, clock: Clock | None = None) -> None:
        self._store = store
        self._name = name
        self._clock = clock
        """None: nothing is tried again, as with a folder, where a moment changes nothing."""

    async def put_new(self, path: str, content: bytes) -> bool:
        """Store an object nobody stored before, in one request that the store itself refuses when there is one."""
        import obstore
        from obstore.exceptions import AlreadyExistsError, PreconditionError

        async def put() -> None:
            await obstore.put_async(self._store, path, content, mode="create", use_multipart=False)

        try:
            await self._patiently(put, WRITE)
        except (AlreadyExistsError, PreconditionError):
            return False
        except Exception as problem:
            raise self._unavailable("written to", problem) from problem
        return True

    async def get(self, path: str) -> bytes | None:
        """Return an object's content, None when there is no such object."""
        import obstore

        async def get() -> bytes:
            found = await obstore.get_async(self._store, path)
            return bytes(await found.bytes_async())

        try:
            return await self._patiently(get, READ)
        except FileNotFoundError:
            return None
        except Exception as problem:
            raise self._unavailable("read", problem) from problem

    async def list(self, prefix: str) -> Sequence[str]:
        """Return the paths below a folder, sorted."""
        import obstore

        async def listed() -> Any:
            return await obstore.list(self._store, prefix or None).collect_async()

        try:
            found = await self._patiently(listed, READ)
        except Exception as problem:
            raise self._unavailable("listed", problem) from problem
        return sorted(each["path"] for each in found)

    async def _patiently(self, work: Callable[[], Awaitable[Result]], patience: Patience) -> Result:
        """Try again what the store or the way to it failed at, while there is time. Raises what the last try raised."""
        from obstore.exceptions import GenericError

        if self._clock is None:
            return await work()
        ends = self._clock.monotonic() + patience.total_s
        for wait in (*patience.waits_s, None):
            try:
                async with asyncio.timeout(max(0.0, ends - self._clock.monotonic())):
                    return await work()
            except (
                GenericError
            ):  # a 5xx, 429, 408, a connection that broke or hung; all that is certain has other names
                pause = random.uniform(wait / 2, wait) if wait else 0.0  # noqa: S311 -- spreads retries
                if wait is None or self._clock.monotonic() + pause >= ends:
                    raise
                await self._clock.sleep(pause)
        raise AssertionError

    def _unavailable(self, done: str, problem: Exception) -> Unavailable:
        """Return the error with a reason by kind: the library's own words run over pages and quote addresses."""
        reason = _REASONS.get(type(problem).__name__, "it did not answer as it should")
        return Unavailable(f"The object store {self._name} cannot be {done}: {reason}.")


_REASONS = {
    "TimeoutError": "it did not answer in time",
    "PermissionDeniedError": "it does not permit it",
    "PermissionError": "it does not permit it",
    "UnauthenticatedError": "it does not accept the credentials",
    "FileNotFoundError": "there is no such bucket or folder",
    "NotFoundError": "there is no such bucket or folder",
    "ValueError": "it takes no such name",
    "InvalidPathError": "it takes no such name",
}
