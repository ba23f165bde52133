"""A folder becomes a skill: every file counted and hashed, nothing followed out of the folder, nothing executed."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from penstock.domain.skills import Skill, SkillMetadata
from penstock.kit.guarded_yaml import YamlProblem, load_documents
from penstock.skills.frontmatter import FrontMatter, FrontMatterProblem, parse

SKILL_FILE = "SKILL.md"
MAX_FILES = 100
MAX_FILE_BYTES = 262_144
MAX_BYTES = 1_048_576
"""Bounds of one skill: files, bytes of one file, bytes of all."""
MAX_DEPTH = 6
"""Folders inside folders."""
_TEMPLATES, _REFERENCES = "assets/templates/", "references/"
_DEFAULTS = "defaults"


class BrokenSkill(ValueError):
    """A folder that is no usable skill: the reason in words."""


def load_folder(folder: Path) -> Skill:
    """Read the skill in a folder. Raises BrokenSkill, also for symbolic links and for too much of anything."""
    return skill_of(folder.name, read_files(folder))


def read_files(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder: path with slashes -> bytes. Raises BrokenSkill."""
    if folder.is_symlink() or not folder.is_dir():
        raise BrokenSkill("it is not a folder of its own")
    files: dict[str, bytes] = {}
    total = 0
    try:
        for path in _walk(folder, depth=0):
            name = path.relative_to(folder).as_posix()
            content = _content(path, name)
            total += len(content)
            if len(files) == MAX_FILES:
                raise BrokenSkill(f"it has more than {MAX_FILES} files")
            if total > MAX_BYTES:
                raise BrokenSkill(f"its files are larger than {MAX_BYTES} bytes together")
            files[name] = content
    except OSError as problem:
        raise BrokenSkill(f"{problem.strerror or problem} ({Path(str(problem.filename)).name})") from problem
    return files


def _walk(folder: Path, *, depth: int) -> Iterator[Path]:
    if depth > MAX_DEPTH:
        raise BrokenSkill(f"its folders are nested deeper than {MAX_DEPTH}")
    with os.scandir(folder) as entries:
        listed = sorted(entries, key=lambda entry: entry.name)
    for entry in listed:
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(Path(entry.path), depth=depth + 1)
        elif entry.is_file(follow_symlinks=False):
            yield Path(entry.path)
        else:
            kind = "a symbolic link" if entry.is_symlink() else "no regular file"
            raise BrokenSkill(f"{entry.name} is {kind}")


def _content(path: Path, name: str) -> bytes:
    with path.open("rb") as file:
        content = file.read(MAX_FILE_BYTES + 1)
    if len(content) > MAX_FILE_BYTES:
        raise BrokenSkill(f"{name} is larger than {MAX_FILE_BYTES} bytes")
    return content


def skill_of(name: str, files: Mapping[str, bytes]) -> Skill:
    """Make a skill of its files (path -> bytes). Raises BrokenSkill."""
    if SKILL_FILE not in files:
        raise BrokenSkill(f"it has no {SKILL_FILE}")
    try:
        head = parse(_text(files, SKILL_FILE), folder=name)
    except FrontMatterProblem as problem:
        raise BrokenSkill(str(problem)) from problem
    data = _data(files)
    defaults = data.pop(_DEFAULTS, None) or {}
    if not isinstance(defaults, Mapping):
        raise BrokenSkill(f"assets/{_DEFAULTS}.yaml is no mapping")
    return Skill(
        metadata=_metadata(head, digest_of(files)),
        instructions=head.body,
        defaults=defaults,
        templates=_texts(files, _TEMPLATES),
        data=data,
        references=_texts(files, _REFERENCES),
    )


def digest_of(files: Mapping[str, bytes]) -> str:
    """Return ``sha256:<hex>`` over ``path NUL sha256 LF`` of every file, in path order."""
    whole = hashlib.sha256()
    for path in sorted(files):
        whole.update(f"{path}\0{hashlib.sha256(files[path]).hexdigest()}\n".encode())
    return f"sha256:{whole.hexdigest()}"


def _metadata(head: FrontMatter, digest: str) -> SkillMetadata:
    return SkillMetadata(
        name=head.name,
        version=head.metadata.get("version", "0.0.0"),
        description=head.description,
        digest=digest,
        role=head.metadata.get("role", ""),
        languages=head.words("languages"),
        targets=head.words("targets"),
        keywords=head.words("keywords"),
        requires=head.words("requires"),
    )


def _data(files: Mapping[str, bytes]) -> dict[str, Any]:
    """Parse the YAML files directly below assets/, by stem."""
    data: dict[str, Any] = {}
    for path in sorted(files):
        place = PurePosixPath(path)
        if place.parent.as_posix() != "assets" or place.suffix not in {".yaml", ".yml"}:
            continue
        if place.stem in data:
            raise BrokenSkill(f"{path}: there are two files of that stem")
        data[place.stem] = _yaml(path, files[path])
    return data


def _yaml(path: str, content: bytes) -> Any:
    try:
        documents = load_documents(content, max_bytes=MAX_FILE_BYTES)
    except YamlProblem as problem:
        raise BrokenSkill(f"{path} is not YAML: {problem}") from problem
    if len(documents) > 1:
        raise BrokenSkill(f"{path} holds more than one document")
    for document in documents:
        for finding in document.findings:
            if finding.kind == "duplicate-key":
                raise BrokenSkill(f"{path}:{finding.line}: {finding.detail}")
    return documents[0].value if documents else None


def _texts(files: Mapping[str, bytes], folder: str) -> dict[str, str]:
    return {path.removeprefix(folder): _text(files, path) for path in sorted(files) if path.startswith(folder)}


def _text(files: Mapping[str, bytes], path: str) -> str:
    try:
        return files[path].decode("utf-8")
    except UnicodeDecodeError:
        raise BrokenSkill(f"{path} is not UTF-8") from None
