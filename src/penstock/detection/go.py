"""Go: go.mod and go.work, programs in cmd/, frameworks, the port in the code."""

from __future__ import annotations

import re
from dataclasses import dataclass
from posixpath import normpath
from typing import TYPE_CHECKING

from penstock.detection.go_program import Program, framework_of, listens, port_of, programs_of
from penstock.detection.searching import first, hit_fact
from penstock.detection.task_files import process, script, task
from penstock.detection.version_files import tool_version
from penstock.domain.facts import Basis, Fact, ServiceFacts

if TYPE_CHECKING:
    from penstock.detection.folder import Folder

_LINTERS = (".golangci.yml", ".golangci.yaml", ".golangci.toml", ".golangci.json")
_CGO = (
    "github.com/mattn/go-sqlite3",
    "github.com/confluentinc/confluent-kafka-go",
    "github.com/h2non/bimg",
    "gocv.io/x/gocv",
    "gopkg.in/confluentinc/confluent-kafka-go.v1",
)
_NAMES = ("server", "api", "app", "web", "main", "backend", "service", "http", "serve", "daemon")


@dataclass(frozen=True, slots=True)
class _Module:
    """A go.mod: the module's path, its direct demands with their lines."""

    path: str
    demands: dict[str, int]


class Go:
    """Reads go.mod, go.work and the main packages."""

    ecosystem = "go"
    manifests = ("go.mod", "go.work")

    def inspect(self, folder: Folder) -> ServiceFacts | None:
        """Return the facts of a Go module or workspace, or of a lone main.go; None when there is none."""
        where = next((name for name in self.manifests if folder.text(name) is not None), None)
        if where is None:
            return _without_module(folder)
        modules = [name for name in (*_used(folder), "go.mod") if folder.has(name)]
        module = (
            _module(folder, "go.mod") if folder.has("go.mod") else _module(folder, modules[0] if modules else where)
        )
        program, others = _chosen(folder, module, programs_of(folder))
        demands = _demands(folder, modules, program)
        framework = framework_of(folder, demands)
        version, version_kind = _version(folder, where)
        start = _start(folder, module, program)
        web = program is not None and (framework is not None or listens(folder, program))
        port, variable = port_of(folder, program, framework) if web and program else (None, None)
        kind = "library" if start is None else "web" if web else "worker" if process(folder, "worker") else "cli"
        return ServiceFacts(
            path=folder.path,
            name=module.path.rpartition("/")[2] or folder.name,
            kind=kind,
            ecosystem="go",
            language=folder.fact("go", where),
            runtime_version=version,
            runtime_kind=version_kind,
            package_manager=folder.fact("gomod", where),
            lockfile=_lockfile(folder, where, module),
            framework=framework,
            install_command=folder.fact("go mod download", where, basis=Basis.CONVENTION),
            build_command=_build(folder, module, program),
            test_command=task(folder, "test", "unit-test", "test-unit", "test-short", "unit")
            or script(folder, "test")
            or _tests(folder),
            lint_command=task(folder, "lint", "golangci-lint", "golint") or script(folder, "lint") or _lint(folder),
            start_command=start,
            port=port,
            port_env=variable,
            traits=(*_traits(folder, where, modules, demands), *_more_programs(program, others, folder)),
            gaps=tuple(folder.gaps),
        )


LANGUAGE = Go()


def _without_module(folder: Folder) -> ServiceFacts | None:
    """Return the facts of a main.go that no module holds: it may import the standard library only."""
    if "main.go" not in folder.names or any("go.mod" in place.names for place in folder.parents):
        return None
    program = next((each for each in programs_of(folder) if each.folder == "."), None)
    if program is None:
        return None
    web = listens(folder, program)
    port, variable = port_of(folder, program, None) if web else (None, None)
    version, version_kind = _version(folder, "main.go")
    folder.gap("lockfile", "there is no go.mod, so only the standard library can be imported", "main.go")
    return ServiceFacts(
        path=folder.path,
        name=folder.name,
        kind="web" if web else "cli",
        ecosystem="go",
        language=folder.fact("go", "main.go"),
        runtime_version=version,
        runtime_kind=version_kind,
        build_command=folder.fact("go build -o bin/app main.go", program.file, program.line, basis=Basis.CONVENTION),
        start_command=process(folder, "web")
        or folder.fact("./bin/app", program.file, program.line, basis=Basis.INFERRED),
        port=port,
        port_env=variable,
        traits=(folder.fact("no-go-mod", "main.go"),),
        gaps=tuple(folder.gaps),
    )


def _used(folder: Folder) -> list[str]:
    """Return the go.mod files a go.work uses."""
    text = folder.text("go.work") or ""
    listed = [path for block in re.findall(r"^use\s*\(([^)]*)\)", text, re.MULTILINE) for path in block.split("\n")]
    listed += re.findall(r"^use\s+([^\s(]+)", text, re.MULTILINE)
    paths = [normpath(path.split("//")[0].strip()) for path in listed if path.split("//")[0].strip()]
    return [f"{path}/go.mod" if path != "." else "go.mod" for path in paths]


def _module(folder: Folder, name: str) -> _Module:
    path, demands, inside = "", {}, False
    for number, line in enumerate(folder.lines(name), 1):
        words = line.split("//")[0].split()
        if words[:1] == ["module"] and len(words) > 1:
            path = words[1].strip('"')
        elif words[:1] == ["require"] and words[-1] == "(":
            inside = True
        elif words == [")"]:
            inside = False
        elif (inside or words[:1] == ["require"]) and len(words) > 1 and "// indirect" not in line:
            demands[words[0] if inside else words[1]] = number
    return _Module(re.sub(r"/v\d+$", "", path), demands)


def _demands(folder: Folder, modules: list[str], program: Program | None) -> dict[str, Fact[str]]:
    """Return what the program's module demands, with the places."""
    place = program.folder if program else "."
    fitting = [
        name
        for name in modules
        if (name.rpartition("/")[0] or ".") == place or place.startswith(f"{name.rpartition('/')[0]}/")
    ] or modules[-1:]
    found: dict[str, Fact[str]] = {}
    for name in (*fitting, *(["go.mod"] if folder.has("go.mod") else [])):
        for path, line in _module(folder, name).demands.items():
            found.setdefault(path, folder.fact(path, name, line))
    return found


def _chosen(folder: Folder, module: _Module, programs: list[Program]) -> tuple[Program | None, list[Program]]:
    """Return the main program: the root's, the one named like the module, a server by name, one that listens."""
    named = (module.path.rpartition("/")[2], folder.name, *_NAMES)

    def rank(program: Program) -> tuple[bool, int, bool, str]:
        order = named.index(program.name) if program.name in named else len(named)
        return program.folder != ".", order, not listens(folder, program), program.folder

    ordered = sorted(programs, key=rank)
    servers = [program for program in ordered if listens(folder, program)]
    if folder.has("go.work") and not folder.has("go.mod") and len(servers) > 1:
        return None, ordered
    chosen = next((program for program in ordered if program.folder == "." or program.name in named), None)
    chosen = chosen or next(iter(servers or ordered), None)
    return chosen, [program for program in ordered if program != chosen]


def _version(folder: Folder, where: str) -> tuple[Fact[str] | None, str | None]:
    for place in (folder, *folder.parents):
        pinned = tool_version(place, "go", "golang")
        hit = first(place, (".go-version",), re.compile(r"^\s*(?:go)?(\d+(?:\.\d+)*)"))
        if pinned is not None or hit is not None:
            return pinned or (hit_fact(place, hit, hit.match[1]) if hit else None), "pin"
    demanded = first(folder, (where, "go.mod"), re.compile(r"^go\s+(\d+(?:\.\d+)*)", re.MULTILINE))
    return (hit_fact(folder, demanded, demanded.match[1]), "minimum") if demanded else (None, None)


def _binary(folder: Folder, module: _Module, program: Program) -> str:
    name = program.name if program.folder != "." else module.path.rpartition("/")[2] or folder.name
    return re.sub(r"[^\w.-]", "-", name) or "app"


def _start(folder: Folder, module: _Module, program: Program | None) -> Fact[str] | None:
    written = process(folder, "web") or process(folder, "worker")
    if written is not None or program is None:
        return written
    return folder.fact(f"./bin/{_binary(folder, module, program)}", program.file, program.line, basis=Basis.INFERRED)


def _build(folder: Folder, module: _Module, program: Program | None) -> Fact[str] | None:
    if program is None:
        return None
    target = "." if program.folder == "." else f"./{program.folder}"
    command = f"go build -o bin/{_binary(folder, module, program)} {target}"
    return folder.fact(command, program.file, program.line, basis=Basis.CONVENTION)


def _tests(folder: Folder) -> Fact[str] | None:
    found = next((name for name in folder.below if name.endswith("_test.go") and not name.startswith("vendor/")), None)
    if found is None:
        return None
    every = (
        "./..."
        if folder.has("go.mod")
        else " ".join(f"./{name.rpartition('/')[0]}/..." for name in _used(folder) if folder.has(name))
    )
    return folder.fact(f"go test {every}", found, basis=Basis.CONVENTION)


def _lint(folder: Folder) -> Fact[str] | None:
    for place in (folder, *folder.parents):
        name = next((each for each in _LINTERS if each in place.names), None)
        if name is not None:
            return place.fact("golangci-lint run", name, basis=Basis.CONVENTION)
    return None


def _lockfile(folder: Folder, where: str, module: _Module) -> Fact[str] | None:
    name = next((each for each in ("go.sum", "go.work.sum") if each in folder.names), None)
    if name is not None:
        return folder.fact(folder.full(name), name)
    if module.demands:
        folder.gap("lockfile", "go.sum is missing, so builds need `go mod tidy` first", where)
    return None


def _more_programs(program: Program | None, others: list[Program], folder: Folder) -> tuple[Fact[str], ...]:
    if program is None or not others:
        return ()
    listed = ", ".join(each.folder for each in others)[:200]
    return (folder.fact("several-programs", program.file, detail=listed),)


def _traits(folder: Folder, where: str, modules: list[str], demands: dict[str, Fact[str]]) -> tuple[Fact[str], ...]:
    found: list[Fact[str]] = []
    imported = first(
        folder,
        [name for name in folder.below if name.endswith(".go")][:200],
        re.compile(r"^\s*import\s+\"C\"|^\s*\"C\"$", re.MULTILINE),
    )
    needs = next((demands[path] for path in demands if path.startswith(_CGO)), None)
    if needs is not None or imported is not None:
        found.append(Fact("cgo", needs.source) if needs else folder.fact("cgo", imported.name if imported else where))
    if "go.sum" not in folder.names and demands and where == "go.mod":
        found.append(folder.fact("no-go-sum", where))
    if len(modules) > 1:
        found.append(folder.fact("multi-module", where, detail=", ".join(modules)[:200]))
    local = first(folder, ("go.mod",), re.compile(r"=>\s*(\.\.?/\S*)"))
    if local is not None:
        found.append(
            hit_fact(folder, local, "replace-outside" if local.match[1].startswith("../") else "replace-inside")
        )
    if any(name.startswith("vendor/modules.txt") for name in folder.below):
        found.append(folder.fact("vendored", "vendor/modules.txt"))
    return tuple(found)
