"""What libraries say through Python's own logging, brought into our log: one format, cleaned, with the trace id."""

from __future__ import annotations

import logging

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
        """Pass one record on; a record that cannot be put into words must not stop who wrote it."""
        try:
            fields = {"logger": record.name, "text": record.getMessage()}
            if record.exc_info and record.exc_info[1]:
                fields["exception"] = record.exc_info[1]  # type: ignore[assignment]  # the log spells it out
            level = "error" if record.levelno >= logging.ERROR else "warning"
            self._telemetry.log("library.logged", level=level, **fields)
        except Exception:  # noqa: BLE001 -- as logging itself does
            self.handleError(record)
