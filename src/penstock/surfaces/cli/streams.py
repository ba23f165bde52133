"""Standard streams whose reader is gone: what was for them is dropped, and the command still ends as it should."""

from __future__ import annotations

import contextlib
import os
import sys


def let_go_of_broken() -> None:
    """Point a stream that takes nothing any more at nothing: Python's own flush at the end would fail and be told."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            with contextlib.suppress(OSError, ValueError):
                nothing = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nothing, stream.fileno())
                os.close(nothing)
                stream.flush()
