"""Negated wishes: what a sentence says shall not be is never done, in any of the four languages, and never in silence."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[3] / "benchmarks"))

from intent_scoring import facts_for, goldens

from penstock.domain.changes import Changes
from penstock.generation.intent import read_intent
from penstock.generation.intent.negation import negated_parts
from penstock.generation.intent.sentence import Sentence

WISHES = {
    "english": (
        ("do not {}", "please don't {}", "never {}", "we do not want to {}", "you should not {}", "we won't {}",
         "there is no need to {}", "avoid to {}"),
        ("use Node 22", "listen on port 9000", "set LOG_LEVEL=debug", "add a qa environment", "release from develop",
         "notify #deploys on Slack", "send an email to ops@example.com", "deploy in europe-west4", "host it in Frankfurt",
         "use the project acme-prod", "use the cluster named apps-eu", "use a canary release", "deploy to GKE",
         "make it publicly accessible", "run the e2e tests nightly", "start deployments by hand", "add DATABASE_URL",
         "deploy when a tag v* is pushed", "use a machine with 32 CPUs for the build", "take 2Gi of memory",
         "scale to zero", "answer health checks at /status/live", "run `npm run docs`"),
    ),
    "english nouns": (
        ("no {}", "without {}", "instead of {}", "we don't need {}", "anything but {}"),
        ("Slack notifications", "canary releases", "manual deployments", "LOG_LEVEL=debug", "STRIPE_KEY", "port 9000",
         "Node 22", "nightly e2e tests", "cluster apps-eu"),
    ),
    "german": (
        ("nicht {}", "bitte nicht {}", "niemals {}", "auf keinen Fall, also nicht {}"),
        ("auf GKE", "in Frankfurt", "Port 9000", "mit Node 22", "#deploys auf Slack benachrichtigen",
         "mit LOG_LEVEL=debug", "in europe-west4"),
    ),
    "french": (
        ("pas {}", "ne mets pas {}", "jamais {}", "sans {}", "au lieu de {}"),
        ("GKE", "Node 22", "port: 9000", "notifications Slack", "LOG_LEVEL=debug", "canary", "STRIPE_KEY"),
    ),
    "spanish": (
        ("no {}", "nunca {}", "sin {}", "no queremos {}", "en lugar de {}"),
        ("usar Node 22", "puerto 9000", "avisar en Slack", "usar GKE", "LOG_LEVEL=debug", "canary", "STRIPE_KEY"),
    ),
}  # fmt: skip
NEGATED = [(negation, wish) for negations, wishes in WISHES.values() for negation in negations for wish in wishes]
SAID = {"assumptions", "questions", "not_understood"}
PLAIN_PARTS = {("name", "staging"), ("name", "production"), ("production", "True"), ("name", "payments")}
"""What stands in changes beside the wish: the environments there are anyway, the service by its name."""
NEGATIONS = (
    "no ",
    "not ",
    "never ",
    "without ",
    "n't ",
    "skip ",
    "ohne ",
    "sans ",
    "sin ",
    "instead",
    "avoid",
    "nicht ",
    "only",
    "pas ",
)


def read(sentence: str, repository: str = "payments") -> Changes:
    return read_intent(sentence, facts_for(repository)).changes


def leaves(changes: Changes) -> set[tuple[str, str]]:
    """Return the values that change, each with the name of its field."""
    found: set[tuple[str, str]] = set()

    def walk(key: str, value: Any) -> None:
        if isinstance(value, dict):
            for name, inner in value.items():
                walk(name, inner)
        elif isinstance(value, list) and value:
            for inner in value:
                walk(key, inner)
        else:
            found.add((key, str(value)))

    walk("", changes.model_dump(mode="json", exclude=SAID, exclude_defaults=True, exclude_none=True))
    return found - PLAIN_PARTS


def told(changes: Changes) -> str:
    return "\n".join((*changes.assumptions, *changes.questions, *changes.not_understood))


@pytest.mark.parametrize(("negation", "wish"), NEGATED)
def test_a_negated_wish_is_never_carried_out(negation, wish):
    wanted, unwanted = read(wish), read(negation.format(wish))
    assert not leaves(wanted) & leaves(unwanted)
    assert leaves(unwanted) or told(unwanted), "it is passed over in silence"


@pytest.mark.parametrize(
    "golden",
    [
        golden
        for golden in goldens()
        if golden.alone
        and not golden.expect.is_empty()
        and golden.expect.target != "none"
        and not golden.expect.remove_steps
        and not any(sign in golden.sentence.lower() for sign in (*NEGATIONS, ",", ";", ": ", ". ", " zero", " and "))
    ],
    ids=lambda golden: golden.id,
)
def test_the_negation_of_a_golden_sentence_yields_nothing_of_it(golden):
    wish = golden.sentence[0].lower() + golden.sentence[1:]
    for negation in ("Do not {}", "Never {}", "We don't want that: do not {}"):
        yielded = leaves(golden.expect) & leaves(read(negation.format(wish), golden.repository))
        assert not {(key, value) for key, value in yielded if (key, value) != ("name", golden.repository)}, negation


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(NEGATED), st.sampled_from(NEGATED))
def test_two_negated_wishes_beside_each_other_are_both_not_carried_out(one, other):
    wanted = leaves(read(one[1])) | leaves(read(other[1]))
    changes = read(f"{one[0].format(one[1])}. {other[0].format(other[1])}.")
    opposites = leaves(read(one[0].format(one[1]))) | leaves(read(other[0].format(other[1])))
    assert not (leaves(changes) & wanted) - opposites


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(NEGATED))
def test_a_negation_ends_with_its_clause(pair):
    negation, wish = pair
    changes = read(f"{negation.format(wish)}; concurrency 40")
    assert changes.services[0].concurrency == 40


@pytest.mark.parametrize(
    ("sentence", "field"),
    [
        ("no more than 5 instances", "max_instances"),
        ("never more than 5 instances", "max_instances"),
        ("do not run more than 5 instances", "max_instances"),
        ("Don't forget: port 9000", "port"),
        ("not only Cloud Run, also port 9000", "port"),
        ("no, port 9000", "port"),
        ("do not skip the tests and use port 9000", "port"),
        ("no Slack notifications but port 9000", "port"),
        ("do not listen on 8080 but on port 9000", "port"),
        ("n'oublie pas le port 9000", "port"),
        ("kein Node 20, sondern Node 22", "runtime_version"),
    ],
)
def test_what_only_looks_negated_is_carried_out(sentence, field):
    assert getattr(read(sentence).services[0], field) is not None


@pytest.mark.parametrize(
    "sentence",
    [
        "never skip the tests", "don't skip the tests", "do not leave out the tests", "without skipping the tests",
        "Tests niemals überspringen", "ne saute pas les tests", "no omitas las pruebas",
    ],
)  # fmt: skip
def test_tests_that_must_not_be_skipped_stay(sentence):
    changes = read(sentence)
    assert changes.is_empty()
    assert "is how it is" in told(changes)


@pytest.mark.parametrize(
    ("sentence", "lanes"),
    [
        ("don't run the tests on pull requests", ["main"]),
        ("skip the tests on PRs", ["main"]),
        ("on pull requests, skip the tests", ["main"]),
        ("no tests on main", ["check"]),
        ("Run the tests nightly. Don't run the tests on pull requests", ["main", "scheduled"]),
    ],
)
def test_tests_left_out_of_one_lane_run_in_the_others(sentence, lanes):
    changes = read(sentence)
    assert [(each.id, list(each.lanes or ())) for each in changes.change_steps] == [("test", lanes)]
    assert changes.remove_steps == ()


@pytest.mark.parametrize(
    "sentence",
    ["skip tests on the nightly build", "no tests in the nightly", "remove the test step from the nightly only"],
)
def test_what_does_not_run_by_the_clock_anyway_changes_nothing(sentence):
    changes = read(sentence)
    assert changes.is_empty()
    assert "not by the clock" in told(changes)


@pytest.mark.parametrize(
    "sentence",
    ["skip the tests for docs changes", "no linting if only the README changed", "skip tests except on main"],
)
def test_what_no_lane_can_say_is_asked(sentence):
    changes = read(sentence)
    assert changes.is_empty()
    assert "When shall they not run" in told(changes)


@pytest.mark.parametrize(
    "sentence",
    [
        "don't deploy on pull requests", "don't deploy from forks", "don't deploy until tests pass",
        "deploy only if the tests pass, no deployment otherwise", "do not deploy automatically to production",
        "never deploy to us-central1; deploy in europe-west4", "do not deploy in europe-west1 but europe-west4",
        "if tests fail, don't deploy", "ne pas déployer depuis develop", "don't deploy, unless tests pass",
    ],
)  # fmt: skip
def test_a_deployment_that_is_only_limited_still_happens(sentence):
    assert read(sentence).target is None


@pytest.mark.parametrize(
    "sentence",
    ["do not deploy", "No deployment, just build and test", "please don't deploy anything", "kein Deployment bitte"],
)
def test_no_deployment_at_all_is_no_target(sentence):
    assert read(sentence).target == "none"


def test_the_own_name_of_a_service_or_repository_is_no_wish():
    changes = read_intent("Pipeline for py-canary-gke", facts_for("payments"), service_name="py-canary-gke").changes
    assert changes.is_empty()
    assert told(changes) == ""


@pytest.mark.parametrize(
    ("sentence", "inside"),
    [
        ("do not use node 22 and deploy to gke", "node 22"),
        ("anywhere but europe-west1", "europe-west1"),
        ("api_key is not needed", "api_key"),
        ("node 22 nicht verwenden", "node 22"),
        ("it doesn't need a_key, b_key and c_key", "c_key"),
        ("without canary in europe-west4", "canary"),
    ],
)
def test_a_negation_governs_its_part_of_the_clause_and_no_more(sentence, inside):
    read_as = Sentence(sentence)
    assert negated_parts(read_as.low, read_as.breaks)
    assert read_as.is_negated(sentence.index(inside))
    for outside in ("gke", "europe-west4"):
        assert outside not in sentence or not read_as.is_negated(sentence.index(outside))
