from __future__ import annotations

import asyncio
import json

import pytest
from http_stand_ins import BODY, KEY, House
from hypothesis import given
from hypothesis import strategies as st

from penstock.errors import InvalidRequest
from penstock.surfaces.http.limits import Limits
from penstock.surfaces.http.reading import parse

GENERATE = "/api/v1/pipelines/generate"
HEADERS = [(b"authorization", f"Bearer {KEY}".encode()), (b"content-type", b"application/json")]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"intent": "x"',
        b'{"intent": NaN}',
        b'{"intent": -Infinity}',
        b'{"intent": 1e999}',
        b'{"intent": "a", "intent": "b"}',
        b'{"intent": "a", "service_context": {"path": ".", "path": ".."}}',
        b'{"intent": "\\ud800"}',
        b'{"intent": "\xff"}',
        b'\xef\xbb\xbf{"intent": "x"}',
        '{"intent": "x"}'.encode("utf-16"),
        b'{"intent": "x"} {}',
        b'{"intent": "x",}',
        b"{'intent': 'x'}",
        b"[" * 10_000 + b"]" * 10_000,
        b'{"a":' * 900 + b"1" + b"}" * 900 + b" x",
        b'{"intent": ' + b"9" * 5000 + b"}",
        b'{"intent": "line\nbreak"}',
    ],
)
def test_what_is_no_strict_json_is_400(body: bytes):
    house = House()
    reply = asyncio.run(house.call("POST", GENERATE, body))
    assert (reply.status, reply.json["type"]) == (400, "/docs/errors#invalid-request")
    assert house.pipelines.commands == []


@pytest.mark.parametrize(
    ("field", "body"),
    [
        ("intent", {}),
        ("intent", {"intent": ""}),
        ("intent", {"intent": "x" * 2001}),
        ("intent", {"intent": 5}),
        ("org_id", {"intent": "x", "org_id": "other"}),
        ("options.colour", {"intent": "x", "options": {"colour": "red"}}),
        ("options.port", {"intent": "x", "options": {"port": "8080"}}),
        ("options.port", {"intent": "x", "options": {"port": 70000}}),
        ("options.target", {"intent": "x", "options": {"target": "moon"}}),
        ("options.branch", {"intent": "x", "options": {"branch": "a..b"}}),
        ("options.runtime", {"intent": "x", "options": {"runtime": "22; rm"}}),
        ("options.environments.1", {"intent": "x", "options": {"environments": ["ok", "Not OK"]}}),
        ("service_context.local_path", {"intent": "x", "service_context": {"local_path": "/etc"}}),
        ("service_context.service_name", {"intent": "x", "service_context": {"service_name": "a\nb"}}),
        ("service_context.service_name", {"intent": "x", "service_context": {"service_name": "{{x}}"}}),
        ("service_context.repository", {"intent": "x", "service_context": {"repository": "https://evil/x"}}),
        ("service_context.repository", {"intent": "x", "service_context": {"repository": "acme/../x"}}),
        ("service_context.path", {"intent": "x", "service_context": {"path": "../x"}}),
        ("service_context.files", {"intent": "x", "service_context": {"files": {f"f{n}": "" for n in range(201)}}}),
        ("service_context.files.a", {"intent": "x", "service_context": {"files": {"a": 5}}}),
        ("body", []),
        ("body", None),
    ],
)
def test_a_field_that_cannot_be_used_is_422_and_named(field: str, body: object):
    house = House()
    reply = asyncio.run(house.call("POST", GENERATE, json.dumps(body).encode()))
    assert (reply.status, reply.json["type"]) == (422, "/docs/errors#invalid-configuration")
    assert reply.json["fields"] == [field]
    assert house.pipelines.commands == []


@pytest.mark.parametrize(
    "path", ["", "/etc/passwd", "../x", "a/../b", "a//b", "./a", "a\\b", "a\0b", "a\nb", "a\u202eb", "x" * 513]
)
def test_a_file_path_that_could_lead_elsewhere_is_422(path: str):
    body = {"intent": "x", "service_context": {"files": {path: ""}}}
    reply = asyncio.run(House().call("POST", GENERATE, json.dumps(body).encode()))
    assert reply.status == 422
    assert reply.json["fields"][0].startswith("service_context.files")


def test_many_bad_fields_are_told_up_to_a_bound():
    reply = asyncio.run(House().call("POST", GENERATE, {"intent": "x", **{f"k{n}": 1 for n in range(10_000)}}))
    assert (reply.status, len(reply.json["fields"])) == (422, 20)


def test_a_long_intent_in_any_alphabet_is_counted_in_characters():
    assert asyncio.run(House().call("POST", GENERATE, {"intent": "é" * 2000})).status == 201
    assert asyncio.run(House().call("POST", GENERATE, {"intent": "é" * 2001})).status == 422


@pytest.mark.parametrize(
    "given_type", ["", "text/plain", "application/json; charset=latin-1", "application/x-www-form-urlencoded"]
)
def test_only_json_is_read(given_type: str):
    reply = asyncio.run(House().call("POST", GENERATE, BODY, content_type=given_type))
    assert (reply.status, reply.json["type"]) == (415, "/docs/errors#unsupported-media-type")


def test_json_may_name_its_charset():
    reply = asyncio.run(House().call("POST", GENERATE, BODY, content_type='Application/JSON; charset="UTF-8"'))
    assert reply.status == 201


def test_a_compressed_body_is_not_unpacked():
    assert asyncio.run(House().call("POST", GENERATE, BODY, content_encoding="gzip")).status == 415


def test_a_body_declared_too_large_is_not_read_at_all():
    headers = [*HEADERS, (b"content-length", b"262145")]
    reply = asyncio.run(House().send("POST", GENERATE, headers, [b"x" * 262_145]))
    assert (reply.status, reply.json["max_bytes"], reply.chunks_read) == (413, 262_144, 0)


def test_a_chunked_body_is_read_to_the_limit_and_no_further():
    reply = asyncio.run(House().send("POST", GENERATE, HEADERS, [b"x" * 65_536] * 100))
    assert (reply.status, reply.chunks_read) == (413, 5)


def test_a_body_at_the_limit_is_read():
    body = json.dumps(BODY).encode()
    reply = asyncio.run(House().call("POST", GENERATE, body + b" " * (262_144 - len(body))))
    assert reply.status == 201


def test_a_body_that_does_not_arrive_is_408():
    house = House(limits=Limits(body_timeout_s=0.01))
    reply = asyncio.run(house.send("POST", GENERATE, HEADERS, [b'{"intent":', None]))
    assert (reply.status, reply.json["retryable"]) == (408, True)


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**53), 2**53)
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_every_json_value_is_read_as_it_was_meant(value: object):
    assert parse(json.dumps(value).encode()) == value


@given(st.binary(max_size=200))
def test_any_bytes_are_json_or_a_problem(body: bytes):
    try:
        parse(body)
    except InvalidRequest as problem:
        assert problem.message
