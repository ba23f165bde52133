"""Node: what a package.json and the files around it say."""

from __future__ import annotations

import json

import pytest

from penstock.detection import detect
from penstock.detection.tree import MappingTree
from penstock.domain.facts import RepositoryFacts, ServiceFacts


def facts_of(files: dict[str, object]) -> RepositoryFacts:
    raw = {
        path: content.encode() if isinstance(content, str) else json.dumps(content, indent=2).encode()
        for path, content in files.items()
    }
    return detect(MappingTree(raw), name="shop")


def service_of(files: dict[str, object]) -> ServiceFacts:
    primary = facts_of(files).primary
    assert primary is not None
    return primary


def value(fact):
    return fact.value if fact is not None else None


def test_every_fact_names_the_line_it_was_read_from() -> None:
    service = service_of(
        {
            "package.json": {"engines": {"node": ">=20"}, "scripts": {"test": "jest", "start": "node server.js"}},
            "package-lock.json": "{}",
            "server.js": "const http = require('http')\nhttp.createServer(f).listen(process.env.PORT || 4100)\n",
        }
    )
    assert service.test_command is not None
    assert (service.test_command.source.path, service.test_command.source.line) == ("package.json", 6)
    assert service.runtime_version is not None
    assert service.runtime_version.source.line == 3
    assert service.port is not None
    assert (service.port.value, service.port.source.path, service.port.source.line) == (4100, "server.js", 2)
    assert service.port_env == "PORT"


@pytest.mark.parametrize(
    ("lock", "content", "manager", "install"),
    [
        ("package-lock.json", "{}", "npm", "npm ci"),
        ("npm-shrinkwrap.json", "{}", "npm", "npm ci"),
        ("yarn.lock", "# yarn lockfile v1\n", "yarn1", "yarn install --frozen-lockfile"),
        ("yarn.lock", "__metadata:\n  version: 8\n", "yarn-berry", "yarn install --immutable"),
        ("pnpm-lock.yaml", "lockfileVersion: '9.0'\n", "pnpm", "pnpm install --frozen-lockfile"),
        ("bun.lock", "{}", "bun", "bun install --frozen-lockfile"),
        ("bun.lockb", "\0\1", "bun", "bun install --frozen-lockfile"),
    ],
)
def test_the_lock_file_decides_the_package_manager(lock: str, content: str, manager: str, install: str) -> None:
    service = service_of({"package.json": {"scripts": {"start": "node a.js"}}, "a.js": "1", lock: content})
    assert value(service.package_manager) == manager
    assert value(service.install_command) == install
    assert value(service.lockfile) == lock


def test_without_a_lock_file_installing_must_not_be_frozen() -> None:
    service = service_of({"package.json": {"scripts": {"start": "node a.js"}}, "a.js": "1"})
    assert value(service.install_command) == "npm install"
    assert any(gap.field == "lockfile" for gap in service.gaps)


def test_the_package_manager_field_counts_before_a_foreign_lock_file() -> None:
    service = service_of(
        {
            "package.json": {"packageManager": "pnpm@9.1.0+sha512.abc", "scripts": {"start": "node a.js"}},
            "a.js": "1",
            "package-lock.json": "{}",
        }
    )
    assert value(service.package_manager) == "pnpm"
    assert service.package_manager_version == "9.1.0"
    assert service.lockfile is None
    assert value(service.install_command) == "pnpm install --no-frozen-lockfile"


@pytest.mark.parametrize(("settings", "pnp"), [(None, True), ("nodeLinker: node-modules\n", False)])
def test_yarn_berry_without_a_linker_means_plug_and_play(settings: str | None, pnp: bool) -> None:
    files: dict[str, object] = {
        "package.json": {"packageManager": "yarn@4.9.2", "main": "a.js"},
        "a.js": "1",
        "yarn.lock": "__metadata:\n",
    }
    if settings:
        files[".yarnrc.yml"] = settings
    service = service_of(files)
    assert service.has("pnp") is pnp
    assert value(service.start_command) == ("yarn node a.js" if pnp else "node a.js")


@pytest.mark.parametrize(
    "script",
    [
        'echo "Error: no test specified" && exit 1',
        "exit 1",
        "true",
        "jest --watch",
        "nodemon --exec mocha",
        "echo none",
    ],
)
def test_a_test_script_that_tests_nothing_or_never_ends_is_not_run(script: str) -> None:
    service = service_of({"package.json": {"scripts": {"start": "node a.js", "test": script}}, "a.js": "1"})
    assert service.test_command is None
    assert any(gap.field == "test_command" and gap.source for gap in service.gaps)


def test_an_echo_before_the_real_tests_does_not_hide_them() -> None:
    service = service_of({"package.json": {"scripts": {"start": "node a.js", "test": "echo go && jest"}}, "a.js": "1"})
    assert value(service.test_command) == "npm test"


@pytest.mark.parametrize(
    ("files", "version", "kind"),
    [
        ({".nvmrc": "v22.2.0\n"}, "22.2.0", "pin"),
        ({".nvmrc": "lts/iron\n"}, "lts/iron", "alias"),
        ({".node-version": "20.11\n"}, "20.11", "pin"),
        ({".tool-versions": "ruby 3.3.0\nnodejs 18.20.1\n"}, "18.20.1", "pin"),
        ({"mise.toml": '[tools]\nnode = "21"\n'}, "21", "pin"),
        ({".nvmrc": "node\n"}, ">=18", "range"),
        ({"Dockerfile": "FROM node:14.4.0-alpine\n"}, ">=18", "range"),
    ],
)
def test_a_pinned_version_counts_before_the_range_of_engines(files: dict[str, object], version: str, kind: str) -> None:
    manifest = {"engines": {"node": ">=18"}, "scripts": {"start": "node a.js"}}
    service = service_of({"package.json": manifest, "a.js": "1", **files})
    assert (value(service.runtime_version), service.runtime_kind) == (version, kind)


def test_the_base_image_gives_the_version_when_nothing_else_does() -> None:
    service = service_of(
        {"package.json": {"main": "a.js"}, "a.js": "1", "Dockerfile": "FROM node:20.11-slim AS b\nFROM b\n"}
    )
    assert service.runtime_version is not None
    assert (service.runtime_version.value, service.runtime_kind) == ("20.11", "dockerfile")
    assert (service.runtime_version.source.path, service.runtime_version.source.line) == ("Dockerfile", 1)


@pytest.mark.parametrize(
    ("packages", "scripts", "framework", "kind", "start"),
    [
        ({"next": "15"}, {"build": "next build", "start": "next start"}, "next", "web", "npm start"),
        ({"next": "15"}, {"build": "next build", "start": "next dev"}, "next", "web", "npx next start"),
        ({"nuxt": "3"}, {"build": "nuxt build", "dev": "nuxt dev"}, "nuxt", "web", "node .output/server/index.mjs"),
        (
            {"@nestjs/core": "11"},
            {"start": "nest start", "start:prod": "node dist/main"},
            "nest",
            "web",
            "npm run start:prod",
        ),
        ({"@remix-run/node": "2", "@remix-run/serve": "2"}, {"start": "remix-serve b"}, "remix", "web", "npm start"),
        ({"fastify": "5"}, {"start": "node app.js"}, "fastify", "web", "npm start"),
        ({"react-scripts": "5"}, {"start": "react-scripts start"}, "create-react-app", "static-site", None),
        ({"vite": "6"}, {"dev": "vite", "start": "vite", "build": "vite build"}, "vite", "static-site", None),
        ({"astro": "5"}, {"start": "astro dev", "build": "astro build"}, "astro", "static-site", None),
        ({"bullmq": "5"}, {"start": "node app.js"}, None, "worker", "npm start"),
        ({"dayjs": "1"}, {"start": "node app.js"}, None, "cli", "npm start"),
    ],
)
def test_frameworks_are_told_apart_and_development_servers_never_start_production(
    packages: dict[str, str], scripts: dict[str, str], framework: str | None, kind: str, start: str | None
) -> None:
    service = service_of({"package.json": {"dependencies": packages, "scripts": scripts}, "app.js": "run()"})
    assert (value(service.framework), service.kind, value(service.start_command)) == (framework, kind, start)


def test_an_astro_site_with_the_node_adapter_is_a_server() -> None:
    service = service_of(
        {
            "package.json": {"dependencies": {"astro": "5", "@astrojs/node": "9"}, "scripts": {"build": "astro build"}},
            "astro.config.mjs": "export default { output: 'server', adapter: node({mode: 'standalone'}) }",
        }
    )
    assert (service.kind, value(service.start_command), value(service.port)) == (
        "web",
        "node ./dist/server/entry.mjs",
        4321,
    )


@pytest.mark.parametrize(
    ("code", "port", "variable"),
    [
        ("app.listen(3000)", 3000, None),
        ("const PORT = Number(process.env.PORT) || 8081\napp.listen(PORT)", 8081, "PORT"),
        ("app.listen({ host: '0.0.0.0', port: 5005 })", 5005, None),
        ("Bun.serve({ fetch() {}, port: 5005 })", 5005, None),
        ("const port = process.env.port ?? '3333'; app.listen(port)", 3333, "port"),
        ("const { PORT = 3100 } = process.env; app.listen(PORT)", 3100, "PORT"),
        ("Joi.object({ PORT: Joi.number().default(3200) }); app.listen(env.PORT)", 3200, "PORT"),
        ("const db = process.env.DB_PORT || 5432; app.listen(process.env.PORT || 80)", 80, "PORT"),
    ],
)
def test_the_port_is_read_from_the_code(code: str, port: int, variable: str | None) -> None:
    service = service_of({"package.json": {"dependencies": {"express": "5"}, "main": "index.js"}, "index.js": code})
    assert (value(service.port), service.port_env) == (port, variable)
    assert service.has("fixed-port") is (variable is None)


def test_tools_only_are_no_service() -> None:
    facts = facts_of({"package.json": {"devDependencies": {"markdownlint-cli2": "1"}}, "README.md": "# Guide"})
    assert (facts.deployable, facts.primary) == (False, None)
    assert "tools only" in facts.reasons[0]


def test_a_published_library_is_not_deployed() -> None:
    facts = facts_of({"package.json": {"name": "lib", "exports": "./index.js", "main": "index.js"}, "index.js": "1"})
    assert facts.deployable is False
    assert facts.primary is not None
    assert facts.primary.kind == "library"


@pytest.mark.parametrize("framework", ["hono", "elysia", "@adonisjs/core"])
def test_a_documented_port_moves_with_the_variable_port(framework: str) -> None:
    service = service_of({"package.json": {"dependencies": {framework: "1"}, "scripts": {"start": "node index.js"}}})
    assert service.port is not None
    assert service.port_env == "PORT"
    assert not service.has("fixed-port")
