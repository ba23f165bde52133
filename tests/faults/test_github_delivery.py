"""Rows 73 to 84 of the fault matrix (BEHAVIOUR.md §5) through the HTTP door: deliveries to a repository host."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fakes import github_actions as does
from fakes.github_process import SimulatedGitHub
from model_requests import ModelServer, Reply
from server_process import GENERATE, ROOT

EXAMPLE = ROOT / "examples" / "payment-api"
PATIENCE_S = 30
TRAILER = "Skills-Pipeline-Id: {}"


@pytest.fixture(scope="module")
def github_server(start: Callable[..., ModelServer], running_github: SimulatedGitHub) -> ModelServer:
    return start(
        "github",
        PENSTOCK_MODEL__API_KEY="",
        PENSTOCK_GITHUB__TOKEN="ghp_simulated",
        PENSTOCK_GITHUB__BASE_URL=running_github.url,
        PENSTOCK_GITHUB__MUTATION_EVERY_S="0",
        PENSTOCK_RECOVERY__EVERY_S="0.5",
        PENSTOCK_RECOVERY__BACKOFF_S="[0.5]",
    )


class Asked:
    """A server, and a repository at its host."""

    def __init__(self, server: ModelServer, github: SimulatedGitHub, name: str, **how: Any) -> None:
        self.server, self.github, self.name = server, github, name
        files = {
            path.relative_to(EXAMPLE).as_posix(): path.read_text()
            for path in EXAMPLE.rglob("*")
            if path.is_file() and "node_modules" not in path.parts
        }
        self.repository = github.repository(name, files, **how)
        github.token("ghp_simulated", kind="classic", scopes=["repo", "workflow"])

    def generate(self, *, key: str = "", **options: Any) -> Reply:
        body = {
            "intent": "Create CI/CD pipeline for payment-api",
            "service_context": {"repository": self.name},
            "options": {"target": "cloud-run", "delivery": "auto", **options},
        }
        headers = {"Idempotency_Key": key} if key else {}
        return Reply(self.server.server.call("POST", GENERATE, body, **headers), 0.0)

    def commits(self, reply: Reply) -> int:
        return self.repository.commits_with(TRAILER.format(reply.json["pipeline_id"]))


@pytest.fixture
def asked(github_server: ModelServer, github: SimulatedGitHub, request: pytest.FixtureRequest) -> Asked:
    return Asked(github_server, github, f"acme/{request.node.name.split('[')[0][5:65]}")


def test_files_are_read_through_the_host_and_committed_once(asked: Asked):
    reply = asked.generate()
    assert (reply.status, reply.json["delivery"]["mode"]) == (201, "commit")
    assert reply.json["facts"]["services"][0]["framework"]["value"] == "express"
    assert asked.commits(reply) == 1
    assert asked.repository.files("main")["cloudbuild.yaml"] == reply.json["artifacts"]["cloudbuild.yaml"]
    assert reply.json["delivery"]["commit_sha"] == asked.repository.head("main")
    asked.repository.fsck()


def test_row_84_a_second_run_changes_nothing_and_makes_no_commit(asked: Asked):
    asked.generate()
    head = asked.repository.head("main")
    again = asked.generate()
    assert (again.status, again.json["delivery"]["no_changes"]) == (201, True)
    assert asked.repository.head("main") == head


def test_a_protected_branch_gets_a_pull_request_and_a_second_run_renews_it(asked: Asked):
    asked.github.change("protect", repository=asked.name, branch="main")
    first = asked.generate()
    assert (first.status, first.json["delivery"]["mode"]) == (201, "pull_request")
    assert first.json["delivery"]["pull_request"]
    assert asked.server.record(first)["pull_request"] == first.json["delivery"]["pull_request"]
    again = asked.generate(region="europe-west3")
    assert again.json["delivery"]["pull_request"] == first.json["delivery"]["pull_request"]
    assert "europe-west3" in asked.repository.files("penstock/payment-api")["clouddeploy.yaml"]


@pytest.mark.parametrize("failures", [1, 2, 3])
def test_row_74_a_few_server_errors_cost_time(asked: Asked, failures: int):
    asked.github.script(does.server_trouble("^POST .*/git/commits", times=failures))
    reply = asked.generate()
    assert reply.status in {201, 202}
    assert asked.commits(eventually_active(asked, reply)) == 1


def eventually_active(asked: Asked, reply: Reply) -> Reply:
    """Wait, by asking, until the system has finished what it promised."""
    given_up = time.monotonic() + PATIENCE_S  # a number of looks would be shorter the faster they are answered
    record = asked.server.record(reply)
    while record["status"] in {"generated", "github_pending"} and time.monotonic() < given_up:
        record = asked.server.record(reply)
    assert record["status"] == "active", record
    return reply


def test_row_75_a_host_that_is_away_gives_202_and_is_finished_without_anybody_asking(asked: Asked):
    asked.github.script(then=does.server_trouble("^(POST|PATCH) .*/git/"))
    reply = asked.generate(key=f"away-{asked.name}")
    assert (reply.status, reply.json["status"]) == (202, "github_pending")
    assert "next_retry_at" in asked.server.record(reply)
    asked.github.script()
    eventually_active(asked, reply)
    assert asked.commits(reply) == 1


def test_a_host_that_is_away_before_its_files_were_read_is_no_fault_of_the_request(asked: Asked):
    asked.github.script(then=does.server_trouble(""))
    key = f"unread-{asked.name}"
    reply = asked.generate(key=key)
    assert (reply.status, reply.json["type"]) == (503, "/docs/errors#repository-unavailable")
    assert reply.headers["retry-after"]
    asked.github.script()
    again = asked.generate(key=key)
    assert again.status == 201
    assert again.json["pipeline_id"] == reply.json["pipeline_id"]
    assert asked.commits(again) == 1


def test_row_76_an_answer_lost_after_the_branch_moved_is_no_second_commit(asked: Asked):
    asked.github.script(does.apply_then_drop("^PATCH .*/git/refs/heads/"))
    reply = asked.generate()
    assert reply.status == 201
    assert asked.commits(reply) == 1


def test_row_77_a_branch_that_moves_meanwhile_keeps_the_others_work(asked: Asked):
    asked.github.script(does.somebody_pushes(does.REF_UPDATE, asked.name, {"theirs.txt": "theirs"}))
    reply = asked.generate()
    assert reply.status == 201
    assert asked.commits(reply) == 1
    assert asked.repository.files("main")["theirs.txt"] == "theirs"


def test_rows_73_78_what_the_repository_refuses_is_told_early_or_kept_for_its_user(asked: Asked):
    asked.github.change("protect", repository=asked.name, branch="main")
    early = asked.generate(delivery="commit")
    assert (early.status, early.json["error"]) == (409, "Files in the way")
    missing = Asked.generate(_elsewhere(asked, "acme/not-there"))
    assert missing.status == 404


def _elsewhere(asked: Asked, name: str) -> Asked:
    other = object.__new__(Asked)
    other.server, other.github, other.name, other.repository = asked.server, asked.github, name, asked.repository
    return other


def test_row_78_a_refusal_for_good_keeps_the_files_and_the_user_delivers_them_later(asked: Asked, tmp_path: Path):
    asked.github.script(
        does.error("^PATCH .*/git/refs/heads/", 422, "Changes must be made through a pull request."),
    )
    reply = asked.generate(delivery="commit")
    assert (reply.status, reply.json["error"]) == (500, "Failed to commit to GitHub")
    assert asked.server.record(reply)["status"] == "github_failed"
    pipeline = f"/api/v1/pipelines/{reply.json['pipeline_id']}"
    patch = asked.server.server.call("GET", f"{pipeline}/bundle")
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", str(asked.repository.path), str(clone)], check=True)
    subprocess.run(["git", "apply", "-"], input=patch.content, cwd=clone, check=True)
    files = asked.server.files(reply)
    assert {path: (clone / path).read_text() for path in files} == files
    asked.github.script()
    delivered = asked.server.server.call("POST", f"{pipeline}/commit")
    assert delivered.status == 201
    assert asked.commits(reply) == 1
    assert asked.server.server.call("POST", f"{pipeline}/commit").status == 409


def test_a_hand_edited_file_is_reported_and_left_alone(asked: Asked):
    asked.generate()
    asked.github.change("push", repository=asked.name, branch="main", files={"cloudbuild.yaml": "steps: []\n"})
    reply = asked.generate(region="europe-west3")
    assert (reply.status, json.dumps(reply.json["paths"])) == (409, '["cloudbuild.yaml"]')
    assert asked.repository.files("main")["cloudbuild.yaml"] == "steps: []\n"


def test_a_request_that_ends_before_its_delivery_is_202_with_its_pipeline(asked: Asked):
    asked.github.script(does.silent("^POST .*/git/trees"))
    body = {
        "intent": "Create CI/CD pipeline for payment-api",
        "service_context": {"repository": asked.name},
        "options": {"target": "cloud-run", "delivery": "commit"},
    }
    answer = asked.server.server.call("POST", GENERATE, body, X_Request_Timeout_Ms="5000")
    reply = Reply(answer, 5.0)
    assert (reply.status, "pipeline_id" in reply.json, "retry-after" in reply.headers) == (202, True, True)
    asked.github.script()
    eventually_active(asked, reply)
    assert asked.commits(reply) == 1


def test_the_hosts_words_are_told_without_secrets_and_control_characters(asked: Asked):
    token = "ghp_" + "a1B2" * 9
    words = f"Changes must be made through a pull request. https://x:{token}@evil.example \x1b[2J"
    asked.github.script(does.error("^PATCH .*/git/refs/heads/", 422, words))
    reply = asked.generate(delivery="commit")
    assert reply.status == 500
    assert token not in reply.answer.text
    assert "\\u001b" not in reply.answer.text
