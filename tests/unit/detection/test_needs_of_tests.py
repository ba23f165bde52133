"""What tests reach for beside their code: databases and queues, with the place that says so."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
from detection_trees import facts_of, main_of

NODE = {
    "package.json": json.dumps({
        "name": "api", "scripts": {"start": "node a.js", "test": "jest"}, "dependencies": {"express": "5"},
    }),
    "a.js": "require('express')().listen(3000)",
}  # fmt: skip
PYTHON = {"requirements.txt": "flask\npytest\n", "app.py": "from flask import Flask\napp = Flask(__name__)\n"}
GO = {
    "go.mod": "module example.com/x\n\ngo 1.24\n",
    "main.go": 'package main\n\nimport "net/http"\n\nfunc main() { http.ListenAndServe(":8080", nil) }\n',
}


def needs(files: Mapping[str, str]) -> dict[str, str]:
    """Return what the main service's tests need, each with its place."""
    marks = main_of(files).traits
    return {
        each.value.removeprefix("tests-need-"): f"{each.source.path}:{each.source.line}"
        for each in marks
        if each.value.startswith("tests-need-")
    }


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({**NODE, "tests/setup.js": "\nbeforeAll(() => mongoose.connect(url))"}, {"mongodb": "tests/setup.js:2"}),
        ({**NODE, "a.test.js": "const redis = new Redis();"}, {"redis": "a.test.js:1"}),
        ({**NODE, ".env.test": "DATABASE_URL=postgres://u:geheim@localhost:5432/t"}, {"postgres": ".env.test:1"}),
        ({**PYTHON, "tests/conftest.py": "import psycopg\ndb = psycopg.connect(DSN)"}, {"postgres": "tests/conftest.py:2"}),
        ({**PYTHON, "tests/test_a.py": "URL = 'mysql+pymysql://root@db/test'"}, {"mysql": "tests/test_a.py:1"}),
        ({**GO, "main_test.go": 'package main\n\nvar db, _ = sql.Open("postgres", dsn)'}, {"postgres": "main_test.go:3"}),
        ({**GO, "main_test.go": 'package main\n\nimport "github.com/testcontainers/testcontainers-go"'}, {"docker": "main_test.go:3"}),
        ({**NODE, "test/queue.test.js": "amqp.connect('amqp://localhost')"}, {"rabbitmq": "test/queue.test.js:1"}),
    ],
)  # fmt: skip
def test_a_server_that_tests_reach_for_is_told_with_its_place(files: dict[str, str], expected: dict[str, str]):
    assert needs(files) == expected


@pytest.mark.parametrize(
    "files",
    [
        {**NODE, "a.js": "require('express')(); mongoose.connect(url)"},
        {**NODE, "tests/a.test.js": "jest.mock('ioredis'); // new Redis()\nconst mock = new Redis()"},
        {
            **NODE,
            "tests/setup.js": "const { MongoMemoryServer } = require('mongodb-memory-server')\nmongoose.connect(uri)",
        },
        {**PYTHON, "tests/test_a.py": "import fakeredis\nclient = redis.Redis()"},
        {**PYTHON, "tests/test_url.py": "assert parse('postgres://u@example.com/x')"},
        {**PYTHON, "tests/test_a.py": "def test_a():\n    assert True\n"},
    ],
)
def test_tests_that_bring_their_own_or_reach_for_nothing_need_nothing(files: dict[str, str]):
    assert needs(files) == {}


def test_a_service_without_a_test_command_needs_nothing():
    plain = {
        **NODE,
        "package.json": '{"name": "api", "scripts": {"start": "node a.js"}, "dependencies": {"express": "5"}}',
    }
    assert needs({**plain, "tests/setup.js": "mongoose.connect(url)"}) == {}


def test_tests_that_start_containers_need_docker_alone():
    text = (
        'package main\n\nimport "github.com/testcontainers/testcontainers-go"\n\nvar db, _ = sql.Open("postgres", dsn)'
    )
    assert list(needs({**GO, "main_test.go": text})) == ["docker"]


@pytest.mark.parametrize(
    ("engine", "expected"),
    [
        ("postgresql", {"postgres": "shop/settings.py:1"}),
        ("sqlite3", {}),
        ("sqlite3' if TESTING else 'django.db.backends.postgresql", {}),
    ],
)
def test_django_tests_need_the_database_of_the_settings(engine: str, expected: dict[str, str]):
    files = {
        "requirements.txt": "django\n",
        "manage.py": "import django\n",
        "shop/settings.py": f"DATABASES = {{'default': {{'ENGINE': 'django.db.backends.{engine}'}}}}\n",
        "shop/wsgi.py": "application = get_wsgi_application()\n",
        "shop/tests.py": "from django.test import TestCase\n",
    }
    assert needs(files) == expected


def test_no_password_of_an_address_becomes_a_fact():
    facts = facts_of({**NODE, ".env.test": "DATABASE_URL=postgres://u:geheim@localhost:5432/t"})
    assert "geheim" not in repr(facts)
    assert needs({**NODE, ".env.test": "DATABASE_URL=postgres://u:geheim@localhost:5432/t"})


def test_the_tests_of_another_service_are_its_own():
    other = {f"billing/{name}": text for name, text in NODE.items()}
    facts = facts_of(
        {**{f"web/{name}": text for name, text in NODE.items()}, **other, "billing/tests/a.js": "new Redis()"}
    )
    found = {service.path: service.has("tests-need-redis") for service in facts.services}
    assert found == {"web": False, "billing": True}
