"""Names of folders and files that try to steer the terminal: every command shows them spelled out."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

STEERING = "a\x1b[31mred\x1b]0;title\x07\x9b2Jb\u202egnp.exe"
BUILD = "steps:\n- name: gcr.io/cloud-builders/docker\n  args: [build, .]\n  env: [DB_PASSWORD=hunter2" + "hunter2]\n"
RAW = "\x1b\x07\x9b\u202e"


def calm(done: subprocess.CompletedProcess[str]) -> str:
    words = done.stdout + done.stderr
    assert "Traceback" not in words
    assert [each for each in RAW if each in words] == []
    return words


@pytest.fixture
def repo(example, tmp_path: Path) -> Path:
    """Return a real repository in a steering folder, with files, a manifest and a workspace of such names."""
    root = tmp_path / STEERING
    shutil.copytree(example("payment-api"), root)
    manifest = json.loads((root / "package.json").read_text())
    (root / "package.json").write_text(json.dumps({**manifest, "description": STEERING, "version": STEERING}))
    (root / f"{STEERING}-cloudbuild.yaml").write_text(BUILD)
    (root / STEERING).mkdir()
    (root / STEERING / "package.json").write_text(json.dumps({"name": STEERING, "scripts": {"start": STEERING}}))
    (root / STEERING / "Dockerfile").write_text(f"FROM node:22\nCMD {STEERING}\n")
    return root


def test_what_is_looked_at_is_spelled_out(command_line, repo: Path):
    assert "\\x1b[31m" in calm(command_line.run("detect", repo))
    words = calm(command_line.run("check", repo))
    assert "\\x1b[31m" in words
    assert "cloudbuild.yaml:4" in words
    for form in (["detect", repo, "--json"], ["check", repo, "--json"], ["check", repo, "--sarif"]):
        json.loads(calm(command_line.run(*form)))


def test_what_cannot_be_made_of_such_a_name_is_spelled_out(command_line, repo: Path):
    done = command_line.run("plan", "Create a pipeline", "--repo", repo)
    assert done.returncode == 2
    assert "\\x1b[31m" in calm(done)


def test_what_is_made_and_explained_is_spelled_out(command_line, repo: Path):
    shutil.rmtree(repo / STEERING)
    for command in (["plan"], ["generate", "--dry-run"], ["generate"], ["generate"]):
        done = command_line.run(command[0], "Create a pipeline", "--repo", repo, *command[1:])
        words = calm(done)
        assert done.returncode == 0, words
        assert "\\x1b[31m" in words
    calm(command_line.run("explain", repo / "cloudbuild.yaml:10"))


@pytest.mark.parametrize(
    "command",
    [
        ["plan", "x", "--repo", STEERING], ["check", STEERING], ["detect", STEERING], ["explain", f"{STEERING}:1"],
        ["explain", STEERING], ["plan", "x", "--target", STEERING], ["plan", "x", "--path", STEERING],
        ["generate", "x", "--service-name", STEERING], ["check", "--profile", STEERING],
    ],
)  # fmt: skip
def test_an_error_about_a_steering_name_is_spelled_out(command_line, repo: Path, command: list[str]):
    done = command_line.run(*command, cwd=repo.parent / "payment-api")
    assert done.returncode == 2
    assert "\\x1b" in calm(done)


@pytest.mark.parametrize("command", [["create", "--name", STEERING], ["revoke", STEERING]])
def test_a_key_has_no_steering_name(command_line, command: list[str]):
    done = command_line.run("keys", *command)
    assert done.returncode == 2
    assert calm(done)
