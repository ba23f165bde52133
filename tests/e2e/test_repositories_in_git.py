"""Repositories as git holds them: folders below the root, clones of other names, other default branches."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
SKILLS = ROOT / "src" / "penstock" / "library" / "skills"


def git(root: Path, *command: str) -> None:
    who = ("-c", "user.name=t", "-c", "user.email=t@example.com")
    subprocess.run(["git", "-C", root, *who, *command], check=True, capture_output=True)


def committed(root: Path, *, branch: str = "main") -> Path:
    root.mkdir(parents=True, exist_ok=True)
    git(root, "init", "--quiet", f"--initial-branch={branch}")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--allow-empty", "--message=first")
    return root


def moved_aside() -> list[str]:
    """Return every path of the shipped skills that has another place when the repository has a file there."""
    rules = [yaml.safe_load(path.read_text())["files"] for path in sorted(SKILLS.glob("*/assets/render.yaml"))]
    return [rule["path"] for files in rules for rule in files if "otherwise" in rule]


def test_every_file_of_the_repository_may_be_there_before_and_ours_is_written_beside_it(command_line, example):
    repo = example("payment-api")
    theirs = moved_aside()
    assert {"cloudbuild.yaml", "clouddeploy.yaml"} <= set(theirs)
    for path in theirs:
        (repo / path).write_text("# ours, from before\n")
    sentence = "Create CI/CD pipeline, run the tests every night"
    answer = command_line.json("generate", sentence, "--repo", repo)
    assert answer.get("status") == "active", answer
    assert not set(theirs) & set(answer["artifacts"])
    assert {
        "clouddeploy-pipeline.yaml",
        "cloudbuild-main.yaml",
        "cloudbuild-check.yaml",
        "cloudbuild-timer.yaml",
    } <= set(answer["artifacts"])
    assert all((repo / path).read_text() == "# ours, from before\n" for path in theirs)


def test_a_folder_below_the_root_of_a_git_repository_is_taken_as_the_service_s_path(command_line, example, tmp_path):
    repo = tmp_path / "mono"
    repo.mkdir()
    example("payment-api").rename(repo / "api")
    committed(repo)
    done = command_line.run("generate", "Create CI/CD pipeline", "--repo", repo / "api")
    assert done.returncode == 0, done.stderr
    assert f"--repo {repo} --path api" in done.stderr
    assert (repo / "cloudbuild.yaml").is_file()
    assert not (repo / "api" / "cloudbuild.yaml").exists()
    assert (repo / "api" / "Dockerfile").is_file()


def test_a_folder_that_only_lies_in_a_git_repository_is_one_of_its_own(command_line, example, tmp_path):
    repo = committed(tmp_path / "home")
    example("payment-api").rename(repo / "api")
    done = command_line.run("generate", "Create CI/CD pipeline", "--repo", repo / "api")
    assert done.returncode == 0, done.stderr
    assert (repo / "api" / "cloudbuild.yaml").is_file()


def test_several_services_keep_their_name_in_a_clone_of_another_name(command_line, example, tmp_path):
    repo = committed(example("shop"))
    git(repo, "remote", "add", "origin", "git@github.com:acme/webshop.git")
    first = command_line.json("plan", "Create CI/CD pipeline", "--repo", repo)
    assert first["spec"]["name"] == "webshop"
    assert first["facts"]["name_from"] == "the git remote origin"
    assert any("The pipeline is called webshop, like the repository" in each for each in first["assumptions"])
    git(repo, "remote", "remove", "origin")
    answer = command_line.json("generate", "Create CI/CD pipeline", "--repo", repo)
    assert answer.get("status") == "active", answer
    assert json.loads((repo / "docs/cicd/penstock.lock.json").read_text())["name"] == "shop"
    clone = repo.rename(tmp_path / "elsewhere")
    git(clone, "remote", "add", "origin", "https://example.com/acme/renamed")
    again = command_line.json("generate", "Create CI/CD pipeline", "--repo", clone)
    assert again["delivery"]["no_changes"], again["delivery"]
    assert again["facts"]["name_from"] == "docs/cicd/penstock.lock.json"


def branches(plan) -> set[str]:
    return {each["branch"] for each in plan["spec"]["triggers"] if each["branch"]}


@pytest.mark.parametrize("told", ["only", "origin"])
def test_the_default_branch_is_what_git_says_and_an_option_wins(command_line, example, told: str):
    repo = committed(example("payment-api"), branch="trunk" if told == "only" else "feature")
    if told == "origin":
        git(repo, "branch", "other")
        git(repo, "update-ref", "refs/remotes/origin/trunk", "HEAD")
        git(repo, "symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/trunk")
    else:
        git(repo, "branch", "penstock/payment-api")
    plan = command_line.json("plan", "Create CI/CD pipeline", "--repo", repo)
    assert branches(plan) == {"trunk"}
    assert plan["facts"]["default_branch"]["value"] == "trunk"
    assert any("released from the branch trunk" in each for each in plan["assumptions"])
    asked = command_line.json("plan", "Create CI/CD pipeline", "--repo", repo, "--release-branch", "main")
    assert branches(asked) == {"main"}


@pytest.mark.parametrize("branch", ["a" * 300, "cicd\u202egpj", "-x", "a..b", "HEAD"])
def test_a_branch_no_git_should_have_is_refused_before_anything_is_recorded(command_line, example, branch: str):
    repo = committed(example("payment-api"))
    done = command_line.run("generate", "Create CI/CD pipeline", "--repo", repo, f"--branch={branch}")
    assert done.returncode == 2
    assert "is not the name of a branch" in done.stderr
    assert "claim" not in done.stderr
    assert "\u202e" not in done.stderr
    assert len(done.stderr) < 500


def test_the_version_is_printed_without_a_command(command_line):
    done = command_line.run("--version")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip().count(".") == 2
