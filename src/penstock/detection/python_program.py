"""How a Python project is started, and the port it opens."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from penstock.detection.python_app import app_of, imported
from penstock.detection.python_manifest import Manifest, console_scripts
from penstock.detection.searching import Hit, first, hit_fact, port_in
from penstock.detection.task_files import process
from penstock.domain.facts import Basis, Fact

if TYPE_CHECKING:
    from penstock.detection.folder import Folder

_MAIN = re.compile(r"^if\s+__name__\s*==\s*['\"]__main__['\"]", re.MULTILINE)
WORKERS = (
    "celery",
    "dramatiq",
    "rq",
    "arq",
    "huey",
    "discord-py",
    "discord",
    "py-cord",
    "nextcord",
    "disnake",
    "aiogram",
    "python-telegram-bot",
    "pytelegrambotapi",
    "slack-bolt",
    "kafka-python",
    "confluent-kafka",
    "faust",
    "faust-streaming",
    "apscheduler",
    "nameko",
    "temporalio",
)
PORTS = {
    "django": 8000, "fastapi": 8000, "flask": 5000, "starlette": 8000, "litestar": 8000, "quart": 5000,
    "sanic": 8000, "streamlit": 8501, "gradio": 7860, "dash": 8050,
    "aiohttp": 8080, "tornado": 8888, "bottle": 8080, "robyn": 8080, "chainlit": 8000, "falcon": 8000,
    "pyramid": 6543, "connexion": 8080, "fasthtml": 5001,
    "nicegui": 8080, "functions-framework": 8080,
}  # fmt: skip
"""The ports the frameworks' own documentation gives."""
ASGI = frozenset({"fastapi", "starlette", "litestar", "quart", "fasthtml"})
_ENV = (
    r"(?:environ\.get|getenv|environ\.setdefault|config|env|env\.int|env\.str)\(\s*['\"](?P<env>\w*PORT)['\"]"
    r"\s*,\s*(?:default\s*=\s*|cast\s*=\s*int\s*,\s*default\s*=\s*)?['\"]?(?P<port>\d{2,5})"
)
_PORTS = (
    re.compile(_ENV),
    re.compile(r"environ\.get\(\s*['\"](?P<env>PORT)['\"]\s*\)\s*or\s*['\"]?(?P<port>\d{2,5})"),
    re.compile(r"^\s*bind\s*=\s*[^\n]*?:(?P<port>\d{2,5})['\"]", re.MULTILINE),
    re.compile(
        r"(?:\.run|run_app|run_simple|\.launch|\.run_server|serve)\((?:[^()]|\([^()]*\))*?\b(?:port|server_port)\s*=\s*(?P<port>\d{2,5})",
        re.DOTALL,
    ),
    re.compile(r"\.listen\(\s*(?P<port>\d{2,5})\b"),
    re.compile(r"add_(?:in)?secure_port\(\s*f?['\"][^'\"]*:(?P<port>\d{2,5})"),
    re.compile(
        r"^\s*(?P<name>(?:APP_|SERVER_|API_|WEB_)?PORT|port)\s*(?::\s*int\s*)?=\s*(?:Field\(\s*(?:default\s*=\s*)?)?(?P<port>\d{2,5})\b",
        re.MULTILINE,
    ),
)
_READS_PORT = re.compile(r"environ(?:\.get\(|\[)\s*['\"](PORT)['\"]|getenv\(\s*['\"](PORT)['\"]")


def start_of(folder: Folder, manifest: Manifest, framework: str | None, files: list[str]) -> Fact[str] | None:
    """Return the production start: Procfile, then a server that is a dependency, then the file that runs itself."""
    written = process(folder, "web") or process(folder, "worker")
    if written is not None:
        return written
    if framework == "django" and "manage.py" in folder.names:
        return _django(folder, manifest)
    if framework == "functions-framework":
        return _function(folder, files)
    if framework in {"streamlit", "locust", "chainlit"}:
        return _own_runner(folder, framework, files)
    if framework is not None:
        served = _served(folder, manifest, framework, files)
        if served is not None:
            return served
    return _script(folder, manifest, files, web=framework is not None) or _script(folder, manifest, files, web=False)


def _django(folder: Folder, manifest: Manifest) -> Fact[str]:
    wsgi = next((name for name in folder.files("wsgi.py") if "/" in name), None)
    asgi = next((name for name in folder.files("asgi.py") if "/" in name), None)
    for server, entry, command in (
        ("gunicorn", wsgi, "gunicorn {module}:application"),
        ("daphne", asgi, "daphne {module}:application"),
        ("uvicorn", asgi, "uvicorn {module}:application --host 0.0.0.0"),
        ("waitress", wsgi, "waitress-serve {module}:application"),
    ):
        if manifest.has(server) and entry is not None:
            filled = command.format(module=entry.removesuffix(".py").replace("/", "."))
            return folder.fact(filled, entry, detail=f"{server} is a dependency", basis=Basis.INFERRED)
    return folder.fact(
        "python manage.py runserver 0.0.0.0:8000", "manage.py", 1, "no server is a dependency", Basis.INFERRED
    )


def _own_runner(folder: Folder, framework: str, files: list[str]) -> Fact[str] | None:
    hit = first(folder, files, imported(framework))
    if hit is None:
        return None
    command = {"streamlit": "streamlit run", "locust": "locust -f", "chainlit": "chainlit run"}[framework]
    return hit_fact(folder, hit, f"{command} {hit.name}", basis=Basis.INFERRED)


def _function(folder: Folder, files: list[str]) -> Fact[str] | None:
    """Return how the framework serves a function of main.py: the decorated one, else the first that takes a request."""
    named = r"^@functions_framework\.\w+\s*(?:\([^)\n]{0,80}\))?\s*\n(?:@[^\n]*\n)*def (\w+)\("
    for pattern in (named, r"^def (\w+)\(\s*(?:request|cloud_event|event)\b"):
        hit = first(folder, files, re.compile(pattern, re.MULTILINE))
        if hit is not None:
            source = "" if hit.name == "main.py" else f" --source {hit.name}"
            return hit_fact(folder, hit, f"functions-framework --target {hit.match[1]}{source}", basis=Basis.INFERRED)
    return None


def _served(folder: Folder, manifest: Manifest, framework: str, files: list[str]) -> Fact[str] | None:
    entry = manifest.setting("tool", "fastapi", "entrypoint")
    app = app_of(folder, files)
    target = entry if isinstance(entry, str) and ":" in entry else app.target if app else None
    if target is None or app is None:
        return None
    making = target.endswith("()")
    command = None
    if framework in ASGI and manifest.has("uvicorn"):
        command = f"uvicorn {target.removesuffix('()')}{' --factory' if making else ''} --host 0.0.0.0"
    elif framework in ASGI and manifest.has("hypercorn", "granian"):
        command = f"{'hypercorn' if manifest.has('hypercorn') else 'granian --interface asgi'} {target}"
    elif framework == "fastapi" and _with_cli(manifest) and not making:
        command = f"fastapi run {app.file}"
    elif framework == "sanic" and not first(folder, (app.file,), _MAIN):
        command = f"sanic {target.removesuffix('()')} --host 0.0.0.0"
    elif framework not in ASGI and manifest.has("gunicorn"):
        command = f"gunicorn {target}" if not making else f"gunicorn '{target}'"
        command = (
            command.replace(":app", ":server")
            if framework == "dash" and "server = " in (folder.text(app.file) or "")
            else command
        )
    elif framework not in ASGI and manifest.has("waitress") and not making:
        command = f"waitress-serve {target}"
    elif framework == "flask" and not first(folder, (app.file,), _MAIN) and _runnable(folder, files) is None:
        command = f"flask --app {target.partition(':')[0]} run --host 0.0.0.0"
    return hit_fact(folder, app.hit, command, basis=Basis.INFERRED) if command else None


def _with_cli(manifest: Manifest) -> bool:
    package = manifest.packages.get("fastapi")
    return manifest.has("fastapi-cli") or (
        package is not None and ("standard" in package.extras or "all" in package.extras)
    )


def _runnable(folder: Folder, files: list[str]) -> Hit | None:
    """Return the file that runs itself: preferred names first, then the only one in the folder that does."""
    for stem in ("main", "app", "server", "run", "bot", "worker", "application", "start", "index", "cli"):
        for name in (f"{stem}.py", f"src/{stem}.py", f"app/{stem}.py"):
            if folder.has(name):
                hit = first(folder, (name,), _MAIN)
                if hit is not None or "/" not in name:
                    return hit or first(folder, (name,), re.compile(r"\A"))
    own = [hit for name in files if "/" not in name and name != "manage.py" and (hit := first(folder, (name,), _MAIN))]
    if len(own) != 1:
        own = [hit for hit in own if re.search(r"server|service|bot|worker|app|main", hit.name)]
    return own[0] if len(own) == 1 else None


def _script(folder: Folder, manifest: Manifest, files: list[str], *, web: bool) -> Fact[str] | None:
    hit = _runnable(folder, files)
    if hit is not None and not (
        web and "__main__" not in hit.match.group() and manifest.packages and not _listens(folder, hit)
    ):
        return hit_fact(folder, hit, f"python {hit.name}", f"runs {hit.name}", Basis.INFERRED)
    module = next(
        (name for name in files if name.endswith("/__main__.py") and name.removeprefix("src/").count("/") == 1), None
    )
    if module is not None:
        package = module.removeprefix("src/").partition("/")[0]
        return folder.fact(f"python -m {package}", module, 1, basis=Basis.INFERRED)
    return console_scripts(manifest)


def _listens(folder: Folder, hit: Hit) -> bool:
    return bool(re.search(r"\.run\(|run_app\(|\.launch\(|serve\(|\.listen\(", folder.text(hit.name) or ""))


def port_of(
    folder: Folder, framework: str | None, start: Fact[str] | None, files: list[str]
) -> tuple[Fact[int] | None, str | None]:
    """Return the port and the variable that moves it."""
    written = (
        re.search(
            r"(?:--port|--server\.port|-p|--bind|-b|runserver)[ =](?:\S*:)?(?:\$\{PORT:-)?(\d{2,5})\b", start.value
        )
        if start
        else None
    )
    if start is not None and written and start.basis is Basis.FILE:
        moves = "PORT" if "PORT" in start.value else None
        return Fact(int(written[1]), start.source, start.basis), moves
    settings = [name for name in files if re.search(r"(^|/)(config|settings)[^/]*\.py$", name)]
    names = [name for name in ("gunicorn.conf.py", "gunicorn_conf.py", ".streamlit/config.toml") if folder.has(name)]
    found = port_in(folder, (*names, *files[:60], *settings), _PORTS)
    reads = first(folder, (*names, *files[:60]), _READS_PORT)
    moves = "PORT" if reads or (start and "PORT" in start.value) else None
    if found is not None:
        return found[0], found[1] or moves
    usual = PORTS.get(framework or "")
    if start is None or usual is None:
        return None, moves
    if framework == "functions-framework":
        return Fact(usual, start.source, Basis.INFERRED), "PORT"
    program = start.value.split()[0]
    usual = {"gunicorn": 8000, "uvicorn": 8000, "waitress-serve": 8080, "hypercorn": 8000}.get(program, usual)
    return Fact(usual, start.source, Basis.INFERRED), moves or ("PORT" if program == "gunicorn" else None)
