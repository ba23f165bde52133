"""What does not fit is said in words that name the place and what there is instead; nothing is made of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from laying import ORIGIN, facts_of, laid

from penstock.domain.changes import Changes
from penstock.domain.facts import Source, Task
from penstock.errors import InvalidConfiguration
from penstock.generation.answers import problems_of
from penstock.generation.changing import apply_changes

STEP = {"id": "e2e", "title": "End-to-end tests", "kind": "test", "lanes": ["main"], "script": "npm test"}


def step(**more: Any) -> dict[str, Any]:
    return {"add_steps": [{**STEP, **more}]}


def stages(*wanted: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"environments": list(wanted), **more}


def service(**more: Any) -> dict[str, Any]:
    return {"services": [{"name": "payment-api", **more}]}


def trigger(**more: Any) -> dict[str, Any]:
    return {"add_triggers": [{"event": "push", "lane": "main", **more}]}


def file(path: str, content: str = "x") -> dict[str, Any]:
    return {"extra_files": [{"path": path, "content": content}]}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"services": [{"name": "web"}]}, "there is no service web; there are payment-api"),
        ({"services": [{"name": "payment-api"}, {"name": "payment-api"}]}, "payment-api is named twice"),
        ({"only_service": "web"}, "only_service: there is no service web"),
        (service(min_instances=5, max_instances=2), "min_instances 5 is more than max_instances 2"),
        (service(secrets=[{"env": "STRIPE_KEY"}]), "nothing reads STRIPE_KEY, and the sentence does not name it"),
        (service(env=[{"name": "PAYMENT_PROVIDER_KEY", "value": "x"}]), "PAYMENT_PROVIDER_KEY is a secret by its name"),
        (service(env=[{"name": "ADMIN_PASSWORD", "value": "x"}]), "ADMIN_PASSWORD is a secret by its name"),
        (service(env=[{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]), "A is named twice"),
        (service(env=[{"name": "PORT", "value": "1"}]), "Cloud Run sets PORT itself"),
        ({"remove_steps": ["deploy"]}, "remove_steps: there is no step deploy; there are install, lint"),
        ({"remove_steps": ["image"]}, "the pipeline cannot go without image"),
        ({"remove_steps": ["source"]}, "the pipeline cannot go without source"),
        ({"change_steps": [{"id": "deploy"}]}, "change_steps: there is no step deploy"),
        ({"change_steps": [{"id": "image", "lanes": ["scheduled"]}]}, "image (image) belongs to check and main"),
        ({"change_steps": [{"id": "image", "lanes": ["check"]}]}, "cannot go without image in"),
        (step(id="test"), "the id test is taken"),
        ({"add_steps": [STEP, STEP]}, "the id e2e is taken"),
        (step(service="web"), "add_steps[e2e].service: there is no service web"),
        (step(after=["nothing"]), "add_steps[e2e].after: there is no step nothing"),
        (step(after=["e2e"]), "wait for each other in a circle, for themselves"),
        ({**step(after=["test"]), "change_steps": [{"id": "install", "after": ["e2e"]}]}, "in a circle"),
        (step(image="node"), "node names no version"),
        (step(image="node:latest"), "node:latest names no version"),
        (step(image="$(id)"), "is no image"),
        (step(secret_env=["STRIPE_KEY"]), "nothing reads STRIPE_KEY"),
        (step(lanes=["check"], secret_env=["PAYMENT_PROVIDER_KEY"]), "leave check out of its lanes"),
        (step(env={"API_TOKEN": "abc"}), "API_TOKEN is a secret by its name; name it in secret_env"),
        (stages(), "environments: none is left"),
        (stages({"name": "dev"}, {"name": "dev"}), "dev is named twice"),
        (stages({"name": "production"}, {"name": "dev"}), "production is production and has to be last"),
        (stages({"name": "live", "production": False}), "cannot be production: false"),
        (stages({"name": "prod"}, target="none"), "nothing is deployed (target none)"),
        (stages({"name": "prod", "canary": [10, 10]}), "canary names a percentage twice"),
        (stages({"name": "prod", "min_instances": 3, "max_instances": 1}), "min_instances 3 is more"),
        ({"remove_triggers": ["nightly"]}, "there is no trigger nightly; there are check, main and release"),
        ({"remove_triggers": ["check", "main", "release"]}, "nothing would start the pipeline any more"),
        (trigger(event="schedule"), "the event schedule needs a schedule"),
        (trigger(event="schedule", schedule="61 2 * * *"), "minute is not between 0 and 59"),
        (trigger(event="schedule", schedule="0 5-2 * * *"), "hour never comes"),
        (trigger(schedule="0 2 * * *"), "schedule goes with the event schedule alone, not with push"),
        (trigger(tag="v*"), "tag goes with the event tag alone"),
        (trigger(lane="scheduled"), "the lane scheduled has no step"),
        (trigger(lane="release", event="manual"), "the lane release starts when an image was pushed"),
        (trigger(event="pull_request"), "a pull request starts the lane check only"),
        (file("docs/cicd/README.md"), "Penstock writes it itself"),
        (file("docs/CODEOWNERS"), "it is protected"),
        (file("cloudbuild-evil.yaml"), "builds and services change by steps"),
        (file("Dockerfile"), "builds and services change by steps"),
        (file("docs/cicd/run.sh"), "files in docs/cicd/ end with .md or .txt"),
        (file("k8s/con.yaml"), "no name of a file everywhere"),
        (file("docs/cicd/a.md", " "), "it is empty"),
        (
            {"extra_files": [{"path": p, "content": "x"} for p in ("k8s/a.yaml", "k8s/A.yaml")]},
            "it is the same file as",
        ),
        ({"extra_files": [{"path": f"k8s/{n}.yaml", "content": "x" * 40_000} for n in "ab"]}, "64 KiB are the most"),
    ],
)
def test_what_does_not_fit_is_named_with_what_there_is(changes: dict[str, Any], words: str):
    problems = laid(**changes).problems
    assert [problem for problem in problems if words in problem], problems
    assert all(len(problem) < 600 for problem in problems)


def test_a_secret_that_the_sentence_names_is_known():
    wanted = service(secrets=[{"env": "STRIPE_KEY"}])
    assert laid(intent="It needs STRIPE_KEY at run time", **wanted).problems == []
    assert laid(intent="It needs MY_STRIPE_KEY", **wanted).problems != []


def test_an_id_may_be_taken_again_once_its_step_is_out():
    made = laid(remove_steps=["test"], **step(id="test", lanes=["check", "main"]))
    assert made.problems == []
    assert made.step("test").title == "End-to-end tests"


@pytest.mark.parametrize(
    ("script", "missing"),
    [
        ("npm run e2e", "e2e"),
        ("npm run e2e:smoke -- --headed && npm test", "e2e:smoke"),
        ("yarn e2e", "e2e"),
        ("cd tests && make seed", "seed"),
        ("CI=1 pnpm run e2e", "e2e"),
        ("npm test\nnpm run-script e2e", "e2e"),
    ],
)
def test_tasks_that_the_repository_does_not_have_are_refused(script: str, missing: str):
    assert [missing in problem for problem in _with_tasks(script)] == [True]


@pytest.mark.parametrize(
    "script",
    [
        "npm test",
        "npm run lint && npm ci",
        "npx prisma migrate deploy",
        "yarn install\nyarn test",
        "make build V=1",
        "make -C tools seed",
        "npm run e2e --workspace=web",
        "# npm run e2e\nnpm test",
        "echo 'make it'",
    ],
)
def test_tasks_that_it_has_and_other_commands_pass(script: str):
    assert _with_tasks(script) == []


def test_without_known_tasks_nothing_is_said_about_them():
    made = laid(**step(script="npm run e2e"))
    bare = replace(made.facts.services[0], tasks=())
    facts = replace(made.facts, services=(bare,), primary=bare)
    assert problems_of(made.changes, made.draft, facts, "") == []


def test_changes_that_do_not_fit_are_refused_when_they_are_applied_all_the_same():
    made = laid()
    for wanted in ({"remove_steps": ["nothing"]}, step(after=["nothing"]), step(after=["e2e"])):
        changes = Changes.model_validate(wanted)
        with pytest.raises(InvalidConfiguration):
            apply_changes(made.draft, changes, ORIGIN, made.facts, made.skills)


def _with_tasks(script: str) -> list[str]:
    place = Source("package.json", 5)
    tasks = [Task(name, f"npm run {name}", place) for name in ("test", "lint")] + [Task("build", "make build", place)]
    facts = facts_of("payment-api")
    known = replace(facts.services[0], tasks=tuple(tasks))
    changes = Changes.model_validate(step(script=script))
    draft = laid().draft
    return problems_of(changes, draft, replace(facts, services=(known,), primary=known), "")
