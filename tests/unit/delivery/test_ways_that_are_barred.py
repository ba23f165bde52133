"""What stands where a file belongs, branch names git keeps, and a lock file that is gone."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from penstock.delivery.decide import LOCK_FILE
from penstock.delivery.local_files import write_files
from penstock.delivery.local_git import refuse_branch
from penstock.domain.artifacts import Artifact
from penstock.errors import DeliveryConflict, InvalidConfiguration, PathProblem

FILES = (Artifact("deploy/a.yaml", b"a: 1\n"), Artifact(LOCK_FILE, b'{"files": {}}'))


@pytest.mark.parametrize("path", ["deploy/a.yaml", LOCK_FILE])
def test_a_pipe_in_the_way_is_named_and_nothing_waits_for_it(tmp_path: Path, path: str) -> None:
    (tmp_path / path).parent.mkdir(parents=True)
    os.mkfifo(tmp_path / path)
    with pytest.raises(PathProblem, match="pipe"):
        write_files(tmp_path, FILES)


@pytest.mark.parametrize("is_folder", [True, False])
def test_a_submodule_in_the_way_is_not_written_into(tmp_path: Path, is_folder: bool) -> None:
    (tmp_path / "deploy").mkdir()
    mark = tmp_path / "deploy" / ".git"
    mark.mkdir() if is_folder else mark.write_text("gitdir: ../.git/modules/deploy\n")
    with pytest.raises(PathProblem, match="submodule"):
        write_files(tmp_path, FILES)
    assert not (tmp_path / "deploy/a.yaml").exists()


@pytest.mark.parametrize("name", ["HEAD", "head", "-x", "a..b", "@{-1}", "a b", "refs/heads/.x"])
def test_a_branch_name_git_does_not_take_is_refused(tmp_path: Path, name: str) -> None:
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    with pytest.raises(InvalidConfiguration, match="branch name"):
        refuse_branch(tmp_path, name)


@pytest.mark.parametrize(("lock", "word"), [(None, "missing"), (b"{", "damaged")])
def test_a_lock_file_that_is_gone_is_told_with_the_way_out(tmp_path: Path, lock: bytes | None, word: str) -> None:
    write_files(tmp_path, FILES)
    (tmp_path / LOCK_FILE).unlink()
    if lock is not None:
        (tmp_path / LOCK_FILE).write_bytes(lock)
    (tmp_path / "deploy/a.yaml").write_bytes(b"a: 2\n")
    with pytest.raises(DeliveryConflict, match=f"{word}.*--overwrite"):
        write_files(tmp_path, FILES)
    assert write_files(tmp_path, FILES, overwrite=True).written
