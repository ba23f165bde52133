"""How a Python project is tested and linted: what it wrote down itself first, then tools that are configured."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from penstock.detection.python_manifest import Manifest
from penstock.detection.searching import first, hit_fact
from penstock.detection.task_files import heroku_test, script, task
from penstock.domain.facts import Basis, Fact

if TYPE_CHECKING:
    from penstock.detection.folder import Folder

_TEST_FILE = re.compile(r"(^|/)(test_[^/]+|[^/]+_test|tests)\.py$")
_PYTEST = ("pytest", "pytest-django", "pytest-asyncio", "pytest-cov", "pytest-flask")
_CONFIGURED = (
    ("pytest.ini", r"\[pytest\]"),
    ("setup.cfg", r"\[tool:pytest\]"),
    ("tox.ini", r"\[pytest\]"),
    ("pyproject.toml", r"\[tool\.pytest"),
)


def test_of(folder: Folder, manifest: Manifest, runner: str) -> Fact[str] | None:
    """Return the test command; pytest needs tests and either its configuration or a demand for it."""
    written = (
        task(folder, "test", "tests", "unit-test", "test-unit", "unittest", "pytest")
        or heroku_test(folder)
        or _poe(manifest, runner, ("test", "tests"))
    )
    if written is not None:
        return written
    tests = [name for name in folder.below if _TEST_FILE.search(name) and not name.startswith(("docs/", "examples/"))]
    tests = tests or [name for name in folder.below if re.match(r"tests?/.*\.py$", name)]
    if not tests:
        return None
    scripted = script(folder, "test", "tests-start", "run-tests", "run_tests", runner=runner)
    return scripted or _runner(folder, manifest, runner, tests)


def _runner(folder: Folder, manifest: Manifest, runner: str, tests: list[str]) -> Fact[str] | None:
    asked = next((name for name in _PYTEST if manifest.has(name)), None)
    if asked is not None:
        return Fact(f"{runner}pytest", manifest.packages[asked].source, Basis.CONVENTION)
    for name, pattern in _CONFIGURED:
        hit = first(folder, (name,), re.compile(rf"^\s*{pattern}", re.MULTILINE)) if name in folder.names else None
        if hit is not None:
            return hit_fact(folder, hit, f"{runner}pytest", basis=Basis.CONVENTION)
    if "manage.py" in folder.names:
        case = first(folder, tests, re.compile(r"TestCase|def test_"))
        return hit_fact(folder, case, f"{runner}python manage.py test", basis=Basis.CONVENTION) if case else None
    for name, command in (("tox.ini", "tox"), ("noxfile.py", "nox")):
        if name in folder.names:
            return folder.fact(f"{runner}{command}", name, basis=Basis.CONVENTION)
    return _by_imports(folder, runner, tests)


def _by_imports(folder: Folder, runner: str, tests: list[str]) -> Fact[str] | None:
    """Return the runner the tests themselves show: pytest's import or fixtures, else unittest."""
    imports = first(folder, tests, re.compile(r"^\s*(?:import|from) pytest\b", re.MULTILINE))
    if imports is not None:
        return hit_fact(folder, imports, f"{runner}pytest", basis=Basis.CONVENTION)
    fixtures = next((name for name in folder.below if name.endswith("conftest.py")), None)
    case = first(folder, tests, re.compile(r"unittest"))
    if case is None or fixtures is not None:
        return folder.fact(f"{runner}pytest", fixtures, basis=Basis.CONVENTION) if fixtures else None
    place = case.name.rpartition("/")[0]
    discover = f"python -m unittest discover{f' -s {place}' if place else ''}"
    return hit_fact(folder, case, f"{runner}{discover}", basis=Basis.CONVENTION)


def lint_of(folder: Folder, manifest: Manifest, runner: str) -> Fact[str] | None:
    """Return the lint command of the project, else of a linter that has its configuration here."""
    written = (
        task(folder, "lint", "check-lint", "linter")
        or script(folder, "lint", runner=runner)
        or _poe(manifest, runner, ("lint",))
    )
    if written is not None:
        return written
    tools = (
        ("ruff", f"{runner}ruff check .", ("ruff.toml", ".ruff.toml"), r"^\[tool\.ruff"),
        ("flake8", f"{runner}flake8 .", (".flake8",), r"^\[flake8\]"),
        ("pylint", f"{runner}pylint .", (".pylintrc", "pylintrc"), r"^\[tool\.pylint"),
        ("mypy", f"{runner}mypy .", ("mypy.ini", ".mypy.ini"), r"^\[(?:tool\.)?mypy"),
    )
    for name, command, files, section in tools:
        own = next((each for each in files if each in folder.names), None)
        if own is not None:
            return folder.fact(command, own, basis=Basis.CONVENTION)
        hit = first(folder, ("pyproject.toml", "setup.cfg", "tox.ini"), re.compile(section, re.MULTILINE))
        if hit is not None:
            return hit_fact(folder, hit, command, basis=Basis.CONVENTION)
        if name in {"ruff", "flake8"} and manifest.has(name):
            return Fact(command, manifest.packages[name].source, Basis.CONVENTION)
    return None


def _poe(manifest: Manifest, runner: str, names: tuple[str, ...]) -> Fact[str] | None:
    """Return a task of poethepoet, taskipy, pdm or hatch's default environment."""
    tables = (
        (("tool", "poe", "tasks"), f"{runner}poe "),
        (("tool", "taskipy", "tasks"), f"{runner}task "),
        (("tool", "pdm", "scripts"), "pdm run "),
        (("tool", "hatch", "envs", "default", "scripts"), "hatch run "),
    )
    for path, program in tables:
        for name in names:
            if manifest.project is not None and manifest.setting(*path, name):
                return manifest.folder.fact(
                    f"{program}{name}", "pyproject.toml", manifest.project.line(*path, name), ".".join(path)
                )
    return None


def build_of(folder: Folder, manifest: Manifest, framework: str | None) -> Fact[str] | None:
    """Return the build command: collecting static files where Django is told where to put them."""
    if framework == "django" and "manage.py" in folder.names and manifest.has("whitenoise"):
        settings = [name for name in folder.below if re.search(r"(^|/)settings(/\w+)?\.py$", name)]
        hit = first(folder, settings, re.compile(r"^\s*STATIC_ROOT\s*=", re.MULTILINE))
        if hit is not None:
            return hit_fact(folder, hit, "python manage.py collectstatic --noinput", basis=Basis.INFERRED)
    return None
