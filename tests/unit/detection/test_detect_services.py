from __future__ import annotations

import json

import pytest
from detection_trees import facts_of, main_of, short

EXPRESS = json.dumps({"dependencies": {"express": "5"}, "scripts": {"start": "node index.js"}})
PYTHON = {"requirements.txt": "flask\ngunicorn\n", "app.py": "from flask import Flask\napp = Flask(__name__)\n"}


def below(folder: str, files: dict[str, str]) -> dict[str, str]:
    return {f"{folder}/{name}": text for name, text in files.items()}


def test_services_of_several_languages_each_have_their_own_facts() -> None:
    facts = facts_of({**below("vote", PYTHON), **below("result", {"package.json": EXPRESS}), "README.md": ""})
    assert [(each.path, each.ecosystem, *short(each, "start_command")) for each in facts.services] == [
        ("result", "node", "npm start"),
        ("vote", "python", "gunicorn app:app"),
    ]
    assert facts.monorepo == "folders"


def test_a_first_process_in_front_of_the_program_is_no_part_of_the_start() -> None:
    docker = 'FROM node:22\nENTRYPOINT ["/usr/bin/tini", "--"]\nCMD ["node", "lib/a.js"]\n'
    files = {"package.json": '{"dependencies": {"express": "5"}}', "lib/a.js": "x", "Dockerfile": docker}
    assert short(main_of(files), "start_command") == ("node lib/a.js",)


@pytest.mark.parametrize(
    "command", ['["python", "-m", "debugpy", "--listen", "5678", "app.py"]', '["flask", "run", "--reload"]', '["bash"]']
)
def test_an_image_for_developers_does_not_say_how_the_program_serves(command: str) -> None:
    service = main_of({**PYTHON, "Dockerfile": f"FROM python:3.12\nCMD {command}\n"})
    assert short(service, "start_command") == ("gunicorn app:app",)


def test_a_folder_with_an_image_and_no_manifest_is_a_service_when_nothing_else_is() -> None:
    go = {"main.go": 'package main\n\nfunc main() {\n\thttp.ListenAndServe(":80", nil)\n}\n'}
    facts = facts_of({**below("backend", {**go, "Dockerfile": "FROM golang:1.24\n"}), "compose.yaml": "services: {}\n"})
    assert [(each.path, each.ecosystem) for each in facts.services] == [("backend", "go")]


def test_a_program_that_is_named_like_a_dockerfile_is_none() -> None:
    facts = facts_of(
        {"package.json": EXPRESS, "lib/dockerfile.ex": "x", "tools.Dockerfile.md": "x", "DOCKERFILE": "FROM a\n"}
    )
    assert facts.dockerfiles == ("DOCKERFILE",)


def test_a_front_end_that_its_servers_build_makes_is_no_service_of_its_own() -> None:
    vite = {"package.json": '{"private": true, "devDependencies": {"vite": "7"}}', "index.html": ""}
    mix = 'app: :shop,\nmod: {Shop, []},\n{:phoenix, "~> 1.7"}\n'
    assert [each.path for each in facts_of({"mix.exs": mix, **below("assets", vite)}).services] == ["."]
    pom = "<project><artifactId>a</artifactId><packaging>war</packaging><!-- frontend-maven-plugin --></project>"
    assert [each.path for each in facts_of({"pom.xml": pom, **below("frontend", vite)}).services] == ["."]


def test_a_workspace_root_that_only_lists_what_its_members_use_is_no_service() -> None:
    root = {"private": True, "dependencies": {"next": "16"}, "devDependencies": {"nx": "23"}, "scripts": {}}
    files = {
        "package.json": json.dumps(root), "nx.json": "{}", "pnpm-workspace.yaml": "packages: ['apps/*']\n",
        "apps/web/package.json": '{"private": true, "dependencies": {"next": "16"}}', "apps/web/next.config.js": "",
    }  # fmt: skip
    facts = facts_of(files)
    assert [each.path for each in facts.services] == ["apps/web"]
    assert facts.monorepo == "nx"


def test_the_template_of_another_project_is_no_service() -> None:
    facts = facts_of({**below("{{cookiecutter.slug}}", PYTHON), "README.md": ""})
    assert facts.deployable is False


def test_the_names_of_variables_and_secrets_are_read_in_every_language() -> None:
    sources = {
        "a.py": 'import os\nos.environ["PY_TOKEN"]\nos.getenv("PY_LEVEL", "info")\n',
        "b.js": "process.env.JS_PASSWORD",
        "c.go": 'os.Getenv("GO_API_KEY")',
        "src/main/java/D.java": 'System.getenv("JAVA_SECRET")',
        "e.rb": 'ENV.fetch("RUBY_DSN")',
        "f.rs": 'env::var("RUST_TOKEN")',
        "g.cs": 'Environment.GetEnvironmentVariable("NET_KEY")',
        "h.php": "getenv('PHP_PASS')",
        "i.ex": 'System.fetch_env!("ELIXIR_SECRET_KEY")',
    }
    service = main_of({**sources, "Dockerfile": "FROM a\n", "requirements.txt": "x\n", "main.py": "print()\n"})
    found = {each.name: each for each in service.env}
    assert set(found) == {
        "PY_TOKEN", "PY_LEVEL", "JS_PASSWORD", "GO_API_KEY", "JAVA_SECRET", "RUBY_DSN", "RUST_TOKEN", "NET_KEY",
        "PHP_PASS", "ELIXIR_SECRET_KEY",
    }  # fmt: skip
    assert [name for name, each in found.items() if not each.secret] == ["PY_LEVEL"]
    assert (found["PY_LEVEL"].default, found["PY_TOKEN"].source.line) == ("info", 2)


def test_each_field_of_a_settings_class_is_a_variable_with_its_default_and_no_secrets_value() -> None:
    settings = (
        "from pydantic_settings import BaseSettings, SettingsConfigDict\n\n\n"
        "class Settings(BaseSettings):\n"
        '    model_config = SettingsConfigDict(env_prefix="shop_")\n'
        '    secret_key: str = "changeme"\n'
        "    workers: int = 4\n"
        "    db_host: str\n\n"
        "    def url(self) -> str:\n"
        "        value: int = 3\n\n\n"
        "class Other:\n"
        "    name: str = 'x'\n"
    )
    service = main_of({**PYTHON, "core/config.py": settings})
    assert [(each.name, each.secret, each.default, each.source.line) for each in service.env] == [
        ("SHOP_DB_HOST", False, None, 8),
        ("SHOP_SECRET_KEY", True, None, 6),
        ("SHOP_WORKERS", False, "4", 7),
    ]
