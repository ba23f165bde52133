"""A wire between driver and server that can lose an answer: the statement arrives, its answer does not."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, quote, unquote, urlsplit

_SOCKET = ".s.PGSQL.5432"


@dataclass
class Wire:
    """After ``spare`` more answers, ``lose`` are swallowed and their connections cut."""

    dsn: str
    lose: int = 0
    spare: int = 0
    lost: int = 0
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def carry(self, server: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        far_reader, far_writer = await asyncio.open_unix_connection(server)
        there = asyncio.create_task(self._there(reader, far_writer))
        back = asyncio.create_task(self._back(far_reader, writer))
        try:
            await asyncio.wait({there, back}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in (there, back):
                each.cancel()
            await asyncio.gather(there, back, return_exceptions=True)
            for each in (writer, far_writer):
                each.close()
            self._tasks.discard(task)

    async def _there(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()

    async def _back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            if self.lose and self.spare:
                self.spare -= 1
            elif self.lose:
                self.lose -= 1
                self.lost += 1
                return
            writer.write(data)
            await writer.drain()

    async def close(self) -> None:
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@asynccontextmanager
async def wire(dsn: str, folder: Path) -> AsyncIterator[Wire]:
    """Put a wire before the server of a dsn."""
    parts = urlsplit(dsn)
    server = f"{unquote(parse_qs(parts.query)['host'][0])}/{_SOCKET}"
    line = Wire(parts._replace(query=f"host={quote(str(folder))}").geturl())

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.CancelledError):
            await line.carry(server, reader, writer)

    listening = await asyncio.start_unix_server(carry, folder / _SOCKET)
    try:
        yield line
    finally:
        listening.close()
        await line.close()
