"""A Go module's programs: where their main functions are, which framework they use, which port they open."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.detection.searching import port_in
from penstock.domain.facts import Basis, Fact

if TYPE_CHECKING:
    from penstock.detection.folder import Folder

MAX_SOURCES = 400
"""Files looked through for a main function."""
_ASIDE = re.compile(
    r"(^|/)(examples?|_examples?|tests?|testdata|tools?|scripts?|hack|docs?|vendor|third_party|e2e|mocks?|gen|internal/tools|benchmarks?|build|migrations?|\.[^/]+)/"
)
_MAIN = re.compile(r"^func main\(\)", re.MULTILINE)
_PACKAGE = re.compile(r"^package main\b", re.MULTILINE)
_IGNORED = re.compile(r"^//\s*(?:go:build|\+build)\s+(?:ignore|tools|generate)", re.MULTILINE)
_LISTENS = re.compile(
    r"\bListenAndServe(?:TLS)?\(|\bnet\.Listen\(|\bhttp\.Serve\(|\.Run\((?:\)|\":|addr|port|fmt\.)|\.Start\((?:\":|addr|port|fmt\.)|\.Listen\((?:\":|addr|port|fmt\.)|\bRun(?:HTTP|GRPC)Server\(|grpc\.NewServer\("
)
_FRAMEWORKS = (
    ("github.com/gin-gonic/gin", "gin"), ("github.com/labstack/echo", "echo"), ("github.com/gofiber/fiber", "fiber"),
    ("github.com/go-chi/chi", "chi"), ("github.com/gorilla/mux", "gorilla/mux"),
    ("github.com/beego/beego", "beego"), ("github.com/astaxie/beego", "beego"),
    ("github.com/gobuffalo/buffalo", "buffalo"), ("github.com/kataras/iris", "iris"),
    ("github.com/revel/revel", "revel"),
    ("github.com/zeromicro/go-zero", "go-zero"), ("github.com/go-kratos/kratos", "kratos"),
    ("github.com/cloudwego/hertz", "hertz"), ("github.com/danielgtaylor/huma", "huma"), ("encore.dev", "encore"),
    ("github.com/go-martini/martini", "martini"), ("github.com/urfave/negroni", "negroni"),
    ("github.com/julienschmidt/httprouter", "httprouter"), ("github.com/valyala/fasthttp", "fasthttp"),
    ("github.com/pocketbase/pocketbase", "pocketbase"), ("connectrpc.com/connect", "connect"),
    ("google.golang.org/grpc", "grpc"),
)  # fmt: skip
PORTS = {
    "gin": 8080,
    "beego": 8080,
    "buffalo": 3000,
    "iris": 8080,
    "revel": 9000,
    "go-zero": 8888,
    "kratos": 8000,
    "hertz": 8888,
    "martini": 3000,
    "pocketbase": 8090,
}
"""The ports the frameworks open when the code says nothing."""
_PORTS = (
    re.compile(r"(?:[gG]et)?[eE]nv\w{0,20}\(\s*\"(?P<env>\w{0,40}PORT)\"\s*,\s*\"?:?(?P<port>\d{2,5})"),
    re.compile(
        r"(?:env|envconfig):\"(?P<env>\w{0,40}PORT)[^`\n]{0,200}?(?:envDefault|default|env-default):\"(?P<port>\d{2,5})\""
    ),
    re.compile(
        r"(?:SetDefault|BindEnv)\(\s*\"(?:\w+\.)*(?P<env>[\w]*(?:PORT|port|Port))\"\s*,\s*\"?:?(?P<port>\d{2,5})"
    ),
    re.compile(
        r"os\.(?:Getenv|LookupEnv)\(\s*\"(?P<env>\w*PORT)\"\s*\)[^}]{0,160}?(?:=|return|\()\s*\"?:?(?P<port>\d{2,5})\b"
    ),
    re.compile(r"\bListenAndServe(?:TLS)?\(\s*\"[^\"\n]*:(?P<port>\d{2,5})\""),
    re.compile(r"\.(?:Run|Start|Listen|RunTLS|StartTLS|Logger\.Fatal\(\w+\.Start)\(\s*\"[^\"\n]*:(?P<port>\d{2,5})\""),
    re.compile(r"\bnet\.Listen\(\s*\"tcp\d?\"\s*,\s*\"[^\"\n]*:(?P<port>\d{2,5})\""),
    re.compile(r"\bAddr:\s*\"[^\"\n]*:(?P<port>\d{2,5})\""),
    re.compile(
        r"flag\.\w+\(\s*(?:&\w+(?:\.\w+)*,\s*)?\"(?:http[-_.]?)?(?:port|addr|address|listen|listen-addr|bind|p)\"\s*,\s*\"?[^\"\n,]*?:?(?P<port>\d{2,5})\b"
    ),
    re.compile(
        r"\b(?:port|Port|PORT|listenPort|defaultPort|DefaultPort|serverPort|httpPort|addr|listenAddr|defaultAddr)\s*(?:string|int)?\s*:?=\s*(?:flag\.\w{1,12}\([^)\n]{0,60}?)?\"?(?:[\w.]{0,40}:)?(?P<port>\d{4,5})\b"
    ),
)
_READS_PORT = re.compile(r"(?:Getenv|LookupEnv)\(\s*\"(PORT)\"")


@dataclass(frozen=True, slots=True)
class Program:
    """A main package: its folder relative to the module, the name of its binary, the place of its main function."""

    folder: str
    name: str
    file: str
    line: int


def programs_of(folder: Folder) -> list[Program]:
    """Return the programs of a module or workspace, tools and examples left out."""
    found: dict[str, Program] = {}
    names = [
        name
        for name in folder.below
        if name.endswith(".go") and not name.endswith("_test.go") and not _ASIDE.search(name)
    ]
    names.sort(key=lambda name: (not re.search(r"(^|/)(main|server|\w+)\.go$", name), name.count("/"), name))
    for name in names[:MAX_SOURCES]:
        place = name.rpartition("/")[0] or "."
        text = folder.text(name) if place not in found else None
        match = _MAIN.search(text) if text else None
        if text and match and _PACKAGE.search(text) and not _IGNORED.search(text):
            last = place.rpartition("/")[2] if place != "." else folder.name
            found[place] = Program(place, last or "app", name, text.count("\n", 0, match.start()) + 1)
    return sorted(found.values(), key=lambda program: (program.folder.count("/"), program.folder))


def _code(folder: Folder, program: Program) -> list[str]:
    """Return the program's files first, then the other packages of the module."""
    prefix = "" if program.folder == "." else f"{program.folder}/"
    own = [
        name
        for name in folder.below
        if name.endswith(".go")
        and not name.endswith("_test.go")
        and (name.startswith(prefix) if prefix else "/" not in name)
    ]
    rest = [
        name
        for name in folder.below
        if name.endswith(".go")
        and not name.endswith("_test.go")
        and not _ASIDE.search(name)
        and name not in own
        and not re.match(r"cmd/", name)
    ]
    rest.sort(
        key=lambda name: (
            not re.search(r"(config|server|http|app|api|router|settings|env)\w*\.go$", name),
            name.count("/"),
            name,
        )
    )
    own.sort(key=lambda name: (name != program.file, name))
    return [*own[:40], *rest[:80]]


def listens(folder: Folder, program: Program) -> bool:
    """Whether the program, or a package of its module, opens a server."""
    return any(_LISTENS.search(folder.text(name) or "") for name in _code(folder, program))


def framework_of(folder: Folder, demands: dict[str, Fact[str]]) -> Fact[str] | None:
    """Return the framework the module demands directly; grpc only when the code makes a server."""
    for path, name in _FRAMEWORKS:
        demand = next((fact for each, fact in demands.items() if each == path or each.startswith(f"{path}/")), None)
        if demand is None:
            continue
        if name == "grpc" and not any(
            "grpc.NewServer(" in (folder.text(each) or "") for each in folder.below if each.endswith(".go")
        ):
            continue
        return Fact(name, demand.source)
    return None


def _example(folder: Folder) -> tuple[Fact[int], str | None] | None:
    """Return the port of example settings, in the folder's or a parent's dotenv files."""
    names = [name for name in (".env.example", ".env.sample", ".env", "app.env") if folder.has(name)]
    return port_in(folder, names, (re.compile(r"^(?P<env>(?:\w+_)?PORT)=(?P<port>\d{2,5})", re.MULTILINE),))


def port_of(folder: Folder, program: Program, framework: Fact[str] | None) -> tuple[Fact[int] | None, str | None]:
    """Return the port in the code, and the variable that moves it."""
    code = _code(folder, program)
    reads = any(_READS_PORT.search(folder.text(name) or "") for name in code)
    found = port_in(folder, code, _PORTS)
    for place in (folder, *folder.parents) if found is None else ():
        found = found or _example(place)
    if found is not None:
        return found[0], found[1] or ("PORT" if reads else None)
    usual = PORTS.get(framework.value) if framework else None
    if usual is not None and framework is not None:
        return Fact(usual, framework.source, Basis.INFERRED), "PORT" if framework.value == "gin" or reads else None
    return None, "PORT" if reads else None
