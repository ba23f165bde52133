"""Whatever lies in a repository: an answer with reasons, never a crash, and never one that takes for ever."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from detection_trees import facts_of, main_of
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.detection import detect
from penstock.detection.folder import MAX_LINE, tamed
from penstock.detection.languages import LANGUAGES
from penstock.detection.tree import LocalTree

STARTS = {"pyproject.toml": b'[project]\nname = "a"\n', "main.py": b"print()\n"}
NAMES = (
    *sorted({name.replace("*", "a") for language in LANGUAGES for name in language.manifests}),
    ".python-version", "runtime.txt", "requirements.txt", "Procfile", "Makefile", "justfile", "Taskfile.yml", "go.sum",
    "app.json", "compose.yaml", "skaffold.yaml", "Dockerfile", ".env.example", "application.yml", "global.json",
    "src/main/resources/application.yml", "gradle/libs.versions.toml", "rust-toolchain.toml", "Gemfile.lock", "main.go",
    "config/runtime.exs", "tsconfig.json", "angular.json", "pnpm-lock.yaml", "main.py", "src/main.rs", "Program.cs",
    "nx.json", "docs/cicd/penstock.lock.json", "a/pom.xml", "a/package.json", "a/Dockerfile",
)  # fmt: skip
PIECES = st.sampled_from(
    [b"{", b"}", b"[", b"]", b'"', b"'", b":", b"=", b"\n", b"<project>", b"</project>", b"<module>", b"..", b"${a}",
     b"<a>", b"&b;", b"port", b"PORT", b"9" * 20, b"\xff", b"\0", b"services:\n  a:\n    build: ", b"*a", b"&a", b"- ",
     b"web: ", b"FROM ", b"CMD [", b"[tool.poetry]\n", b"name = 1\n", b'"scripts": ', b"[[", b"import", b"\t", b"  ",
     b"mod: {", b"releases: [", b"gem 'rails'\n", b"TargetFramework>net", b"go 1.\n", b"use (", b"workspaces", b"null"]
)  # fmt: skip
BYTES = st.one_of(st.binary(max_size=200), st.lists(PIECES, max_size=25).map(b"".join))


@settings(max_examples=400, deadline=None)
@given(st.dictionaries(st.sampled_from(NAMES), BYTES, max_size=6))
def test_random_bytes_in_every_manifest_never_crash_detection(files: dict[str, bytes]) -> None:
    facts = facts_of(files)
    assert facts.deployable is bool(facts.services)
    assert facts.deployable or facts.reasons


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(NAMES), BYTES)
def test_one_broken_file_beside_a_sound_one_leaves_the_sound_one_readable(name: str, content: bytes) -> None:
    assert facts_of({**STARTS, f"broken/{name}": content}).primary is not None


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("package.json", '{"name": \n\n oops}', "invalid JSON"),
        ("pom.xml", "<project>\n<a></project>", "invalid XML"),
        ("Cargo.toml", "[package\n", "invalid TOML"),
        ("composer.json", "{", "invalid JSON"),
        ("pyproject.toml", "a = [\n", "invalid TOML"),
        ("package.json", b"\0\1\2", "is binary"),
        ("pom.xml", b"x" * 1_100_000, "could not be read"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_with_its_place_and_reason(
    name: str, content: str | bytes, reason: str
) -> None:
    facts = facts_of({name: content})
    told = [*facts.reasons, *(f"{gap.source}: {gap.reason}" for each in facts.services for gap in each.gaps)]
    assert any(name in each and reason in each for each in told), told


def test_entities_of_xml_are_refused_before_they_expand() -> None:
    layers = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    bomb = f'<!DOCTYPE p [<!ENTITY l0 "lol">{layers}]><project><artifactId>&l11;</artifactId></project>'
    facts = facts_of({"pom.xml": bomb})
    assert facts.deployable is False
    assert any("entities" in reason for reason in facts.reasons)


def test_an_alias_bomb_in_yaml_is_a_gap_or_left_out() -> None:
    bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(9)
    )
    assert main_of({"compose.yaml": bomb, "requirements.txt": "x\n", "main.py": "print()\n"}).ecosystem == "python"


HOSTILE = (
    "\n" * 300_000, " " * 300_000, "server:\n" + "\n" * 100_000, "server:\n" + "  a:\n\n" * 20_000,
    "process.env.PORT" + " " * 200_000, "/*" * 150_000, "[" + " " * 200_000, "getenv" * 50_000, "a" * 500_000,
    "embeddedServer(" * 20_000, 'env:"PORT' * 30_000, "jvmToolchain {" * 20_000, "port = flag.a(" * 20_000,
    "def create_app(" * 20_000, "id (" * 60_000, "\t" * 200_000 + "test:",
)  # fmt: skip


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_texts_made_to_keep_patterns_busy_come_to_an_end(number: int) -> None:
    text = HOSTILE[number]
    names = (*NAMES, "index.js", "a.kt", "settings.gradle.kts", "app.py", "src/main/kotlin/App.kt")
    assert facts_of(dict.fromkeys(names, text)).file_count == len(set(names))


@given(st.text(alphabet="ab \t\n", max_size=3_000))
def test_a_text_for_searching_keeps_its_lines_and_what_people_write(text: str) -> None:
    wild = f"{text}{' ' * 90}x\n{'y' * (MAX_LINE + 1)}\n\n\n\n\n\n\n\nz"
    lines = tamed(wild).split("\n")
    assert len(lines) == len(wild.split("\n"))
    assert lines[-1] == "z"
    assert max(map(len, lines)) <= MAX_LINE
    assert " " * 41 not in tamed(wild)


def test_an_ordinary_text_is_searched_as_it_stands() -> None:
    text = "import os\n\n\ndef run():\n        return os.environ['A']\n"
    assert tamed(text) == text


def test_a_folder_that_may_not_be_read_and_a_file_that_is_a_link_are_left_out(tmp_path: Path) -> None:
    for name, content in STARTS.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "Dockerfile").symlink_to("/etc/passwd")
    closed = tmp_path / "closed"
    closed.mkdir()
    (closed / "package.json").write_text("{}", encoding="utf-8")
    closed.chmod(0)
    try:
        facts = detect(LocalTree(tmp_path), name="a")
    finally:
        closed.chmod(0o700)
    assert facts.dockerfiles == ()
    assert [each.path for each in facts.services] == ["."]


def test_an_empty_folder_is_an_answer(tmp_path: Path) -> None:
    facts = detect(LocalTree(tmp_path), name="a")
    assert (facts.deployable, facts.reasons) == (False, ("The folder holds no files.",))


def test_names_that_are_no_text_are_survived(tmp_path: Path) -> None:
    with open(os.fsencode(tmp_path) + b"/b\xff.py", "wb") as file:  # noqa: PTH123 -- Path takes no bytes
        file.write(b"print()")
    (tmp_path / "main.py").write_text("print()", encoding="utf-8")
    assert detect(LocalTree(tmp_path), name="a").deployable is True
