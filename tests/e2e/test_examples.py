"""Every example gets a pipeline that is valid, fits its code and passes the gate; a second run changes nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from google.cloud.deploy_v1.types import DeliveryPipeline, Target
from google.cloud.devtools.cloudbuild_v1.types import Build
from google.protobuf import json_format

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted(path.name for path in (ROOT / "examples").iterdir() if path.is_dir())
LANGUAGE_SKILLS = {
    "payment-api": {"gcp-nodejs-cicd"},
    "inventory": {"gcp-python-cicd"},
    "ledger": {"gcp-java-cicd"},
    "quote-service": {"gcp-go-cicd"},
    "shop": {"gcp-nodejs-cicd", "gcp-go-cicd"},
}
TESTS = {
    "payment-api": "npm test",
    "inventory": "pytest",
    "ledger": "mvn",
    "quote-service": "go test ./...",
    "shop": "go test ./...",
}
DEPLOY_KINDS = {"DeliveryPipeline": DeliveryPipeline, "Target": Target}


def snapshot(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.mark.parametrize("target", ["cloud-run", "gke"])
@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_gets_a_valid_pipeline_and_a_second_run_changes_nothing(
    command_line, example, name: str, target: str
):
    repo = example(name)
    before = snapshot(repo)
    sentence = f"Create CI/CD pipeline for {name}"
    answer = command_line.json("generate", sentence, "--repo", repo, "--target", target)
    assert answer.get("status") == "active", answer
    assert answer["policy"]["allow"]
    assert answer["policy"]["warnings"] == []
    assert LANGUAGE_SKILLS[name] <= {skill["name"] for skill in answer["skills_used"]}
    after = snapshot(repo)
    assert {path: after[path] for path in before} == before
    assert set(after) - set(before) == set(answer["artifacts"])
    builds = [path for path in answer["artifacts"] if path.rpartition("/")[2].startswith("cloudbuild")]
    assert len(builds) == 3
    for path in builds:
        json_format.ParseDict(yaml.safe_load(after[path]), Build.pb(Build()), ignore_unknown_fields=False)
    assert any(TESTS[name] in after[path].decode() for path in builds)
    for document in yaml.safe_load_all(after["clouddeploy.yaml"]):
        kind = DEPLOY_KINDS[document["kind"]]
        body = {
            "name": document["metadata"]["name"],
            **{k: v for k, v in document.items() if k not in {"apiVersion", "kind", "metadata"}},
        }
        json_format.ParseDict(body, kind.pb(kind()), ignore_unknown_fields=False)
    for path in answer["artifacts"]:
        if path.rpartition("/")[2] == "Dockerfile":
            linted = subprocess.run(
                [Path(sys.executable).parent / "hadolint", repo / path], check=False, capture_output=True, text=True
            )
            assert linted.stdout + linted.stderr == ""
    checked = command_line.run("check", repo, "--profile", "standard")
    assert checked.returncode == 0, checked.stdout
    again = command_line.run("generate", sentence, "--repo", repo, "--target", target)
    assert "Nothing changed" in again.stdout, again.stdout + again.stderr
    assert snapshot(repo) == after


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_run_that_names_no_target_changes_nothing_that_was_written_before(command_line, example, name: str):
    repo = example(name)
    sentence = f"Create CI/CD pipeline for {name}"
    for options in ((), ("--target", "none"), ("--target", "gke"), ("--target", "cloud-run")):
        answer = command_line.json("generate", sentence, "--repo", repo, *options)
        assert answer.get("status") == "active", answer
        after = snapshot(repo)
        again = command_line.run("generate", sentence, "--repo", repo)
        assert "Nothing changed" in again.stdout, again.stdout + again.stderr
        assert snapshot(repo) == after


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_line_of_every_file_can_say_why_it_is_there(command_line, example, name: str):
    from penstock.rendering.explain import explain

    repo = example(name)
    answer = command_line.json("generate", f"Create CI/CD pipeline for {name}", "--repo", repo)
    lock = (repo / "docs/cicd/penstock.lock.json").read_bytes()
    for path, content in answer["artifacts"].items():
        if path.endswith("penstock.lock.json"):
            continue
        for number, line in enumerate(content.split("\n"), 1):
            if line.strip():
                assert explain(lock, path, number).sentence, f"{path}:{number}"
    shown = command_line.run("explain", f"{repo / 'cloudbuild.yaml'}:3")
    assert shown.returncode == 0, shown.stderr
    assert "@" in shown.stdout


def test_the_pipeline_can_be_a_commit_on_a_branch(command_line, example):
    repo = example("payment-api")
    for command in (
        ["init", "-q", "-b", "main"],
        ["add", "."],
        ["-c", "user.name=D", "-c", "user.email=d@example.com", "commit", "-qm", "x"],
    ):
        subprocess.run(["git", "-C", repo, *command], check=True)
    env = {
        "GIT_AUTHOR_NAME": "D",
        "GIT_AUTHOR_EMAIL": "d@example.com",
        "GIT_COMMITTER_NAME": "D",
        "GIT_COMMITTER_EMAIL": "d@example.com",
    }
    done = command_line.run("generate", "Create a pipeline", "--repo", repo, "--branch", "cicd", **env)
    assert done.returncode == 0, done.stderr
    listed = subprocess.run(
        ["git", "-C", repo, "ls-tree", "-r", "--name-only", "cicd"], check=True, capture_output=True, text=True
    )
    assert "cloudbuild.yaml" in listed.stdout
    assert not (repo / "cloudbuild.yaml").exists()
