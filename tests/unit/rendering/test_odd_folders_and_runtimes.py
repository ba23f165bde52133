"""What cannot be granted is said in words: folders no build file can name, runtimes nobody offers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from built_files import build, library, write

from penstock.errors import InvalidConfiguration

NODE = {
    "package.json": json.dumps({"name": "api", "scripts": {"start": "node a.js"}, "dependencies": {"express": "5"}}),
    "package-lock.json": "{}",
    "a.js": "require('express')().listen(3000)",
}
PYTHON = {"requirements.txt": "flask==3.1.0\n", "app.py": "from flask import Flask\napp = Flask(__name__)\n"}
GO = {"go.mod": "module example.com/x\n\ngo 1.24\n", "main.go": "package main\n\nfunc main() {}\n"}


def inside(folder: str, files: dict[str, str]) -> dict[str, str]:
    return {f"{folder}/{name}": text for name, text in files.items()}


@pytest.mark.parametrize("odd", ["my service", "a&b", "prix-€", "shop$(id)", "x" * 210, "it's", "c++"])
def test_a_service_in_a_folder_with_an_odd_name_is_left_out_and_the_others_go_on(tmp_path: Path, odd: str):
    built = build(tmp_path, {**inside("web", NODE), **inside(odd, NODE)})
    assert [service.path for service in built.spec.services] == ["web"]
    said = [each for each in built.assumptions.split("\n") if "is left out" in each]
    assert len(said) == 1, built.assumptions
    assert ascii(odd)[:50].strip("'\"") in said[0]
    assert "letters, digits, dots, hyphens and underscores" in said[0]
    assert "Rename it" in said[0]
    page = built.files["docs/cicd/README.md"]
    assert "is left out" in page
    assert odd not in built.files["cloudbuild.yaml"]


def test_the_better_name_is_named(tmp_path: Path):
    assert (
        "Rename it to my-service." in build(tmp_path, {**inside("web", NODE), **inside("my service", NODE)}).assumptions
    )


def test_a_dockerfile_is_not_written_where_the_gate_lets_none_be_written(tmp_path: Path):
    files = {**inside("web", NODE), **inside("a@b", NODE)}
    built = build(tmp_path / "without", files)
    assert [service.path for service in built.spec.services] == ["web"]
    assert "write a Dockerfile there" in built.assumptions
    kept = build(tmp_path / "own", {**files, "a@b/Dockerfile": 'FROM node:24\nCMD ["node", "a.js"]\n'})
    assert sorted(service.path for service in kept.spec.services) == ["a@b", "web"]


def test_the_only_service_in_such_a_folder_is_an_error_that_says_what_to_do(tmp_path: Path):
    with pytest.raises(InvalidConfiguration) as told:
        build(write(tmp_path, inside("my service", NODE)))
    assert "'my service'" in told.value.message
    assert "it takes letters, digits" in told.value.message
    assert "Rename it to my-service." in told.value.message
    assert "skill" not in told.value.message
    assert told.value.steps
    assert "owner of the skill" not in " ".join(told.value.steps)


@pytest.mark.parametrize(
    ("files", "asked", "offered"),
    [
        (NODE, "999", "26, 24, 22 and 20"), (NODE, "1", "26, 24, 22 and 20"), (NODE, "2", "26, 24, 22 and 20"),
        (NODE, "4", "26, 24, 22 and 20"), (NODE, "4.2.1", "26, 24, 22 and 20"), (NODE, "v2", "26, 24, 22 and 20"),
        (PYTHON, "2.7", "3.14, 3.13"), (PYTHON, "3", "3.14, 3.13"), (PYTHON, "4", "3.14, 3.13"), (GO, "1", "1.27, 1.26"),
        (GO, "2", "1.27, 1.26"), ({**NODE, "Dockerfile": 'FROM node:24\nCMD ["node", "a.js"]\n'}, "2", "26, 24"),
    ],
)  # fmt: skip
def test_a_runtime_that_nobody_offers_is_refused_with_those_on_offer(
    tmp_path: Path, files: dict[str, str], asked: str, offered: str
):
    with pytest.raises(InvalidConfiguration) as told:
        build(tmp_path, files, runtime=asked)
    assert told.value.extra["fields"] == ["options.runtime"]
    assert told.value.message.startswith(f"{asked} cannot be the runtime of ")
    assert offered in told.value.message
    assert "--runtime" in " ".join(told.value.steps)


@pytest.mark.parametrize(
    ("files", "asked"),
    [(NODE, "22"), (NODE, "v22"), (NODE, "22.2.0"), (NODE, "26"), (PYTHON, "3.12"), (PYTHON, "3.12.4"), (GO, "1.25")],
)
def test_a_runtime_on_offer_or_a_release_of_it_is_taken(tmp_path: Path, files: dict[str, str], asked: str):
    assert build(tmp_path, files, runtime=asked).spec.services[0].runtime_version == asked


def test_what_node_builds_and_what_runs_are_the_same_release_on_the_same_system():
    versions = library()["gcp-nodejs-cicd"].data["versions"]
    for number, images in {**versions["node"], **versions["bun"]}.items():
        tags = {images[kind].partition("@")[0].removesuffix("-slim") for kind in ("build", "run")}
        assert len(tags) == 1, (number, images)
        assert number in tags.pop()
        assert all("@sha256:" in images[kind] for kind in ("build", "run"))
