from __future__ import annotations

import pytest
from detection_trees import main_of, short

FLASK = "from flask import Flask\napp = Flask(__name__)\n"
FASTAPI = "from fastapi import FastAPI\napp = FastAPI()\n"


@pytest.mark.parametrize(
    ("files", "manager", "install"),
    [
        ({"requirements.txt": "flask\n"}, "pip", "pip install -r requirements.txt"),
        ({"pyproject.toml": '[project]\nname = "a"\n', "uv.lock": ""}, "uv", "uv sync --frozen"),
        ({"pyproject.toml": '[tool.uv]\n[project]\nname = "a"\n'}, "uv", "uv sync"),
        ({"pyproject.toml": '[tool.poetry]\nname = "a"\n'}, "poetry", "poetry install --no-interaction"),
        ({"pyproject.toml": '[project]\nname = "a"\n', "pdm.lock": ""}, "pdm", "pdm install --frozen-lockfile"),
        ({"Pipfile": "[packages]\n", "Pipfile.lock": "{}"}, "pipenv", "pipenv install --deploy --dev"),
        ({"setup.py": "from setuptools import setup\nsetup(name='a')\n"}, "pip", "pip install ."),
        (
            {"environment.yml": "dependencies:\n  - flask\n"},
            "conda",
            "conda env update --name base --file environment.yml",
        ),
    ],
)
def test_the_manager_is_the_one_whose_files_are_there_and_only_a_lock_freezes_the_install(
    files: dict[str, str], manager: str, install: str
) -> None:
    service = main_of({**files, "main.py": FLASK})
    assert short(service, "package_manager", "install_command") == (manager, install)


@pytest.mark.parametrize(
    ("files", "version", "kind"),
    [
        ({".python-version": "# ours\n3.12.4\n"}, "3.12.4", "pin"),
        ({"runtime.txt": "python-3.11.9\n"}, "3.11.9", "pin"),
        ({".tool-versions": "nodejs 22\npython 3.10.1\n"}, "3.10.1", "pin"),
        ({"pyproject.toml": '[project]\nname = "a"\nrequires-python = ">=3.11,<3.14"\n'}, ">=3.11,<3.14", "range"),
        (
            {"pyproject.toml": '[tool.poetry]\nname = "a"\n[tool.poetry.dependencies]\npython = "^3.10"\n'},
            "^3.10",
            "range",
        ),
        ({"setup.py": "setup(python_requires='>=3.9')\n"}, ">=3.9", "range"),
        ({"Dockerfile": "FROM python:3.13-slim\n"}, "3.13", "dockerfile"),
        ({"Dockerfile": "FROM example/uvicorn-gunicorn:python3.9-slim\n"}, "3.9", "dockerfile"),
    ],
)
def test_the_version_is_the_one_the_projects_own_files_ask_for(files: dict[str, str], version: str, kind: str) -> None:
    service = main_of({"requirements.txt": "flask\n", "main.py": FLASK, **files})
    assert short(service, "runtime_version", "runtime_kind") == (version, kind)


@pytest.mark.parametrize(
    ("requirements", "files", "expected"),
    [
        ("flask\ngunicorn\n", {"app.py": FLASK}, ("flask", "web", "gunicorn app:app", 8000)),
        (
            "flask\n",
            {"app.py": f"{FLASK}if __name__ == '__main__':\n    app.run(port=8081)\n"},
            ("flask", "web", "python app.py", 8081),
        ),
        (
            "fastapi\nuvicorn\n",
            {"api/main.py": FASTAPI},
            ("fastapi", "web", "uvicorn api.main:app --host 0.0.0.0", 8000),
        ),
        ("fastapi[standard]\n", {"main.py": FASTAPI}, ("fastapi", "web", "fastapi run main.py", 8000)),
        (
            "django\ngunicorn\n",
            {"manage.py": "import django", "shop/wsgi.py": "", "shop/settings.py": ""},
            ("django", "web", "gunicorn shop.wsgi:application", 8000),
        ),
        (
            "streamlit\n",
            {"Home.py": "import streamlit as st\n"},
            ("streamlit", "web", "streamlit run Home.py", 8501),
        ),
        (
            "python-fasthtml\nuvicorn\n",
            {"main.py": "from fasthtml.common import *\napp = FastHTML()\n"},
            ("fasthtml", "web", "uvicorn main:app --host 0.0.0.0", 8000),
        ),
        (
            "functions-framework\n",
            {"main.py": "import functions_framework\n\n@functions_framework.http\ndef greet(request): ...\n"},
            ("functions-framework", "web", "functions-framework --target greet", 8080),
        ),
        ("celery\n", {"worker.py": "print(1)\n"}, ("celery", "worker", "python worker.py", None)),
        ("requests\n", {"main.py": "print(1)\n"}, (None, "cli", "python main.py", None)),
    ],
)  # fmt: skip
def test_framework_kind_start_and_port_follow_from_packages_and_code(
    requirements: str, files: dict[str, str], expected: tuple[object, ...]
) -> None:
    service = main_of({"requirements.txt": requirements, **files})
    assert short(service, "framework", "kind", "start_command", "port") == expected


def test_a_framework_that_is_demanded_and_never_imported_makes_no_web_service() -> None:
    service = main_of({"requirements.txt": "flask\ngunicorn\n", "main.py": "print('once')\n"})
    assert short(service, "framework", "kind", "start_command", "port") == (None, "cli", "python main.py", None)


def test_a_procfile_counts_before_what_is_concluded_and_a_debugger_in_it_does_not() -> None:
    files = {"requirements.txt": "flask\ngunicorn\n", "app.py": FLASK}
    assert short(main_of({**files, "Procfile": "web: gunicorn -w 2 app:app\n"}), "start_command") == (
        "gunicorn -w 2 app:app",
    )
    debugs = main_of({**files, "Procfile": "web: python -m ptvsd --port 3000 app.py\n"})
    assert short(debugs, "start_command", "port") == ("gunicorn app:app", 8000)


@pytest.mark.parametrize(
    ("files", "command"),
    [
        ({"requirements.txt": "flask\npytest\n", "tests/test_a.py": "def test_a(): ..."}, "pytest"),
        ({"requirements.txt": "flask\npytest\n"}, None),
        ({"requirements.txt": "flask\n", "Makefile": "test:\n\tpytest -q\n"}, "make test"),
        ({"requirements.txt": "flask\n", "Makefile": "test:\n\tdocker compose run web pytest\n"}, None),
        ({"requirements.txt": "flask\n", "Makefile": "test:\n\techo none yet\n"}, None),
        ({"requirements.txt": "flask\n", "test_a.py": "import unittest\n"}, "python -m unittest discover"),
    ],
)
def test_tests_run_by_what_the_project_wrote_down_or_a_runner_it_has(
    files: dict[str, str], command: str | None
) -> None:
    assert short(main_of({"app.py": FLASK, **files}), "test_command") == (command,)


def test_a_pyproject_that_only_configures_tools_beside_another_language_is_no_python_service() -> None:
    files = {
        "pyproject.toml": "[tool.ruff]\nline-length = 100\n",
        "go.mod": "module a\n\ngo 1.24\n",
        "main.go": "package main\n\nfunc main() {}\n",
    }
    assert main_of(files).ecosystem == "go"
