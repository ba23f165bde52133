"""Folders, memory and buckets (Google Cloud Storage, S3) behind one door: obstore."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from penstock.errors import InvalidConfiguration, Unavailable

SCHEMES = ("file", "memory", "gs", "s3")
_CONNECT, _REQUEST = timedelta(seconds=1), timedelta(seconds=5)
_TRIES_AGAIN, _ALL_TRIES = 3, timedelta(seconds=10)
_FIRST_WAIT, _LONGEST_WAIT = timedelta(seconds=0.5), timedelta(seconds=2)
"""BEHAVIOUR.md §4, GCS write. The library owns the retries; nobody above it tries again within a request."""


def open_objects(url: str) -> Buckets:
    """Open the store of a URL: file:///folder (made when missing), memory:///, gs://bucket/folder, s3://bucket/folder.

    Buckets take their credentials from the environment, as their clouds' own tools do. Nothing is asked of the network
    yet. Raises InvalidConfiguration for another URL, Unavailable when the folder cannot be made.
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
        bucket = store.from_url(
            url,
            client_options={"connect_timeout": _CONNECT, "timeout": _REQUEST},
            retry_config={
                "max_retries": _TRIES_AGAIN,
                "retry_timeout": _ALL_TRIES,
                "backoff": {"init_backoff": _FIRST_WAIT, "max_backoff": _LONGEST_WAIT, "base": 2},
            },
        )
    except (BaseError, ValueError) as problem:
        message = f"The object store {parts.scheme}://{parts.hostname} cannot be opened with these settings."
        raise InvalidConfiguration(message) from problem
    return Buckets(bucket, f"{parts.scheme}://{parts.hostname}")


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

    def __init__(self, store: Any, name: str) -> None:
        self._store = store
        self._name = name

    async def put_new(self, path: str, content: bytes) -> bool:
        """Store an object nobody stored before, in one request that the store itself refuses when there is one."""
        import obstore
        from obstore.exceptions import AlreadyExistsError, PreconditionError

        try:
            await obstore.put_async(self._store, path, content, mode="create", use_multipart=False)
        except (AlreadyExistsError, PreconditionError):
            return False
        except Exception as problem:
            raise self._unavailable("written to", problem) from problem
        return True

    async def get(self, path: str) -> bytes | None:
        """Return an object's content, None when there is no such object."""
        import obstore

        try:
            found = await obstore.get_async(self._store, path)
            return bytes(await found.bytes_async())
        except FileNotFoundError:
            return None
        except Exception as problem:
            raise self._unavailable("read", problem) from problem

    async def list(self, prefix: str) -> Sequence[str]:
        """Return the paths below a folder, sorted."""
        import obstore

        try:
            found = await obstore.list(self._store, prefix or None).collect_async()
        except Exception as problem:
            raise self._unavailable("listed", problem) from problem
        return sorted(each["path"] for each in found)

    def _unavailable(self, done: str, problem: Exception) -> Unavailable:
        """Return the error with a reason by kind: the library's own words run over pages and quote addresses."""
        reason = _REASONS.get(type(problem).__name__, "it did not answer as it should")
        return Unavailable(f"The object store {self._name} cannot be {done}: {reason}.")


_REASONS = {
    "PermissionDeniedError": "it does not permit it",
    "PermissionError": "it does not permit it",
    "UnauthenticatedError": "it does not accept the credentials",
    "FileNotFoundError": "there is no such bucket or folder",
    "NotFoundError": "there is no such bucket or folder",
    "ValueError": "it takes no such name",
    "InvalidPathError": "it takes no such name",
}
