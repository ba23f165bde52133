"""What a person meets at the command line when something is not as it should be."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest


def clean(done, code: int) -> str:
    assert "Traceback" not in done.stdout + done.stderr
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize("command", ["generate", "plan"])
def test_a_missing_path_is_named_with_the_next_step(command_line, tmp_path: Path, command: str):
    words = clean(command_line.run(command, "Create a pipeline", "--repo", tmp_path / "nowhere"), 2)
    assert "nowhere does not exist" in words
    assert "->" in words


def test_an_empty_folder_has_nothing_to_build_and_says_what_was_looked_at(command_line, tmp_path: Path):
    words = clean(command_line.run("generate", "Create a pipeline", "--repo", tmp_path), 2)
    assert "Nothing" in words
    assert list(tmp_path.iterdir()) == []
    assert clean(command_line.run("detect", tmp_path), 0)


def test_an_empty_or_endless_sentence_is_refused(command_line, example):
    repo = example("payment-api")
    assert "intent" in clean(command_line.run("plan", " ", "--repo", repo), 2)
    assert "2000" in clean(command_line.run("plan", "x" * 2001, "--repo", repo), 2)


@pytest.mark.parametrize(
    "name", ['a"b', "a\nb", "{{ 7*7 }}", "$(id)", "`id`", "a b", "x\n  - name: evil", "-rf", "A" * 80]
)
def test_a_hostile_service_name_is_refused_or_literal(command_line, example, name: str):
    repo = example("payment-api")
    done = command_line.run("generate", "Create a pipeline", "--repo", repo, f"--service-name={name}")
    clean(done, 2)
    assert not (repo / "cloudbuild.yaml").exists()


@pytest.mark.parametrize(
    ("file", "content"), [("package.json", "{not json"), ("package.json", "\x00\x01"), ("package.json", "[]")]
)
def test_a_broken_manifest_is_a_missing_fact_with_its_reason(command_line, tmp_path: Path, file: str, content: str):
    (tmp_path / file).write_text(content)
    words = clean(command_line.run("detect", tmp_path), 0)
    assert "package.json" in words


def test_a_symbolic_link_out_of_the_repository_is_not_followed(command_line, tmp_path: Path):
    secret = tmp_path / "outside" / "package.json"
    secret.parent.mkdir()
    secret.write_text('{"name": "outside", "scripts": {"start": "node x.js"}}')
    repo = tmp_path / "repo"
    repo.mkdir()
    (repo / "package.json").symlink_to(secret)
    facts = command_line.json("detect", repo)
    assert not facts["deployable"]


def test_files_in_the_way_are_listed_and_nothing_is_written(command_line, example):
    repo = example("payment-api")
    page = repo / "docs/cicd/README.md"
    page.parent.mkdir(parents=True)
    page.write_text("Ours.\n")
    words = clean(command_line.run("generate", "Create a pipeline", "--repo", repo), 3)
    assert "docs/cicd/README.md" in words
    assert "--overwrite" in words
    assert not (repo / "clouddeploy.yaml").exists()
    clean(command_line.run("generate", "Create a pipeline", "--repo", repo, "--overwrite"), 0)
    assert page.read_text() != "Ours.\n"


def test_a_build_file_that_was_there_is_left_alone_unless_it_is_to_be_replaced(command_line, example):
    repo = example("payment-api")
    (repo / "cloudbuild.yaml").write_text("steps: []\n")
    clean(command_line.run("generate", "Create a pipeline", "--repo", repo), 0)
    assert (repo / "cloudbuild.yaml").read_text() == "steps: []\n"
    assert "cloudbuild-main.yaml" in (repo / "docs/cicd/README.md").read_text()
    clean(command_line.run("generate", "Create a pipeline", "--repo", repo, "--overwrite"), 0)
    assert (repo / "cloudbuild.yaml").read_text() != "steps: []\n"


def test_a_dry_run_shows_the_diff_and_writes_nothing(command_line, example):
    repo = example("payment-api")
    words = clean(command_line.run("generate", "Create a pipeline", "--repo", repo, "--dry-run"), 0)
    assert "+++ b/cloudbuild.yaml" in words
    assert not (repo / "cloudbuild.yaml").exists()


def test_a_hard_coded_secret_is_found_with_its_place_and_never_shown(command_line, tmp_path: Path):
    secret = "hunter2" + "hunter2"
    (tmp_path / "cloudbuild.yaml").write_text(
        f"steps:\n- name: gcr.io/cloud-builders/docker:24.0.9\n  args: [version]\n  env:\n  - DB_PASSWORD={secret}\ntimeout: 60s\n"
    )
    done = command_line.run("check", tmp_path)
    words = clean(done, 1)
    assert "cloudbuild.yaml:5" in words
    assert "security.secrets" in words
    assert secret not in words
    sarif = json.loads(command_line.run("check", tmp_path, "--sarif").stdout)
    assert sarif["version"] == "2.1.0"
    assert sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]["startLine"] == 5


def test_what_cannot_be_read_cannot_be_judged(command_line, tmp_path: Path):
    clean(command_line.run("check", tmp_path / "nowhere"), 2)
    clean(command_line.run("check", tmp_path, "--profile", "strictest"), 2)


@pytest.mark.parametrize("place", ["cloudbuild.yaml", "cloudbuild.yaml:0", ":3", "nothing.yaml:1"])
def test_explaining_a_place_that_is_none_says_how_to_name_one(command_line, tmp_path: Path, place: str):
    words = clean(command_line.run("explain", place, cwd=tmp_path), 2)
    assert "->" in words


def test_a_line_of_a_file_edited_by_hand_is_not_explained_as_generated(command_line, example):
    repo = example("payment-api")
    clean(command_line.run("generate", "Create a pipeline", "--repo", repo), 0)
    assert "skill" in clean(command_line.run("explain", "cloudbuild.yaml:10", "--repo", repo), 0)
    with (repo / "cloudbuild.yaml").open("a") as file:
        file.write("# by hand\n")
    done = command_line.run("explain", "cloudbuild.yaml:10", "--repo", repo)
    assert "cloudbuild.yaml was edited since Penstock wrote it" in clean(done, 2)
    assert "--overwrite" in done.stderr
    assert "skill" not in done.stdout
    assert "skill" in clean(command_line.run("explain", "clouddeploy.yaml:3", "--repo", repo), 0)


@pytest.mark.parametrize("command", [["detect", "--json"], ["check", "--json"], ["detect"]])
def test_a_reader_that_stops_reading_or_a_full_disk_is_no_crash(command_line, example, command):
    repo = example("payment-api")
    for target, code in (("/dev/full", 2), ("|", 141)):
        done = command_line.run_into(target, command[0], repo, *command[1:])
        assert "Traceback" not in done.stderr
        assert "Exception ignored" not in done.stderr
        assert done.returncode == code


def test_a_mistyped_setting_stops_the_start(command_line, example):
    words = clean(command_line.run("plan", "x", "--repo", example("payment-api"), PENSTOCK_HTPP__PORT="1"), 2)
    assert "PENSTOCK_HTPP__PORT" in words


def test_an_unknown_target_is_refused(command_line, example):
    words = clean(command_line.run("plan", "x", "--repo", example("payment-api"), "--target", "mainframe"), 2)
    assert "target" in words


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_folder_is_named(command_line, tmp_path: Path):
    tmp_path.chmod(0)
    try:
        clean(command_line.run("detect", tmp_path), 2)
    finally:
        tmp_path.chmod(0o755)


def test_a_data_folder_without_a_name_is_refused_and_the_current_one_is_a_name(command_line, tmp_path: Path):
    assert "empty" in clean(command_line.run("keys", "list", "--data-dir", "", cwd=tmp_path), 2)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "mine.txt").write_text("")
    words = clean(command_line.run("keys", "list", "--data-dir", ".", cwd=tmp_path), 4)
    assert "holds other files" in words
