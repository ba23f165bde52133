"""Deno: deno.json(c) or a main.ts that imports by address."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from penstock.detection.node_ports import port_of
from penstock.detection.version_files import tool_version
from penstock.domain.facts import Basis, Fact, ServiceFacts

if TYPE_CHECKING:
    from penstock.detection.folder import Folder
    from penstock.kit.located import Located

_FRAMEWORKS = (("fresh", "fresh"), ("@oak/oak", "oak"), ("/oak", "oak"), ("hono", "hono"), ("express", "express"))
_ENTRIES = (
    "main.ts",
    "main.tsx",
    "main.js",
    "server.ts",
    "mod.ts",
    "index.ts",
    "src/main.ts",
    "app.ts",
    "src/index.ts",
)
_REMOTE = re.compile(r"from\s+['\"](https://deno\.land|jsr:|npm:)|\bDeno\.")


class Deno:
    """Reads deno.json and what stands around it."""

    ecosystem = "deno"
    manifests = ("deno.json", "deno.jsonc", "deno.lock", ".deno-version")

    def inspect(self, folder: Folder) -> ServiceFacts | None:
        """Return the facts of a Deno folder, None when it is none."""
        config = next((name for name in ("deno.json", "deno.jsonc") if folder.has(name)), None)
        entry = next((name for name in _ENTRIES if folder.has(name)), None)
        if config is None and not (entry and _REMOTE.search(folder.text(entry) or "")):
            return None
        if folder.has("package.json") and config is None:
            return None
        manifest = folder.json(config) if config else None
        version = _version(folder)
        framework = _framework(folder, config, manifest)
        start = _start(folder, config, manifest, entry)
        port, variable, listens = port_of(folder, None, None)
        serves = framework is not None or listens or (entry and "Deno.serve" in (folder.text(entry) or ""))
        if serves and port is None and start is not None:
            port = Fact(8000, start.source, Basis.INFERRED)
        where = config or entry or "deno.lock"
        typed = not (entry or "").endswith(".js")
        return ServiceFacts(
            path=folder.path,
            name=folder.name,
            kind="library" if start is None else "web" if serves else "cli",
            ecosystem="deno",
            language=folder.fact("typescript" if typed else "javascript", entry or where),
            runtime_version=version,
            runtime_kind="pin" if version else None,
            package_manager=folder.fact("deno", where),
            lockfile=folder.fact(folder.full("deno.lock"), "deno.lock") if folder.has("deno.lock") else None,
            framework=framework,
            build_command=_task(folder, config, manifest, "build"),
            test_command=_task(folder, config, manifest, "test") or _tests(folder),
            lint_command=_task(folder, config, manifest, "lint"),
            start_command=start,
            port=port if serves else None,
            port_env=variable if serves else None,
            gaps=tuple(folder.gaps),
        )


LANGUAGE = Deno()


def _version(folder: Folder) -> Fact[str] | None:
    for place in (folder, *folder.parents):
        for name in (".deno-version", ".dvmrc"):
            written = (place.text(name) or "").strip().removeprefix("v")
            if written:
                return place.fact(written.split()[0], name, 1)
        found = tool_version(place, "deno")
        if found is not None:
            return found
    return None


def _framework(folder: Folder, config: str | None, manifest: Located | None) -> Fact[str] | None:
    imports = manifest.get("imports") if manifest else None
    for mark, name in _FRAMEWORKS:
        for key, target in imports.items() if isinstance(imports, dict) and manifest and config else ():
            if mark in str(key) or mark in str(target):
                return folder.fact(
                    name, config or "", manifest.line("imports", key) if manifest else None, f"imports.{key}"
                )
    return None


def _task(folder: Folder, config: str | None, manifest: Located | None, name: str) -> Fact[str] | None:
    if config is None or manifest is None or not isinstance(manifest.get("tasks"), dict):
        return None
    body = manifest.get("tasks", name)
    body = body.get("command") if isinstance(body, dict) else body
    if not isinstance(body, str) or "--watch" in body:
        return None
    return folder.fact(f"deno task {name}", config, manifest.line("tasks", name), f"tasks.{name}")


def _tests(folder: Folder) -> Fact[str] | None:
    found = [name for name in folder.below if re.search(r"(_test|\.test)\.(m?[jt]sx?)$", name)]
    return folder.fact("deno test", found[0], basis=Basis.CONVENTION) if found else None


def _start(folder: Folder, config: str | None, manifest: Located | None, entry: str | None) -> Fact[str] | None:
    for name in ("start", "serve", "preview"):
        found = _task(folder, config, manifest, name)
        if found is not None:
            return found
    return folder.fact(f"deno run --allow-all {entry}", entry, basis=Basis.INFERRED) if entry else None
