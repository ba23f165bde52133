"""Small repositories made into pipelines by the real detection, selection, drafting and rendering, with every skill."""

from __future__ import annotations

import functools
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from google.cloud.devtools.cloudbuild_v1.types import Build
from google.protobuf import json_format

from penstock.detection import detect
from penstock.detection.tree import LocalTree
from penstock.domain.facts import RepositoryFacts, ServiceFacts
from penstock.domain.pipelines import Options
from penstock.domain.skills import Skill
from penstock.domain.spec import PipelineSpec, Step
from penstock.generation.defaults import draft
from penstock.rendering import render
from penstock.skills.loading import load_folder
from penstock.skills.selection import select, target_of

ROOT = Path(__file__).parents[3]
LIBRARY = ROOT / "src" / "penstock" / "library" / "skills"
INTENT = "Create CI/CD pipeline"


@functools.cache
def library() -> dict[str, Skill]:
    """Return every shipped skill by name."""
    return {folder.name: load_folder(folder) for folder in sorted(LIBRARY.iterdir()) if folder.is_dir()}


@dataclass(frozen=True)
class Built:
    """The pipeline of one repository."""

    facts: RepositoryFacts
    spec: PipelineSpec
    files: dict[str, str]

    @property
    def service(self) -> ServiceFacts:
        """The main service."""
        assert self.facts.primary is not None
        return self.facts.primary

    @property
    def dockerfile(self) -> str:
        """The only Dockerfile that was written."""
        found = [text for path, text in self.files.items() if path.rpartition("/")[2] == "Dockerfile"]
        assert len(found) == 1, list(self.files)
        return found[0]

    @property
    def questions(self) -> str:
        """Everything that is asked, as one text."""
        return "\n".join(self.spec.questions)

    @property
    def assumptions(self) -> str:
        """Everything that is assumed, as one text."""
        return "\n".join(each.text for each in self.spec.assumptions)

    def step(self, name: str) -> Step:
        """Return a step by id."""
        return {step.id: step for step in self.spec.steps}[name]

    def has_step(self, name: str) -> bool:
        """Whether there is a step of that id."""
        return any(step.id == name for step in self.spec.steps)


def write(root: Path, files: Mapping[str, str]) -> Path:
    """Write files below a folder; a shebang makes one executable."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        path.chmod(0o755 if content.startswith("#!") else 0o644)
    return root


def build(root: Path, files: Mapping[str, str] | None = None, **options: Any) -> Built:
    """Make the pipeline of a folder (with ``files`` written into it first), and hold every file to its rules."""
    write(root, files or {})
    facts = detect(LocalTree(root, max_files=5000), name=root.name)
    asked = Options(**{"project": "acme-prod", **options})
    selection = select(INTENT, facts, asked, [skill.metadata for skill in library().values()])
    skills = tuple(library()[chosen.skill.name] for chosen in selection.chosen)
    spec = draft(facts, asked, None, skills, target=target_of(facts, asked))
    built = Built(
        facts, spec, {each.path: each.text for each in render(spec, skills, facts=facts, replace=asked.overwrite)}
    )
    check(built)
    return built


def check(built: Built) -> None:
    """Hold the files to what holds for all: strict Cloud Build files, Dockerfiles without a complaint of hadolint."""
    for path, text in built.files.items():
        name = path.rpartition("/")[2]
        if name.startswith("cloudbuild"):
            json_format.ParseDict(yaml.safe_load(text), Build.pb(Build()), ignore_unknown_fields=False)
        if name == "Dockerfile":
            assert hadolint(text) == "", text
    for step in built.spec.steps:
        assert step.script is None or step.script.startswith("#!"), step.script
        assert step.script is None or shell_problem(step.script) == "", step.script


@functools.cache
def hadolint(text: str) -> str:
    """Return what hadolint has to say about a Dockerfile."""
    program = Path(sys.executable).parent / "hadolint"
    done = subprocess.run([program, "--no-color", "-"], input=text, check=False, capture_output=True, text=True)
    return done.stdout + done.stderr


@functools.cache
def shell_problem(script: str) -> str:
    """Return what a shell finds wrong with the syntax of a script."""
    shell = "bash" if "bash" in script.split("\n", 1)[0] else "sh"
    return subprocess.run([shell, "-n"], input=script, check=False, capture_output=True, text=True).stderr
