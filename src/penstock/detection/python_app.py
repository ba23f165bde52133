"""A Python project's framework, and the object of it that a server loads."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.detection.python_manifest import Manifest
from penstock.detection.searching import Hit, first, hit_fact, sources
from penstock.domain.facts import Basis, Fact

if TYPE_CHECKING:
    from penstock.detection.folder import Folder

_ENTRY = re.compile(r"(^|/)(wsgi|asgi|main|app|application|server|api|run|bot|worker|__main__|manage)\.py$")
_ORDER = ("main", "app", "application", "server", "wsgi", "asgi", "api", "run", "__init__", "__main__")
_SERVERS = (
    "FastAPI",
    "Flask",
    "APIFlask",
    "Starlette",
    "Quart",
    "Sanic",
    "Litestar",
    "Robyn",
    "OpenAPI",
    "Bottle",
    "App",
    "API",
    "Dash",
    "FastHTML",
)
_OBJECT = re.compile(
    rf"^(?P<name>\w+)(?:\s*:\s*[\w.]+)?\s*=\s*(?:\w+\.)*(?P<maker>{'|'.join(_SERVERS)})\(|^(?P<made>\w+)(?:\s*:\s*[\w.]+)?\s*=\s*(?:\w+\.)?(?P<factory>(?:create|make|build|get|init)_(?:app|application)|create_server)\(",
    re.MULTILINE,
)
_FACTORY = re.compile(
    r"^def (?P<factory>(?:create|make|build|init)_(?:app|application))\((?P<arguments>[^)]{0,300})\)", re.MULTILINE
)
_MAKERS = {
    "FastAPI": "fastapi",
    "Flask": "flask",
    "APIFlask": "flask",
    "OpenAPI": "flask",
    "Starlette": "starlette",
    "Quart": "quart",
    "Sanic": "sanic",
    "Litestar": "litestar",
    "Robyn": "robyn",
    "Bottle": "bottle",
    "Dash": "dash",
    "FastHTML": "fasthtml",
}
FRAMEWORKS = (
    "django", "fastapi", "flask", "litestar", "quart", "sanic", "starlette", "streamlit", "gradio", "dash",
    "aiohttp", "tornado", "falcon",
    "pyramid", "bottle", "robyn", "chainlit", "connexion", "locust", "python-fasthtml", "nicegui",
    "functions-framework",
)  # fmt: skip
_IMPORTED = {
    "streamlit": r"streamlit", "gradio": r"gradio", "dash": r"dash", "tornado": r"tornado\.web|tornado",
    "aiohttp": r"aiohttp\.web|aiohttp\s+import\s+web", "bottle": r"bottle",
    "locust": r"locust", "chainlit": r"chainlit", "falcon": r"falcon", "pyramid": r"pyramid",
    "python-fasthtml": r"fasthtml",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class App:
    """The object a WSGI or ASGI server loads: ``module:name``."""

    target: str
    file: str
    maker: str | None
    hit: Hit


def program_files(folder: Folder) -> list[str]:
    """Return the project's own Python files, likely entry points first."""
    found = sources(folder, (".py",), _ENTRY)
    found = [
        name
        for name in found
        if not re.search(r"(^|/)(test_[^/]*|[^/]*_test|tests|conftest|setup|noxfile|locustfile_\w+)\.py$", name)
    ]
    return sorted(found, key=lambda name: (not _ENTRY.search(name), name.count("/"), _rank(name), name))


def _rank(name: str) -> int:
    stem = name.rpartition("/")[2].removesuffix(".py")
    return _ORDER.index(stem) if stem in _ORDER else len(_ORDER)


def framework_of(folder: Folder, manifest: Manifest, files: list[str]) -> Fact[str] | None:
    """Return the framework: of those demanded the one whose application is found, else the first the code imports."""
    demanded = [name for name in FRAMEWORKS if manifest.runs(name)]
    if "manage.py" in folder.names and (manifest.has("django") or "django" in (folder.text("manage.py") or "")):
        package = manifest.packages.get("django")
        return Fact("django", package.source) if package else folder.fact("django", "manage.py", 1)
    app = app_of(folder, files)
    made = _MAKERS.get(app.maker or "") if app else None
    if app is not None and made is not None and (made in demanded or not manifest.packages):
        return hit_fact(folder, app.hit, made)
    for name in demanded:
        used = name == "functions-framework" or first(folder, files, imported(_IMPORTED.get(name, name)))
        if used:
            return Fact(name.removeprefix("python-"), manifest.packages[name].source)
    return _undemanded(folder, manifest, files)


def _undemanded(folder: Folder, manifest: Manifest, files: list[str]) -> Fact[str] | None:
    """Return a framework that comes with another package or is only imported, where no manifest lists packages."""
    served = first(folder, files, re.compile(r"grpc\.(?:aio\.)?server\("))
    if served is not None and manifest.runs("grpcio", "grpcio-health-checking", "grpcio-reflection"):
        return hit_fact(folder, served, "grpc")
    if manifest.runs("celery"):
        return Fact("celery", manifest.packages["celery"].source)
    if manifest.packages:
        return None
    for name in FRAMEWORKS:
        hit = first(folder, files, imported(_IMPORTED.get(name, name)))
        if hit is not None:
            return hit_fact(folder, hit, name, basis=Basis.INFERRED)
    return None


def imported(name: str) -> re.Pattern[str]:
    """Return the pattern of a statement that imports a module (a regular expression of its name)."""
    return re.compile(rf"^\s*(?:from|import)\s+(?:{name})\b", re.MULTILINE)


def app_of(folder: Folder, files: list[str]) -> App | None:
    """Return the application object: one that stands in a module, else a function that makes it."""
    candidates = []
    for name in files:
        hit = first(folder, (name,), _OBJECT)
        if hit is not None and not (hit.match["maker"] in {"App", "API"} and "falcon" not in (folder.text(name) or "")):
            variable = hit.match["name"] or hit.match["made"]
            candidates.append(App(f"{_module(folder, name)}:{variable}", name, hit.match["maker"], hit))
    if candidates:
        made_here = next((each for each in candidates if re.search(r"(^|/)(wsgi|asgi)\.py$", each.file)), candidates[0])
        maker = made_here.maker or _maker(folder, files)
        return App(made_here.target, made_here.file, maker, made_here.hit)
    hit = first(folder, files, _FACTORY)
    if hit is None or re.search(
        r"\w+(?!\s*[=\w:])\s*(,|$)", re.sub(r"\w+\s*(?::[^,=]+)?=[^,]*", "", hit.match["arguments"])
    ):
        return None
    return App(f"{_module(folder, hit.name)}:{hit.match['factory']}()", hit.name, _maker(folder, files), hit)


def _maker(folder: Folder, files: list[str]) -> str | None:
    hit = first(folder, files, re.compile(rf"=\s*(?:\w+\.)*({'|'.join(_MAKERS)})\("))
    return hit.match[1] if hit else None


def _module(folder: Folder, name: str) -> str:
    path = name.removesuffix(".py").removesuffix("/__init__")
    if path.startswith("src/") and not folder.has("src/__init__.py") and path.count("/") > 1:
        path = path.removeprefix("src/")
    return path.replace("/", ".")
