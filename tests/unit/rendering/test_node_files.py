"""Pipelines of JavaScript and TypeScript repositories: each package manager, with and without what it needs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from built_files import Built, build

SERVER = (
    "import express from 'express';\nconst app = express();\n"
    "app.get('/healthz', ok);\napp.listen(process.env.PORT || 4000);\n"
)
LOCKS = {
    "npm": {"package-lock.json": "{}"},
    "yarn1": {"yarn.lock": "# yarn lockfile v1\n"},
    "berry": {"yarn.lock": "__metadata:\n  version: 8\n", ".yarnrc.yml": "nodeLinker: node-modules\n"},
    "pnp": {"yarn.lock": "__metadata:\n  version: 8\n", ".yarnrc.yml": "enableTelemetry: false\n"},
    "pnpm": {"pnpm-lock.yaml": "lockfileVersion: '9.0'\n"},
    "bun": {"bun.lock": "{}"},
}
INSTALLS = {
    "npm": "npm ci", "yarn1": "yarn install --frozen-lockfile", "berry": "yarn install --immutable",
    "pnp": "yarn install --immutable", "pnpm": "pnpm install --frozen-lockfile",
    "bun": "bun install --frozen-lockfile",
}  # fmt: skip


def manifest(**more: object) -> str:
    scripts = {"start": "node dist/server.js", "build": "tsc", "test": "vitest run", "lint": "eslint ."}
    return json.dumps({
        "name": "shop-api", "private": True, "scripts": scripts, "dependencies": {"express": "^5"},
        "devDependencies": {"typescript": "^5"}, **more,
    }, indent=1)  # fmt: skip


def api(lock: dict[str, str], **more: object) -> dict[str, str]:
    return {"package.json": manifest(**more), "src/server.ts": SERVER, "tsconfig.json": "{}", **lock}


def stages(dockerfile: str) -> list[str]:
    return re.split(r"^(?=FROM )", dockerfile, flags=re.MULTILINE)[1:]


def hardened(dockerfile: str) -> None:
    last = stages(dockerfile)[-1]
    assert re.search(r"^USER [1-9]\d*:[1-9]\d*$", last, re.MULTILINE)
    assert re.search(r'^(CMD|ENTRYPOINT) \["', last, re.MULTILINE)
    assert not re.search(r"^(CMD|ENTRYPOINT) [^\[]", dockerfile, re.MULTILINE)
    assert "curl" not in dockerfile
    assert ":latest" not in dockerfile


@pytest.mark.parametrize("manager", LOCKS)
def test_each_manager_installs_from_its_lock_file_in_steps_and_image(tmp_path: Path, manager: str):
    named = {"packageManager": "yarn@4.9.1"} if manager in {"berry", "pnp"} else {}
    built = build(tmp_path, api(LOCKS[manager], engines={"node": "24"}, **named))
    assert built.step("install").script.rstrip().endswith(INSTALLS[manager])
    assert f"RUN {INSTALLS[manager]}" in built.dockerfile
    assert built.step("test").wait_for == ("install",)
    assert set(built.step("image").wait_for) == {"lint", "test"}
    assert built.step("test").env["CI"] == "true"
    assert "lock file" not in built.assumptions
    hardened(built.dockerfile)


@pytest.mark.parametrize("manager", ["npm", "pnpm", "bun"])
def test_without_a_lock_file_nothing_frozen_is_run_and_that_is_said(tmp_path: Path, manager: str):
    named = {"packageManager": f"{manager}@10.4.0"}
    built = build(tmp_path, api({}, **named))
    everything = built.dockerfile + built.step("install").script
    assert "--frozen-lockfile" not in everything.replace("--no-frozen-lockfile", "")
    assert "npm ci" not in everything
    assert "has no lock file" in built.assumptions


def test_the_program_itself_is_started_so_that_signals_reach_it(tmp_path: Path):
    built = build(tmp_path, api(LOCKS["npm"]))
    last = stages(built.dockerfile)[-1]
    assert 'CMD ["node", "dist/server.js"]' in last
    assert "ENV NODE_ENV=production" in last
    assert "ENV PORT=4000" in last
    assert "npm prune --omit=dev" in stages(built.dockerfile)[0]
    assert built.spec.services[0].runtime.health_path == "/healthz"


@pytest.mark.parametrize(
    ("start", "more", "command"),
    [
        ("next-like start -p 3000", {}, '["next-like", "start", "-p", "3000"]'),
        ("NODE_ENV=production node a.js", {}, '["npm", "start"]'),
        ("node a.js", {"prestart": "node migrate.js"}, '["npm", "start"]'),
        ("node migrate.js && node a.js", {}, '["npm", "start"]'),
    ],
)
def test_a_script_that_does_more_is_started_by_npm(tmp_path: Path, start: str, more: dict[str, str], command: str):
    files = api(LOCKS["npm"], scripts={"start": start, **more})
    assert f"CMD {command}" in build(tmp_path, files).dockerfile


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("node index.js --port $PORT", '["sh", "-c", "exec node index.js --port $PORT"]'),
        ("node migrate.js && node index.js", '["sh", "-c", "node migrate.js && node index.js"]'),
        ("FOO=1 node index.js $X", '["sh", "-c", "FOO=1 node index.js $X"]'),
    ],
)
def test_a_shell_is_kept_only_where_the_command_needs_one(tmp_path: Path, line: str, command: str):
    files = {**api(LOCKS["npm"], scripts={}), "Procfile": f"web: {line}\n", "index.js": "x"}
    assert f"CMD {command}" in build(tmp_path, files).dockerfile


def test_other_managers_scripts_need_no_manager_in_the_image(tmp_path: Path):
    files = api(LOCKS["pnpm"], scripts={"start:prod": "cross-env A=1 node dist/server.js", "test": "vitest run"})
    last = stages(build(tmp_path, files).dockerfile)[-1]
    assert 'CMD ["npm", "run", "start:prod"]' in last
    assert "pnpm" not in last


def test_plug_and_play_starts_through_yarn_with_its_cache_inside(tmp_path: Path):
    built = build(tmp_path, api(LOCKS["pnp"], packageManager="yarn@4.9.1", engines={"node": "24"}))
    first, last = stages(built.dockerfile)
    assert "YARN_ENABLE_GLOBAL_CACHE=false" in first
    assert "corepack install --global yarn@4.9.1" in last
    assert 'CMD ["yarn", "start"]' in last


def test_corepack_and_yarn_are_installed_only_where_node_lacks_them(tmp_path: Path):
    old = build(tmp_path / "old", api(LOCKS["berry"], packageManager="yarn@4.9.1", engines={"node": "24"}))
    new = build(tmp_path / "new", api(LOCKS["berry"], packageManager="yarn@4.9.1", engines={"node": "26"}))
    assert "npm install --global corepack" not in old.dockerfile
    assert "npm install --global corepack@" in new.dockerfile
    classic = build(tmp_path / "classic", api(LOCKS["yarn1"], engines={"node": "26"}))
    assert "npm install --global yarn@1." in classic.step("test").script
    assert "corepack" not in classic.dockerfile


@pytest.mark.parametrize(("version", "pnpm"), [("5.4", "7."), ("6.0", "8."), ("9.0", "10."), ("99", "10.")])
def test_pnpm_is_the_one_that_wrote_the_lock_file(tmp_path: Path, version: str, pnpm: str):
    built = build(tmp_path, api({"pnpm-lock.yaml": f"lockfileVersion: '{version}'\n"}))
    assert f"npm install --global pnpm@{pnpm}" in built.dockerfile


@pytest.mark.parametrize(
    ("engines", "image"),
    [
        (">=18", "24.21.0"),
        (">=25", "26.10.0"),
        ("^22.1", "22."),
        ("20.x", "20.20.2"),
        ("^16.13 || ^18", "18-slim"),
        (None, "24.21.0"),
    ],
)
def test_the_runtime_is_the_usual_one_where_the_project_allows_it_else_the_newest(
    tmp_path: Path, engines: str | None, image: str
):
    more = {} if engines is None else {"engines": {"node": engines}}
    built = build(tmp_path, api(LOCKS["npm"], **more))
    assert f"FROM node:{image}" in stages(built.dockerfile)[-1]
    assert ("nothing in the repository names a version" in built.assumptions) is (engines is None)


def test_a_pin_that_is_not_offered_is_honoured_without_a_digest_and_said(tmp_path: Path):
    built = build(tmp_path, api({**LOCKS["npm"], ".nvmrc": "v21.7.3\n"}))
    assert stages(built.dockerfile)[-1].startswith("FROM node:21.7.3-slim\n")
    assert built.step("test").image == "node:21.7.3"
    assert "21.7.3" in built.assumptions


def test_images_that_are_offered_are_pinned_to_their_bytes(tmp_path: Path):
    built = build(tmp_path, api(LOCKS["npm"], engines={"node": "24"}))
    for stage in stages(built.dockerfile):
        assert re.match(r"FROM [\w:./-]+@sha256:[0-9a-f]{64}", stage)


def test_next_keeps_its_cache_writable_and_a_standalone_build_is_copied_alone(tmp_path: Path):
    base = {"package.json": json.dumps({
        "name": "n", "scripts": {"start": "next start", "build": "next build"}, "dependencies": {"next": "15"},
    }), **LOCKS["npm"]}  # fmt: skip
    plain = build(tmp_path / "plain", {**base, "next.config.mjs": "export default {}"})
    assert 'CMD ["next", "start"]' in plain.dockerfile
    assert "chown 1000:1000 /app/.next/cache" in plain.dockerfile
    assert "/app/.next/cache" in plain.spec.services[0].runtime.writable_paths
    alone = build(tmp_path / "alone", {**base, "next.config.mjs": "export default { output: 'standalone' }"})
    last = stages(alone.dockerfile)[-1]
    assert "COPY --from=build /app/.next/standalone ./" in last
    assert 'CMD ["node", "server.js"]' in last
    assert "node_modules" not in last
    for built in (plain, alone):
        hardened(built.dockerfile)


def test_a_site_is_built_and_handed_out_by_an_unprivileged_web_server(tmp_path: Path):
    files = {"package.json": json.dumps({
        "name": "v", "scripts": {"dev": "vite", "build": "vite build"}, "devDependencies": {"vite": "6"},
    }), "index.html": "<html></html>", "vite.config.ts": "export default { build: { outDir: 'public_html' } }",
        **LOCKS["npm"]}  # fmt: skip
    built = build(tmp_path, files)
    last = stages(built.dockerfile)[-1]
    assert "COPY --from=build /app/public_html /usr/share/nginx/html" in last
    assert "listen 8080;" in last
    assert built.spec.services[0].runtime.port == 8080
    hardened(built.dockerfile)


@pytest.fixture
def workspace(tmp_path: Path) -> Built:
    """Return the pipeline of an npm workspace with two services and a library."""
    return build(tmp_path, {
        "package.json": json.dumps({"name": "root", "private": True, "workspaces": ["apps/*", "packages/*"]}),
        "package-lock.json": "{}",
        "apps/api/package.json": manifest(), "apps/api/src/server.ts": SERVER,
        "apps/web/package.json": json.dumps({
            "name": "web", "scripts": {"build": "next build", "start": "next start", "test": "vitest run"},
            "dependencies": {"next": "15"},
        }),
        "apps/web/next.config.js": "module.exports = { output: 'standalone' }",
        "packages/lib/package.json": json.dumps({"name": "lib", "main": "i.js", "exports": "./i.js"}),
    })  # fmt: skip


def test_a_workspace_is_installed_once_and_built_from_its_root(workspace: Built):
    assert [step.id for step in workspace.spec.steps if step.kind == "install"] == ["install-workspace"]
    assert workspace.step("install-workspace").dir == "."
    assert workspace.step("api-test").dir == "apps/api"
    assert workspace.step("api-test").wait_for == ("install-workspace",)
    assert {each.image.context for each in workspace.spec.services} == {"."}
    api_file = workspace.files["apps/api/Dockerfile"]
    assert "WORKDIR /app/apps/api" in stages(api_file)[-1]
    assert "/app/apps/api/node_modules/.bin:/app/node_modules/.bin" in api_file
    assert 'CMD ["node", "apps/web/server.js"]' in workspace.files["apps/web/Dockerfile"]
    assert "**/node_modules" in workspace.files[".dockerignore"]


def test_a_repositorys_own_dockerfile_is_built_and_not_written(tmp_path: Path):
    own = 'FROM node:20\nUSER 1000\nCMD ["node", "x"]\n'
    built = build(tmp_path, {**api(LOCKS["npm"]), "Dockerfile": own})
    assert "Dockerfile" not in built.files
    assert built.step("image").env["DOCKERFILE"] == "Dockerfile"
    assert built.step("build").lanes == ("check",)


def test_a_missing_test_script_gives_no_step_and_the_reason(tmp_path: Path):
    scripts = {"start": "node dist/server.js", "test": 'echo "Error: no test specified" && exit 1'}
    built = build(tmp_path, api(LOCKS["npm"], scripts=scripts))
    assert not built.has_step("test")
    assert not built.has_step("install")
    assert "no test step" in built.assumptions
    assert "placeholder" in built.assumptions


@pytest.mark.parametrize("name", ['a"b', "a\nb", "{{7*7}}", "$(id)", "`id`", "../../etc", "x: y\n- z"])
def test_a_hostile_manifest_changes_no_structure(tmp_path: Path, name: str):
    hostile = "node 'x' {{7*7}} $(id) `id`\nRUN evil"
    files = api(LOCKS["npm"], name=name, scripts={"start": hostile, "test": f"vitest {name}"}, version=name)
    built = build(tmp_path, files)
    assert "49" not in built.spec.name
    assert "\nRUN evil" not in built.dockerfile
    assert "$(id)" not in built.dockerfile
    assert built.step("test").script.rstrip().endswith("npm test")


@pytest.mark.parametrize("manager", ["npm", "yarn1", "pnpm", "bun"])
def test_what_is_installed_has_a_layer_of_its_own_where_the_manifest_is_enough(tmp_path: Path, manager: str):
    lock = next(iter(LOCKS[manager]))
    lines = build(tmp_path, api(LOCKS[manager])).dockerfile.split("\n")
    install = lines.index(f"RUN {INSTALLS[manager]}")
    assert lines[install - 1] == f"COPY package.json {lock} ./"
    assert lines[install + 1] == "COPY . ."


def test_the_settings_of_the_manager_are_there_when_it_installs(tmp_path: Path):
    built = build(tmp_path, {**api(LOCKS["npm"]), ".npmrc": "engine-strict=true\n"})
    assert "COPY package.json package-lock.json .npmrc ./" in built.dockerfile


@pytest.mark.parametrize(
    "more",
    [
        {"scripts": {"start": "node dist/server.js", "postinstall": "node scripts/fetch.js"}},
        {"dependencies": {"express": "^5", "money": "file:./money"}},
        {"dependencies": {"express": "^5", "@prisma/client": "^6"}},
        {"overrides": {"express": {"qs": "file:vendor/qs"}}},
        {"workspaces": ["packages/*"]},
    ],
)
def test_an_install_that_reads_other_files_comes_after_all_of_them(tmp_path: Path, more: dict[str, object]):
    dockerfile = build(tmp_path, api(LOCKS["npm"], **more)).dockerfile
    assert "COPY package.json" not in dockerfile
    assert dockerfile.index("COPY . .") < dockerfile.index("npm ci")


def test_git_hooks_are_no_reason_to_install_late(tmp_path: Path):
    built = build(tmp_path, api(LOCKS["npm"], scripts={"start": "node dist/server.js", "prepare": "husky || true"}))
    assert built.dockerfile.index("ENV HUSKY=0") < built.dockerfile.index("COPY package.json package-lock.json ./")


def test_linting_that_repairs_is_said(tmp_path: Path):
    built = build(tmp_path, api(LOCKS["npm"], scripts={"start": "node dist/server.js", "lint": "eslint --fix ."}))
    assert "repairs what it can and passes" in built.assumptions


def test_variables_that_npm_sets_are_not_asked_for(tmp_path: Path):
    code = "app.listen(process.env.PORT, process.env.npm_config_user_agent, process.env.SHOP_NAME)\n"
    built = build(tmp_path, {**api(LOCKS["npm"]), "src/server.ts": code})
    assert "SHOP_NAME" in built.questions
    assert "npm_config" not in built.questions


def test_sveltekit_without_an_adapter_of_its_own_is_built_for_a_container(tmp_path: Path):
    kit = {"@sveltejs/kit": "^2", "@sveltejs/adapter-auto": "^4", "vite": "^6"}
    built = build(tmp_path, api(LOCKS["npm"], scripts={"build": "vite build"}, dependencies={}, devDependencies=kit))
    first, last = stages(built.dockerfile)
    assert first.index("ENV GCP_BUILDPACKS=true") < first.index("npm run build")
    assert 'CMD ["node", "build"]' in last
    assert "@sveltejs/adapter-node" in built.assumptions


def test_a_workspace_is_not_installed_for_steps_that_are_not_there(tmp_path: Path):
    member = {"name": "@shop/api", "dependencies": {"express": "^5"}, "scripts": {"start": "node index.js"}}
    files = {
        "package.json": json.dumps({"name": "shop", "private": True, "workspaces": ["packages/*"]}),
        "package-lock.json": "{}",
        "packages/api/package.json": json.dumps(member),
        "packages/api/index.js": SERVER,
    }
    assert not build(tmp_path / "a", files).has_step("install-workspace")
    member["scripts"] = {"start": "node index.js", "test": "node --test"}
    tested = build(tmp_path / "b", files | {"packages/api/package.json": json.dumps(member)})
    assert tested.step("test").wait_for == ("install-workspace",)
