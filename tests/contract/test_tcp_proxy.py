"""The bad wire itself: each of its words does what it says, before a server of two lines."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import pytest
import redis
from fakes.tcp_proxy import TcpProxy, tcp_proxy, through


class Echo:
    """A server that sends back each line, and closes after ``bye``; it remembers what arrived."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.heard: list[bytes] = []
        self.told = threading.Condition()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(client,), daemon=True).start()

    def _answer(self, client: socket.socket) -> None:
        with client, client.makefile("rwb") as lines:
            try:
                for line in lines:
                    with self.told:
                        self.heard.append(line)
                        self.told.notify_all()
                    if line == b"bye\n":
                        return
                    lines.write(line)
                    lines.flush()
            except OSError:
                return

    def heard_by_now(self, line: bytes) -> bool:
        with self.told:
            return self.told.wait_for(lambda: line in self.heard, timeout=10)

    def close(self) -> None:
        self._listener.close()


@pytest.fixture
def echo() -> Iterator[Echo]:
    server = Echo()
    yield server
    server.close()


@pytest.fixture
def proxy(echo: Echo) -> Iterator[TcpProxy]:
    with tcp_proxy(echo.url) as wire:
        yield wire


class Client:
    def __init__(self, proxy: TcpProxy) -> None:
        self.socket = socket.create_connection(("127.0.0.1", proxy.port), timeout=10)

    def send(self, line: bytes) -> None:
        self.socket.sendall(line)

    def read(self, count: int) -> bytes:
        got = b""
        while len(got) < count and (more := self.socket.recv(count - len(got))):
            got += more
        return got

    def ask(self, line: bytes) -> bytes:
        self.send(line)
        return self.read(len(line))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()


def test_a_good_wire_carries_both_ways(proxy: TcpProxy):
    big = b"x" * 300_000 + b"\n"
    with Client(proxy) as client:
        assert client.ask(b"hello\n") == b"hello\n"
        assert client.ask(big) == big
    assert proxy.connections == 1


def test_refuse_leaves_nobody_listening_until_it_heals(proxy: TcpProxy):
    with Client(proxy) as client:
        client.ask(b"hello\n")
        proxy.refuse()
        with pytest.raises(ConnectionResetError):
            client.read(1)
    with pytest.raises(ConnectionRefusedError):
        Client(proxy)
    proxy.heal()
    with Client(proxy) as client:
        assert client.ask(b"again\n") == b"again\n"


def test_blackhole_holds_everything_back_and_closes_nothing(proxy: TcpProxy, echo: Echo):
    with Client(proxy) as client:
        client.ask(b"hello\n")
        proxy.blackhole()
        client.send(b"lost?\n")
        client.socket.settimeout(0.2)
        with pytest.raises(TimeoutError):
            client.read(1)
        assert b"lost?\n" not in echo.heard
        proxy.heal()
        client.socket.settimeout(10)
        assert client.read(6) == b"lost?\n"


def test_latency_delays_the_servers_bytes(proxy: TcpProxy):
    proxy.latency(0.2, jitter=0.05)
    with Client(proxy) as client:
        begun = time.monotonic()
        assert client.ask(b"hello\n") == b"hello\n"
        assert time.monotonic() - begun >= 0.15


def test_reset_ends_what_stands_and_with_new_what_comes(proxy: TcpProxy):
    with Client(proxy) as client:
        client.ask(b"hello\n")
        proxy.reset()
        with pytest.raises(ConnectionResetError):
            client.read(1)
    with Client(proxy) as client:
        assert client.ask(b"again\n") == b"again\n"
    proxy.reset(new=True)
    assert _ends(proxy)


def test_limit_data_closes_after_so_many_bytes(proxy: TcpProxy):
    proxy.limit_data(10)
    with Client(proxy) as client:
        assert client.ask(b"1234567\n") == b"1234567\n"
        client.send(b"abcdefg\n")
        assert client.read(100) == b"ab"


def test_drip_sends_slices_apart(proxy: TcpProxy):
    proxy.drip(0.02, size=2)
    with Client(proxy) as client:
        begun = time.monotonic()
        assert client.ask(b"123456789\n") == b"123456789\n"
        assert time.monotonic() - begun >= 0.08


def test_slow_close_tells_late_that_the_server_has_closed(proxy: TcpProxy):
    proxy.slow_close(0.2)
    with Client(proxy) as client:
        begun = time.monotonic()
        client.send(b"bye\n")
        assert client.read(1) == b""
        assert time.monotonic() - begun >= 0.2


def test_half_close_ends_one_direction_only(proxy: TcpProxy, echo: Echo):
    proxy.half_close()
    with Client(proxy) as client:
        assert client.read(1) == b""
        client.send(b"heard\n")
        assert echo.heard_by_now(b"heard\n")


@pytest.mark.parametrize("side", ["client", "server"])
def test_cut_on_loses_the_answer_to_what_was_done(proxy: TcpProxy, echo: Echo, side: str):
    proxy.cut_on(b"COMMIT", side=side, after=1)
    with Client(proxy) as client:
        assert client.ask(b"COMMIT 1\n") == b"COMMIT 1\n"
        client.send(b"COM")  # the pattern may come in two pieces
        assert client.ask(b"MIT 2\n") in {b"", b"COMMIT"}
        if side == "server":
            client.read(3)
            client.send(b"next\n")
            assert client.read(5) == b""
        assert echo.heard_by_now(b"COMMIT 2\n")
    assert proxy.cuts == 1
    with Client(proxy) as client:
        assert client.ask(b"COMMIT 3\n") == b"COMMIT 3\n"


def test_valkey_is_reached_through_it(valkey_url: str):
    with tcp_proxy(valkey_url) as proxy, redis.Redis.from_url(through(proxy, valkey_url)) as client:
        assert client.ping()
        proxy.reset()
        assert client.ping()
    assert Path(valkey_url.removeprefix("unix://").partition("?")[0]).exists()


def _ends(proxy: TcpProxy) -> bool:
    """Whether a new connection is closed without an answer, in whatever moment that is noticed."""
    try:
        with Client(proxy) as client:
            return client.ask(b"hello\n") == b""
    except ConnectionError:
        return True
