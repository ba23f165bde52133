"""What a client of the real server gets: the main job, every refusal, the read-outs."""

from __future__ import annotations

import re
import subprocess

import pytest
from server_process import BODY, GENERATE, PAYMENT_API, Server, penstock

PLANTED = "AKIA" + "Q4YXTZ7KD2MNRW3B"
UNKNOWN_ID = "01900000-0000-7000-8000-000000000001"


def problem(answer, status: int, slug: str):
    assert answer.status == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    document = answer.json
    assert document["type"].endswith(f"#{slug}")
    assert document["error"]
    assert document["trace_id"] == answer.headers["x-trace-id"]
    assert document["next"]
    return document


def test_one_sentence_becomes_a_recorded_pipeline_with_the_specifications_keys(running_server: Server):
    answer = running_server.call("POST", GENERATE, BODY)
    assert answer.status == 201, answer.text
    made = answer.json
    assert {"pipeline_id", "artifacts", "skills_used", "status", "policy", "timings"} <= set(made)
    assert "cloudbuild.yaml" in made["artifacts"]
    assert made["policy"]["allow"]
    assert all({"name", "version", "digest"} <= set(skill) for skill in made["skills_used"])
    place = answer.headers["location"]
    assert place == f"/api/v1/pipelines/{made['pipeline_id']}"
    record = running_server.call("GET", place).json
    assert (record["pipeline_id"], record["status"]) == (made["pipeline_id"], "active")
    kept = running_server.call("GET", f"{place}/artifacts").json
    assert kept["artifacts"] == made["artifacts"]
    listed = running_server.call("GET", "/api/v1/pipelines?limit=200").json["pipelines"]
    assert made["pipeline_id"] in {each["pipeline_id"] for each in listed}
    copies = running_server.data_dir / "archive" / made["pipeline_id"]
    assert (copies / "cloudbuild.yaml").read_text() == made["artifacts"]["cloudbuild.yaml"]


def test_the_printed_command_can_be_pasted(data_dir):
    server = Server(data_dir)
    try:
        command = server.said[server.said.index("curl ") :]
        done = subprocess.run(["bash", "-c", command], check=False, capture_output=True, text=True, timeout=30)
        assert '"pipeline_id"' in done.stdout, done.stdout + done.stderr
        assert '"artifacts"' in done.stdout
        assert '"skills_used"' in done.stdout
    finally:
        server.stop()


def test_the_same_idempotency_key_gets_the_same_bytes_and_makes_nothing_new(running_server: Server):
    first = running_server.call("POST", GENERATE, BODY, Idempotency_Key="same-key")
    second = running_server.call("POST", GENERATE, BODY, Idempotency_Key="same-key")
    assert (first.status, second.status) == (201, 201)
    assert first.json["pipeline_id"] == second.json["pipeline_id"]
    assert first.json["artifacts"] == second.json["artifacts"]
    assert second.headers["idempotency-replayed"] == "true"
    other = {**BODY, "intent": "Create something else for payment-api"}
    problem(running_server.call("POST", GENERATE, other, Idempotency_Key="same-key"), 422, "idempotency-key-reused")


@pytest.mark.parametrize("key", ["", "nonsense", "pst_live_" + "A" * 62, "Bearer"])
def test_without_a_good_key_the_answer_is_the_same_401(running_server: Server, key: str):
    told = problem(running_server.call("POST", GENERATE, BODY, key=key or " "), 401, "unauthenticated")
    assert told["error"] == "Invalid API key"
    assert (told["detail"], told["status"]) == (
        "The API key is missing, malformed, unknown, revoked or expired.", 401,
    )  # fmt: skip


def test_the_key_may_also_come_in_the_other_header_but_not_in_both(running_server: Server):
    path = "/api/v1/pipelines"
    assert running_server.call("GET", path, key="", X_API_Key=running_server.key).status == 200
    problem(running_server.call("GET", path, X_API_Key=running_server.key), 401, "unauthenticated")
    problem(running_server.call("GET", f"{path}?api_key={running_server.key}", key=""), 401, "unauthenticated")


def test_what_is_refused_says_why_and_what_next(running_server: Server):
    call = running_server.call
    problem(call("GET", f"/api/v1/pipelines/{UNKNOWN_ID}"), 404, "pipeline-not-found")
    problem(call("GET", "/api/v1/nothing"), 404, "not-found")
    problem(call("DELETE", GENERATE), 405, "method-not-allowed")
    problem(call("POST", GENERATE, b"{not json"), 400, "invalid-request")
    problem(call("POST", GENERATE, b" " * 300_000), 413, "payload-too-large")
    problem(call("POST", GENERATE, BODY, Content_Type="text/plain"), 415, "unsupported-media-type")
    problem(call("POST", GENERATE, {"intent": ""}), 422, "invalid-configuration")
    told = problem(call("POST", GENERATE, {**BODY, "surprise": 1}), 422, "invalid-configuration")
    assert "surprise" in told["fields"]
    empty = {"intent": "Create a pipeline", "service_context": {"files": {"notes.txt": "hello"}}}
    problem(call("POST", GENERATE, empty), 422, "nothing-to-build")


@pytest.mark.parametrize(
    "name", ['a"b', "a\nb", "{{ 7*7 }}", "$(id)", "a b", "x: y", "-rf", "A" * 80, "../x", "a\u202eb", ""]
)
def test_a_hostile_service_name_is_refused(running_server: Server, name: str):
    body = {"intent": "Create a pipeline", "service_context": {"service_name": name, "files": PAYMENT_API}}
    problem(running_server.call("POST", GENERATE, body), 422, "invalid-configuration")


def test_files_can_be_judged_alone_and_a_secret_in_them_is_named_but_not_repeated(running_server: Server):
    build = (
        f"steps:\n- name: gcr.io/cloud-builders/docker\n  args: [build, .]\n  env: ['AWS_ACCESS_KEY_ID={PLANTED}']\n"
    )
    answer = running_server.call("POST", "/api/v1/validate", {"files": {"cloudbuild.yaml": build}})
    assert answer.status == 200, answer.text
    assert not answer.json["allow"]
    (found, *_) = [each for each in answer.json["details"] if each["policy"] == "security.secrets"]
    assert (found["file"], found["line"]) == ("cloudbuild.yaml", 4)
    assert found["remediation"]
    assert PLANTED not in answer.text


def test_a_key_without_the_scope_is_told_which_one_it_lacks(running_server: Server):
    made = penstock(running_server.data_dir, "keys", "create", "--name", "reader", "--scope", "pipelines:read")
    key = made.stdout.strip()
    assert running_server.call("GET", "/api/v1/pipelines", key=key).status == 200
    told = problem(running_server.call("POST", GENERATE, BODY, key=key), 403, "forbidden")
    assert "pipelines:generate" in told["detail"]


def test_one_organisation_does_not_see_anothers_pipelines(running_server: Server):
    made = penstock(running_server.data_dir, "keys", "create", "--name", "other", "--org", "other", "--owner", "eve")
    place = running_server.call("POST", GENERATE, BODY).headers["location"]
    for path in (place, f"{place}/artifacts"):
        problem(running_server.call("GET", path, key=made.stdout.strip()), 404, "pipeline-not-found")
    assert running_server.call("GET", "/api/v1/pipelines", key=made.stdout.strip()).json["pipelines"] == []


def test_probes_answer_and_name_the_parts(running_server: Server):
    assert running_server.call("GET", "/healthz/live", key="").json == {"status": "ok"}
    ready = running_server.call("GET", "/healthz/ready", key="")
    assert ready.status == 200
    assert ready.json["parts"] == {"archive": "ok", "database": "ok", "policies": "ok", "redis": "ok"}


def test_metrics_have_the_specifications_names(running_server: Server):
    running_server.call("POST", GENERATE, BODY)
    text = running_server.call("GET", "/metrics", key="").text
    for name in ("skills_load_time_ms_bucket", "policy_validation_failures", "cache_hit_rate", "circuit_breaker_state"):
        assert re.search(rf"^(# TYPE )?{name}\b", text, re.MULTILINE), name
    for name in ("http_requests_total", "http_request_duration_seconds_bucket", "http_request_errors_total"):
        assert re.search(rf"^(# TYPE )?{name.removesuffix('_total')}", text, re.MULTILINE), name
    assert 'limiter_mode{mode="shared"} 1.0' in text
    assert float(re.search(r"^cache_hit_rate (\S+)$", text, re.MULTILINE)[1]) > 0


def test_the_interface_describes_itself(running_server: Server):
    document = running_server.call("GET", "/openapi.json", key="").json
    assert document["openapi"].startswith("3.1")
    assert {GENERATE, "/api/v1/validate", "/api/v1/pipelines/{pipeline_id}"} <= set(document["paths"])


def test_the_log_has_one_canonical_line_per_request_and_no_secret(running_server: Server):
    secret_intent = {**BODY, "intent": f"Create a pipeline with {PLANTED}"}
    trace = running_server.call("POST", GENERATE, secret_intent).headers["x-trace-id"]
    running_server.call("GET", f"/api/v1/pipelines/{PLANTED}")
    running_server.call("GET", "/api/v1/pipelines", key=running_server.key[:-1] + "!")
    lines = running_server.log()  # each line is JSON, or this fails
    ended = [line for line in lines if line["event"] == "http.request_finished" and line["trace_id"] == trace]
    assert len(ended) == 1
    assert {"method", "route", "status", "ms", "org", "principal", "stages"} <= set(ended[0])
    text = running_server.log_file.read_text()
    assert running_server.key[-49:-1] not in text
    assert PLANTED not in text
