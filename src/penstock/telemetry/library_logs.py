"""What libraries say through Python's own logging, brought into our log: one format, cleaned, with the trace id."""

from __future__ import annotations

import logging
from typing import Any

from penstock.telemetry.service import Telemetry


def adopt(telemetry: Telemetry) -> None:
    """Send warnings and errors of every library to ``telemetry`` from now on, and nothing to the terminal."""
    logging.captureWarnings(capture=True)
    root = logging.getLogger()
    root.handlers = [_Adopting(telemetry)]
    root.setLevel(logging.WARNING)


class _Adopting(logging.Handler):
    def __init__(self, telemetry: Telemetry) -> None:
        super().__init__()
        self._telemetry = telemetry

    def emit(self, record: logging.LogRecord) -> None:
        """Pass one record on; one whose words do not fit its arguments is passed on without them."""
        try:
            text = record.getMessage()
        except (TypeError, ValueError, KeyError):
            text = str(record.msg)
        fields: dict[str, Any] = {"logger": record.name, "text": text}
        if record.exc_info and record.exc_info[1]:
            fields["exception"] = record.exc_info[1]
        self._telemetry.log("library.logged", level=_level(record), **fields)


def _level(record: logging.LogRecord) -> str:
    return "error" if record.levelno >= logging.ERROR else "warning"
