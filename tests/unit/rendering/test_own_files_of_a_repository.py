"""Files that a repository had before: kept and built as they are, and what a pipeline adds stands beside them."""

from __future__ import annotations

import json
from pathlib import Path

from built_files import Built, build, write

NODE = {
    "package.json": json.dumps(
        {"name": "shop", "scripts": {"start": "node server.js"}, "dependencies": {"express": "^5"}}
    ),
    "package-lock.json": "{}",
    "server.js": "require('express')().listen(process.env.PORT || 3000);\n",
}
THEIRS = "steps:\n- name: gcr.io/cloud-builders/docker\n"
DEVELOPS = """FROM node:24 AS production
CMD ["node", "server.js"]
FROM production AS dev-envs
RUN useradd vscode
"""


def own(root: Path, dockerfile: str, **options: object) -> Built:
    return build(root, {**NODE, "Dockerfile": dockerfile}, **options)


def manifest(built: Built, ending: str) -> str:
    return next(text for path, text in sorted(built.files.items()) if path.endswith(ending))


def test_a_build_file_of_the_repository_keeps_its_place_and_ours_goes_beside_it(tmp_path: Path):
    built = build(tmp_path, {**NODE, "cloudbuild.yaml": THEIRS, "clouddeploy.yaml": "kind: Target\n"})
    assert "cloudbuild.yaml" not in built.files
    assert "clouddeploy.yaml" not in built.files
    assert {"cloudbuild-main.yaml", "cloudbuild-pr.yaml", "clouddeploy-pipeline.yaml"} <= set(built.files)
    page = built.files["docs/cicd/README.md"]
    assert "--build-config=cloudbuild-main.yaml" in page
    assert "--file=clouddeploy-pipeline.yaml" in page
    assert "- `cloudbuild.yaml`" in page.split("## What was there before")[1]


def test_what_stands_beside_stays_there_when_it_is_made_again(tmp_path: Path):
    first = build(tmp_path, {**NODE, "cloudbuild.yaml": THEIRS})
    write(tmp_path, first.files)
    assert build(tmp_path).files == first.files
    (tmp_path / "cloudbuild.yaml").unlink()
    assert "cloudbuild-main.yaml" in build(tmp_path).files


def test_a_build_file_that_is_to_be_replaced_is_written_in_its_place(tmp_path: Path):
    built = build(tmp_path, {**NODE, "cloudbuild.yaml": THEIRS}, overwrite=True)
    assert "cloudbuild.yaml" in built.files
    assert "cloudbuild-main.yaml" not in built.files


def test_a_dockerignore_of_the_repository_is_kept(tmp_path: Path):
    built = build(tmp_path, {**NODE, ".dockerignore": "node_modules\n"})
    assert "Dockerfile" in built.files
    assert ".dockerignore" not in built.files


def test_an_image_that_names_no_command_is_started_as_the_repository_says(tmp_path: Path):
    dockerfile = "FROM node:24-alpine\nCOPY . .\nRUN npm ci\nEXPOSE 3000\n"
    run = own(tmp_path / "a", dockerfile, target="cloud-run")
    assert "          args: [npm, start]\n" in manifest(run, "run/production.yaml")
    assert "Dockerfile names no command, so shop is started by npm start (package.json" in run.assumptions
    gke = own(tmp_path / "b", dockerfile, target="gke")
    assert "          args: [npm, start]\n" in manifest(gke, "deployment.yaml")


def test_an_image_that_names_its_command_gets_none(tmp_path: Path):
    for at, dockerfile in enumerate(
        (
            'FROM node:24\nCMD ["node", "server.js"]\n',
            "FROM node:24 AS base\nENTRYPOINT node server.js\nFROM base\nRUN true\n",
            "FROM nginx:1.29\nCOPY . /usr/share/nginx/html\n",
        )
    ):
        built = own(tmp_path / str(at), dockerfile, target="cloud-run")
        assert built.spec.services[0].runtime.command == ()


def test_a_last_stage_for_developers_is_not_what_is_shipped(tmp_path: Path):
    step = own(tmp_path / "a", DEVELOPS).step("image")
    assert step.env["STAGE"] == "production"
    assert '--target "$STAGE"' in step.script
    plain = own(tmp_path / "b", DEVELOPS.partition("FROM production")[0]).step("image")
    assert "STAGE" not in plain.env
    assert "--target" not in plain.script


def test_the_stage_under_the_developers_one_is_taken_where_none_is_named_for_production(tmp_path: Path):
    built = own(tmp_path, DEVELOPS.replace("production", "builder"))
    assert built.spec.services[0].image.stage == "builder"
    assert "stage builder (--target)" in built.assumptions


def test_an_image_that_serves_for_development_is_asked_about(tmp_path: Path):
    built = own(tmp_path / "a", 'FROM node:24\nCMD ["npx", "nodemon", "server.js"]\n')
    assert "server for development (npx nodemon server.js)" in built.questions
    assert "for development" not in own(tmp_path / "b", 'FROM node:24\nCMD ["node", "server.js"]\n').questions


def test_a_web_server_in_a_cluster_gets_its_folders_and_its_port(tmp_path: Path):
    page = {
        "public/index.html": "<p>hello</p>\n",
        "Dockerfile": "FROM nginx:1.29-alpine\nCOPY public /usr/share/nginx/html\n",
    }
    built = build(tmp_path, page, target="gke")
    deployment = manifest(built, "deployment.yaml")
    assert "mountPath: /var/cache/nginx" in deployment
    assert "mountPath: /var/run" in deployment
    assert "containerPort: 80\n" in deployment
    assert "net.ipv4.ip_unprivileged_port_start" in deployment
    assert "runs as the user 10001" in built.assumptions
    assert "below /var/cache/nginx, /var/run and /tmp only" in built.assumptions


def test_a_port_that_anybody_may_listen_on_needs_no_permission(tmp_path: Path):
    assert "sysctls" not in manifest(own(tmp_path, DEVELOPS, target="gke"), "deployment.yaml")


def test_an_image_is_built_where_what_it_copies_lies(tmp_path: Path):
    api = {f"services/api/{path}": text for path, text in NODE.items()}
    other = {f"services/web/{path}": text.replace("shop", "web") for path, text in NODE.items()}
    dockerfile = {
        "services/api/Dockerfile": "FROM node:24\nCOPY shared /shared\nCOPY services/api .\nCMD node server.js\n"
    }
    shared = {"shared/money.js": "x\n"}
    built = build(tmp_path / "a", {**api, **other, **shared, **dockerfile})
    assert built.step("api-image").env["CONTEXT"] == "."
    dockerfile["services/api/Dockerfile"] = "FROM node:24\nCOPY package.json .\nCOPY . .\nCMD node server.js\n"
    built = build(tmp_path / "b", {**api, **other, **shared, **dockerfile})
    assert built.step("api-image").env["CONTEXT"] == "services/api"


def test_a_compose_file_says_where_an_image_is_built(tmp_path: Path):
    compose = "services:\n  shop:\n    build:\n      context: docker\n      dockerfile: Dockerfile\n"
    image = {"docker/Dockerfile": "FROM node:24\nCOPY run.sh /\nCMD /run.sh\n", "docker/run.sh": "#!/bin/sh\n"}
    step = build(tmp_path, {**NODE, **image, "compose.yaml": compose}).step("image")
    assert (step.env["DOCKERFILE"], step.env["CONTEXT"]) == ("docker/Dockerfile", "docker")


def test_env_files_of_any_folder_stay_out_of_the_image_but_examples_do_not(tmp_path: Path):
    hidden = build(tmp_path, NODE).files[".dockerignore"].splitlines()
    assert {"**/.env", "**/.env.*", "!**/.env.example"} <= set(hidden)
    assert hidden.index("!**/.env.example") > hidden.index("**/.env.*")
