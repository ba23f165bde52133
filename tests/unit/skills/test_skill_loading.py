"""A folder becomes a skill, or says why not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from penstock.skills.loading import MAX_BYTES, MAX_FILE_BYTES, MAX_FILES, BrokenSkill, load_folder

HEAD = (
    '---\nname: acme\ndescription: Builds.\nmetadata:\n  version: "2.0.0"\n  role: language\n  languages: cobol\n---\n'
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = {
        "SKILL.md": HEAD + "Do it.\n",
        "assets/defaults.yaml": "steps:\n  - id: test\n",
        "assets/images.yaml": "cobol: gcr.io/acme/cobol:1\n",
        "assets/templates/Dockerfile.j2": "FROM {{ params.base | docker_word }}\n",
        "assets/templates/parts/user.j2": "USER 10001\n",
        "references/cobol.md": "Read me.\n",
        "evals/evals.json": "{}",
    }
    root = tmp_path / "acme"
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_a_skill_has_instructions_defaults_data_templates_and_references(folder: Path):
    skill = load_folder(folder)
    assert (skill.metadata.name, skill.metadata.version, skill.metadata.role) == ("acme", "2.0.0", "language")
    assert skill.metadata.languages == ("cobol",)
    assert skill.instructions == "Do it."
    assert skill.defaults == {"steps": [{"id": "test"}]}
    assert skill.data == {"images": {"cobol": "gcr.io/acme/cobol:1"}}
    assert sorted(skill.templates) == ["Dockerfile.j2", "parts/user.j2"]
    assert skill.references == {"cobol.md": "Read me.\n"}


def test_the_digest_covers_every_file_and_its_place(folder: Path):
    before = load_folder(folder).metadata.digest
    assert before.startswith("sha256:")
    assert load_folder(folder).metadata.digest == before
    (folder / "evals/evals.json").rename(folder / "evals/other.json")
    moved = load_folder(folder).metadata.digest
    (folder / "evals/other.json").write_text("{} ")
    assert len({before, moved, load_folder(folder).metadata.digest}) == 3


def test_a_skill_without_defaults_is_one_of_instructions(folder: Path):
    (folder / "assets/defaults.yaml").write_text("# nothing yet\n")
    assert load_folder(folder).defaults == {}


@pytest.mark.parametrize("place", ["SKILL.md", "references/cobol.md", "assets"])
def test_a_symbolic_link_is_refused_wherever_it_leads(folder: Path, tmp_path: Path, place: str):
    path = folder / place
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BrokenSkill, match="symbolic link"):
        load_folder(folder)


def test_the_folder_itself_may_be_no_link(folder: Path, tmp_path: Path):
    (tmp_path / "linked").symlink_to(folder)
    with pytest.raises(BrokenSkill, match="folder of its own"):
        load_folder(tmp_path / "linked")


def test_a_pipe_is_refused_and_not_waited_for(folder: Path):
    os.mkfifo(folder / "references" / "endless.md")
    with pytest.raises(BrokenSkill, match="no regular file"):
        load_folder(folder)


def test_too_much_of_anything_is_refused(folder: Path):
    (folder / "big.bin").write_bytes(b"x" * (MAX_FILE_BYTES + 1))
    with pytest.raises(BrokenSkill, match=r"big\.bin is larger"):
        load_folder(folder)
    (folder / "big.bin").unlink()
    for number in range(MAX_BYTES // MAX_FILE_BYTES + 1):
        (folder / f"part{number}.bin").write_bytes(b"x" * MAX_FILE_BYTES)
    with pytest.raises(BrokenSkill, match="together"):
        load_folder(folder)


def test_too_many_files_or_folders_are_refused(folder: Path):
    for number in range(MAX_FILES):
        (folder / f"{number}.txt").write_text("")
    with pytest.raises(BrokenSkill, match="files"):
        load_folder(folder)
    for number in range(MAX_FILES):
        (folder / f"{number}.txt").unlink()
    (folder / "a/b/c/d/e/f/g").mkdir(parents=True)
    with pytest.raises(BrokenSkill, match="nested"):
        load_folder(folder)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("assets/defaults.yaml", b"- a list\n", "no mapping"),
        ("assets/defaults.yaml", b"steps: [\n", "not YAML"),
        ("assets/images.yaml", b"node: a\nnode: b\n", "stands twice"),
        ("assets/images.yaml", b"a: 1\n---\nb: 2\n", "more than one document"),
        ("assets/images.yml", b"a: 1\n", "two files of that stem"),
        ("assets/templates/Dockerfile.j2", b"\xff\xfe", "not UTF-8"),
        ("references/cobol.md", b"\xff\xfe", "not UTF-8"),
        ("SKILL.md", b"no front matter", "line ---"),
    ],
)
def test_a_broken_file_is_named(folder: Path, name: str, content: bytes, said: str):
    (folder / name).write_bytes(content)
    with pytest.raises(BrokenSkill, match=said):
        load_folder(folder)


def test_a_folder_without_instructions_is_no_skill(folder: Path):
    (folder / "SKILL.md").unlink()
    with pytest.raises(BrokenSkill, match=r"no SKILL\.md"):
        load_folder(folder)
