"""What the dependencies of a Node folder say: framework, its port, its production start, where a static build lands."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from penstock.detection.node_ports import sources
from penstock.detection.searching import first
from penstock.domain.facts import Basis, Fact

if TYPE_CHECKING:
    from penstock.detection.folder import Folder
    from penstock.kit.located import Located


@dataclass(frozen=True)
class Framework:
    """One framework: the package that gives it away, and what its own documentation promises."""

    package: str
    name: str
    port: int | None = None
    start: str | None = None
    """Production start after a build, when package.json has none."""
    site: str | None = None
    """Folder of the static build, for those that build a site and no server."""


FRAMEWORKS: tuple[Framework, ...] = (
    Framework("expo", "expo"),
    Framework("react-native", "react-native"),
    Framework("@docusaurus/core", "docusaurus", site="build"),
    Framework("vitepress", "vitepress", site=".vitepress/dist"),
    Framework("next", "next", 3000, "next start"),
    Framework("nuxt", "nuxt", 3000, "node .output/server/index.mjs"),
    Framework("nuxt3", "nuxt", 3000, "node .output/server/index.mjs"),
    Framework("@remix-run/serve", "remix", 3000, "remix-serve ./build/server/index.js"),
    Framework("@remix-run/node", "remix", 3000),
    Framework("@remix-run/react", "remix", 3000),
    Framework("@react-router/serve", "react-router", 3000, "react-router-serve ./build/server/index.js"),
    Framework("@react-router/dev", "react-router", 3000),
    Framework("@tanstack/react-start", "tanstack-start", 3000, "node .output/server/index.mjs"),
    Framework("@tanstack/start", "tanstack-start", 3000, "node .output/server/index.mjs"),
    Framework("@solidjs/start", "solid-start", 3000, "node .output/server/index.mjs"),
    Framework("@sveltejs/kit", "sveltekit", 3000),
    Framework("astro", "astro", 4321, site="dist"),
    Framework("gatsby", "gatsby", site="public"),
    Framework("@strapi/strapi", "strapi", 1337),
    Framework("@adonisjs/core", "adonis", 3333),
    Framework("@nestjs/core", "nest", 3000, "node dist/main"),
    Framework("@redwoodjs/core", "redwood", 8910),
    Framework("@angular/core", "angular", site="dist"),
    Framework("@vue/cli-service", "vue-cli", site="dist"),
    Framework("react-scripts", "create-react-app", site="build"),
    Framework("@11ty/eleventy", "eleventy", site="_site"),
    Framework("@google-cloud/functions-framework", "functions-framework", 8080),
    Framework("fastify", "fastify", None),
    Framework("@elysiajs/node", "elysia", 3000),
    Framework("elysia", "elysia", 3000),
    Framework("hono", "hono", 3000),
    Framework("koa", "koa"),
    Framework("@hapi/hapi", "hapi"),
    Framework("restify", "restify"),
    Framework("@feathersjs/feathers", "feathers", 3030),
    Framework("@apollo/server", "apollo", 4000),
    Framework("apollo-server", "apollo", 4000),
    Framework("graphql-yoga", "graphql-yoga", 4000),
    Framework("express", "express"),
    Framework("@grpc/grpc-js", "grpc"),
    Framework("socket.io", "socket.io"),
    Framework("polka", "polka"),
    Framework("h3", "h3", 3000),
    Framework("vite", "vite", site="dist"),
    Framework("parcel", "parcel", site="dist"),
    Framework("webpack-dev-server", "webpack", site="dist"),
)
"""The most telling first: a Next application may also depend on express."""

_CONDITIONAL = frozenset({"astro", "sveltekit", "next", "react-router", "remix"})
"""Frameworks whose configuration decides between a site and a server."""
SERVERS = frozenset(
    {
        "fastify", "elysia", "hono", "koa", "hapi", "restify", "feathers", "apollo", "graphql-yoga", "express", "grpc",
        "socket.io", "polka", "h3",
    }
)  # fmt: skip
"""Frameworks that only count as dependencies: among devDependencies they serve tests."""
MOBILE = frozenset({"expo", "react-native"})
DOCS = frozenset({"docusaurus", "vitepress"})
WORKERS = (
    "bullmq", "bull", "bee-queue", "agenda", "amqplib", "kafkajs", "discord.js", "telegraf", "node-telegram-bot-api",
    "node-cron", "cron", "@temporalio/worker", "@slack/bolt",
)  # fmt: skip
"""Packages of programs that wait for work instead of requests."""


def table(manifest: Located, key: str) -> dict[str, Any]:
    """Return a table of package.json, empty when it is missing or something else."""
    value = manifest.get(key)
    return value if isinstance(value, dict) else {}


def framework_of(folder: Folder, manifest: Located) -> tuple[Framework, Fact[str]] | None:
    """Return the framework and where it is named; a server among dependencies counts before a bundler anywhere."""
    runtime, develop = table(manifest, "dependencies"), table(manifest, "devDependencies")
    for framework in FRAMEWORKS:
        for key, packages in (("dependencies", runtime), ("devDependencies", develop)):
            server_tool = framework.name in SERVERS and key == "devDependencies"
            if framework.package not in packages or server_tool:
                continue
            line = manifest.line(key, framework.package)
            return framework, folder.fact(framework.name, "package.json", line, f"{key}.{framework.package}")
    return None


def _function(folder: Folder) -> str | None:
    """Return the start of a function: the framework serves the one that the code registers or exports."""
    for pattern in (r"\b(?:http|cloudEvent)\(\s*['\"](\w+)['\"]", r"^exports\.(\w+)\s*="):
        hit = first(folder, sources(folder), re.compile(pattern, re.MULTILINE))
        if hit is not None:
            return f"functions-framework --target={hit.match[1]}"
    return None


def site_of(folder: Folder, manifest: Located, framework: Framework) -> Fact[str] | None:
    """Return the folder a static build writes, None when the build is a server."""
    packages = {**table(manifest, "devDependencies"), **table(manifest, "dependencies")}
    config = _config(folder, framework.name)
    text = folder.text(config) or "" if config else ""
    where = (config, _line(text, "output")) if config else ("package.json", None)
    if framework.name in _CONDITIONAL:
        return _conditional(folder, framework.name, packages, where, text)
    if framework.name == "angular":
        return None if "@angular/ssr" in packages else _angular(folder, manifest)
    if framework.name in {"vite", "vue-cli"}:
        match = re.search(r"outDir:\s*['\"]([^'\"]+)['\"]|outputDir:\s*['\"]([^'\"]+)['\"]", text)
        if match and config:
            return folder.fact((match[1] or match[2]).removeprefix("./"), config, _line(text, match.group()))
    return folder.fact(framework.site, "package.json", basis=Basis.CONVENTION) if framework.site else None


def _conditional(
    folder: Folder, name: str, packages: dict[str, Any], where: tuple[str, int | None], text: str
) -> Fact[str] | None:
    if name == "astro":
        served = re.search(r"output:\s*['\"](server|hybrid)['\"]|adapter:\s*\w", text)
        return None if served else folder.fact("dist", "package.json", basis=Basis.CONVENTION)
    if name == "sveltekit":
        static = "@sveltejs/adapter-static" in packages
        return folder.fact("build", "package.json", basis=Basis.CONVENTION) if static else None
    if name == "next":
        return folder.fact("out", *where) if re.search(r"output:\s*['\"]export['\"]", text) else None
    return folder.fact("build/client", where[0], _line(text, "ssr")) if re.search(r"\bssr:\s*false", text) else None


def start_of(folder: Folder, manifest: Located, framework: Framework, prefix: str) -> Fact[str] | None:
    """Return the framework's own production start, for projects whose package.json has none."""
    packages = {**table(manifest, "devDependencies"), **table(manifest, "dependencies")}
    command = framework.start
    if framework.name == "functions-framework":
        command = _function(folder)
    if framework.name == "sveltekit" and packages.keys() & {"@sveltejs/adapter-node", "@sveltejs/adapter-auto"}:
        command = "node build"
    if framework.name == "astro" and "@astrojs/node" in packages:
        command = "node ./dist/server/entry.mjs"
    if framework.name == "angular" and "@angular/ssr" in packages:
        command = f"node dist/{manifest.get('name')}/server/server.mjs"
    if command is None:
        return None
    if not command.startswith("node "):
        command = f"{prefix} {command}"
    return folder.fact(command, "package.json", detail=f"{framework.name}'s documented start", basis=Basis.CONVENTION)


def _config(folder: Folder, name: str) -> str | None:
    stems = {
        "next": "next.config", "astro": "astro.config", "vite": "vite.config", "vue-cli": "vue.config",
        "react-router": "react-router.config", "remix": "vite.config",
    }  # fmt: skip
    stem = stems.get(name)
    return next((each for each in sorted(folder.names) if stem and each.startswith(f"{stem}.")), None)


def _angular(folder: Folder, manifest: Located) -> Fact[str]:
    document = folder.json("angular.json")
    projects = document.get("projects") if document else None
    if document is not None and isinstance(projects, dict):
        for name in projects:
            path = document.get("projects", name, "architect", "build", "options", "outputPath")
            path = path.get("base") if isinstance(path, dict) else path
            if isinstance(path, str):
                line = document.line("projects", name, "architect", "build", "options", "outputPath")
                return folder.fact(path, "angular.json", line, "outputPath")
        first = next(iter(projects), manifest.get("name"))
        return folder.fact(f"dist/{first}/browser", "angular.json", basis=Basis.CONVENTION)
    return folder.fact("dist", "package.json", basis=Basis.CONVENTION)


def _line(text: str, needle: str) -> int | None:
    index = text.find(needle)
    return text.count("\n", 0, index) + 1 if index >= 0 else None
