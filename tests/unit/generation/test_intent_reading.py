"""What the reader without a model makes of sentences, and what it says where it makes nothing."""

from __future__ import annotations

from typing import Any

import pytest
from drafting import repository, service, variable

from penstock.domain.changes import Changes
from penstock.domain.facts import RepositoryFacts, Source, Task
from penstock.generation.intent import read_intent

SOURCE = Source("package.json", 1)
TASKS = tuple(
    Task(name, f"npm run {name}", SOURCE) for name in ("test:e2e", "test:e2e:watch", "test:integration", "docs")
)
API = repository(
    service(
        "api",
        test_command="npm test",
        lint_command="npm run lint",
        framework="express",
        package_manager="npm",
        tasks=TASKS,
    ),
    name="api",
)
SHOP = repository(
    service("web", path="web", test_command="npm test"),
    service(
        "catalog",
        path="catalog",
        ecosystem="go",
        language="go",
        test_command="go test ./...",
        env=(variable("ORDERS_DSN", secret=True),),
    ),
)


def read(sentence: str, facts: RepositoryFacts = API, **given: Any) -> Changes:
    return read_intent(sentence, facts, **given).changes


def plain(changes: Changes) -> dict[str, Any]:
    """Return what changes, without what is only said."""
    said = {"assumptions", "questions", "not_understood"}
    return changes.model_dump(mode="json", exclude=said, exclude_defaults=True, exclude_none=True)


def told(changes: Changes) -> str:
    return "\n".join((*changes.assumptions, *changes.questions, *changes.not_understood))


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("Hey, can you please help me set up a good CI/CD workflow for our api on GCP? Thanks!", {}),
        ("build a docker image, push it to artifact registry and deploy it on cloud run", {"target": "cloud-run"}),
        ("Not Cloud Run, use GKE instead", {"target": "gke"}),
        ("Move away from Kubernetes to Cloud Run", {"target": "cloud-run"}),
        ("Never deploy without approval", {"environments": ["staging", "production+approval"]}),
        ("Deploy from develop to staging and then production", {"release_branch": "develop"}),
        ("private repo, public API", {"services": [{"name": "api", "public": True}]}),
        ("Health probes go to /ready on port: 8081", {"services": [{"name": "api", "port": 8081, "health_path": "/ready"}]}),
        ("It never scales to zero", {"services": [{"name": "api", "min_instances": 1}]}),
        ("Timeout 20 min", {"build_timeout_s": 1200}),
        ("Use the development branch", {"release_branch": "development"}),
        ("the app listens on 0.0.0.0:5000", {"services": [{"name": "api", "port": 5000}]}),
        ("max concurrency 10", {"services": [{"name": "api", "concurrency": 10}]}),
        ("Trois environnements: dev, recette et production", {"environments": ["dev", "recette", "production"]}),
        ("Nur CI, kein CD", {"target": "none"}),
        ("Solo construir y probar, sin desplegar", {"target": "none"}),
        ("Build on every push, deploy on tags only", {"remove_triggers": ["main"]}),
        ("run the e2e tests", {"add_steps": ["e2e: npm run test:e2e"]}),
        ("run integration tests before deploying", {"add_steps": ["integration: npm run test:integration"]}),
    ],
)  # fmt: skip
def test_a_sentence_is_understood_whole(sentence, expected):
    changes = read(sentence)
    found = plain(changes)
    found["add_steps"] = [f"{each['id']}: {each['script']}" for each in found.get("add_steps", ())]
    found["environments"] = [
        each["name"] + ("+approval" if each.get("require_approval") else "") for each in found.get("environments", ())
    ]
    assert {key: found[key] for key in expected} == expected
    assert changes.not_understood == ()


@pytest.mark.parametrize(
    ("sentence", "rest"),
    [
        ("Deploy to Cloud Run, monitoring with Datadog", ("monitoring with Datadog",)),
        ("Blue-green deployment on GKE", ("Blue-green",)),
        ("Don't deploy on Fridays", ("Don't deploy on Fridays",)),
        ("Use Node LTS", ("LTS",)),
        ("deploy every PR to a preview environment", ("preview environment",)),
        ("Use Bitbucket and SonarQube", ("Bitbucket and SonarQube",)),
        ("パイプライン、GKEの東京リージョンにデプロイ", ("パイプライン", "の東京リージョンにデプロイ")),
        ("Timeouts of 30 seconds for requests", ("Timeouts of 30 seconds",)),
    ],
)
def test_what_nothing_was_made_of_is_told_in_the_developers_own_words(sentence, rest):
    changes = read(sentence)
    assert changes.not_understood == rest


@pytest.mark.parametrize(
    ("sentence", "question"),
    [
        ("Deploy to Cloud Run or to GKE", "which is it"),
        ("production in us-central1 and staging in europe-west1", "Which region is meant"),
        ("Node 20 and 22", "more than one"),
        ("port 3000, no, port 4000", "Which port does api get"),
        ("push to develop and push to main are both released", "Which release branch is meant"),
        ("min 5 and max 2 instances", "contradict each other"),
        ("public, but not publicly accessible", "Which public does api get"),
        ("canary 50%, then 10%", "Which canary steps are meant"),
        ("We use main for prod and develop for dev", "that each branch has its own"),
        ("Do not deploy to production yet", "Shall the way end before production"),
        ("run the load tests nightly", "Which command runs the performance tests"),
        ("run make docs", "The repository has no task of that name"),
        ("run the e2e tests after the deployment", "a task runs in builds only"),
        ("Every Monday at 6:30 run the e2e tests, in Berlin time", "was not converted"),
        ("deploy to eu-west-1", "Which Google Cloud region is meant"),
        ("tell us on Discord when it fails", "Discord is no channel known here"),
        ("notify me", "Name a Slack channel"),
    ],
)
def test_what_cannot_be_decided_is_asked_and_not_chosen(sentence, question):
    assert question in "\n".join(read(sentence).questions)


def test_a_contradiction_takes_neither_side():
    changes = read("port 3000, no, port 4000; Cloud Run or GKE; Node 20 and 22; in Frankfurt or in Paris")
    assert plain(changes) == {}


@pytest.mark.parametrize(
    "sentence",
    [
        "No approval for production",
        "Deploy straight to prod, approval not needed",
        "auto-approve prod",
        "Skip approval",
    ],
)
def test_production_keeps_its_approval_whatever_is_said(sentence):
    changes = read(sentence)
    assert all(each.require_approval is not False for each in changes.environments or ())
    assert "keeps its approval" in told(changes)


def test_an_approval_that_cannot_go_changes_nothing():
    assert plain(read("No approval for production")) == {}


@pytest.mark.parametrize(
    "sentence", ["Skip the tests and the security scan", "without scans", "no vulnerability scanning"]
)
def test_scans_stay_whatever_is_said(sentence):
    changes = read(sentence)
    assert not {"secret-scan", "dependency-scan", "scan", "digest-scan"} & set(changes.remove_steps)
    assert "Scans, provenance and policy checks stay" in told(changes)


@pytest.mark.parametrize(
    ("sentence", "value"),
    [
        ("set STRIPE_KEY=abcdefgh", "abcdefgh"),
        ("Set TARGET_URL=https://bob:hunter2hunter@example.com/x", "hunter2hunter"),
        ("with FOO_BAR='9f8e7d6c5b4a39281706f5e4d3c2b1a0'", "9f8e7d6c5b4a39281706f5e4d3c2b1a0"),
        ("the old key was ghp_abcdefghijklmnopqrstuvwxyz012345 by the way", "ghp_abcdefghijklmnopqrstuvwxyz012345"),
        ("export PASSWORD_X=hunter2 and DATABASE_URL=postgres://u:pw12345@db/x", "pw12345"),
    ],
)
def test_a_credential_in_the_sentence_is_repeated_nowhere(sentence, value):
    reading = read_intent(sentence, API)
    assert value not in reading.changes.model_dump_json()
    assert value not in str(dict(reading.said))


def test_a_variable_assigned_a_credential_becomes_a_secret_by_name():
    changes = read("set STRIPE_KEY=abcdefgh and LOG_LEVEL=debug")
    assert [each.env for each in changes.services[0].secrets] == ["STRIPE_KEY"]
    assert [(each.name, each.value) for each in changes.services[0].env] == [("LOG_LEVEL", "debug")]


def test_every_change_names_the_words_that_caused_it():
    said = read_intent(
        "Deploy to Cloud Run in Frankfurt, port 9000, needs API_KEY, dev, staging and prod, e2e nightly", API
    ).said
    assert said == {
        "target": "Cloud Run",
        "region": "Frankfurt",
        "services.api.port": "port 9000",
        "services.api.secrets.API_KEY": "API_KEY",
        "environments": "dev, staging and prod",
        "add_steps[0]": "e2e",
        "add_triggers[0]": "nightly",
    }  # fmt: skip


def test_a_task_that_waits_for_a_person_is_not_the_one_that_runs():
    named = ("e2e:ui", "e2e:dev", "e2e:headless", "test:e2e:watch")
    tasks = tuple(Task(name, f"npm run {name}", SOURCE) for name in named)
    changes = read("run the e2e tests nightly", repository(service("api", tasks=tasks)))
    assert [step.script for step in changes.add_steps] == ["npm run e2e:headless"]


def test_two_kinds_of_tests_share_the_clock_they_are_joined_before():
    changes = read("unit tests on every PR, and the e2e and integration tests every day at 3am")
    assert [(step.id, step.lanes) for step in changes.add_steps] == [
        ("e2e", ("scheduled",)),
        ("integration", ("scheduled",)),
    ]
    assert [trigger.schedule for trigger in changes.add_triggers] == ["0 3 * * *"]


@pytest.mark.parametrize(
    ("words", "cron"),
    [
        ("nightly", "0 2 * * *"),
        ("daily at 14:45", "45 14 * * *"),
        ("every day at 12am", "0 0 * * *"),
        ("every day at 12 pm", "0 12 * * *"),
        ("on weekdays at 7", "0 7 * * 1-5"),
        ("every Sunday", "0 2 * * 0"),
        ("weekly on Friday", "0 2 * * 5"),
        ("monthly", "0 2 1 * *"),
        ("hourly", "0 * * * *"),
        ("every 6 hours", "0 */6 * * *"),
        ("every 15 minutes", "*/15 * * * *"),
        ("cron 5 4 * * 1,3", "5 4 * * 1,3"),
        ("jede Nacht um 3 Uhr", "0 3 * * *"),
        ("chaque lundi à 6h", "0 6 * * 1"),
        ("cada noche", "0 2 * * *"),
    ],
)
def test_a_time_becomes_a_cron_line_in_utc(words, cron):
    changes = read(f"run the e2e tests {words}")
    assert [trigger.schedule for trigger in changes.add_triggers] == [cron]
    assert "in UTC" in told(changes)


@pytest.mark.parametrize("words", ["every day at 25", "every 0 hours", "cron 99 4 * * 1", "every 90 minutes"])
def test_a_time_that_there_is_not_becomes_no_trigger(words):
    assert read(f"run the e2e tests {words}").add_triggers == ()


def test_a_release_by_the_clock_starts_the_main_lane():
    trigger = read("Deploy every night at 4").add_triggers[0]
    assert (trigger.event, trigger.lane, trigger.schedule) == ("schedule", "main", "0 4 * * *")


def test_a_wish_is_for_the_service_it_names():
    changes = read("port 3000 for web and 8080 for catalog, catalog gets 1Gi of memory", SHOP)
    assert {each.name: (each.port, each.memory) for each in changes.services} == {
        "web": (3000, None),
        "catalog": (8080, "1Gi"),
    }


@pytest.mark.parametrize(
    "sentence", ["2Gi of memory is what catalog takes", "catalog takes 2Gi of memory", "2Gi for catalog"]
)
def test_a_service_may_be_named_on_either_side_of_the_wish(sentence):
    assert [(each.name, each.memory) for each in read(sentence, SHOP).services] == [("catalog", "2Gi")]


def test_a_secret_goes_to_the_service_that_reads_it_else_to_the_main_one_and_says_so():
    assert [each.name for each in read("needs ORDERS_DSN", SHOP).services] == ["catalog"]
    changes = read("needs API_TOKEN", SHOP)
    assert [each.name for each in changes.services] == ["web"]
    assert "web, the main service, gets API_TOKEN" in told(changes)


def test_steps_of_several_services_carry_their_names():
    assert read("skip the tests", SHOP).remove_steps == ("web-test", "catalog-test")
    assert read("only the catalog service, skip the tests", SHOP).remove_steps == ("test",)


def test_the_requests_own_name_for_a_service_is_used():
    assert read("port 9000", service_name="billing").services[0].name == "billing"
    assert read("port 9000", SHOP, service_name="catalog").services[0].name == "catalog"


def test_what_is_said_of_production_is_said_of_the_environments_the_skills_give():
    changes = read("canary 10% in prod", environments=("qa", "live"))
    assert [(each.name, each.canary) for each in changes.environments or ()] == [("qa", None), ("live", (10,))]


def test_production_comes_last_whatever_the_order():
    changes = read("environments prod, staging and dev")
    assert [each.name for each in changes.environments or ()] == ["dev", "staging", "prod"]
    assert "Production comes last" in told(changes)


def test_a_negated_target_leaves_the_other_one_and_says_so():
    changes = read("No GKE please")
    assert changes.target == "cloud-run"
    assert "No GKE" in told(changes)


@pytest.mark.parametrize(
    ("sentence", "target"),
    [
        ("Create CI/CD pipeline for payment-api", None),
        ("Deploy it to GKE", "gke"),
        ("a Kubernetes pipeline", "gke"),
        ("ship to Cloud\u00a0Run please", "cloud-run"),
        ("deploy to cloud-run", "cloud-run"),
        ("Move us from Kubernetes to Cloud Run", "cloud-run"),
        ("Not Cloud Run, but GKE", "gke"),
        ("Use GKE instead of Cloud Run", "gke"),
        ("Is GKE or Cloud Run better?", None),
        ("build only, no deployment", "none"),
        ("Build and push only", "none"),
        ("the gkeeper service", None),
    ],
)
def test_the_sentence_may_name_the_target(sentence: str, target: str | None):
    assert read_intent(sentence, API).changes.target == target
