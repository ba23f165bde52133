"""The house keeps its own rules: layout, sizes, names, errors, settings, documents."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

from penstock import errors
from penstock.domain.pipelines import TRANSITIONS, Status
from penstock.errors import PenstockError
from penstock.settings import Group, Settings

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "penstock"
MODULES = sorted(path for path in SOURCE.rglob("*.py") if "library" not in path.parts)
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "manager", "common", "base", "misc"}
MAX_FILE, MAX_FUNCTION = 400, 40


def tracked() -> list[Path]:
    """Every file git knows or would take, so a new file is held to the rules before it is committed."""
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard"],
        check=True,
        capture_output=True,
        text=True,
    )
    return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


def subclasses(kind: type) -> set[type]:
    found = {kind}
    for each in kind.__subclasses__():
        found |= subclasses(each)
    return found


def test_the_tree_is_the_one_architecture_md_draws():
    text = (ROOT / "ARCHITECTURE.md").read_text()
    drawn = set(re.findall(r"^  ([a-z_]+(?:/[a-z_]+)*(?:/|\.py)) ", text, re.MULTILINE))
    rooms = {
        f"{path.relative_to(SOURCE).as_posix()}/"
        for path in SOURCE.iterdir()
        if path.is_dir() and path.name != "__pycache__"
    }
    doors = {
        f"surfaces/{path.name}/"
        for path in (SOURCE / "surfaces").iterdir()
        if path.is_dir() and path.name != "__pycache__"
    }
    shipped = {f"library/{path.name}/" for path in (SOURCE / "library").iterdir() if path.is_dir()}
    modules = {path.name for path in SOURCE.glob("*.py") if path.name != "__init__.py"}
    assert drawn == rooms | doors | shipped | modules


def test_each_stop_of_the_journey_says_its_number():
    stops = {}
    for path in SOURCE.glob("*/__init__.py"):
        found = re.match(r'"""Stop (\d+): ', path.read_text())
        if found:
            stops[path.parent.name] = int(found.group(1))
    assert sorted(stops.values()) == list(range(1, 11))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_a_module_is_small_and_honestly_named(path: Path):
    text = path.read_text()
    assert path.stem not in FORBIDDEN_NAMES
    assert text.count("\n") <= MAX_FILE
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[1] if ast.get_docstring(node) and len(node.body) > 1 else node.body[0]
            length = (node.end_lineno or 0) - first.lineno + 1
            assert length <= MAX_FUNCTION, f"{node.name} has {length} lines"


def test_every_error_has_a_status_an_exit_code_and_a_heading():
    from penstock.surfaces.cli.exits import exit_code
    from penstock.surfaces.http.problems import STATUS_BY_ERROR

    headings = set(re.findall(r"^## `?([a-z-]+)`?$", (ROOT / "docs" / "errors.md").read_text(), re.MULTILINE))
    ours = subclasses(PenstockError)
    assert set(STATUS_BY_ERROR) == ours
    assert {kind.slug for kind in ours} == headings
    assert all(400 <= status <= 599 for status in STATUS_BY_ERROR.values())
    assert exit_code(PenstockError()) == 70


def test_the_drawing_in_errors_py_names_every_error():
    drawn = {"PenstockError"} | set(re.findall(r"── (\w+)", errors.__doc__ or ""))
    defined = {kind.__name__ for kind in subclasses(PenstockError) if kind.__module__ == errors.__name__}
    assert defined == drawn


def test_every_error_says_what_to_do_next():
    assert [kind for kind in subclasses(PenstockError) if not kind.next_steps] == []


def test_every_setting_is_documented_with_its_default():
    text = (ROOT / "docs" / "settings.md").read_text()
    for group, field in Settings.model_fields.items():
        if not (isinstance(field.annotation, type) and issubclass(field.annotation, Group)):
            assert f"`PENSTOCK_{group.upper()}`" in text
            continue
        for name, setting in field.annotation.model_fields.items():
            row = f"| `PENSTOCK_{group.upper()}__{name.upper()}` | {_shown(setting.default)} | {setting.description} |"
            assert row in text, row


def _shown(default: object) -> str:
    return "" if default is None else f"`{default}`"


def test_the_example_environment_names_only_real_settings():
    names = re.findall(r"^#? ?(PENSTOCK_[A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    known = {"PENSTOCK_DATA_DIR"} | {
        f"PENSTOCK_{group.upper()}__{name.upper()}"
        for group, field in Settings.model_fields.items()
        if isinstance(field.annotation, type) and issubclass(field.annotation, Group)
        for name in field.annotation.model_fields
    }
    assert names
    assert set(names) <= known


def test_every_make_target_explains_itself_and_the_readme_knows_the_two_commands():
    makefile = (ROOT / "Makefile").read_text()
    targets = re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE)
    explained = re.findall(r"^([a-z][a-z-]*):.*## \S", makefile, re.MULTILINE)
    assert targets == explained
    readme = (ROOT / "README.md").read_text()
    assert "make demo" in readme
    assert "make test" in readme


def test_status_transitions_cover_every_state_and_end_somewhere():
    assert set(TRANSITIONS) == set(Status)
    assert all(after in TRANSITIONS for reachable in TRANSITIONS.values() for after in reachable)


def test_no_committed_file_names_a_registry():
    hosts = [
        "pypi" + ".org",
        "python" + "hosted.org",
        "registry.npm" + "js.org",
        "proxy." + "golang.org",
        "repo.maven." + "apache.org",
    ]
    found = []
    for path in tracked():
        content = path.read_bytes()
        found += [f"{path.relative_to(ROOT)}: {host}" for host in hosts if host.encode() in content]
    assert found == []


def test_every_decision_record_has_its_parts():
    for path in (ROOT / "docs" / "decisions").glob("[0-9]*.md"):
        text = path.read_text()
        assert all(f"## {part}" in text for part in ("Context", "Decision", "Consequences", "Alternatives")), path.name


def test_relative_links_in_documents_lead_somewhere():
    documents = [
        path
        for path in tracked()
        if path.suffix == ".md" and "examples" not in path.parts and "library" not in path.parts
    ]
    broken = [
        f"{path.relative_to(ROOT)} -> {target}"
        for path in documents
        for target in re.findall(r"\]\((?!https?://|#|mailto:)([^)#\s]+)", path.read_text())
        if not (path.parent / target).exists()
    ]
    assert broken == []
