"""Node repositories of several packages: workspaces, Turborepo, Nx; and Deno."""

from __future__ import annotations

import json

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


def test_workspace_members_that_run_are_services_and_libraries_and_mobile_apps_are_not() -> None:
    facts = facts_of(
        {
            "package.json": {
                "workspaces": ["apps/*", "packages/*"],
                "scripts": {"build": "turbo build"},
                "private": True,
            },
            "turbo.json": {},
            "package-lock.json": "{}",
            "apps/api/package.json": {"dependencies": {"fastify": "5"}, "scripts": {"start": "node index.js"}},
            "apps/web/package.json": {"dependencies": {"next": "15"}, "scripts": {"start": "next start"}},
            "apps/phone/package.json": {"dependencies": {"expo": "52", "react-native": "1"}, "main": "index.js"},
            "apps/phone/index.js": "1",
            "apps/web-e2e/package.json": {"scripts": {"start": "playwright test"}},
            "packages/ui/package.json": {"exports": "./index.ts", "dependencies": {"react": "19"}},
        }
    )
    assert [service.path for service in facts.services] == ["apps/api", "apps/web"]
    assert facts.monorepo == "turborepo"
    assert facts.workspace is not None
    assert value(facts.workspace.build_command) == "npm run build"
    assert all(service.has("workspace-member") for service in facts.services)
    assert value(facts.services[0].lockfile) == "package-lock.json"


def test_an_nx_application_without_package_json_gets_its_commands_through_nx() -> None:
    service = service_of(
        {
            "package.json": {"dependencies": {"express": "4"}},
            "nx.json": {},
            "apps/api/project.json": {
                "name": "api",
                "projectType": "application",
                "targets": {"build": {"options": {"outputPath": "dist/apps/api"}}, "serve": {}, "test": {}},
            },
            "apps/api/src/main.ts": "const port = process.env.port || 3333; app.listen(port)",
            "apps/api-e2e/project.json": {"name": "api-e2e"},
        }
    )
    assert value(service.build_command) == "npx nx build api"
    assert value(service.test_command) == "npx nx test api"
    assert value(service.start_command) == "node dist/apps/api/main.js"


def test_deno_starts_its_main_file_and_tests_with_its_own_runner() -> None:
    service = service_of(
        {"deno.jsonc": '{\n // tasks\n "tasks": {"dev": "deno run --watch main.ts"},\n}', ".deno-version": "2.2.2\n",
         "main.ts": "Deno.serve({ port: 8001 }, f)", "main_test.ts": "1"}
    )  # fmt: skip
    assert service.ecosystem == "deno"
    assert value(service.start_command) == "deno run --allow-all main.ts"
    assert value(service.test_command) == "deno test"
    assert value(service.runtime_version) == "2.2.2"
    assert value(service.port) == 8001


def test_the_member_that_the_root_starts_is_the_main_service() -> None:
    facts = facts_of(
        {
            "package.json": {"workspaces": ["packages/*"], "scripts": {"start": "yarn workspace @m/zebra start"}},
            "packages/api/package.json": {"dependencies": {"koa": "2"}, "scripts": {"start": "node index.js"}},
            "packages/zebra/package.json": {"dependencies": {"koa": "2"}, "scripts": {"start": "node index.js"}},
        }
    )
    assert facts.primary is not None
    assert facts.primary.path == "packages/zebra"
