"""Score detection on a corpus of laid-out repositories.

usage: eval_detection.py --corpus DIR --snapshots DIR [--out FILE] [--verbose]

Truth is DIR/repos.jsonl, the snapshots lie in SNAPSHOTS/repos/ID. Prints points per field and per ecosystem, fixtures
and real repositories apart, and writes the predictions as JSON lines. Exits with 1 when nothing could be scored.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from detection_scoring import score

from penstock.detection import detect
from penstock.detection.tree import LocalTree
from penstock.domain.facts import RepositoryFacts, ServiceFacts
from penstock.errors import PenstockError

FIXTURES = "railwayapp/railpack"
"""Repository whose examples are small test fixtures; everything else was made to be used."""


def main() -> int:
    """Run the evaluation; returns the exit status."""
    options = _options()
    truths = _truths(options.corpus / "repos.jsonl")
    predictions, missing, slowest = _predict(truths, options.snapshots / "repos")
    out = options.out or options.snapshots / "detection-predictions.jsonl"
    out.write_text("".join(f"{json.dumps(each)}\n" for each in predictions), encoding="utf-8")
    scored = {each["id"]: score(truths[each["id"]], each) for each in predictions}
    if options.verbose:
        _misses(truths, predictions, scored)
    if missing:
        print(f"Snapshots missing ({len(missing)}), not scored: {', '.join(missing)}\n")
    if not scored:
        print("Nothing could be scored: no snapshot was found.", file=sys.stderr)
        return 1
    _fields(truths, scored)
    _ecosystems(truths, scored)
    print(f"\n{len(scored)} repositories; slowest {slowest[1]:.0f} ms ({slowest[0]}). Predictions: {out}")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Score detection on a corpus.")
    parser.add_argument("--corpus", type=Path, required=True, help="folder with repos.jsonl")
    parser.add_argument("--snapshots", type=Path, required=True, help="folder with repos/ID")
    parser.add_argument(
        "--out", type=Path, help="where the predictions go (default: detection-predictions.jsonl there)"
    )
    parser.add_argument("--verbose", action="store_true", help="list every field that was missed")
    return parser.parse_args()


def _truths(path: Path) -> dict[str, dict[str, Any]]:
    try:
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, ValueError) as problem:
        sys.exit(f"The ground truth {path} cannot be read: {problem}")
    return {row["id"]: row for row in rows}


def _predict(truths: dict[str, Any], folder: Path) -> tuple[list[dict[str, Any]], list[str], tuple[str, float]]:
    found: list[dict[str, Any]] = []
    missing: list[str] = []
    slowest = ("", 0.0)
    for case in truths:
        began = time.perf_counter()
        try:
            facts = detect(LocalTree(folder / case), name=case)
        except PenstockError:
            missing.append(case)
            continue
        slowest = max(slowest, (case, (time.perf_counter() - began) * 1000), key=lambda each: each[1])
        found.append({"id": case, **predicted(facts)})
    return found, missing, slowest


def predicted(facts: RepositoryFacts) -> dict[str, Any]:
    """Return facts in the field names of the ground truth, with commands as run from the repository's root."""
    main, root = facts.primary, facts.workspace
    root = root if root is not None and main is not None and root.ecosystem == main.ecosystem else None
    languages = Counter(each.language.value for each in facts.services if each.language)
    apart = len(facts.services) > 1 and facts.workspace is None and all(each.path != "." for each in facts.services)
    return {
        "deployable": facts.deployable,
        "kind": "multi" if apart else main.kind if main else None,
        "app_root": "." if facts.workspace is not None or main is None else main.path,
        "ecosystem": "multi" if apart else main.ecosystem if main else "none",
        "language": languages.most_common(1)[0][0] if apart and languages else _value(main, "language"),
        "runtime_version": _value(main, "runtime_version"),
        "runtime_kind": main.runtime_kind if main else None,
        "package_manager": _value(main, "package_manager"),
        "package_manager_version": main.package_manager_version if main else None,
        "framework": _value(main, "framework"),
        "monorepo": facts.monorepo,
        **{f"{each}_command": _command(facts, root, f"{each}_command") for each in ("build", "test", "lint", "start")},
        "output_dir": _value(main, "output_dir"),
        "port": _value(main, "port"),
        "port_env": main.port_env if main else None,
        "has_dockerfile": bool(facts.dockerfiles),
        "dockerfiles": list(facts.dockerfiles),
        "services": [_service(each) for each in facts.services],
    }


def _command(facts: RepositoryFacts, root: ServiceFacts | None, field: str) -> str | None:
    """Return a workspace's own script, which runs over its members, else the main service's in its folder."""
    written = _value(root, field)
    own = _value(facts.primary, field)
    if (
        written is not None
        or own is None
        or facts.workspace is None
        or facts.primary is None
        or field == "start_command"
    ):
        return written if written is not None else own
    return f"cd {facts.primary.path} && {own}"


def _service(facts: ServiceFacts) -> dict[str, Any]:
    fields = (
        "language",
        "runtime_version",
        "package_manager",
        "framework",
        "build_command",
        "test_command",
        "start_command",
        "port",
    )
    row = {"name": facts.name, "path": facts.path, "kind": facts.kind, "has_dockerfile": facts.dockerfile is not None}
    return row | {field: _value(facts, field) for field in fields}


def _value(facts: ServiceFacts | None, field: str) -> Any:
    fact = getattr(facts, field) if facts is not None else None
    return fact.value if fact is not None else None


def _fields(truths: dict[str, Any], scored: dict[str, dict[str, float]]) -> None:
    groups: dict[str, dict[str, list[float]]] = {name: defaultdict(list) for name in ("all", "fixtures", "real")}
    for case, points in scored.items():
        side = "fixtures" if truths[case]["repo"] == FIXTURES else "real"
        for field, value in points.items():
            groups["all"][field].append(float(value))
            groups[side][field].append(float(value))
    print(f"{'field':<20}{'all':>18}{'fixtures':>18}{'real':>18}")
    for field in groups["all"]:
        print(f"{field:<20}" + "".join(f"{_share(groups[name][field]):>18}" for name in groups))


def _ecosystems(truths: dict[str, Any], scored: dict[str, dict[str, float]]) -> None:
    shown = (
        "language",
        "package_manager",
        "runtime_honoured",
        "framework",
        "build_command",
        "test_command",
        "start_command",
    )
    rows: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for case, points in scored.items():
        for field, value in points.items():
            rows[truths[case]["ecosystem"]]["whole"].append(float(value))
            rows[truths[case]["ecosystem"]][field].append(float(value))
    print(f"\n{'ecosystem':<12}" + "".join(f"{name.removesuffix('_command'):>17}" for name in ("all fields", *shown)))
    for ecosystem, points in sorted(rows.items()):
        print(f"{ecosystem:<12}" + "".join(f"{_share(points[name]):>17}" for name in ("whole", *shown)))


def _share(values: list[float]) -> str:
    return f"{sum(values):.1f}/{len(values)} {100 * sum(values) / len(values):5.1f}%" if values else "-"


def _misses(truths: dict[str, Any], predictions: list[dict[str, Any]], scored: dict[str, dict[str, float]]) -> None:
    for guess in predictions:
        for field, value in scored[guess["id"]].items():
            if value < 1:
                key = {"runtime_satisfied": "runtime_version", "runtime_honoured": "runtime_version"}.get(field, field)
                key = "services" if key.startswith("services") else key
                got, want = guess.get(key), truths[guess["id"]].get(key)
                if key == "services":
                    got, want = ([each["path"] for each in side or []] for side in (got, want))
                print(f"{guess['id']:<28}{field:<20} got {got!r}, truth {want!r}")
    print()


if __name__ == "__main__":
    sys.exit(main())
