"""docs/cicd/README.md: commands that a shell reads, names that agree with the files, everything that was assumed."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml
from built_files import ROOT, Built, build

from penstock.rendering.explain import explain
from penstock.rendering.lockfile import LOCK_FILE

PAGE = "docs/cicd/README.md"
EXAMPLES = sorted(path.name for path in (ROOT / "examples").iterdir() if path.is_dir())
NODE = {
    "package.json": json.dumps({
        "name": "api", "scripts": {"start": "node a.js", "test": "node --test"}, "dependencies": {"express": "5"},
    }),
    "package-lock.json": "{}",
    "a.js": "require('express')().listen(process.env.PORT || 3000); process.env.STRIPE_API_KEY; process.env.SHOP_URL",
}  # fmt: skip


def example(name: str, **asked: object) -> Built:
    return build(ROOT / "examples" / name, **asked)


def blocks(page: str) -> list[str]:
    return re.findall(r"^```sh\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)


def commands(page: str) -> str:
    return "\n".join(blocks(page)).replace("\\\n  ", "")


@pytest.mark.parametrize("target", ["cloud-run", "gke", "none"])
@pytest.mark.parametrize("name", EXAMPLES)
def test_every_command_is_one_that_a_shell_reads(name: str, target: str):
    page = example(name, target=target, branch="release/1.0").files[PAGE]
    assert blocks(page)
    for block in blocks(page):
        checked = subprocess.run(["bash", "-n"], input=block, check=False, capture_output=True, text=True)
        assert checked.stderr == "", block
    assert "\n\n\n" not in page
    assert not re.search(r"{[{%]|(?<!--condition=)\bNone\b|Undefined", page)


@pytest.mark.parametrize("target", ["cloud-run", "gke"])
def test_names_are_those_of_the_files(target: str):
    built = example("payment-api", target=target)
    page = commands(built.files[PAGE])
    for lane in ("cloudbuild-pr.yaml", "cloudbuild.yaml", "cloudbuild-release.yaml"):
        account = yaml.safe_load(built.files[lane])["serviceAccount"].rpartition("/")[2]
        assert f"gcloud iam service-accounts create {account.partition('@')[0]} " in page
        assert f"--build-config={lane}" in page
        assert f"/serviceAccounts/{account}" in page
    for document in yaml.safe_load_all(built.files["clouddeploy.yaml"]):
        name = document["metadata"]["name"]
        if document["kind"] == "Target":
            assert f"gcloud deploy targets rollback {name} " in page
            deploying = document["executionConfigs"][0]["serviceAccount"]
            assert f"serviceAccount:{deploying}" in page
        else:
            assert f"--delivery-pipeline={name} " in page
    for image in yaml.safe_load(built.files["cloudbuild.yaml"])["images"]:
        assert f"gcloud artifacts repositories create {image.split('/')[2]} " in page


def test_the_pull_request_identity_may_write_logs_and_nothing_else():
    page = commands(example("payment-api").files[PAGE])
    granted = re.findall(r"--role=(\S+) --member=serviceAccount:payment-api-check@", page)
    assert granted == ["roles/logging.logWriter"]


def test_secrets_are_created_without_their_values_for_each_environment():
    page = commands(example("payment-api").files[PAGE])
    for environment in ("staging", "production"):
        secret = f"payment-api-payment-provider-key-{environment}"
        assert f"gcloud secrets create {secret} " in page
        assert f"gcloud secrets versions add {secret} --data-file=- " in page
    assert "echo" not in page


def test_the_release_trigger_listens_to_this_registry_alone():
    page = commands(example("shop").files[PAGE])
    trigger = next(line for line in page.split("\n") if "triggers create pubsub" in line)
    assert "--topic=projects/acme-prod/topics/gcr " in trigger
    assert "_IMAGE=$(body.message.data.digest)" in trigger
    assert "europe-west1-docker.pkg.dev/acme-prod/shop/" in trigger


def test_branches_are_matched_literally():
    page = commands(example("payment-api", branch="release/1.0").files[PAGE])
    assert r"--branch-pattern='^release/1\.0$'" in page


def test_nothing_of_a_deployment_is_told_where_nothing_is_deployed():
    built = example("payment-api", target="none")
    page = built.files[PAGE]
    assert "clouddeploy" not in page
    assert "Roll back" not in page
    assert "topics create gcr" not in page
    assert "Nothing is deployed" in page


def test_what_was_assumed_and_asked_and_there_before_is_told(tmp_path: Path):
    workflow = {".github/workflows/ci.yml": "on: push\njobs: {}\n"}
    built = build(tmp_path, {**NODE, **workflow}, project=None)
    page = built.files[PAGE]
    for assumption in built.spec.assumptions:
        assert assumption.text.split(":")[0].replace("_", "\\_") in page
    assert "Which Google Cloud project" in page
    assert "| `SHOP_URL` |" in page
    assert ".github/workflows/ci.yml" in page.split("## What was there before")[1]


@pytest.mark.parametrize("name", ["$(id)", "`id`; rm -rf x", "a'b\"c", "x\n## evil", "<script>", "{{7*7}}", "[a](b)"])
def test_a_hostile_repository_puts_no_command_and_no_markup_into_the_page(tmp_path: Path, name: str):
    manifest = json.loads(NODE["package.json"]) | {"name": name}
    root = tmp_path / "repo"
    built = build(root, {**NODE, "package.json": json.dumps(manifest)})
    page = built.files[PAGE]
    for evil in ("$(id)", "rm -rf", "## evil", "<script>", "](b)"):
        assert evil not in page
    assert not re.search(r"\b49\b", page)
    for block in blocks(page):
        assert "`" not in block


@pytest.mark.parametrize("target", ["cloud-run", "gke", "none"])
@pytest.mark.parametrize("name", ["payment-api", "shop"])
def test_every_line_of_every_file_says_why_it_is_there_and_files_are_the_same_every_time(name: str, target: str):
    built = example(name, target=target)
    lock = built.files[LOCK_FILE].encode()
    for path, text in built.files.items():
        if path == LOCK_FILE:
            continue
        for number, line in enumerate(text.split("\n"), 1):
            if line.strip():
                told = explain(lock, path, number)
                assert told.sentence
                assert "@" in told.skill
    assert example(name, target=target).files == built.files


def test_a_step_says_which_fact_put_it_there():
    built = example("payment-api")
    lines = built.files["cloudbuild.yaml"].split("\n")
    number = next(at for at, line in enumerate(lines, 1) if line.strip() == "npm test")
    told = explain(built.files[LOCK_FILE].encode(), "cloudbuild.yaml", number)
    assert told.ref == "gcp-nodejs-cicd@1.0.0 assets/defaults.yaml steps[test]"
    assert told.because == ("package.json:12 scripts.test",)


def test_a_dockerfile_names_what_made_it_behind_its_directives():
    first, second, third = example("payment-api").files["Dockerfile"].split("\n")[:3]
    assert "gcp-nodejs-cicd@1.0.0" in first
    assert re.search(r"spec [0-9a-f]{12}", first)
    assert "explain" in second
    assert third.startswith("#")
