"""Scoring of detection predictions against ground truth, by the rules of the corpus' README."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

Row = dict[str, Any]
LTS = {"lts/iron": 20, "lts/jod": 22, "lts/hydrogen": 18}
SAME_MANAGER = {"yarn-classic": "yarn1", "yarn": "yarn1", "yarn-v1": "yarn1", "go": "gomod", "go-modules": "gomod"}
SCRIPTED = frozenset({"javascript", "typescript"})
REWRITES: tuple[tuple[str, str], ...] = (
    (r"^(?:(?:[A-Z][A-Z0-9_]*=\S+|env)\s+)+", ""),
    (r"\$\{?JAVA_OPTS\}?", ""),
    (r"^(?:poetry|pipenv|pdm|uv) run (?:python -m )?(?=\S)", ""),
    (r"^(?:python3?|\./)\s*manage\.py migrate (?:--no-?input )?&& ", ""),
    (r"\$\{PORT:-\d+\}|\$PORT\b|\$\{PORT\}", "<port>"),
    (r"\s+(?:--host|-b|--bind|-H)[ =]\S+", ""),
    (r"\s+(?:--port|-p)[ =]\S+", ""),
    (r"\s+(?:--no-daemon|--console=\S+|-B|--batch-mode|-ntp|--no-transfer-progress|-q|--quiet)\b", ""),
    (r"\s+-DskipTests(?:=\S+)?\b", ""),
    (r"^(npm|pnpm|yarn|bun) run (start|build|test|lint)\b", r"\1 \2"),
    (r"(\.wsgi):application", r"\1"),
    (r"^python3 ", "python "),
    (r"^\./manage\.py", "python manage.py"),
    (r"\s+", " "),
)  # fmt: skip
TOOLS = (
    "go build",
    "cargo build",
    "dotnet publish",
    "mix release",
    "sbt stage",
    "go test",
    "cargo test",
    "dotnet test",
)


def plain(command: str | None) -> str:
    """Return a command without what does not change its meaning: runners, hosts, ports, quiet flags."""
    text = (command or "").strip()
    for pattern, replacement in REWRITES:
        text = re.sub(pattern, replacement, text)
    return text.strip()


def score(truth: Row, guess: Row) -> dict[str, float]:
    """Return the points (0 to 1) of every field that counts for this repository."""
    points: dict[str, float] = {}
    if truth["deployable"] is not None and "deployable" in guess:
        points["deployable"] = bool(guess["deployable"]) == truth["deployable"]
    if "ecosystem" in guess:
        points["ecosystem"] = guess["ecosystem"] in truth["ecosystem_accept"]
    if "language" in guess:
        accepted = set(truth["language_accept"])
        points["language"] = guess["language"] in accepted or bool(
            guess["language"] in SCRIPTED and accepted & SCRIPTED
        )
    if truth["deployable"] is not True:
        return points
    if truth["ecosystem"] != "multi":
        points |= _single(truth, guess)
    if "has_dockerfile" in guess:
        points["has_dockerfile"] = bool(guess["has_dockerfile"]) == truth["has_dockerfile"]
    if truth["services"] and "services" in guess:
        points |= _services(truth["services"], guess["services"])
    return points


def _single(truth: Row, guess: Row) -> dict[str, float]:
    points: dict[str, float] = {}
    unsure = truth["uncertain"]
    if "package_manager" in guess:
        accepted = [SAME_MANAGER.get(name, name) for name in truth["package_manager_accept"]]
        points["package_manager"] = SAME_MANAGER.get(guess["package_manager"], guess["package_manager"]) in accepted
    if "framework" in guess:
        points["framework"] = guess["framework"] in truth["framework_accept"]
    if "runtime_version" in guess and truth["runtime_version"] is not None:
        points |= _runtime(truth, guess["runtime_version"])
    for field in ("build", "test", "lint"):
        key = f"{field}_command"
        if key in guess and key not in unsure:
            points[key] = same_command(truth, field, guess[key])
    if "start_command" in guess and truth["kind"] not in {"static-site", "library"} and "start_command" not in unsure:
        points["start_command"] = same_start(truth, guess["start_command"])
    if "port" in guess and "port" not in unsure:
        if truth["port"] is not None:
            points["port"] = guess["port"] == truth["port"]
        elif truth["kind"] in {"cli", "worker"}:
            points["port"] = guess["port"] is None
    return points


def _runtime(truth: Row, got: str | None) -> dict[str, float]:
    declared = [truth["runtime_version"], *truth["runtime_accept"]]
    kinds = [truth["runtime_kind"], *[None] * len(truth["runtime_accept"])]
    points: dict[str, float] = {}
    points["runtime_satisfied"] = any(_satisfies(each, got, kind) for each, kind in zip(declared, kinds, strict=True))
    if truth["runtime_kind"] != "alias":
        points["runtime_honoured"] = any(_same_minor(each, got) for each in declared)
    return points


def _numbers(version: Any) -> list[str]:
    return re.findall(r"\d+(?:\.\d+)*", str(version or ""))


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _same_minor(declared: Any, got: Any) -> bool:
    if not _numbers(declared) or not _numbers(got):
        return False
    wanted, found = _parts(_numbers(declared)[0])[:2], _parts(_numbers(got)[0])[:2]
    shared = min(len(wanted), len(found))
    return wanted[:shared] == found[:shared]


def _satisfies(declared: Any, got: Any, kind: str | None) -> bool:
    text = str(declared)
    if declared is None or text == str(got):
        return True
    numbers, found = _numbers(declared), _numbers(got)
    if text.startswith(("lts/", "nightly")) or not numbers or not found:
        return bool(found) and text.startswith("lts/") and _parts(found[0])[0] == LTS.get(text)
    have, want = _parts(found[0]), _parts("8" if text.startswith("1.8") else numbers[0])
    if text.startswith(">") or kind == "minimum":
        below = _parts(numbers[1]) if len(numbers) > 1 and "<" in text else None
        return have >= want[: len(have)] and (below is None or have < below)
    if text.startswith(("^", "~>")):
        return have[0] == want[0] and have >= want[: len(have)]
    shared = len(want) if text.endswith((".x", ".*")) else min(len(have), len(want))
    return have[:shared] == want[:shared]


def same_command(truth: Row, field: str, got: str | None) -> bool:
    """Whether a build, test or lint command is one of the accepted ones."""
    accepted = [truth[f"{field}_command"], *truth[f"{field}_accept"]]
    if got is None:
        return truth[f"{field}_command"] is None or None in truth[f"{field}_accept"]
    found, steps = plain(got), {plain(step) for step in re.split(r"\s*&&\s*", got)}
    return any(_fits(plain(each), found, steps) for each in accepted if each is not None)


def _fits(wanted: str, found: str, steps: set[str]) -> bool:
    if found == wanted or found.startswith(f"{wanted} ") or wanted in steps:
        return True
    words, others = (re.sub(r"^(?:\./)?(mvn|gradle)w?\b", r"\1", text).split() for text in (found, wanted))
    if words[:1] == others[:1] and words[:1] in (["mvn"], ["gradle"]) and set(others[1:2]) <= set(words):
        return True
    for tool in TOOLS:
        if tool in found and tool in wanted:
            target = re.search(rf"{tool}.*?(\./\S+)", wanted)
            return tool != "go build" or not target or target[1] in found
    return False


def same_start(truth: Row, got: str | None) -> bool:
    """Whether a start command runs the same program as an accepted one."""
    accepted = [truth["start_command"], *truth["start_accept"]]
    if got is None:
        return None in accepted
    found = plain(got)
    ecosystem = truth["ecosystem"]
    if ecosystem == "go" and re.fullmatch(r"(\./|/)[\w./-]+( -port=\d+)?", found) and any(accepted):
        return True
    return any(_same_program(plain(each), found, ecosystem) for each in accepted if each is not None)


def _same_program(wanted: str, found: str, ecosystem: str) -> bool:
    if wanted == found:
        return True
    patterns = [
        r"gunicorn\b.*?([\w.]+:\w+|[\w.]+\.wsgi)",
        r"(?:uvicorn|fastapi run)\s.*?([\w./]+(?::\w+)?)",
        r"streamlit run (\S+)",
        r"^python (?:-m )?(\S+)",
        r"^node (\S+?)(?:\.js)?$",
        r"deno run .*?(\S+\.tsx?)",
        r"/bin/(\w+) start",
        r"(puma)\b",
    ]
    if ecosystem in {"rust", "go"}:
        patterns.append(r"(?:\./|/)?(?:[\w.-]+/)*([\w.-]+)(?: -port=\d+)?$")
    for pattern in patterns:
        one, two = re.search(pattern, wanted), re.search(pattern, found)
        if one and two and one[1] == two[1]:
            return True
    if ecosystem == "jvm":
        return _same_jar(wanted, found)
    if ecosystem == "dotnet":
        return bool(_assemblies(wanted) & _assemblies(found))
    return False


def _same_jar(wanted: str, found: str) -> bool:
    jar = re.search(r"-jar (\S+)", wanted)
    if not jar:
        return False
    if re.search(r"-jar (/?app/)?app\.jar\b|-jar /?[\w/]*app\.jar", found):
        return True
    globs: Iterable[str] = re.findall(r"[\w*./-]*(?:target|libs)/[\w*./-]*jar", found)
    return any(re.fullmatch(re.escape(each).replace(r"\*", "[^/]*"), jar[1]) for each in globs)


def _assemblies(command: str) -> set[str]:
    return set(re.findall(r"(?:\./|/|dotnet )([\w-]+?)(?:\.dll)?(?=\s|$)", command))


def _services(truth: list[Row], guess: list[Row]) -> dict[str, float]:
    wanted = {each["path"].rstrip("/") for each in truth}
    found = {str(each.get("path") or "").rstrip("/") for each in guess}
    both = len(wanted & found)
    return {
        "services_exact": wanted == found,
        "services_recall": both / len(wanted),
        "services_precision": both / len(found) if found else 0.0,
    }
