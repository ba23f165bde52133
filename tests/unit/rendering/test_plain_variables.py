"""The page names every plain variable that the code reads and nothing sets, where its value goes, and nothing twice."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from built_files import build

PAGE = "docs/cicd/README.md"
MANIFEST = json.dumps({"name": "api", "scripts": {"start": "node a.js"}, "dependencies": {"express": "5"}})
CODE = """\
const app = require('express')();
const port = process.env.PORT || 3000;
connect(process.env.DATABASE_HOST, process.env.CATALOG_URL || 'http://localhost:8090', process.env.MODE || 'fast');
pay(process.env.STRIPE_API_KEY);
if (process.env.NODE_ENV !== 'production') app.use(process.env.npm_package_version);
app.listen(port);
"""
NODE = {
    "package.json": MANIFEST,
    "package-lock.json": "{}",
    "a.js": CODE,
    ".env.example": "SMTP_HOST=mail\nMAIL_FROM=a@b.c\n",
}
OWN_IMAGE = 'FROM node:24-slim\nCOPY . .\nCMD ["node", "a.js"]\n'


def rows(page: str) -> dict[str, list[str]]:
    """Return the rows of the table of variables, by the variable's name."""
    table = page.split("### Plain variables\n")[1].split("\n### ", maxsplit=1)[0]
    cells = [
        [cell.strip() for cell in line.strip("|").split(" | ")] for line in table.split("\n") if line.startswith("|")
    ]
    return {row[1].split("`")[1]: row for row in cells[2:]}


@pytest.mark.parametrize("target", ["cloud-run", "gke"])
def test_variables_that_nothing_sets_are_listed_with_place_and_default(tmp_path: Path, target: str):
    found = rows(build(tmp_path, NODE, target=target).files[PAGE])
    assert list(found) == ["CATALOG_URL", "DATABASE_HOST", "MAIL_FROM", "SMTP_HOST", "MODE"]
    assert found["CATALOG_URL"] == [
        "api",
        "`CATALOG_URL`",
        "`a.js:3`",
        "`http://localhost:8090`, which is not there: **to be given**",
    ]
    assert found["DATABASE_HOST"][2:] == ["`a.js:3`", "no default was found: **to be given**"]
    assert found["SMTP_HOST"][2:] == ["`.env.example:1`", "**to be given**; the example says `mail`"]
    assert found["MODE"][3] == "`fast`"
    assert "a@b.c" not in "".join(found["MAIL_FROM"])


def test_nothing_is_named_twice(tmp_path: Path):
    page = build(tmp_path, NODE).files[PAGE]
    assert page.count("DATABASE_HOST") == page.count("DATABASE\\_HOST") + 1 == 1
    assert "STRIPE_API_KEY" not in page.split("### Plain variables\n")[1].split("\n### ")[0]


def test_the_question_names_them_where_the_page_is_not_read(tmp_path: Path):
    asked = build(tmp_path, NODE).questions
    assert "DATABASE_HOST (a.js:3)" in asked
    assert "MODE" not in asked


def test_the_place_of_a_value_fits_the_files_that_were_written(tmp_path: Path):
    run = build(tmp_path / "run", NODE, target="cloud-run")
    assert "- `deploy/api/run/staging.yaml`, `deploy/api/run/production.yaml`\n" in run.files[PAGE]
    assert "deploy/api/run/staging.yaml" in run.files
    cluster = build(tmp_path / "gke", NODE, target="gke")
    overlay = "deploy/api/k8s/overlays/staging/kustomization.yaml"
    assert f"- WORKLOAD is `api`: `{overlay}`, " in cluster.files[PAGE]
    patch = yaml.safe_load(cluster.files[PAGE].split("```yaml\n")[1].split("```")[0])["patches"][0]["patch"]
    patched = yaml.safe_load(patch)
    deployment = yaml.safe_load(cluster.files["deploy/api/k8s/base/deployment.yaml"])
    assert (patched["apiVersion"], patched["kind"]) == (deployment["apiVersion"], deployment["kind"])
    assert patched["spec"]["template"]["spec"]["containers"][0]["env"] == [{"name": "NAME", "value": "VALUE"}]


def test_without_open_variables_or_a_deployment_there_is_no_table(tmp_path: Path):
    plain = {**NODE, "a.js": "require('express')().listen(3000)"}
    del plain[".env.example"]
    assert "Plain variables" not in build(tmp_path / "none", plain).files[PAGE]
    assert "Plain variables" not in build(tmp_path / "registry", NODE, target="none").files[PAGE]


def test_what_a_bundler_writes_into_pages_is_set_in_the_dockerfile(tmp_path: Path):
    manifest = {"name": "site", "scripts": {"build": "vite build"}, "devDependencies": {"vite": "7"}}
    files = {"package.json": json.dumps(manifest), "package-lock.json": "{}", "index.html": "<html></html>"}
    page = build(tmp_path, {**files, "src/main.js": "fetch(import.meta.env.VITE_API_URL)"}).files[PAGE]
    assert rows(page)["VITE_API_URL"][1] == "`VITE_API_URL` (when built)"
    assert "before the\nbuild in the Dockerfile" in page
    assert "```yaml" not in page


@pytest.mark.parametrize("target", ["cloud-run", "gke"])
@pytest.mark.parametrize(
    ("dockerfile", "told"), [(OWN_IMAGE, True), (OWN_IMAGE.replace("COPY", "ENV NODE_ENV=production\nCOPY"), False)]
)
def test_an_own_image_that_does_not_say_production_is_told_so_where_the_code_asks(
    tmp_path: Path, target: str, dockerfile: str, told: bool
):
    built = build(tmp_path, {**NODE, "Dockerfile": dockerfile}, target=target)
    assert [(each.name, each.value) for each in built.spec.services[0].env if each.name == "NODE_ENV"] == (
        [("NODE_ENV", "production")] if told else []
    )
    path = "deploy/api/run/production.yaml" if target == "cloud-run" else "deploy/api/k8s/base/deployment.yaml"
    assert ("name: NODE_ENV" in built.files[path]) is told


def test_what_an_own_image_sets_is_not_open(tmp_path: Path):
    sets = OWN_IMAGE.replace("COPY", "ENV MODE=slow DATABASE_HOST=db\nCOPY")
    assert "DATABASE_HOST" not in rows(build(tmp_path, {**NODE, "Dockerfile": sets}).files[PAGE])


def test_a_switch_and_a_default_that_is_no_word_are_listed_but_not_asked_for(tmp_path: Path):
    settings = """\
from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    region_name: str
    minutes: int = 60 * 24
    sender: str | None = None
    level: str = "info"
"""
    code = "import os\nfrom flask import Flask\napp = Flask(__name__)\nif os.getenv('ENABLE_TRACING'): pass\n"
    built = build(tmp_path, {"requirements.txt": "flask==3.1.0\ngunicorn\n", "app.py": code, "settings.py": settings})
    found = rows(built.files[PAGE])
    told = {name: row[3] for name, row in found.items()}
    assert told == {
        "REGION_NAME": "no default was found: **to be given**",
        "ENABLE_TRACING": "the code can do without",
        "LEVEL": "`info`",
        "MINUTES": "the code can do without",
        "SENDER": "`None`",
    }
    assert "REGION_NAME (settings.py:5)?" in built.questions
