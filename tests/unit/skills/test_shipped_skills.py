"""The shipped skills are published ones: strict, complete, served from memory."""

from __future__ import annotations

import asyncio
import io
import json
import shutil
from importlib.resources import files
from pathlib import Path

import pytest

from penstock.errors import SkillNotFound, SkillsUnavailable
from penstock.skills.frontmatter import faults
from penstock.skills.library_store import LibrarySkills
from penstock.skills.loading import load_folder
from penstock.telemetry.service import open_telemetry

LIBRARY = Path(str(files("penstock") / "library" / "skills"))
FOLDERS = sorted(path for path in LIBRARY.iterdir() if path.is_dir())
SHIPPED = {
    "cloud-run-deploy", "container-image", "gcp-foundation", "gcp-go-cicd", "gcp-java-cicd", "gcp-nodejs-cicd",
    "gcp-python-cicd", "gke-deploy", "supply-chain",
}  # fmt: skip


def test_all_skills_of_the_product_are_shipped():
    assert {folder.name for folder in FOLDERS} == SHIPPED


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_shipped_skill_could_be_published(folder: Path):
    assert faults((folder / "SKILL.md").read_text(), folder=folder.name) == []
    skill = load_folder(folder)
    assert set(skill.metadata.requires) <= SHIPPED
    assert len(skill.instructions.split("\n")) < 100


def test_skills_are_listed_by_name_and_loaded_whole():
    store = LibrarySkills(LIBRARY)
    listed = asyncio.run(store.list("org"))
    assert [each.name for each in listed] == sorted(SHIPPED)
    loaded = asyncio.run(store.load("org", "gke-deploy"))
    assert loaded.metadata in listed
    assert "deployment.yaml.j2" in loaded.templates


def test_an_unknown_skill_is_not_found_and_the_answer_names_those_there_are():
    with pytest.raises(SkillNotFound, match="there are cloud-run-deploy, container-image") as caught:
        asyncio.run(LibrarySkills(LIBRARY).load("org", "../../etc"))
    assert caught.value.slug == "skill-not-found"


def test_the_library_is_read_once_and_counted(tmp_path: Path):
    log = io.BytesIO()
    telemetry = open_telemetry(redact=lambda text: text, version="0", stream=log)
    shutil.copytree(LIBRARY / "gke-deploy", tmp_path / "gke-deploy")
    (tmp_path / "broken").mkdir()
    store = LibrarySkills(tmp_path, telemetry)

    async def twice() -> list[list[str]]:
        answers = await asyncio.gather(store.list("a"), store.list("b"))
        shutil.rmtree(tmp_path / "gke-deploy")
        return [[each.name for each in answer] for answer in (*answers, await store.list("a"))]

    assert asyncio.run(twice()) == [["gke-deploy"]] * 3
    left_out = [json.loads(line) for line in log.getvalue().splitlines()]
    assert [(each["event"], each["skill"]) for each in left_out] == [("skills.left_out", "broken")]
    assert telemetry.metrics is not None
    shown = telemetry.metrics.exposition().decode()
    hits, misses = (
        float(shown.split(f'cache_{kind}_total{{cache="skills"}} ')[1].split()[0]) for kind in ("hits", "misses")
    )
    assert (hits + misses, hits >= 1) == (3.0, True), "the second of two at once may find it read already, or not"
    assert "skills_load_time_ms_count 3.0" in shown


def test_a_library_without_a_skill_is_unavailable(tmp_path: Path):
    for folder in (tmp_path, tmp_path / "missing"):
        with pytest.raises(SkillsUnavailable):
            asyncio.run(LibrarySkills(folder).list("org"))
