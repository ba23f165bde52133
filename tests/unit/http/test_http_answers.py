from __future__ import annotations

import asyncio
from types import SimpleNamespace

import orjson
import pytest
from http_stand_ins import BODY, KEY, PIPELINE_ID, House, StandInPipelines, refused

from penstock.domain.pipelines import Status
from penstock.surfaces.http.limits import Limits

GENERATE = "/api/v1/pipelines/generate"


def test_a_sentence_becomes_201_with_the_specified_keys_and_a_location():
    reply = asyncio.run(House().call("POST", GENERATE, BODY))
    assert reply.status == 201
    assert reply.headers["location"] == f"/api/v1/pipelines/{PIPELINE_ID}"
    assert reply.json["pipeline_id"] == PIPELINE_ID
    assert reply.json["artifacts"] == {"cloudbuild.yaml": "steps: []\n"}
    assert [used["name"] for used in reply.json["skills_used"]] == ["gcp-nodejs-cicd"]
    assert {"status", "degraded", "assumptions", "policy", "delivery", "timings", "facts", "trace_id"} <= set(
        reply.json
    )


def test_the_command_carries_what_the_request_said_and_options_win_over_context():
    house = House()
    body = {
        "intent": "x",
        "service_context": {
            "service_name": "pay",
            "repository": "acme/payments",
            "ref": "main",
            "path": "services/pay",
            "files": {"services/pay/go.mod": "module pay\n"},
            "public": True,
            "environments": ["dev"],
        },
        "options": {"target": "gke", "port": 9000, "environments": ["staging", "production"], "public": False},
    }
    asyncio.run(house.call("POST", GENERATE, body, idempotency_key="k1"))
    command = house.pipelines.commands[0]
    assert (command.service_name, command.repository, command.subpath) == ("pay", "acme/payments", "services/pay")
    assert command.files == {"services/pay/go.mod": b"module pay\n"}
    assert command.options.environments == ("staging", "production")
    assert (command.options.public, command.options.target, command.options.port) == (False, "gke", 9000)
    assert command.idempotency_key == "k1"
    assert command.local_path is None


def test_a_dry_run_is_200_and_has_no_location():
    reply = asyncio.run(House().call("POST", GENERATE, {**BODY, "options": {"dry_run": True}}))
    assert (reply.status, reply.json["pipeline_id"]) == (200, None)
    assert "location" not in reply.headers


def test_an_idempotency_key_is_returned_and_made_when_there_was_none():
    house = House()
    given = asyncio.run(house.call("POST", GENERATE, BODY, idempotency_key="my key"))
    made = asyncio.run(house.call("POST", GENERATE, BODY))
    assert given.headers["idempotency-key"] == "my key"
    assert made.headers["idempotency-key"] == house.pipelines.commands[1].idempotency_key
    assert len(made.headers["idempotency-key"]) == 32


@pytest.mark.parametrize("key", ["a\x7f", "k" * 256, "schlüssel"])
def test_an_idempotency_key_that_is_not_printable_ascii_is_400(key: str):
    house = House()
    reply = asyncio.run(house.call("POST", GENERATE, BODY, idempotency_key=key))
    assert (reply.status, house.pipelines.commands) == (400, [])


def test_a_replay_has_the_stored_bytes_and_says_so():
    first = asyncio.run(House().call("POST", GENERATE, BODY))
    stored = dict(reversed(list(first.json.items())))
    again = asyncio.run(House(pipelines=StandInPipelines(replay=stored)).call("POST", GENERATE, BODY))
    assert (again.status, again.content) == (201, first.content)
    assert again.headers["idempotency-replayed"] == "true"


def test_a_problem_told_again_has_the_bytes_of_the_first_time_and_says_so():
    first, again = House(), House()
    first.pipelines.fails_with, again.pipelines.fails_with = refused(), refused()
    told = asyncio.run(first.call("POST", GENERATE, BODY))
    again.pipelines.fails_with.replay_of = told.headers["x-trace-id"]
    reply = asyncio.run(again.call("POST", GENERATE, BODY))
    assert (reply.status, reply.content) == (422, told.content)
    assert reply.headers["idempotency-replayed"] == "true"
    assert reply.headers["x-trace-id"] != told.headers["x-trace-id"]


@pytest.mark.parametrize("status", ["generated", "github_pending"])
def test_what_is_promised_and_not_yet_delivered_is_202(status: str):
    stored = {"pipeline_id": PIPELINE_ID, "status": status}
    reply = asyncio.run(House(pipelines=StandInPipelines(replay=stored)).call("POST", GENERATE, BODY))
    assert (reply.status, reply.json) == (202, stored)


def test_plan_says_what_would_happen_and_makes_no_pipeline():
    reply = asyncio.run(House().call("POST", "/api/v1/pipelines/plan", BODY))
    assert reply.status == 200
    assert reply.json["artifacts"] == {"cloudbuild.yaml": "steps: []\n"}
    assert "pipeline_id" not in reply.json


def test_validate_judges_the_files_and_a_denial_is_an_answer():
    house = House()
    body = {"files": {"cloudbuild.yaml": "AKIA"}, "profile": "standard", "repo_paths": ["Dockerfile"]}
    reply = asyncio.run(house.call("POST", "/api/v1/validate", body))
    assert (reply.status, reply.json["allow"]) == (200, False)
    assert reply.json["details"][0]["policy"] == "security.secrets"
    assert house.pipelines.validated[0]["files"] == {"cloudbuild.yaml": b"AKIA"}
    assert house.pipelines.validated[0]["profile"].value == "standard"


def test_records_and_their_files_can_be_read():
    house = House()
    house.pipelines.records[PIPELINE_ID] = SimpleNamespace(
        pipeline_id=PIPELINE_ID, status=Status.ACTIVE, lease_owner="internal", fingerprint="internal"
    )
    record = asyncio.run(house.call("GET", f"/api/v1/pipelines/{PIPELINE_ID}"))
    files = asyncio.run(house.call("GET", f"/api/v1/pipelines/{PIPELINE_ID.upper()}/artifacts"))
    listed = asyncio.run(house.call("GET", "/api/v1/pipelines?limit=1"))
    assert record.json == {"pipeline_id": PIPELINE_ID, "status": "active"}
    assert files.json["artifacts"] == {"Dockerfile": "FROM scratch\n"}
    assert [each["pipeline_id"] for each in listed.json["pipelines"]] == [PIPELINE_ID]


@pytest.mark.parametrize("pipeline_id", ["01900000-0000-7000-8000-0000000000ff", "nonsense", "..%2f..", "%00"])
def test_an_unknown_pipeline_is_404(pipeline_id: str):
    reply = asyncio.run(House().call("GET", f"/api/v1/pipelines/{pipeline_id}"))
    assert (reply.status, reply.json["type"]) == (404, "/docs/errors#pipeline-not-found")


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=x", "limit=", "limit=²", "before=x"])
def test_a_page_that_cannot_be_is_422(query: str):
    reply = asyncio.run(House().call("GET", f"/api/v1/pipelines?{query}"))
    assert (reply.status, reply.json["fields"]) == (422, [query.partition("=")[0]])


def test_progress_comes_as_events_and_ends_with_the_result():
    reply = asyncio.run(House().call("POST", GENERATE, BODY, accept="text/event-stream"))
    assert reply.headers["content-type"].startswith("text/event-stream")
    events = _events(reply.content)
    assert [name for name, _ in events] == ["stage", "stage", "stage", "stage", "result"]
    assert events[1][1] == {"stage": "detect", "outcome": "ok", "ms": 1.5, "detail": "detect done"}
    assert (events[-1][1]["http_status"], events[-1][1]["pipeline_id"]) == (201, PIPELINE_ID)


def test_a_failure_after_the_stream_began_is_its_last_event():
    house = House(pipelines=StandInPipelines(fails_with=RuntimeError("our secret")))
    reply = asyncio.run(house.call("POST", GENERATE, BODY, accept="text/event-stream"))
    name, told = _events(reply.content)[-1]
    assert (name, told["status"], told["error"]) == ("problem", 500, "Unexpected failure")
    assert b"our secret" not in reply.content


def test_a_silent_stream_is_kept_open_with_comments():
    async def scenario() -> bytes:
        house = House(limits=Limits(heartbeat_s=0.001))
        house.pipelines.gate = asyncio.Event()
        house.on_content = lambda content: house.pipelines.gate.set() if b": still working" in content else None
        return (await house.call("POST", GENERATE, BODY, accept="text/event-stream")).content

    assert b": still working\n\n" in asyncio.run(scenario())


def test_a_client_that_leaves_does_not_undo_the_work():
    async def scenario() -> int:
        house = House()
        house.pipelines.gate = asyncio.Event()
        call = asyncio.create_task(house.call("POST", GENERATE, BODY))
        while not house.pipelines.commands:
            await asyncio.sleep(0)
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
        house.pipelines.gate.set()
        await house.app.state.door.close()
        return house.pipelines.finished

    assert asyncio.run(scenario()) == 1


def test_the_key_may_come_in_either_header_and_nowhere_else():
    house = House()
    assert asyncio.run(house.call("GET", "/api/v1/pipelines")).status == 200
    assert asyncio.run(house.call("GET", "/api/v1/pipelines", authorization="", x_api_key=KEY)).status == 200
    assert asyncio.run(house.call("GET", f"/api/v1/pipelines?api_key={KEY}", authorization="")).status == 401
    assert asyncio.run(house.call("GET", "/api/v1/pipelines", authorization="", cookie=f"key={KEY}")).status == 401


def test_every_authorization_header_reaches_the_gateway_and_the_forwarded_address_does_not():
    house = House()
    headers = [(b"authorization", b"Bearer a"), (b"authorization", b"Bearer b"), (b"x-forwarded-for", b"203.0.113.9")]
    asyncio.run(house.send("GET", "/api/v1/pipelines", headers, [b""]))
    assert house.gateway.seen[0].authorization == ("Bearer a", "Bearer b")
    assert house.gateway.seen[0].client_ip == "192.0.2.7"


def _events(content: bytes) -> list[tuple[str, dict]]:
    blocks = [block.splitlines() for block in content.decode().split("\n\n") if block and not block.startswith(":")]
    return [(lines[0].removeprefix("event: "), orjson.loads(lines[1].removeprefix("data: "))) for lines in blocks]
