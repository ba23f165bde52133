"""The evaluation: its rules for each field, and what it says when snapshots are missing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parents[3] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

from detection_scoring import score  # noqa: E402 -- a script beside the package, found by the path above

TRUTH: dict[str, Any] = {
    "id": "one", "repo": "some/thing", "deployable": True, "kind": "web", "ecosystem": "node",
    "ecosystem_accept": ["node"], "language_accept": ["javascript"], "runtime_version": ">=18",
    "runtime_kind": "range", "runtime_accept": [], "package_manager_accept": ["yarn1"], "framework_accept": ["express"],
    "build_command": None, "build_accept": [], "test_command": "npm test", "test_accept": [], "lint_command": None,
    "lint_accept": [], "start_command": "node index.js", "start_accept": ["npm start"], "port": 3000,
    "has_dockerfile": False, "services": [], "uncertain": [],
}  # fmt: skip


@pytest.mark.parametrize(
    ("field", "guess", "points"),
    [
        ("language", "typescript", {"language": True}),
        ("language", "go", {"language": False}),
        ("package_manager", "yarn", {"package_manager": True}),
        ("runtime_version", ">=18", {"runtime_satisfied": True, "runtime_honoured": True}),
        ("runtime_version", "20.1", {"runtime_satisfied": True, "runtime_honoured": False}),
        ("runtime_version", "16", {"runtime_satisfied": False, "runtime_honoured": False}),
        ("build_command", None, {"build_command": True}),
        ("build_command", "make", {"build_command": False}),
        ("test_command", "npm run test -- --ci", {"test_command": True}),
        ("test_command", "cd app && npm test", {"test_command": True}),
        ("test_command", None, {"test_command": False}),
        ("start_command", "node index", {"start_command": True}),
        ("start_command", "node other.js", {"start_command": False}),
        ("port", 3001, {"port": False}),
        ("has_dockerfile", True, {"has_dockerfile": False}),
    ],
)
def test_a_field_is_scored_by_its_rule(field: str, guess: object, points: dict[str, bool]) -> None:
    assert score(TRUTH, {"id": "one", field: guess}) == points


def test_uncertain_fields_and_those_of_what_is_not_deployable_are_not_scored() -> None:
    assert score({**TRUTH, "uncertain": ["test_command"]}, {"id": "one", "test_command": "x"}) == {}
    assert score({**TRUTH, "deployable": False}, {"id": "one", "framework": "x", "deployable": False}) == {
        "deployable": True
    }


def test_services_are_scored_as_a_set() -> None:
    truth = {**TRUTH, "services": [{"path": "a"}, {"path": "b/"}]}
    points = score(truth, {"id": "one", "services": [{"path": "a"}, {"path": "c"}]})
    assert points == {"services_exact": False, "services_recall": 0.5, "services_precision": 0.5}


def run(corpus: Path, snapshots: Path) -> subprocess.CompletedProcess[str]:
    script = BENCHMARKS / "eval_detection.py"
    command = [sys.executable, str(script), "--corpus", str(corpus), "--snapshots", str(snapshots)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_the_score_is_printed_the_predictions_written_and_missing_snapshots_named(tmp_path: Path) -> None:
    rows = [TRUTH, {**TRUTH, "id": "two"}]
    (tmp_path / "repos.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    folder = tmp_path / "repos" / "one"
    folder.mkdir(parents=True)
    manifest = {
        "engines": {"node": ">=18"},
        "dependencies": {"express": "5"},
        "scripts": {"start": "node index.js", "test": "mocha"},
    }
    (folder / "package.json").write_text(json.dumps(manifest), encoding="utf-8")
    (folder / "yarn.lock").write_text("# yarn lockfile v1\n", encoding="utf-8")
    (folder / "index.js").write_text("app.listen(3000)", encoding="utf-8")
    done = run(tmp_path, tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Snapshots missing (1), not scored: two" in done.stdout
    lines = {line.split()[0]: line for line in done.stdout.splitlines() if line.strip()}
    assert lines["package_manager"].split()[1:] == ["1.0/1", "100.0%", "-", "1.0/1", "100.0%"]
    written = [json.loads(line) for line in (tmp_path / "detection-predictions.jsonl").read_text().splitlines()]
    assert [(row["id"], row["package_manager"], row["port"]) for row in written] == [("one", "yarn1", 3000)]


def test_nothing_to_score_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "repos.jsonl").write_text(json.dumps(TRUTH) + "\n", encoding="utf-8")
    done = run(tmp_path, tmp_path)
    assert done.returncode == 1
    assert "Nothing could be scored" in done.stderr


def test_a_missing_ground_truth_is_said_in_words(tmp_path: Path) -> None:
    done = run(tmp_path, tmp_path)
    assert done.returncode == 1
    assert "cannot be read" in done.stderr
