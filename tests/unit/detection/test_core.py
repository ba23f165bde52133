"""The core: services of a repository, Dockerfiles, existing delivery files, environment, broken input."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from penstock.detection import detect
from penstock.detection.tree import LocalTree, MappingTree
from penstock.domain.facts import RepositoryFacts
from penstock.errors import PathProblem

NODE = {"package.json": '{"main": "a.js", "dependencies": {"express": "5"}}', "a.js": "app.listen(3000)"}


def facts_of(files: dict[str, str | bytes], subpath: str = ".") -> RepositoryFacts:
    raw = {path: content if isinstance(content, bytes) else content.encode() for path, content in files.items()}
    return detect(MappingTree(raw), name="shop", subpath=subpath)


def nested(folder: str, files: dict[str, str]) -> dict[str, str | bytes]:
    return {f"{folder}/{name}": content for name, content in files.items()}


def test_an_empty_folder_is_answered_with_a_reason() -> None:
    facts = facts_of({})
    assert (facts.deployable, facts.primary, facts.services) == (False, None, ())
    assert facts.reasons == ("The folder holds no files.",)


def test_a_compose_file_of_foreign_images_is_nothing_to_build() -> None:
    facts = facts_of({"compose.yaml": "services:\n  db:\n    image: postgres\n"})
    assert facts.deployable is False
    assert "images made elsewhere" in facts.reasons[0]


def test_services_in_folders_are_found_and_what_surrounds_them_is_left_out() -> None:
    facts = facts_of(
        {
            **nested("cart", NODE),
            **nested("shop-front", NODE),
            **nested("examples/hello", NODE),
            **nested("tests/e2e", NODE),
            **nested("docs/site", NODE),
            **nested("tools/gen", NODE),
        }
    )
    assert [service.path for service in facts.services] == ["cart", "shop-front"]
    assert [service.name for service in facts.services] == ["cart", "shop-front"]
    assert facts.monorepo == "folders"


def test_only_examples_is_said_to_be_only_examples() -> None:
    facts = facts_of(nested("examples/hello", NODE))
    assert facts.deployable is False
    assert "examples/hello" in facts.reasons[0]


def test_a_named_folder_that_is_not_there_is_said_so() -> None:
    facts = facts_of(nested("cart", NODE), subpath="../card")
    assert (facts.deployable, facts.reasons) == (False, ("The folder ../card holds no files.",))


def test_a_complaint_is_made_once() -> None:
    facts = facts_of({**NODE, "mise.toml": "[tools\n"})
    assert facts.primary is not None
    assert [gap.field for gap in facts.primary.gaps].count("mise.toml") == 1


def test_a_named_folder_is_read_alone() -> None:
    facts = facts_of({**nested("examples/hello", NODE), **nested("cart", NODE)}, subpath="./examples/hello/")
    assert [service.path for service in facts.services] == ["examples/hello"]


@pytest.mark.parametrize(
    "path",
    [".devcontainer/Dockerfile", "tests/Dockerfile", "e2e/Dockerfile", "Dockerfile.playwright", "Dockerfile.dev",
     ".github/docker/Dockerfile", "integration-tests/Dockerfile", ".gitpod.Dockerfile"],
)  # fmt: skip
def test_a_dockerfile_for_developers_or_tests_is_not_the_applications(path: str) -> None:
    facts = facts_of({**NODE, path: "FROM node:12\nEXPOSE 99\n"})
    assert facts.dockerfiles == ()
    assert facts.primary is not None
    assert facts.primary.dockerfile is None


@pytest.mark.parametrize(
    "path", ["Dockerfile", "docker/app/Dockerfile", "src/main/docker/Dockerfile.jvm", "Containerfile"]
)
def test_a_dockerfile_of_the_application_is_listed(path: str) -> None:
    assert facts_of({**NODE, path: "FROM node:22\n"}).dockerfiles == (path,)


def test_start_port_and_version_come_from_the_image_when_only_it_tells() -> None:
    docker = (
        "ARG V=20.5\nFROM node:${V}-alpine AS base\nARG PORT=8085\nENV PORT $PORT\nEXPOSE $PORT\n"
        'FROM base\nCMD ["node", \\\n "x.js"]\n'
    )
    facts = facts_of(
        {
            "package.json": '{"dependencies": {"express": "5"}}',
            "x.js": "app.listen(process.env.PORT || 80)",
            "Dockerfile": docker,
        }
    )
    service = facts.primary
    assert service is not None
    assert service.start_command is not None
    assert (service.start_command.value, service.start_command.source.line) == ("node x.js", 7)
    assert service.port is not None
    assert service.port.value == 8085
    assert service.runtime_version is not None
    assert service.runtime_version.value == "20.5"


def test_a_command_only_in_compose_starts_an_image_without_one() -> None:
    facts = facts_of(
        {
            "api/package.json": '{"dependencies": {"express": "5"}}',
            "api/lib/s.js": "listen()",
            "api/Dockerfile": "FROM node:22\n",
            "compose.yaml": "services:\n  api:\n    build: ./api\n    command: node lib/s.js\n    ports: ['80:3005']\n",
        }
    )
    service = facts.primary
    assert service is not None
    assert service.start_command is not None
    assert (service.start_command.value, str(service.start_command.source)) == (
        "node lib/s.js",
        "compose.yaml:2 command of api",
    )


def test_a_repository_with_a_dockerfile_only_is_built_through_it() -> None:
    facts = facts_of({"Dockerfile": 'FROM alpine\nCOPY run.sh /\nEXPOSE 9000\nCMD ["/run.sh"]\n', "run.sh": "exit"})
    assert facts.deployable is True
    assert facts.primary is not None
    assert facts.primary.ecosystem == "none"
    assert facts.primary.dockerfile is not None


def test_existing_delivery_files_are_listed_by_kind() -> None:
    paths = [
        ".github/workflows/ci.yml",
        "cloudbuild.yaml",
        "skaffold.yaml",
        "clouddeploy.yaml",
        ".gitlab-ci.yml",
        "Jenkinsfile",
    ]
    facts = facts_of({**NODE, **dict.fromkeys(paths, "a: 1")})
    assert {each.path: each.kind for each in facts.ci_files} == dict(
        zip(paths, ["github-workflow", "cloudbuild", "skaffold", "clouddeploy", "gitlab", "jenkins"], strict=True)
    )


def test_files_that_penstock_wrote_are_managed_and_no_facts_about_the_repository() -> None:
    lock = json.dumps({"files": {"Dockerfile": {"sha256": "0"}, "cloudbuild.yaml": {}}})
    facts = facts_of(
        {**NODE, "Dockerfile": "FROM node:1\n", "cloudbuild.yaml": "", "docs/cicd/penstock.lock.json": lock}
    )
    assert facts.managed_files == ("Dockerfile", "cloudbuild.yaml")
    assert facts.dockerfiles == ()
    assert facts.ci_files == ()


def test_environment_variables_are_read_with_their_place_and_secrets_told_by_name() -> None:
    code = (
        "const a = process.env.STRIPE_API_KEY\nconst b = process.env['LOG_LEVEL'] || 'info'\n"
        "app.listen(process.env.PORT)\n"
    )
    facts = facts_of(
        {
            **NODE,
            "a.js": code,
            ".env.example": "JWT_SECRET=abc\nTOKEN_EXPIRATION=30\n",
            "test/x.js": "process.env.ONLY_TEST",
        }
    )
    assert facts.primary is not None
    found = {each.name: each for each in facts.primary.env}
    assert set(found) == {"STRIPE_API_KEY", "LOG_LEVEL", "PORT", "JWT_SECRET", "TOKEN_EXPIRATION"}
    assert {name for name, each in found.items() if each.secret} == {"STRIPE_API_KEY", "JWT_SECRET"}
    assert (found["LOG_LEVEL"].default, found["LOG_LEVEL"].source.line) == ("info", 2)
    assert found["JWT_SECRET"].default is None


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("package.json", '{"scripts": \n\n oops}'),
        ("mise.toml", "[tools\n"),
        ("compose.yaml", "a: [1\n"),
        (".yarnrc.yml", "a: ["),
    ],
)
def test_a_broken_file_is_a_gap_with_its_line_and_not_a_crash(name: str, content: str) -> None:
    facts = facts_of(
        {
            "package.json": '{"packageManager": "yarn@4.1.0", "main": "a.js", "dependencies": {"koa": "1"}}',
            "a.js": "",
            name: content,
        }
    )
    told = [*facts.reasons, *(f"{gap.source} {gap.reason}" for gap in (facts.primary.gaps if facts.primary else ()))]
    if name == "compose.yaml":
        assert facts.deployable
        return
    assert any(f"{name}:" in each and "invalid" in each for each in told)


def test_binary_huge_and_wrongly_shaped_files_are_survived() -> None:
    assert facts_of({"package.json": b"\0\1\2"}).deployable is False
    assert facts_of({"package.json": b"[1, 2]", "Dockerfile": b"\xff\xfe\0"}).deployable is True
    assert facts_of({**NODE, "b.js": b"x" * 2_000_000, "Dockerfile": b"\0"}).deployable is True
    odd = '{"scripts": [1], "dependencies": "x", "engines": 3, "workspaces": {"packages": 1}, "name": 5, "main": {}}'
    assert facts_of({"package.json": odd}).services == ()


def test_symbolic_links_are_never_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "package.json").write_text('{"main": "a.js"}', encoding="utf-8")
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "link").symlink_to(outside)
    (inside / "package.json").symlink_to(outside / "package.json")
    os.mkfifo(inside / "pipe")
    tree = LocalTree(inside)
    assert tree.paths == ()
    assert tree.read("package.json") is None
    assert detect(tree, name="x").deployable is False


def test_a_missing_path_and_a_file_are_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(PathProblem, match="does not exist"):
        LocalTree(tmp_path / "missing")
    with pytest.raises(PathProblem, match="is not a folder"):
        LocalTree(tmp_path / "file")


def test_a_tree_beyond_its_bound_says_so(tmp_path: Path) -> None:
    for number in range(12):
        (tmp_path / f"{number}.txt").write_text("x", encoding="utf-8")
    tree = LocalTree(tmp_path, max_files=10)
    assert (len(tree.paths), tree.truncated) == (10, True)
    assert detect(tree, name="x").truncated is True


def test_modules_with_images_of_their_own_are_services_though_the_root_builds_them_all() -> None:
    root = {"package.json": '{"workspaces": ["svc/*"], "scripts": {"start": "node x"}, "private": true}'}
    facts = facts_of({**root, **nested("svc/a", NODE), **nested("svc/b", NODE), "svc/a/Dockerfile": "FROM node:22\n"})
    assert [(service.path, service.dockerfile is not None) for service in facts.services] == [
        ("svc/a", True),
        ("svc/b", False),
    ]
    assert facts.workspace is not None


@pytest.mark.parametrize(
    ("command", "kind"),
    [
        ('EXPOSE 80\nCMD ["node", "lib/x.js"]', "web"),
        ('CMD ["node", "lib/x.js"]', "worker"),
        ('CMD ["bash"]', "library"),
    ],
)
def test_an_image_that_starts_a_program_makes_a_service_of_a_folder_without_an_entry(command: str, kind: str) -> None:
    facts = facts_of(
        {"package.json": '{"exports": "./x"}', "lib/x.js": "1", "Dockerfile": f"FROM node:22\n{command}\n"}
    )
    assert facts.primary is not None
    assert facts.primary.kind == kind
    assert facts.deployable is (kind != "library")
