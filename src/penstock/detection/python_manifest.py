"""Python's manifests: which packages a project depends on, which tool installs them, which Python they demand."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from penstock.domain.facts import Fact, Source

if TYPE_CHECKING:
    from penstock.detection.folder import Folder
    from penstock.kit.located import Located

_NAME = re.compile(r"^\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(\[[^\]]*\])?")
_DEVELOPMENT = re.compile(
    r"(^|[-_./])(dev|develop|development|test|tests|testing|lint|ci|docs|local)([-_./]|$)", re.IGNORECASE
)
REQUIREMENTS = re.compile(r"^(requirements/[\w.-]+|[\w.-]*requirements[\w.-]*)\.(txt|in|pip)$")
MAIN_REQUIREMENTS = (
    "requirements.txt", "requirements/production.txt", "requirements/prod.txt", "requirements/base.txt",
    "requirements/requirements.txt",
    "requirements/main.txt", "requirements-prod.txt", "requirements_prod.txt", "requirements.in",
    "requirements/local.txt", "requirements-dev.txt",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Package:
    """One demanded package: normalised name, extras, whether it is for development only, where it stands."""

    name: str
    extras: str
    development: bool
    source: Source


@dataclass
class Manifest:
    """All packages of a project by name; a demand of the program goes before one of its development."""

    folder: Folder
    project: Located | None = None
    packages: dict[str, Package] = field(default_factory=dict)

    def add(self, demand: str, name: str, line: int | None, *, development: bool = False) -> None:
        """Remember a demand such as ``uvicorn[standard]>=0.3``; what is none is left out."""
        match = _NAME.match(demand)
        if match is None:
            return
        known = re.sub(r"[-_.]+", "-", match[1]).lower()
        package = Package(known, match[2] or "", development, self.folder.source(name, line, demand.strip()[:80]))
        if known not in self.packages or (self.packages[known].development and not development):
            self.packages[known] = package

    def has(self, *names: str) -> bool:
        """Whether any of the packages is demanded, for whatever purpose."""
        return any(name in self.packages for name in names)

    def runs(self, *names: str) -> bool:
        """Whether any of the packages is there when the program runs."""
        return any(name in self.packages and not self.packages[name].development for name in names)

    def setting(self, *path: str) -> Any:
        """Return a value of pyproject.toml."""
        return self.project.get(*path) if self.project is not None else None


def manifest_of(folder: Folder) -> Manifest:
    """Read every manifest of the folder."""
    found = Manifest(folder, folder.toml("pyproject.toml"))
    for name in [name for name in folder.below if REQUIREMENTS.match(name)][:12]:
        _requirements(found, name)
    _pyproject(found)
    _pipfile(found)
    _setup(found)
    _conda(found)
    return found


def requirements_file(folder: Folder) -> str | None:
    """Return the requirements file the program is installed from."""
    return next((name for name in MAIN_REQUIREMENTS if folder.has(name)), None)


def table(value: Any) -> dict[str, Any]:
    """Return a value if it is a table, else an empty one."""
    return value if isinstance(value, dict) else {}


def texts(value: Any) -> list[str]:
    """Return the strings of a list."""
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def _requirements(found: Manifest, name: str) -> None:
    development = bool(_DEVELOPMENT.search(name.replace("requirements", "", 1)))
    lines = found.folder.lines(name)
    for number, line in enumerate(lines, 1):
        if not line.lstrip().startswith(("-", "#", "git+", "http")) and not _comes_along(lines, number):
            found.add(line.split("#")[0], name, number, development=development)


def _comes_along(lines: list[str], number: int) -> bool:
    """Whether pip-compile's comment says that a package is only there for another one (``# via flask``)."""
    notes = [lines[number - 1].partition("#")[2]]
    for line in lines[number : number + 40]:
        if not line.lstrip().startswith("#"):
            break
        notes.append(line.strip())
    told = " ".join(notes)
    return "via" in told.split() and not re.search(r"-r |pyproject\.toml|setup\.(py|cfg)|\.in\b", told)


def _pyproject(found: Manifest) -> None:
    project = found.project
    if project is None:
        return
    name = "pyproject.toml"
    for demand in texts(project.get("project", "dependencies")):
        found.add(demand, name, _line_of(found, demand) or project.line("project", "dependencies"))
    groups = (("project", "optional-dependencies"), ("dependency-groups",), ("tool", "pdm", "dev-dependencies"))
    for path in groups:
        for group, demands in table(project.get(*path)).items():
            for demand in texts(demands):
                aside = path[0] != "project" or bool(_DEVELOPMENT.search(str(group)))
                found.add(demand, name, project.line(*path, str(group)), development=aside)
    for demand in texts(project.get("tool", "uv", "dev-dependencies")):
        found.add(demand, name, project.line("tool", "uv", "dev-dependencies"), development=True)
    _poetry(found, project)


def _poetry(found: Manifest, project: Located) -> None:
    groups = table(project.get("tool", "poetry", "group"))
    tables: list[tuple[str, ...]] = [("tool", "poetry", "dependencies"), ("tool", "poetry", "dev-dependencies")]
    tables += [("tool", "poetry", "group", str(group), "dependencies") for group in groups]
    for path in tables:
        development = path != tables[0]
        for package, demand in table(project.get(*path)).items():
            if package == "python":
                continue
            extras = texts(demand.get("extras")) if isinstance(demand, dict) else []
            written = f"{package}[{','.join(extras)}]" if extras else str(package)
            found.add(written, "pyproject.toml", project.line(*path, str(package)), development=development)


def _pipfile(found: Manifest) -> None:
    document = found.folder.toml("Pipfile")
    for section, development in (("packages", False), ("dev-packages", True)):
        for package in table(document.get(section)) if document else ():
            found.add(
                str(package), "Pipfile", document.line(section, package) if document else None, development=development
            )


def _setup(found: Manifest) -> None:
    """Read install_requires of setup.py and setup.cfg as text: nothing of the repository is ever run."""
    text = found.folder.text("setup.py") or ""
    for match in re.finditer(r"(install_requires|tests_require|requires|requirements)\s*=\s*\[([^\]]*)\]", text):
        place = text.count("\n", 0, match.start()) + 1
        for demand in re.findall(r"['\"]([^'\"\n]+)['\"]", match[2]):
            found.add(demand, "setup.py", place, development=match[1] == "tests_require")
    _setup_cfg(found)


def _setup_cfg(found: Manifest) -> None:
    section, option = "", ""
    for number, line in enumerate(found.folder.lines("setup.cfg"), 1):
        header = re.match(r"\[([^\]]+)\]", line)
        key = re.match(r"([\w.-]+)\s*=\s*(.*)", line)
        if header:
            section, option = header[1].strip(), ""
        elif key:
            option = key[1]
        elif line[:1] in {" ", "\t"} and line.strip():
            aside = section == "options.extras_require"
            if aside or (section == "options" and option == "install_requires"):
                found.add(line, "setup.cfg", number, development=aside)


def conda_file(folder: Folder) -> str | None:
    """Return the folder's conda environment file."""
    return next(
        (name for name in ("environment.yml", "environment.yaml", "conda.yml", "conda.yaml") if name in folder.names),
        None,
    )


def conda_packages(folder: Folder) -> list[tuple[str, int]]:
    """Return the demands of a conda environment, those for pip included, with their lines."""
    name = conda_file(folder)
    document = folder.yaml(name) if name else None
    listed = document.value.get("dependencies") if document and isinstance(document.value, dict) else None
    found: list[tuple[str, int]] = []
    for index, each in enumerate(listed if isinstance(listed, list) else []):
        line = document.position(f"/dependencies/{index}")[0] if document else 1
        if isinstance(each, str):
            found.append((each.rpartition("::")[2], line))
        elif isinstance(each, dict):
            found += [(demand, line) for demand in texts(each.get("pip"))]
    return found


def _conda(found: Manifest) -> None:
    for demand, line in conda_packages(found.folder):
        if not re.match(r"python\s*([=<>~!]|$)", demand):
            found.add(demand, conda_file(found.folder) or "", line)


def _line_of(found: Manifest, demand: str) -> int | None:
    for number, line in enumerate(found.folder.lines("pyproject.toml"), 1):
        if f'"{demand}"' in line or f"'{demand}'" in line:
            return number
    return None


def console_scripts(found: Manifest) -> Fact[str] | None:
    """Return the program an installed package brings, when it brings exactly one."""
    for path in (("project", "scripts"), ("tool", "poetry", "scripts")):
        names = list(table(found.setting(*path)))
        if found.project is not None and len(names) == 1:
            return found.folder.fact(
                str(names[0]), "pyproject.toml", found.project.line(*path, str(names[0])), ".".join(path)
            )
    return None
