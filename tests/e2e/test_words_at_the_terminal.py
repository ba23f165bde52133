"""What the command line says when it refuses or leaves out: in its own words, and nothing false."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def test_check_of_a_file_that_is_no_delivery_file_speaks_of_no_request(command_line, tmp_path: Path):
    (tmp_path / "empty.txt").touch()
    done = command_line.run("check", tmp_path / "empty.txt")
    assert done.returncode == 2
    assert "nothing to validate" in done.stderr
    assert "send it" not in done.stderr
    assert "fields" not in done.stderr


@pytest.mark.parametrize(
    ("region", "near"), [("mars-north9", "-north"), ("europe-wst1", "europe-west1"), ("us-east-1", "us-east1")]
)
def test_an_unknown_region_is_refused_with_the_nearest(command_line, example, region: str, near: str):
    done = command_line.run("plan", "Create CI/CD pipeline", "--repo", example("payment-api"), "--region", region)
    assert done.returncode == 2
    assert "--region" in done.stderr
    assert near in done.stderr.split("->")[1]


def test_a_region_newer_than_the_list_is_taken_and_it_is_said(command_line, example):
    plan = command_line.json("plan", "Create pipeline", "--repo", example("payment-api"), "--region", "europe-west14")
    assert plan["spec"]["cloud"]["region"] == "europe-west14"
    assert any("europe-west14 is not among those Penstock knows" in each for each in plan["assumptions"])


def test_links_and_pipes_where_delivery_files_belong_are_named(command_line, tmp_path: Path):
    (tmp_path / "real.yaml").write_text("a: 1\n")
    (tmp_path / "cloudbuild.yaml").symlink_to("real.yaml")
    (tmp_path / "notes.md").symlink_to("real.yaml")
    os.mkfifo(tmp_path / "Dockerfile")
    done = command_line.run("check", tmp_path)
    assert done.returncode == 2
    assert "skip  cloudbuild.yaml: it is a symbolic link" in done.stdout
    assert "skip  Dockerfile: it is a pipe" in done.stdout
    assert "notes.md" not in done.stdout


def test_a_mistyped_field_of_a_delivery_pipeline_is_not_said_to_be_in_a_build_file(command_line, tmp_path: Path):
    (tmp_path / "clouddeploy.yaml").write_text(
        "apiVersion: deploy.cloud.google.com/v1\nkind: Target\nmetadata: {name: dev}\nrequireAproval: true\n"
        "run: {location: projects/p/locations/europe-west1}\n"
    )
    done = command_line.run("check", tmp_path)
    assert done.returncode == 1
    assert "requireAproval" in done.stdout
    assert "build file" not in done.stdout


def test_a_damaged_lock_file_leaves_no_file_of_ours_behind(command_line, example):
    repo = example("payment-api")
    command_line.json("generate", "Create CI/CD pipeline", "--repo", repo)
    lock = repo / "docs/cicd/penstock.lock.json"
    before = lock.read_bytes()
    lock.write_text("{")
    (repo / "cloudbuild.yaml").write_text("steps: []\n")
    answer = command_line.json("generate", "Create CI/CD pipeline", "--repo", repo, "--overwrite")
    assert answer.get("status") == "active", answer
    assert {"Dockerfile", ".dockerignore"} <= set(answer["artifacts"])
    assert lock.read_bytes() == before
