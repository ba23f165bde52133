"""Make the pipelines of laid-out repositories and hold every file to its rules.

usage: corpus_pipelines.py --snapshots DIR [--targets cloud-run,gke,none] [--only ID,ID] [--keep DIR]

Every snapshot in SNAPSHOTS/repos/ID is copied, planned, written and planned again. Prints a row per snapshot and
target: files; Cloud Build and Cloud Deploy files that Google's types refuse; manifests that the schemas refuse;
complaints of hadolint; denials and warnings of the gate (profile standard), denials of `penstock check` over the whole
repository for files we wrote and for those that were there; whether a second run changes anything. `--keep` leaves the
repositories with their pipelines in a folder. Exits with 1 when something is wrong with a file of ours, or nothing was
found.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from google.cloud.deploy_v1.types import DeliveryPipeline, Target
from google.cloud.devtools.cloudbuild_v1.types import Build
from google.protobuf import json_format

from penstock.bootstrap.opener import FromSettings
from penstock.domain.pipelines import LOCAL_CALLER, GeneratePipeline, Options, Plan
from penstock.domain.policy import Decision, Profile, Violation
from penstock.errors import NothingToBuild, PenstockError
from penstock.pipelines.checking import files_to_check
from penstock.policy.kinds import claimed_kind
from penstock.policy.schemas import schema_faults

if TYPE_CHECKING:
    from penstock.surfaces.engine import Engine

DEPLOY_KINDS = {"DeliveryPipeline": DeliveryPipeline, "Target": Target}
HADOLINT = Path(sys.executable).parent / "hadolint"
COLUMNS = ("files", "build", "deploy", "schema", "hadolint", "gate", "warn", "check", "theirs", "again", "ms")


@dataclass
class Row:
    """What one snapshot and target gave: how many files, how many faults of each kind, and what they were."""

    case: str
    target: str
    files: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    said: list[str] = field(default_factory=list)
    ms: float = 0.0
    outcome: str = "ok"

    def note(self, column: str, words: str) -> None:
        """Count a fault under its column and keep its words."""
        self.faults[column] += 1
        self.said.append(f"{self.case} {self.target} {column}: {words}")

    @property
    def wrong(self) -> bool:
        """Whether something of ours is wrong: files that were there are the owner's, warnings tell of gaps."""
        return self.outcome == "failed" or any(each not in {"theirs", "warn"} for each in self.faults)


def main() -> int:
    """Run over all snapshots; returns the exit status."""
    told = _options()
    cases = sorted(path.name for path in (told.snapshots / "repos").glob("*") if path.is_dir())
    if told.only:
        cases = [case for case in cases if case in told.only.split(",")]
    if not cases:
        print(f"No snapshot lies in {told.snapshots / 'repos'}.", file=sys.stderr)
        return 1
    rows = asyncio.run(_all(told, cases))
    _print(rows)
    return int(any(row.wrong for row in rows))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Make pipelines of real repositories and judge them.")
    parser.add_argument("--snapshots", type=Path, required=True, help="folder with repos/ID")
    parser.add_argument("--targets", default="cloud-run,gke", help="separated by commas")
    parser.add_argument("--only", default="", help="ids of snapshots, separated by commas")
    parser.add_argument("--keep", type=Path, help="leave the repositories with their pipelines in this folder")
    return parser.parse_args()


async def _all(told: argparse.Namespace, cases: list[str]) -> list[Row]:
    rows: list[Row] = []
    async with AsyncExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="penstock-pipelines-")))
        engine = await opened.enter_async_context(FromSettings().engine(data_dir=folder / "data"))
        for case in cases:
            for target in told.targets.split(","):
                root = (told.keep or folder) / target / case
                shutil.rmtree(root, ignore_errors=True)
                shutil.copytree(told.snapshots / "repos" / case, root, symlinks=True)
                rows.append(await _one(engine, root, Row(case, target)))
    return rows


async def _one(engine: Engine, root: Path, row: Row) -> Row:
    options = Options(target=row.target, project="acme-prod", delivery="files")
    command = GeneratePipeline(f"Create CI/CD pipeline for {row.case}", None, local_path=str(root), options=options)
    began = time.perf_counter()
    try:
        plan = await engine.pipelines.plan(LOCAL_CALLER, command)
        row.ms = (time.perf_counter() - began) * 1000
        row.files = len(plan.artifacts)
        _judge(plan, row)
        await engine.pipelines.deliveries.deliver(command, plan, "none")
        await _check(engine, root, plan, row)
        again = await engine.pipelines.plan(LOCAL_CALLER, command)
        if differing := _differing(plan, again):
            row.note("again", f"{len(differing)} files, {differing[0]} first")
    except NothingToBuild as problem:
        row.outcome = "nothing to build"
        row.said.append(f"{row.case} {row.target} nothing to build: {problem.message}")
    except PenstockError as problem:
        row.outcome = "failed"
        row.said.append(f"{row.case} {row.target} {problem.slug}: {problem.message}")
    except Exception as problem:  # noqa: BLE001 -- a bug of ours in one repository must not hide the others
        row.outcome = "failed"
        row.said.append(f"{row.case} {row.target} {type(problem).__name__}: {problem}")
    return row


def _judge(plan: Plan, row: Row) -> None:
    for each in plan.decision.violations:
        row.note("gate", _found(each))
    for each in plan.decision.warnings:
        row.note("warn", _found(each))
    for artifact in plan.artifacts:
        name = artifact.path.rpartition("/")[2]
        if name.startswith("cloudbuild"):
            _parse(row, "build", artifact.path, yaml.safe_load(artifact.text), Build)
        elif name.startswith("clouddeploy"):
            for document in yaml.safe_load_all(artifact.text):
                head = {"name": document["metadata"]["name"]}
                body = {key: each for key, each in document.items() if key not in {"apiVersion", "kind", "metadata"}}
                _parse(row, "deploy", artifact.path, head | body, DEPLOY_KINDS[document["kind"]])
        elif name == "Dockerfile":
            for line in _hadolint(artifact.content):
                row.note("hadolint", f"{artifact.path}{line.removeprefix('-')}")
        elif artifact.path.endswith(".yaml"):
            _schema(row, artifact.path, artifact.text)


def _parse(row: Row, column: str, path: str, value: Any, kind: Any) -> None:
    try:
        json_format.ParseDict(value, kind.pb(kind()), ignore_unknown_fields=False)
    except json_format.ParseError as problem:
        row.note(column, f"{path}: {problem}")


def _schema(row: Row, path: str, text: str) -> None:
    for document in yaml.safe_load_all(text):
        kind = claimed_kind(path) or ("cloudrun" if "run" in str(document.get("apiVersion")) else "k8s")
        if "serving.knative.dev" in str(document.get("apiVersion")):
            kind = "cloudrun"
        partial = "/overlays/" in path
        for fault in schema_faults(kind, document, partial=partial, gets_selector=True):
            row.note("schema", f"{path}{fault.pointer}: {fault.detail}")


def _hadolint(content: bytes) -> list[str]:
    done = subprocess.run([HADOLINT, "--no-color", "-"], input=content, check=False, capture_output=True)
    return (done.stdout + done.stderr).decode().splitlines()


async def _check(engine: Engine, root: Path, plan: Plan, row: Row) -> None:
    found = files_to_check(root)
    decision = await engine.pipelines.validate(
        LOCAL_CALLER, found.files, profile=Profile.ADVISORY, repo_paths=found.repo_paths
    )
    ours = {artifact.path for artifact in plan.artifacts}
    for each in _denied(decision):
        row.note("check" if each.file in ours else "theirs", _found(each))


def _denied(decision: Decision) -> Iterable[Violation]:
    return decision.violations


def _found(each: Violation) -> str:
    return f"{each.file}:{each.line} {each.rule}: {each.message}"


def _differing(plan: Plan, again: Plan) -> list[str]:
    before = {artifact.path: artifact.content for artifact in plan.artifacts}
    after = {artifact.path: artifact.content for artifact in again.artifacts}
    return sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))


def _print(rows: list[Row]) -> None:
    print(f"{'snapshot':<30}{'target':<10}" + "".join(f"{name:>9}" for name in COLUMNS))
    for row in rows:
        if row.outcome != "ok":
            print(f"{row.case:<30}{row.target:<10}  {row.outcome}")
            continue
        shown = [str(row.files), *(str(row.faults[name] or ".") for name in COLUMNS[1:-1]), f"{row.ms:.0f}"]
        print(f"{row.case:<30}{row.target:<10}" + "".join(f"{value:>9}" for value in shown))
    print()
    for line in dict.fromkeys(line for row in rows for line in row.said):
        print(line)
    made = [row for row in rows if row.outcome == "ok"]
    wrong = sum(row.wrong for row in rows)
    files = sum(row.files for row in made)
    print(f"\n{len(rows)} pipelines: {len(made)} made ({files} files), {wrong} with faults of ours.")


if __name__ == "__main__":
    sys.exit(main())
