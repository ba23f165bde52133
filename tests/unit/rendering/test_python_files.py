"""What a Python repository gets: its packages as it pins them, its own tests, and an image without compilers."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from built_files import ROOT, Built, build

APP = 'import os\nfrom fastapi import FastAPI\napp = FastAPI()\nPORT = os.environ.get("PORT")\n'
FLASK = "from flask import Flask\napp = Flask(__name__)\n"
TEST = "import pytest\n\ndef test_one():\n    assert True\n"
HASH = "--hash=sha256:" + "a" * 64
PIP = {"requirements.txt": "fastapi==0.115.0\nuvicorn==0.32.0\npytest==8.3.0\n", "main.py": APP, "test_main.py": TEST}
PROJECT = '[project]\nname = "svc"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = ["fastapi", "uvicorn"]\n'
ADDRESS = '"--server.address", "0.0.0.0"'
TESTED = {"app/__init__.py": "", "app/main.py": APP, "tests/test_main.py": TEST}
MANAGERS = {
    "uv": (
        {"pyproject.toml": PROJECT + '[dependency-groups]\ndev = ["pytest"]\n', "uv.lock": "version = 1\n"},
        "uv sync --frozen", "uv run pytest", "RUN uv sync --frozen --no-default-groups --no-editable",
    ),
    "poetry": (
        {"pyproject.toml": '[tool.poetry]\nname = "svc"\n[tool.poetry.dependencies]\npython = "^3.11"\nfastapi = "*"\n'
         'uvicorn = "*"\n[tool.poetry.group.dev.dependencies]\npytest = "*"\n', "poetry.lock": "x\n"},
        "poetry install --no-interaction", "poetry run pytest",
        "RUN poetry install --only main --no-root --no-interaction --no-cache",
    ),
    "pdm": (
        {"pyproject.toml": PROJECT + '[dependency-groups]\ndev = ["pytest"]\n', "pdm.lock": "x\n"},
        "pdm install --frozen-lockfile", "pdm run pytest", "RUN pdm sync --prod --no-self",
    ),
    "pipenv": (
        {"Pipfile": '[packages]\nfastapi = "*"\nuvicorn = "*"\n[dev-packages]\npytest = "*"\n[requires]\n'
         'python_version = "3.12"\n', "Pipfile.lock": "{}"},
        "pipenv install --deploy --dev", "pipenv run pytest", "RUN pipenv sync",
    ),
}  # fmt: skip


def final_stage(built: Built) -> list[str]:
    lines = built.dockerfile.split("\n")
    return lines[max(index for index, line in enumerate(lines) if line.startswith("FROM ")) :]


def test_the_example_installs_by_hashes_and_runs_its_own_tests(tmp_path: Path):
    built = build(Path(shutil.copytree(ROOT / "examples" / "inventory", tmp_path / "inventory")))
    assert "pip install --require-hashes -r requirements.txt -r requirements-dev.txt" in built.step("install").script
    assert built.step("test").script.endswith("\npytest\n")
    assert "RUN pip install --no-cache-dir --require-hashes -r requirements.txt" in built.dockerfile
    assert 'CMD ["uvicorn", "inventory.main:app", "--host", "0.0.0.0", "--port", "8000"]' in built.dockerfile
    assert "not pinned" not in built.assumptions


def test_the_image_has_no_compilers_and_is_not_root(tmp_path: Path):
    final = final_stage(build(tmp_path, PIP))
    assert "-slim-" in final[0]
    assert "@sha256:" in final[0]
    assert "ENV PYTHONUNBUFFERED=1 \\" in final
    assert "COPY --from=build /opt/venv /opt/venv" in final
    assert "USER 10001:10001" in final
    assert "EXPOSE 8000" in final


@pytest.mark.parametrize("manager", MANAGERS)
def test_each_manager_installs_from_its_lock_file_and_leaves_development_out_of_the_image(tmp_path: Path, manager: str):
    files, install, test, image = MANAGERS[manager]
    built = build(tmp_path, {**files, **TESTED})
    script = built.step("install").script
    assert f'"$TOOLS/bin/pip" install --quiet {manager}==' in script
    assert f"\n{install}\n" in script
    assert built.step("test").script.endswith(f"\n{test}\n")
    assert image in built.dockerfile.split("\n")
    assert f"/opt/tools/bin/pip install {manager}==" in built.dockerfile
    assert "not pinned" not in built.assumptions


def test_packages_without_a_lock_file_are_said(tmp_path: Path):
    built = build(tmp_path, PIP)
    assert "not pinned by a lock file" in built.assumptions
    assert "--require-hashes" not in built.dockerfile


def test_requirements_that_name_other_files_are_installed_with_all_files_in_sight(tmp_path: Path):
    files = {**PIP, "requirements.txt": "-r more.txt\nfastapi\nuvicorn\n", "more.txt": "httpx\n"}
    lines = build(tmp_path, files).dockerfile.split("\n")
    assert lines.index("COPY . .") < lines.index("RUN pip install --no-cache-dir -r requirements.txt")
    alone = build(tmp_path / "alone", PIP).dockerfile.split("\n")
    assert alone.index("COPY requirements.txt requirements.txt") < alone.index("COPY . .")


def test_files_with_and_without_hashes_are_installed_apart(tmp_path: Path):
    files = {
        **PIP,
        "requirements.txt": f"fastapi==0.1 \\\n    {HASH}\nuvicorn==0.1 {HASH}\n",
        "requirements-dev.txt": "pytest\n",
    }
    script = build(tmp_path, files).step("install").script
    assert "pip install --require-hashes -r requirements.txt\n" in script
    assert "pip install -r requirements-dev.txt\n" in script


def test_a_runner_that_no_manifest_demands_is_installed_at_a_pinned_version(tmp_path: Path):
    files = {**PIP, "requirements.txt": "fastapi\nuvicorn\n"}
    assert "python -m pip install pytest==" in build(tmp_path, files).step("install").script
    assert "pytest==" not in build(tmp_path / "demanded", PIP).step("install").script


@pytest.mark.parametrize(
    ("manifest", "install"),
    [
        ('[project.optional-dependencies]\ntest = ["pytest"]\n', "pip install '.[test]'"),
        ('[dependency-groups]\nci = ["pytest"]\n', "pip install . --group ci"),
    ],
)
def test_the_group_that_brings_the_tests_is_installed_for_them(tmp_path: Path, manifest: str, install: str):
    built = build(tmp_path, {"pyproject.toml": PROJECT + manifest, **TESTED})
    assert f"\n{install}\n" in built.step("install").script
    assert "RUN pip install --no-cache-dir .\n" in built.dockerfile


def test_a_hostile_group_name_never_reaches_a_shell(tmp_path: Path):
    manifest = PROJECT + '[project.optional-dependencies]\n"test]\'; touch owned; \'" = ["pytest"]\n'
    assert "owned" not in "\n".join(build(tmp_path, {"pyproject.toml": manifest, **TESTED}).files.values())


@pytest.mark.parametrize(
    ("demand", "line"), [(">=3.9", "3.13"), (">=3.9,<3.12", "3.11"), ("==3.12.*", "3.12"), (">=3.14", "3.14")]
)
def test_a_range_gets_the_usual_python_while_it_may(tmp_path: Path, demand: str, line: str):
    manifest = PROJECT.replace(">=3.11", demand)
    built = build(tmp_path, {"pyproject.toml": manifest, **TESTED})
    assert built.step("test").image.startswith(f"python:{line}.")
    assert final_stage(built)[0].startswith(f"FROM python:{line}.")


def test_a_pinned_patch_gets_the_newest_release_of_its_line_and_is_told_so(tmp_path: Path):
    built = build(tmp_path, {**PIP, ".python-version": "3.12.1\n"})
    assert built.step("test").image.startswith("python:3.12.")
    assert "exactly Python 3.12.1" in built.assumptions


def test_a_python_past_its_end_of_life_is_used_and_asked_about(tmp_path: Path):
    built = build(tmp_path, {**PIP, ".python-version": "3.8\n"})
    assert built.step("test").image.startswith("python:3.8.")
    assert "no more security fixes" in built.questions.replace("\n", " ")


@pytest.mark.parametrize(
    ("requirements", "app", "command"),
    [
        ("flask\ngunicorn\n", FLASK, '["gunicorn", "main:app"]'),
        ("flask\nwaitress\n", FLASK, '["waitress-serve", "--port=5000", "main:app"]'),
        ("fastapi\nhypercorn\n", APP, '["hypercorn", "main:app", "--bind", "0.0.0.0:8000"]'),
        ("fastapi\nuvicorn\n", APP, '["uvicorn", "main:app", "--host", "0.0.0.0", "--port", "8000"]'),
        (
            "streamlit\n",
            "import streamlit as st\n",
            f'["streamlit", "run", "main.py", {ADDRESS}, "--server.port", "8501", "--server.headless", "true"]',
        ),
    ],
)
def test_each_server_listens_where_the_platform_looks(tmp_path: Path, requirements: str, app: str, command: str):
    built = build(tmp_path, {"requirements.txt": requirements, "main.py": app})
    port = built.spec.services[0].runtime.port
    assert f"CMD {command}".replace("5000", str(port)) in built.dockerfile
    assert f"    PORT={port} \\" in built.dockerfile


def test_a_port_that_was_asked_for_is_the_one_the_server_opens(tmp_path: Path):
    assert '"--port", "9000"]' in build(tmp_path, PIP, port=9000).dockerfile


def test_a_procfile_with_variables_keeps_its_shell_and_gets_its_signals(tmp_path: Path):
    built = build(tmp_path, {**PIP, "Procfile": "web: uvicorn main:app --port $PORT --host 0.0.0.0\n"})
    assert 'CMD ["/bin/sh", "-c", "exec uvicorn main:app --port $PORT --host 0.0.0.0"]' in built.dockerfile


def test_a_worker_has_no_port(tmp_path: Path):
    built = build(
        tmp_path,
        {"requirements.txt": "celery\n", "tasks.py": "x = 1\n", "Procfile": "worker: celery -A tasks worker\n"},
    )
    assert 'CMD ["celery", "-A", "tasks", "worker"]' in built.dockerfile
    assert "EXPOSE" not in built.dockerfile


DJANGO = {
    "requirements.txt": "django\ngunicorn\nwhitenoise\n",
    "manage.py": "import django\n",
    "shop/__init__.py": "",
    "shop/settings.py": "STATIC_ROOT = 'static'\n",
    "shop/wsgi.py": "application = 1\n",
    "shop/tests.py": "class T(TestCase):\n    def test_x(self): ...\n",
}


def test_django_collects_static_files_only_where_the_settings_say_where_to(tmp_path: Path):
    built = build(tmp_path, DJANGO)
    assert "RUN python manage.py collectstatic --noinput" in built.dockerfile
    assert 'CMD ["gunicorn", "shop.wsgi:application"]' in built.dockerfile
    assert built.step("test").script.endswith("\npython manage.py test\n")
    plain = build(tmp_path / "plain", {**DJANGO, "shop/settings.py": "DEBUG = False\n"})
    assert "collectstatic" not in plain.dockerfile


def test_a_development_server_is_what_the_repository_names_and_a_question(tmp_path: Path):
    built = build(tmp_path, {**DJANGO, "requirements.txt": "django\n"})
    assert "meant for development" in built.questions.replace("\n", " ")


def test_a_driver_that_is_compiled_gets_its_library(tmp_path: Path):
    built = build(tmp_path, {**PIP, "requirements.txt": "fastapi\nuvicorn\npsycopg2\n"})
    assert "--no-install-recommends libpq5=15.*" in built.dockerfile
    assert (
        "apt-get"
        not in build(tmp_path / "binary", {**PIP, "requirements.txt": "fastapi\nuvicorn\npsycopg2-binary\n"}).dockerfile
    )


def test_sources_below_src_are_found_by_the_program(tmp_path: Path):
    files = {"requirements.txt": "fastapi\nuvicorn\n", "src/app/__init__.py": "", "src/app/main.py": APP}
    assert "PYTHONPATH=/app/src" in build(tmp_path, files).dockerfile


def test_a_service_that_nothing_starts_is_left_to_buildpacks_with_a_question(tmp_path: Path):
    built = build(
        tmp_path,
        {"requirements.txt": "fastapi\npytest\n", "svc/api.py": "from fastapi import FastAPI\n", "test_x.py": TEST},
    )
    assert built.spec.services[0].image.method == "buildpacks"
    assert "How is" in built.questions
    assert "started" in built.questions


def test_conda_is_said_to_need_an_image_of_its_own(tmp_path: Path):
    files = {
        "environment.yml": "dependencies:\n  - python=3.11\n  - flask\n",
        "main.py": FLASK,
        "test_main.py": TEST,
        "Dockerfile": "FROM debian:12\n",
    }
    built = build(tmp_path, files)
    assert "conda" in built.questions
    assert not built.has_step("install")


def test_a_member_of_a_uv_workspace_is_built_with_the_workspace_in_sight(tmp_path: Path):
    built = build(
        tmp_path,
        {
            "pyproject.toml": '[tool.uv.workspace]\nmembers = ["services/*"]\n',
            "uv.lock": "version = 1\n",
            **{f"services/api/{name}": content for name, content in {"pyproject.toml": PROJECT, **TESTED}.items()},
        },
    )
    image = built.spec.services[0].image
    assert (image.dockerfile, image.context) == ("services/api/Dockerfile", ".")
    assert "COPY . /app" in built.dockerfile
    assert "WORKDIR /app/services/api" in built.dockerfile
    assert "RUN uv sync --frozen --no-default-groups --no-editable" in built.dockerfile


def test_a_dockerfile_of_the_repository_is_left_alone(tmp_path: Path):
    built = build(tmp_path, {**PIP, "Dockerfile": "FROM python:3.12\nCMD ['x']\n"})
    assert "Dockerfile" not in built.files
    assert built.step("image").env["DOCKERFILE"] == "Dockerfile"


def test_secrets_and_environments_never_get_into_the_build_context(tmp_path: Path):
    hidden = build(tmp_path, PIP).files[".dockerignore"].split("\n")
    assert {".git", "**/.env", "**/*.pem", "**/*.key", ".venv"} <= set(hidden)


@pytest.mark.parametrize("name", ["main.py", "a b.py", "a$(touch owned).py", "{{ 7*7 }}.py"])
def test_strange_file_names_stay_text(tmp_path: Path, name: str):
    built = build(
        tmp_path,
        {
            "requirements.txt": "flask\n",
            name: FLASK + 'if __name__ == "__main__":\n    app.run(port=5000)\n',
            "main.py": "x = 1\n",
        },
    )
    assert "49" not in built.dockerfile.split("CMD")[-1]
