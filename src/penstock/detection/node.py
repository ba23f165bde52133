"""Node.js: npm, yarn classic and berry, pnpm and bun; versions, scripts, frameworks, ports."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from penstock.detection.node_alone import alone
from penstock.detection.node_frameworks import (
    DOCS,
    MOBILE,
    SERVERS,
    WORKERS,
    Framework,
    framework_of,
    site_of,
    start_of,
    table,
)
from penstock.detection.node_install import manifest_install
from penstock.detection.node_manager import Manager, manager_of
from penstock.detection.node_ports import port_of, sources
from penstock.detection.node_scripts import BUILDS, LINTS, Scripts
from penstock.detection.node_version import version_of
from penstock.detection.node_workspaces import nx_application
from penstock.detection.task_files import process
from penstock.domain.facts import Basis, Fact, ServiceFacts

if TYPE_CHECKING:
    from penstock.detection.folder import Folder
    from penstock.kit.located import Located

_ENTRIES = ("server", "index", "app", "main", "src/index", "src/server", "src/main", "src/app", "bot", "worker")
_FIXED = frozenset({"nest"})
"""Frameworks that leave the port to the application's code; the others read PORT themselves."""
_PROGRAM = re.compile(r"\.(m|c)?[jt]sx?$")


class Node:
    """Reads package.json and what stands around it."""

    ecosystem = "node"
    manifests = ("package.json",)

    def inspect(self, folder: Folder) -> ServiceFacts | None:
        """Return the facts of a Node folder, None when package.json is broken or holds only tools.

        Without a package.json a single program that is plainly for Node counts.
        """
        manifest = folder.json("package.json")
        if manifest is None and "package.json" not in folder.names:
            return alone(folder)
        if manifest is None or not isinstance(manifest.value, dict) or _only_tools(folder, manifest):
            return None
        manager = manager_of(folder, manifest)
        scripts = Scripts(folder, manifest, manager)
        found = framework_of(folder, manifest)
        framework = found[0] if found else None
        version, version_kind = version_of(folder, bun=manager.program == "bun")
        name = manifest.get("name")
        facts = ServiceFacts(
            path=folder.path,
            name=str(name).rpartition("/")[2] if isinstance(name, str) and name else folder.name,
            kind="cli",
            ecosystem="node",
            language=_language(folder, manifest),
            runtime_version=version,
            runtime_kind=version_kind,
            package_manager=manager.fact,
            package_manager_version=manager.version,
            lockfile=manager.lockfile,
            framework=found[1] if found else None,
            install_command=manager.install,
            build_command=scripts.first(BUILDS),
            test_command=scripts.test(),
            lint_command=scripts.first(LINTS),
            start_command=_start(folder, manifest, scripts, framework),
            traits=(*manager.traits, *scripts.traits(), *manifest_install(folder, manifest, manager)),
        )
        facts = _shaped(folder, manifest, scripts, facts, framework)
        facts = nx_application(folder, facts)
        facts = replace(facts, start_program=scripts.program(facts.start_command))
        return replace(facts, gaps=tuple(folder.gaps))


LANGUAGE = Node()


def _only_tools(folder: Folder, manifest: Located) -> bool:
    """Whether package.json merely brings tools (linters, hooks) into a repository of something else."""
    if any(manifest.get(key) for key in ("main", "module", "bin", "exports", "workspaces", "browser", "types")):
        return False
    bodies = [body for body in table(manifest, "scripts").values() if isinstance(body, str)]
    if any(
        re.search(r"\bnode\b|\bbuild\b|\bserve\b|\bstart\b|\btest\b|\bdev\b|jest|mocha|tsc", body) for body in bodies
    ):
        return False
    found = framework_of(folder, manifest)
    if found is not None and found[1].source.detail.startswith("dependencies"):
        return False
    code = [
        name for name in folder.below if _PROGRAM.search(name) and "config" not in name and not name.startswith(".")
    ]
    return not code and "index.html" not in folder.names


def _language(folder: Folder, manifest: Located) -> Fact[str]:
    if folder.has("tsconfig.json"):
        return folder.fact("typescript", "tsconfig.json")
    packages = {**table(manifest, "devDependencies"), **table(manifest, "dependencies")}
    typed = next((name for name in folder.below if re.search(r"(?<!\.d)\.tsx?$", name) and "config" not in name), None)
    plain = any(name.endswith((".js", ".mjs", ".cjs", ".jsx")) and "config" not in name for name in folder.names)
    if typed and ("typescript" in packages or not plain):
        return folder.fact("typescript", typed)
    return folder.fact("javascript", "package.json", basis=Basis.INFERRED)


def _start(folder: Folder, manifest: Located, scripts: Scripts, framework: Framework | None) -> Fact[str] | None:
    """Production start: Procfile, script, the framework's own, then the file package.json calls its entry."""
    process_start = process(folder, "web") or process(folder, "worker")
    if process_start is not None:
        return process_start
    if framework is not None and site_of(folder, manifest, framework) is not None:
        return None
    written = scripts.start()
    if written is not None:
        return written
    if framework is not None:
        prefix = {"npm": "npx", "bun": "bunx", "pnpm": "pnpm exec", "yarn": "yarn"}[scripts.manager.program]
        documented = start_of(folder, manifest, framework, prefix)
        if documented is not None:
            return documented
        if framework.name == "sveltekit":
            why = "its adapter builds for no container: @sveltejs/adapter-node makes a program, adapter-static pages"
            folder.gap("start_command", why, "package.json")
        if framework.site or framework.name in MOBILE or framework.name == "sveltekit":
            return None
    return _entry(folder, manifest, scripts.manager)


def _entry(folder: Folder, manifest: Located, manager: Manager) -> Fact[str] | None:
    bun = manager.program == "bun"
    program = "yarn node" if any(trait.value == "pnp" for trait in manager.traits) else "bun" if bun else "node"
    for key in ("main", "module"):
        named = manifest.get(key)
        if not isinstance(named, str):
            continue
        name = named.removeprefix("./")
        candidates = (name, f"{name}.js", f"{name}/index.js")
        found = next((each for each in candidates if folder.has(each) and _runs(each, bun=bun)), None)
        built = re.match(r"(dist|build|lib|out)/(.+)\.(m|c)?js$", name)
        if found is None and built and any(folder.has(f"src/{built[2]}.{end}") for end in ("ts", "mts", "js")):
            found = name
        if found is not None:
            return folder.fact(f"{program} {found}", "package.json", manifest.line(key), key, Basis.INFERRED)
    for end in (".js", ".mjs", ".cjs", *((".ts", ".tsx") if bun else ())):
        found = next((f"{stem}{end}" for stem in _ENTRIES if folder.has(f"{stem}{end}")), None)
        if found is not None:
            return folder.fact(f"{program} {found}", found, basis=Basis.INFERRED)
    return None


def _runs(name: str, *, bun: bool) -> bool:
    return name.endswith((".js", ".mjs", ".cjs")) or (bun and name.endswith((".ts", ".tsx")))


def _shaped(
    folder: Folder, manifest: Located, scripts: Scripts, facts: ServiceFacts, framework: Framework | None
) -> ServiceFacts:
    """Decide what kind of thing this is, and what follows from that: port, output folder, marks."""
    name = framework.name if framework else None
    if framework is not None:
        site = site_of(folder, manifest, framework)
        page = scripts.body("build") if name == "expo" else None
        if page is not None and re.search(r"\bexpo export\b.*(-p|--platform)[ =]web\b", page):
            output = folder.fact("dist", "package.json", scripts.line("build"), "scripts.build", Basis.CONVENTION)
            return replace(facts, kind="static-site", output_dir=output, start_command=None)
        if name in MOBILE:
            mark = folder.fact("mobile-app", "package.json", detail=name or "")
            return replace(facts, kind="library", start_command=None, traits=(*facts.traits, mark))
        if site is not None and facts.start_command is None:
            kind = "docs" if name in DOCS and folder.path != "." else "static-site"
            kind = "library" if _published(manifest) and not folder.has("index.html") and name == "vite" else kind
            return replace(facts, kind=kind, output_dir=site, start_command=None)
    asked = facts.start_command is not None and facts.start_command.basis is Basis.FILE
    if framework is None and "index.html" in folder.names and not asked and not listens(folder):
        return replace(facts, kind="static-site", start_command=None, output_dir=folder.fact(".", "index.html"))
    written = facts.start_command
    inferred = written is not None and written.basis is Basis.INFERRED
    serves = name is not None and framework is not None and framework.site is None
    if not serves and (written is None or (inferred and _published(manifest))):
        return replace(facts, kind="library", start_command=None)
    return _served(folder, manifest, scripts, facts, framework)


def _published(manifest: Located) -> bool:
    """Whether package.json is made for publishing to a registry rather than for running."""
    if manifest.get("private") is True and not manifest.get("exports"):
        return False
    return any(
        manifest.get(key) for key in ("exports", "types", "typings", "files", "publishConfig", "peerDependencies")
    )


def _served(
    folder: Folder, manifest: Located, scripts: Scripts, facts: ServiceFacts, framework: Framework | None
) -> ServiceFacts:
    name = framework.name if framework else None
    script = facts.start_command.source.detail.removeprefix("scripts.") if facts.start_command else ""
    port, variable, listens = port_of(folder, scripts.body(script), scripts.line(script))
    if framework is not None and framework.site is None and name not in SERVERS and port is None:
        develop = port_of(folder.at("\0"), scripts.body("dev"), scripts.line("dev"))[0] if scripts.body("dev") else None
        if develop is not None:
            port = folder.fact(develop.value, "package.json", scripts.line("dev"), "scripts.dev")
    if framework is not None and port is None and framework.port is not None:
        port = folder.fact(framework.port, "package.json", detail=f"{name}'s documented port", basis=Basis.INFERRED)
    assumed = port is None or port.source.path.endswith("package.json")
    if framework is not None and framework.port is not None and assumed and name not in _FIXED:
        variable = variable or "PORT"
    packages = table(manifest, "dependencies")
    waits = next((package for package in WORKERS if package in packages), None)
    kind = "web" if framework is not None or listens else "worker" if waits else "cli"
    traits = list(facts.traits)
    if name == "next" and _standalone(folder):
        traits.append(folder.fact("next-standalone", _standalone(folder) or "package.json"))
    every = {**packages, **table(manifest, "devDependencies")}
    if name == "sveltekit" and "@sveltejs/adapter-auto" in every and "@sveltejs/adapter-node" not in every:
        traits.append(folder.fact("sveltekit-adapter-auto", "package.json"))
    if "prisma" in every:
        traits.append(folder.fact("prisma", "package.json"))
    if kind == "web" and port is not None and variable is None:
        traits.append(Fact("fixed-port", port.source, port.basis))
    return replace(facts, kind=kind, port=port if kind == "web" else None, port_env=variable, traits=tuple(traits))


def _standalone(folder: Folder) -> str | None:
    for name in sorted(folder.names):
        if name.startswith("next.config.") and re.search(r"output:\s*['\"]standalone['\"]", folder.text(name) or ""):
            return name
    return None


def listens(folder: Folder) -> bool:
    """Whether any source file of the folder opens a server."""
    return any(".listen(" in (folder.text(name) or "") for name in sources(folder))
