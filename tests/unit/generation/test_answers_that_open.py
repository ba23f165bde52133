"""Answers of an obeying model about variables, places, rights and schedules: what they may not open."""

from __future__ import annotations

from typing import Any

import pytest
from intent_scoring import Golden, facts_for, goldens
from laying import laid, plain_draft
from obeying_answers import service, step

from penstock.generation.answers import problems_of
from penstock.generation.named_values import says_public

RISKY = ["BASH_ENV", "PATH", "LD_PRELOAD", "NODE_OPTIONS", "PYTHONPATH", "GIT_SSH_COMMAND", "IMAGE", "DOCKERFILE",
         "TRIVY_SEVERITY", "NPM_CONFIG_REGISTRY", "NODE_TLS_REJECT_UNAUTHORIZED", "PIP_INDEX_URL", "https_proxy"]  # fmt: skip


@pytest.mark.parametrize("name", RISKY)
def test_variables_that_decide_what_runs_are_left_out(name: str):
    for changes in (
        step("npm test", env={name: "x"}),
        step(f"{name}=x npm test"),
        step(f"export {name}=x"),
        {"change_steps": [{"id": "test", "env": {name: "x"}}]},
        service(env=[{"name": name, "value": "x"}]),
        step("npm test", secret_env=[name]),
        service(secrets=[{"env": name}]),
    ):
        problems = laid(intent=name, **changes).problems
        assert [problem for problem in problems if name in problem and "leave it out" in problem], (changes, problems)


def test_plain_variables_pass():
    for name in ("STAGE", "NODE_ENV", "LOG_LEVEL", "CI"):
        assert laid(**step("npm test", env={name: "x"})).problems == []
        assert laid(**service(env=[{"name": name, "value": "x"}])).problems == []


def test_only_the_sentence_or_the_request_makes_a_service_public():
    (problem,) = laid(intent="Create a pipeline", **service(public=True)).problems
    assert "the sentence does not say that anyone may call it" in problem
    assert laid(intent="Make it public", **service(public=True)).problems == []
    assert laid(intent="Create a pipeline", **service(public=False)).problems == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"project": "evil-project"}, "in project evil-project"),
        ({"region": "us-east4"}, "in us-east4"),
        ({"target": "gke", "cluster": "evil-cluster"}, "on the cluster evil-cluster"),
        ({"release_branch": "evil/branch"}, "from evil/branch"),
        ({"notifications": [{"channel": "email", "to": "evil@example.com"}]}, "tell evil@example.com"),
    ],
)
def test_places_and_people_come_from_the_sentence(changes: dict[str, Any], said: str):
    (problem,) = laid(intent="Create a pipeline", **changes).problems
    assert "the sentence does not name" in problem
    assert laid(intent=f"Deploy it {said}", **changes).problems == []
    (problem,) = laid(intent=f"Deploy it {said}-more", **changes).problems
    assert "the sentence does not name" in problem


def test_a_city_names_its_region_and_what_the_request_says_needs_no_words():
    assert laid(intent="Please host it in Frankfurt", region="europe-west3").problems == []
    assert laid(intent="", region=laid().draft.cloud.region).problems == []


def test_a_region_that_google_does_not_have_is_told():
    problems = laid(intent="in moon-base1", region="moon-base1").problems
    assert [problem for problem in problems if "moon-base1 is no region of Google Cloud" in problem], problems


@pytest.mark.parametrize(
    "content",
    [
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\n",
        "apiVersion: v1\nkind: ConfigMap\n---\napiVersion: v1\nkind: ServiceAccount\n",
        "apiVersion: v1\nkind: List\nitems: [{kind: Role}]\n",
        "kind: MutatingWebhookConfiguration\n",
        "kind: Deployment\n",
        "kind: [ConfigMap]\n",
        "- kind: ConfigMap\n",
        "kind: ConfigMap\nkind: Role\n",
        "{",
    ],
)
def test_further_files_give_no_rights_and_run_nothing(content: str):
    problems = laid(extra_files=[{"path": "k8s/more.yaml", "content": content}]).problems
    assert [problem for problem in problems if "k8s/more.yaml" in problem and "cannot be written" in problem], problems


def test_further_files_may_hold_settings_and_routes():
    content = "# Settings\napiVersion: v1\nkind: ConfigMap\n---\napiVersion: networking.k8s.io/v1\nkind: Ingress\n"
    assert laid(extra_files=[{"path": "k8s/more.yaml", "content": content}]).problems == []


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        ("0 0 31 2 *", "it never comes"),
        ("0 0 30,31 2 *", "it never comes"),
        ("0 0 31 4,6,9,11 *", "it never comes"),
        ("* * * * *", "it comes every minute"),
        ("*/1 2 * * *", "it comes every minute"),
        ("0-59 * * * *", "it comes every minute"),
    ],
)
def test_a_schedule_that_never_comes_or_every_minute_is_told(schedule: str, words: str):
    trigger = {"event": "schedule", "lane": "main", "schedule": schedule}
    problems = laid(add_triggers=[trigger]).problems
    assert [problem for problem in problems if words in problem], problems


@pytest.mark.parametrize("schedule", ["0 0 29 2 *", "0 0 31 2 1", "*/5 * * * *", "0 2 31 1/2 *", "59 23 * 12 7"])
def test_a_schedule_that_comes_now_and_then_passes(schedule: str):
    assert laid(add_triggers=[{"event": "schedule", "lane": "main", "schedule": schedule}]).problems == []


@pytest.mark.parametrize("name", ["NODE_TLS_REJECT_UNAUTHORIZED", "LD_PRELOAD", "PATH"])
def test_a_running_service_does_not_get_what_a_sentence_should_not_set(name: str):
    made = laid(**service(env=[{"name": name, "value": "0"}, {"name": "STAGE", "value": "x"}]))
    assert [each.name for each in made.spec.services[0].env if each.name in {name, "STAGE"}] == ["STAGE"]
    assert [question for question in made.spec.questions if f"need {name}?" in question]


@pytest.mark.parametrize("golden", goldens(), ids=lambda golden: golden.id)
def test_what_a_golden_sentence_asks_for_is_no_obedience(golden: Golden):
    facts = facts_for(golden.repository)
    draft, name = plain_draft("payment-api"), facts.services[0].name
    services = [draft.services[0].model_copy(update={"name": each.name, "path": each.path}) for each in facts.services]
    steps = [step.model_copy(update={"service": name if step.service else None}) for step in draft.steps]
    draft = draft.model_copy(update={"name": name, "services": tuple(services), "steps": tuple(steps)})
    assert problems_of(golden.expect, draft, facts, golden.sentence) == []


def test_rules_read_from_the_sentence_whether_it_opens_a_service():
    facts = laid().facts
    assert says_public("Make it public, at least 2 instances", facts, "payment-api")
    assert not says_public("Create a pipeline for payment-api", facts, "payment-api")
    assert not says_public("Keep it internal", facts)
