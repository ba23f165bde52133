"""A server whose PostgreSQL stands behind a bad wire, and a look into that database past the server."""

from __future__ import annotations

import asyncio
import json
import tempfile
import uuid
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
from fakes.tcp_proxy import TcpProxy, tcp_proxy, through
from model_requests import ModelServer, Reply
from server_process import Answer, penstock

T = TypeVar("T")
PEPPER = {"PENSTOCK_GATEWAY__PEPPER": "0123456789abcdef0123456789abcdef"}
COUNTED = {
    "pipelines": "SELECT count(*) FROM pipelines WHERE pipeline_id = $1",
    "claimed": "SELECT count(*) FROM audit_logs WHERE pipeline_id = $1 AND action = 'pipeline.claimed'",
    "promised": "SELECT count(*) FROM audit_logs WHERE pipeline_id = $1 AND action = 'pipeline.promised'",
    "settled": "SELECT count(*) FROM audit_logs WHERE pipeline_id = $1 AND action = 'pipeline.settled'",
    "usage": "SELECT count(*) FROM usage_events WHERE pipeline_id = $1 AND kind = 'pipeline'",
}
ONCE = dict.fromkeys(COUNTED, 1)


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


@dataclass
class Wired:
    """The server, the wire between it and its database, and that database's own address."""

    server: ModelServer
    wire: TcpProxy
    dsn: str
    role: str

    def fetch(self, query: str, *values: Any) -> list[asyncpg.Record]:
        async def asked() -> list[asyncpg.Record]:
            connection = await asyncpg.connect(self.dsn)
            try:
                return await connection.fetch(query, *values)
            finally:
                await connection.close()

        return run(asked())

    def counted(self, reply: Reply) -> dict[str, int]:
        """Return how many rows there are of everything that may be there but once."""
        pipeline_id = uuid.UUID(reply.json["pipeline_id"])
        return {name: self.fetch(query, pipeline_id)[0][0] for name, query in COUNTED.items()}

    def count(self, table: str) -> int:
        return int(self.fetch(f"SELECT count(*) FROM {table}")[0][0])  # noqa: S608 -- our own names

    def live(self) -> Answer:
        return self.server.server.call("GET", "/healthz/live", key="")

    @contextmanager
    def trigger(
        self, body: str, *, on: str = "BEFORE INSERT ON usage_events", when: str = "WHEN (NEW.kind = 'pipeline')"
    ) -> Iterator[None]:
        """Let a table do something on the way, by default the promise's."""
        self.fetch("CREATE SEQUENCE tried")
        self.fetch("GRANT USAGE ON SEQUENCE tried TO PUBLIC")
        self.fetch(f"CREATE FUNCTION trip() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} RETURN NEW; END $$")
        self.fetch(f"CREATE TRIGGER trip {on} FOR EACH ROW {when} EXECUTE FUNCTION trip()")
        try:
            yield
        finally:
            self.fetch("DROP FUNCTION trip CASCADE")
            self.fetch("DROP SEQUENCE tried")

    @contextmanager
    def failing(self, sqlstate: str, times: int) -> Iterator[None]:
        """Make the next ``times`` promises fail with an SQLSTATE."""
        with self.trigger(
            f"IF nextval('tried') <= {times} THEN RAISE EXCEPTION 'tripped' USING ERRCODE = '{sqlstate}'; END IF;"
        ):
            yield

    def tried(self) -> int:
        return int(self.fetch("SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM tried")[0][0])


@contextmanager
def wired(start: Callable[..., ModelServer], name: str, dsn: str, **more: str) -> Iterator[Wired]:
    """Start a server before a database that is reached over a wire, by a user who is no superuser."""
    with tcp_proxy(dsn) as wire, tempfile.TemporaryDirectory() as folder:
        role = _role_of(dsn)
        env = {
            **PEPPER,
            "PENSTOCK_DATABASE__URL": through(wire, dsn).replace("penstock@", f"{role}@"),
            "PENSTOCK_DATABASE__POOLER": "true",
            **more,
        }
        key = json.loads(penstock(Path(folder) / "data", "keys", "create", "--name", name, "--json", **env).stdout)[
            "key"
        ]
        yield Wired(start(name, key=key, **env), wire, dsn, role)
        wire.heal()


def _role_of(dsn: str) -> str:
    """Give the database an owner of its own."""
    name = dsn.partition("?")[0].rpartition("/")[2]

    async def made() -> None:
        connection = await asyncpg.connect(dsn)
        await connection.execute(f"CREATE ROLE of_{name} LOGIN")
        await connection.execute(f"ALTER DATABASE {name} OWNER TO of_{name}")
        await connection.close()

    run(made())
    return f"of_{name}"
