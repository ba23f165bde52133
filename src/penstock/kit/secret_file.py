"""A random secret kept in a file of its own, made at first use, readable by its owner alone."""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
from pathlib import Path

LENGTH = 32
"""Bytes of a secret."""


def kept_secret(file: Path) -> bytes:
    """Return the secret in the file, making it when there is none; two processes at once get the same.

    Raises OSError when it can be neither read nor made, ValueError when the file holds something else.
    """
    with contextlib.suppress(FileNotFoundError):
        return read_secret(file)
    handle, name = tempfile.mkstemp(prefix=f".{file.name}-", dir=file.parent)
    try:
        with os.fdopen(handle, "w") as stream:
            stream.write(secrets.token_hex(LENGTH) + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        with contextlib.suppress(FileExistsError):  # another process was quicker: its secret is the one
            os.link(name, file)
    finally:
        Path(name).unlink()
    return read_secret(file)


def read_secret(file: Path) -> bytes:
    """Return the secret in the file. Raises OSError, and ValueError when the file holds something else."""
    try:
        secret = bytes.fromhex(file.read_text().strip())
    except ValueError:
        secret = b""
    if len(secret) != LENGTH:
        message = f"{file} does not hold a secret of {LENGTH} bytes"
        raise ValueError(message)
    return secret
