"""Elixir: mix.exs read as text, releases, Phoenix and Plug."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from penstock.detection.searching import first, hit_fact, port_in
from penstock.detection.task_files import process, task
from penstock.detection.version_files import tool_version
from penstock.domain.facts import Basis, Fact, ServiceFacts

if TYPE_CHECKING:
    from penstock.detection.folder import Folder

_FRAMEWORKS = ("phoenix", "plug", "bandit", "plug_cowboy", "cowboy")
_PORTS = (
    re.compile(r"System\.get_env\(\s*\"(?P<env>\w*PORT)\"\s*(?:\)\s*\|\|\s*|,\s*)\"?(?P<port>\d{2,5})"),
    re.compile(r"\bport:\s*(?P<port>\d{2,5})\b"),
)


class Elixir:
    """Reads mix.exs and its configuration."""

    ecosystem = "elixir"
    manifests = ("mix.exs",)

    def inspect(self, folder: Folder) -> ServiceFacts | None:
        """Return the facts of a Mix project, None without mix.exs."""
        if folder.text("mix.exs") is None:
            return None
        umbrella = first(folder, ("mix.exs",), re.compile(r"^\s*apps_path:", re.MULTILINE))
        scripts = ["mix.exs", *(folder.files("apps/*/mix.exs") if umbrella else ())]
        framework = _framework(folder, scripts)
        title = _title(folder)
        version, version_kind = _version(folder)
        runs = first(folder, scripts, re.compile(r"^\s*mod:\s*\{", re.MULTILINE))
        start = process(folder, "web") or (
            hit_fact(folder, runs, f"_build/prod/rel/{title}/bin/{title} start", basis=Basis.INFERRED) if runs else None
        )
        escript = first(folder, ("mix.exs",), re.compile(r"^\s*escript:", re.MULTILINE))
        if start is None and escript is not None:
            start = hit_fact(folder, escript, f"./{title}", basis=Basis.INFERRED)
        kind = "library" if start is None else "web" if framework else "cli" if escript else "worker"
        port, variable = _port(folder, framework) if kind == "web" and framework else (None, None)
        return ServiceFacts(
            path=folder.path,
            name=title,
            kind=kind,
            ecosystem="elixir",
            language=folder.fact("elixir", "mix.exs"),
            runtime_version=version,
            runtime_kind=version_kind,
            package_manager=folder.fact("mix", "mix.exs"),
            lockfile=folder.lockfile("mix.lock"),
            framework=framework,
            install_command=folder.fact("mix deps.get", "mix.exs", basis=Basis.CONVENTION),
            build_command=_build(folder, escript=escript is not None and runs is None) if start else None,
            test_command=task(folder, "test") or _tests(folder),
            lint_command=task(folder, "lint") or _lint(folder),
            start_command=start,
            port=port,
            port_env=variable,
            traits=_traits(folder),
            gaps=tuple(folder.gaps),
        )


LANGUAGE = Elixir()


def _title(folder: Folder) -> str:
    """Return the release's name, else the application's."""
    release = first(
        folder,
        ("mix.exs",),
        re.compile(r"releases:\s*(?:\[|releases)[^a-z]*([a-z]\w*):|def[p]? releases do\s*\[\s*(\w+):"),
    )
    if release is not None:
        return str(release.match[1] or release.match[2])
    app = first(folder, ("mix.exs",), re.compile(r"^\s*app:\s*:(\w+)", re.MULTILINE))
    return app.match[1] if app else folder.name or "app"


def _port(folder: Folder, framework: Fact[str]) -> tuple[Fact[int], str | None]:
    found = port_in(folder, _settings(folder), _PORTS)
    if found is not None:
        return found
    return Fact(4000, framework.source, Basis.INFERRED), "PORT" if framework.value == "phoenix" else None


def _framework(folder: Folder, scripts: list[str]) -> Fact[str] | None:
    for name in _FRAMEWORKS:
        hit = first(folder, scripts, re.compile(rf"^[^#\n]*\{{:{name},", re.MULTILINE))
        if hit is not None:
            return hit_fact(folder, hit, name if name == "phoenix" else "plug")
    return None


def _version(folder: Folder) -> tuple[Fact[str] | None, str | None]:
    for place in (folder, *folder.parents):
        pinned = tool_version(place, "elixir")
        hit = first(place, (".elixir-version", ".exenv-version"), re.compile(r"^\s*v?(\d+(?:\.\d+)*)"))
        buildpack = first(
            place, ("elixir_buildpack.config",), re.compile(r"^elixir_version=v?(\d+(?:\.\d+)*)", re.MULTILINE)
        )
        if pinned is not None or hit is not None or buildpack is not None:
            other = hit or buildpack
            return pinned or (hit_fact(place, other, other.match[1]) if other else None), "pin"
    named = first(folder, ("mix.exs",), re.compile(r"^\s*elixir:\s*@(\w+)", re.MULTILINE))
    value = rf"^\s*@{named.match[1]}\s+" if named else r"^\s*elixir:\s*"
    demanded = first(folder, ("mix.exs",), re.compile(rf"{value}\"([^\"\n]+)\"", re.MULTILINE))
    return (hit_fact(folder, demanded, demanded.match[1]), "range") if demanded else (None, None)


def _settings(folder: Folder) -> list[str]:
    own = [name for name in folder.below if name.startswith(("lib/", "apps/")) and name.endswith((".ex", ".exs"))]
    return [
        "config/runtime.exs",
        "config/releases.exs",
        "config/prod.exs",
        "config/config.exs",
        *own[:100],
        "config/dev.exs",
    ]


def _build(folder: Folder, *, escript: bool) -> Fact[str]:
    if escript:
        return folder.fact("mix escript.build", "mix.exs", basis=Basis.CONVENTION)
    assets = first(folder, ("mix.exs",), re.compile(r"\"assets\.deploy\":"))
    command = "MIX_ENV=prod mix assets.deploy && MIX_ENV=prod mix release" if assets else "MIX_ENV=prod mix release"
    return folder.fact(command, "mix.exs", assets.line if assets else None, basis=Basis.CONVENTION)


def _tests(folder: Folder) -> Fact[str] | None:
    found = next(iter(folder.files("*_test.exs")), None)
    return folder.fact("mix test", found, basis=Basis.CONVENTION) if found else None


def _lint(folder: Folder) -> Fact[str] | None:
    hit = first(folder, ("mix.exs",), re.compile(r"^[^#\n]*\{:credo,", re.MULTILINE))
    return hit_fact(folder, hit, "mix credo", basis=Basis.CONVENTION) if hit else None


def _traits(folder: Folder) -> tuple[Fact[str], ...]:
    hit = first(folder, ("mix.exs",), re.compile(r"\{:(ecto_sql|myxql|postgrex),"))
    return (hit_fact(folder, hit, "needs-database"),) if hit else ()
