"""Requests that ask a model, and what is left of them in record, metrics and log."""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from server_process import BODY, GENERATE, PAYMENT_API, Answer, Server

from penstock.domain.changes import Changes
from penstock.generation.answer_schema import answer_of

SCALE = 10
"""Durations are this many times shorter than the specification's."""
LONGEST_S = 45.5 / SCALE
INTENT = f"{BODY['intent']} in europe-west3"
"""A model may only change what a sentence names."""


def said(**changes: Any) -> dict[str, Any]:
    """Return an answer of the model: the whole document, with these changes."""
    return answer_of(Changes.model_validate(changes))


@dataclass
class Reply:
    """An answer of Penstock, with the seconds it took."""

    answer: Answer
    seconds: float

    @property
    def status(self) -> int:
        return self.answer.status

    @property
    def json(self) -> Any:
        return self.answer.json

    @property
    def headers(self) -> dict[str, str]:
        return self.answer.headers


class ModelServer:
    """A running server, asked as a developer asks."""

    def __init__(self, server: Server) -> None:
        self.server = server

    def generate(
        self, *, key: str = "", intent: str = "", files: Mapping[str, str] | None = None, **options: Any
    ) -> Reply:
        """Ask for a pipeline; every answer must come within the specification's longest time, scaled."""
        body = self.body(intent, files, **options)
        headers = {"Idempotency_Key": key} if key else {}
        begun = time.monotonic()
        answer = self.server.call("POST", GENERATE, body, **headers)
        reply = Reply(answer, time.monotonic() - begun)
        assert reply.seconds <= LONGEST_S, f"{reply.seconds:.2f} s"
        assert answer.headers["x-trace-id"]
        return reply

    def body(self, intent: str = "", files: Mapping[str, str] | None = None, **options: Any) -> dict[str, Any]:
        """Return the body of such a request; ``files`` are more than those of the example."""
        context = {"service_name": "payment-api", "files": {**PAYMENT_API, **(files or {})}}
        return {
            "intent": intent or INTENT,
            "service_context": context,
            "options": {"target": "cloud-run", **options},
        }

    def begin(self, *, key: str, **options: Any) -> socket.socket:
        """Send such a request and return its connection, on which nothing has been read yet."""
        host, _, port = self.server.url.removeprefix("http://").partition(":")
        body = json.dumps(self.body(**options)).encode()
        head = (
            f"POST {GENERATE} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {self.server.key}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nIdempotency-Key: {key}\r\n\r\n"
        )
        client = socket.create_connection((host, int(port)), timeout=30)
        client.sendall(head.encode() + body)
        return client

    def warm(self) -> None:
        """Let the server load what its first question to a model takes; loading is not a tenth as long as in life."""
        self.server.call("POST", GENERATE, BODY)

    def record(self, reply: Reply) -> Any:
        """Return the record behind an answer, whatever it was."""
        found = self.server.call("GET", f"/api/v1/pipelines/{reply.json['pipeline_id']}")
        assert found.status == 200
        return found.json

    def files(self, reply: Reply) -> Any:
        return self.server.call("GET", f"/api/v1/pipelines/{reply.json['pipeline_id']}/artifacts").json["artifacts"]

    def metric(self, name: str, **labels: str) -> float:
        """Return the value of one series, 0 when it is not there yet."""
        text = self.server.call("GET", "/metrics", key="").text
        for line in text.splitlines():
            if line.startswith((f"{name}{{", f"{name} ")) and all(
                f'{key}="{value}"' in line for key, value in labels.items()
            ):
                return float(re.split(r"\s", line)[-1])
        return 0.0
