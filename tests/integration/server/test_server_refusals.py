"""What the real server refuses on the wire, and what a refused pipeline leaves behind."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from server_process import BODY, GENERATE, PAYMENT_API, Server


def raw(server: Server, request: str) -> tuple[bytes, bytes]:
    """Send bytes, and return the status line and the rest of what came back until the server closed."""
    host, _, port = server.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as client:
        client.sendall(request.encode())
        answer = client.makefile("rb").read()
    line, _, rest = answer.partition(b"\r\n")
    return line, rest


@pytest.mark.parametrize("hosts", ["", "Host: a\r\nHost: b\r\n"])
def test_a_request_names_exactly_one_host(running_server: Server, hosts: str):
    line, rest = raw(running_server, f"GET /healthz/live HTTP/1.1\r\n{hosts}\r\n")
    assert line == b"HTTP/1.1 400 Bad Request"
    assert b"application/problem+json" in rest
    assert b"one Host header" in rest


def test_an_old_client_needs_no_host(running_server: Server):
    line, _ = raw(running_server, "GET /healthz/live HTTP/1.0\r\n\r\n")
    assert b" 200 " in line


def test_head_has_no_body_on_the_wire_and_the_connection_goes_on(running_server: Server):
    head = "HEAD /healthz/live HTTP/1.1\r\nHost: a\r\n\r\n"
    last = "GET /healthz/live HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    line, rest = raw(running_server, head + last)
    assert line == b"HTTP/1.1 200 OK"
    headers, _, following = rest.partition(b"\r\n\r\n")
    assert b"content-length: 15" in headers
    assert following.startswith(b"HTTP/1.1 200 OK")
    assert following.endswith(b'{"status":"ok"}')


def test_a_pipeline_that_failed_is_named_and_can_be_looked_at(running_server: Server):
    body = {"intent": "Create a pipeline", "service_context": {"files": {"notes.txt": "hello"}}}
    told = running_server.call("POST", GENERATE, body)
    assert (told.status, told.json["error"]) == (422, "Nothing to build")
    assert told.headers["location"] == f"/api/v1/pipelines/{told.json['pipeline_id']}"
    record = running_server.call("GET", told.headers["location"]).json
    assert (record["status"], record["failure_code"]) == ("failed", "nothing-to-build")


def test_what_is_refused_before_there_is_a_record_names_none(running_server: Server):
    told = running_server.call("POST", GENERATE, {**BODY, "options": {"delivery": "files"}})
    assert told.status == 422
    assert "location" not in told.headers
    assert "pipeline_id" not in told.json


def test_texts_name_fields_and_not_only_options(running_server: Server):
    body = {"intent": "Deploy payment-api to GKE", "service_context": {"files": PAYMENT_API}}
    told = running_server.call("POST", "/api/v1/pipelines/plan", {**body, "options": {"target": "gke"}}).json
    texts = [text for text in (*told["assumptions"], *told["questions"]) if " --" in text]
    assert texts
    assert [text for text in texts if "(options." not in text] == []


def test_a_store_that_is_away_is_told_and_does_not_make_the_server_unready(data_dir: Path):
    server = Server(data_dir)
    try:
        (data_dir / "archive").rename(data_dir / "elsewhere")
        (data_dir / "archive").write_text("no folder any more")
        while (ready := server.call("GET", "/healthz/ready")).json["parts"]["archive"] == "ok":
            pass  # an answer of the second before
        assert (ready.status, ready.json["status"], ready.json["degraded"]) == (200, "degraded", ["archive"])
        assert server.call("POST", GENERATE, BODY).status == 201
    finally:
        server.stop()
