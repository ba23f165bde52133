"""Which files of a repository the gate looks at, on real folders."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from penstock.detection.tree import LocalTree, MappingTree
from penstock.policy import collect as collecting
from penstock.policy.collect import collect, delivery_files

MANIFEST = b"apiVersion: v1\nkind: Service\nmetadata: {name: a}\n"
BUILD = b"steps:\n- name: gcr.io/cloud-builders/docker\n  args: [build, .]\n"


def tree(files: dict[str, bytes]) -> MappingTree:
    return MappingTree(files)


@pytest.mark.parametrize(
    "path",
    ["cloudbuild.yaml", "ci/cloudbuild-prod.yaml", "clouddeploy.yaml", "skaffold.yaml", "k8s/kustomization.yaml",
     "docker-compose.yml", "compose.override.yaml", ".github/workflows/a.yml", "Dockerfile", "a/b.Dockerfile",
     "Dockerfile.prod", ".dockerignore", ".env", "deploy/prod.env", ".npmrc", "main.tf", "prod.tfvars", "tls.key",
     "service-account.json", ".gitlab-ci.yml", ".circleci/config.yml", "deploy.sh", "Makefile", "Jenkinsfile"],
)  # fmt: skip
def test_delivery_files_and_files_that_hold_secrets_are_chosen_by_name(path: str) -> None:
    assert delivery_files(tree({path: b"x\n"})) == (path,)


@pytest.mark.parametrize(
    "path",
    ["README.md", "src/app.py",  "pyproject.toml", "node_modules/a/Dockerfile", "vendor/a/Dockerfile",
     "testdata/cloudbuild.yaml", "a/fixtures/Dockerfile", "tests/app.env", "src/i18n/messages.properties",
     "messages_de.properties", "gradle/wrapper/gradle-wrapper.properties", "Cargo.toml", "image.png"],
)  # fmt: skip
def test_everything_else_is_left_alone(path: str) -> None:
    assert delivery_files(tree({path: MANIFEST})) == ()


@pytest.mark.parametrize(
    ("content", "chosen"),
    [
        (MANIFEST, True),
        (b"# x\n---\nkind: Pod\napiVersion: v1\n", True),
        (b'{\n  "apiVersion": "v1",\n  "kind": "Pod"\n}\n', True),
        (b'{"apiVersion": "v1", "kind": "Pod"}', True),
        (BUILD, True),
        (b"apiVersion: v2\nname: chart\n", False),
        (b"openapi: 3.1.0\npaths: {}\n", False),
        (b"steps:\n- script: make\n", False),
        (b"a:\n  apiVersion: v1\n", False),
        (b"", False),
    ],
)
def test_other_yaml_is_chosen_by_its_content(content: bytes, chosen: bool) -> None:
    assert delivery_files(tree({"ops/thing.yaml": content})) == (("ops/thing.yaml",) if chosen else ())


def test_symbolic_links_are_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "cloudbuild.yaml").write_bytes(BUILD)
    repo = tmp_path / "repo"
    repo.mkdir()
    (repo / "Dockerfile").symlink_to(outside / "cloudbuild.yaml")
    (repo / "k8s").symlink_to(outside)
    (repo / "cloudbuild.yaml").symlink_to("/dev/zero")
    os.mkfifo(repo / "clouddeploy.yaml")
    assert delivery_files(LocalTree(repo)) == ()


def test_a_file_that_is_too_large_is_told(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_bytes(b"FROM a\n" + b"#" * 1_100_000)
    collected = collect(LocalTree(tmp_path))
    assert collected.files == {}
    assert collected.left_out == (("Dockerfile", "it cannot be read, or is larger than 1 MiB"),)


def test_files_beyond_the_bound_are_told_and_delivery_files_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collecting, "MOST_FILES", 2)
    collected = collect(tree({"a.env": b"x", "b.env": b"x", "k8s/a.yaml": MANIFEST, "z/Dockerfile": b"FROM a\n"}))
    assert set(collected.files) == {"k8s/a.yaml", "z/Dockerfile"}
    assert [path for path, _ in collected.left_out] == ["a.env", "b.env"]


def test_a_long_list_of_what_was_left_out_is_cut_but_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collecting, "MOST_FILES", 0)
    collected = collect(tree({f"s{number}/Dockerfile": b"FROM a\n" for number in range(50)}))
    assert len(collected.left_out) == 21
    assert "30 files more" in collected.left_out[-1][1]


def test_files_that_are_only_looked_through_for_secrets_are_named() -> None:
    assert collect(tree({".env": b"A=b\n", "Dockerfile": b"FROM a\n"})).for_secrets == {".env"}
