"""Delivery into folders and git repositories of this machine."""

from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path

import pytest

from penstock.delivery.decide import LOCK_FILE
from penstock.delivery.local_files import write_files
from penstock.delivery.local_git import commit_branch
from penstock.domain.artifacts import Artifact
from penstock.errors import DeliveryConflict, DeliveryFailed, InvalidConfiguration, PathProblem


def pipeline(**files: str) -> tuple[Artifact, ...]:
    """Build artifacts with their lock file, as rendering makes them."""
    contents = {path.replace("__", "/"): text.encode() for path, text in files.items()}
    listed = {path: {"sha256": hashlib.sha256(content).hexdigest()} for path, content in contents.items()}
    lock = Artifact(LOCK_FILE, json.dumps({"files": listed}).encode())
    return (*(Artifact(path, content) for path, content in contents.items()), lock)


def tree(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and ".git" not in path.relative_to(root).parts
    }


def git(root: Path, *command: str) -> str:
    return subprocess.run(["git", "-C", str(root), *command], check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    git(tmp_path, "config", "user.name", "Dev")
    git(tmp_path, "config", "user.email", "dev@example.com")
    (tmp_path / "app.js").write_text("1\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "-m", "first")
    return tmp_path


def test_files_are_written_and_a_second_time_nothing_changes(tmp_path: Path):
    files = pipeline(Dockerfile="FROM a\n", deploy__x="y\n")
    assert set(write_files(tmp_path, files).written) == {"Dockerfile", "deploy/x", LOCK_FILE}
    again = write_files(tmp_path, files)
    assert again.no_changes
    assert again.written == ()
    assert tree(tmp_path)["deploy/x"] == b"y\n"


def test_a_file_penstock_did_not_write_stops_everything_and_is_listed(tmp_path: Path):
    (tmp_path / "cloudbuild").write_text("theirs")
    with pytest.raises(DeliveryConflict) as caught:
        write_files(tmp_path, pipeline(Dockerfile="FROM a\n", cloudbuild="ours"))
    assert caught.value.extra["paths"] == ["cloudbuild"]
    assert tree(tmp_path) == {"cloudbuild": b"theirs"}


def test_overwriting_happens_only_when_told(tmp_path: Path):
    (tmp_path / "cloudbuild").write_text("theirs")
    write_files(tmp_path, pipeline(cloudbuild="ours"), overwrite=True)
    assert tree(tmp_path)["cloudbuild"] == b"ours"


def test_a_file_of_an_earlier_run_is_renewed_but_not_when_it_was_edited(tmp_path: Path):
    write_files(tmp_path, pipeline(cloudbuild="one"))
    write_files(tmp_path, pipeline(cloudbuild="two"))
    assert tree(tmp_path)["cloudbuild"] == b"two"
    (tmp_path / "cloudbuild").write_text("edited")
    with pytest.raises(DeliveryConflict, match="edited since"):
        write_files(tmp_path, pipeline(cloudbuild="three"))
    assert tree(tmp_path)["cloudbuild"] == b"edited"


def test_a_broken_lock_file_makes_nothing_overwritable(tmp_path: Path):
    write_files(tmp_path, pipeline(cloudbuild="one"))
    (tmp_path / LOCK_FILE).write_text('{"files": [')
    with pytest.raises(DeliveryConflict):
        write_files(tmp_path, pipeline(cloudbuild="two"))


def test_nothing_is_written_through_a_symbolic_link(tmp_path: Path):
    outside = tmp_path / "outside"
    outside.mkdir()
    root = tmp_path / "repo"
    root.mkdir()
    (root / "deploy").symlink_to(outside)
    with pytest.raises(PathProblem, match="symbolic link"):
        write_files(root, pipeline(deploy__x="y"))
    assert list(outside.iterdir()) == []


def test_a_file_where_a_folder_belongs_changes_nothing(tmp_path: Path):
    (tmp_path / "deploy").write_text("a file")
    with pytest.raises((PathProblem, DeliveryFailed)):
        write_files(tmp_path, pipeline(Dockerfile="FROM a\n", deploy__x="y"))
    assert tree(tmp_path) == {"deploy": b"a file"}


def test_a_commit_lands_on_a_new_branch_and_leaves_work_tree_and_index_alone(repository: Path):
    (repository / "unsaved.txt").write_text("mine")
    delivery = commit_branch(
        repository,
        pipeline(Dockerfile="FROM a\n"),
        branch="penstock/x",
        pipeline_id="p-1",
        skills=["gcp-nodejs-cicd@1.0.0"],
    )
    assert git(repository, "rev-parse", "penstock/x") == delivery.commit_sha
    assert git(repository, "show", "penstock/x:Dockerfile") == "FROM a"
    assert git(repository, "status", "--porcelain") == "?? unsaved.txt"
    assert not (repository / "Dockerfile").exists()
    trailers = git(repository, "log", "-1", "--format=%(trailers)", "penstock/x")
    assert "Skills-Pipeline-Id: p-1" in trailers
    assert "Skills-Used: gcp-nodejs-cicd@1.0.0" in trailers
    assert git(repository, "rev-parse", "penstock/x~1") == git(repository, "rev-parse", "main")
    git(repository, "fsck", "--strict")


def test_the_same_files_again_make_no_second_commit(repository: Path):
    files = pipeline(Dockerfile="FROM a\n")
    first = commit_branch(repository, files, branch="b", pipeline_id="p-1", skills=[])
    second = commit_branch(repository, files, branch="b", pipeline_id="p-2", skills=[])
    assert second.no_changes
    assert second.commit_sha == first.commit_sha


def test_a_changed_pipeline_is_one_commit_on_top(repository: Path):
    commit_branch(repository, pipeline(Dockerfile="FROM a\n"), branch="b", pipeline_id="p-1", skills=[])
    commit_branch(repository, pipeline(Dockerfile="FROM b\n"), branch="b", pipeline_id="p-2", skills=[])
    assert git(repository, "rev-list", "--count", "main..b") == "2"
    assert git(repository, "show", "b:Dockerfile") == "FROM b"


def test_somebody_elses_branch_is_refused(repository: Path):
    git(repository, "branch", "theirs")
    with pytest.raises(InvalidConfiguration, match="not Penstock's"):
        commit_branch(repository, pipeline(Dockerfile="x"), branch="theirs", pipeline_id="p", skills=[])


@pytest.mark.parametrize(
    "name", ["-u origin", "a b", "main..evil", "x.lock", "@{-1}", "../x", "a\u202egnp~", "--upload-pack=id"]
)
def test_a_name_git_does_not_allow_is_refused(repository: Path, name: str):
    with pytest.raises(InvalidConfiguration, match="not a valid branch name"):
        commit_branch(repository, pipeline(Dockerfile="x"), branch=name, pipeline_id="p", skills=[])


def test_the_repositorys_own_hooks_do_not_run(repository: Path):
    hook = repository / ".git" / "hooks" / "reference-transaction"
    hook.write_text("#!/bin/sh\ntouch hook-ran\n")
    hook.chmod(0o755)
    commit_branch(repository, pipeline(Dockerfile="x"), branch="b", pipeline_id="p", skills=[])
    assert not (repository / "hook-ran").exists()


def test_a_committed_link_is_not_written_through(repository: Path):
    (repository / "deploy").symlink_to("/elsewhere")
    git(repository, "add", "deploy")
    git(repository, "commit", "--quiet", "-m", "link")
    with pytest.raises(PathProblem, match="symbolic link"):
        commit_branch(repository, pipeline(deploy__x="y"), branch="b", pipeline_id="p", skills=[])


def test_a_service_in_a_subfolder_is_committed_there(repository: Path):
    folder = repository / "services" / "api"
    folder.mkdir(parents=True)
    (folder / "main.go").write_text("package main\n")
    git(repository, "add", ".")
    git(repository, "commit", "--quiet", "-m", "api")
    commit_branch(folder, pipeline(Dockerfile="FROM a\n"), branch="b", pipeline_id="p", skills=[])
    assert git(repository, "show", "b:services/api/Dockerfile") == "FROM a"


def test_a_folder_without_git_says_what_to_do(tmp_path: Path):
    with pytest.raises(PathProblem, match="not inside a git repository"):
        commit_branch(tmp_path, pipeline(Dockerfile="x"), branch="b", pipeline_id="p", skills=[])
