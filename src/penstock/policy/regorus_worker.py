"""A process that judges: first the policies come in, then questions; ends with its parent, or when one hangs.

A message is its length in four bytes and JSON. An answer is one byte that says whether there is one, then the text.
"""

from __future__ import annotations

import json
import signal
import struct
import sys
from typing import IO

from penstock.policy import regorus_calls

LENGTH = struct.Struct(">I")
ANSWERED, FAILED = b"+", b"-"
_LONGEST_S = 300
"""Seconds after which the system ends a process whose parent could not: longer than any gate waits."""


def main() -> None:
    """Load what the parent sends, then answer until it closes the pipe."""
    # A terminal and a supervisor tell all processes to stop; the parent has work in hand yet, and ends this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    questions, answers = sys.stdin.buffer, sys.stdout.buffer
    sources = json.loads(_read(questions) or b"{}")
    engine, failure = regorus_calls.load(sources.get("policies", {}), sources.get("data", {}))
    _write(answers, "", failure)
    while engine is not None and (text := _read(questions)) is not None:
        signal.alarm(_LONGEST_S)
        answer, failure = regorus_calls.ask(engine, text.decode())
        signal.alarm(0)
        _write(answers, answer, failure)


def _read(stream: IO[bytes]) -> bytes | None:
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (length,) = LENGTH.unpack(head)
    body = stream.read(length)
    return body if len(body) == length else None


def _write(stream: IO[bytes], answer: str, failure: str) -> None:
    body = FAILED + failure.encode() if failure else ANSWERED + answer.encode()
    stream.write(LENGTH.pack(len(body)) + body)
    stream.flush()


if __name__ == "__main__":
    main()
