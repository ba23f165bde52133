"""A decision as SARIF 2.1.0: what code scanning services require of it."""

from __future__ import annotations

import json

from gate_stand_ins import judged, real_engine
from secret_material import PASSWORD

from penstock.domain.policy import Profile
from penstock.policy.sarif import nothing_judged, sarif

LEAKY = f"steps:\n- name: gcr.io/cloud-builders/docker\n  env: [DB_PASSWORD={PASSWORD}]\n"


def log(files: dict[str, str], profile: Profile = Profile.ADVISORY) -> dict:
    return sarif(judged(files, profile=profile), real_engine().catalogue)


def test_the_log_has_the_shape_of_sarif() -> None:
    document = json.loads(json.dumps(log({"cloudbuild.yaml": LEAKY})))
    assert document["version"] == "2.1.0"
    assert document["$schema"].endswith("sarif-schema-2.1.0.json")
    [run] = document["runs"]
    assert run["tool"]["driver"]["name"] == "Penstock"
    assert run["invocations"][0]["executionSuccessful"] is True


def test_every_result_belongs_to_a_rule_that_explains_itself() -> None:
    [run] = log({"cloudbuild.yaml": LEAKY})["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert len({rule["id"] for rule in rules}) == len(rules)
    for rule in rules:
        assert rule["shortDescription"]["text"]
        assert rule["fullDescription"]["text"]
        assert "**Fix:** " in rule["help"]["markdown"]
        assert rule["help"]["text"]
    assert run["results"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]


def test_a_denial_is_an_error_and_a_warning_a_warning() -> None:
    [run] = log({"cloudbuild.yaml": LEAKY})["runs"]
    levels = {result["ruleId"]: result["level"] for result in run["results"]}
    assert levels["security.secrets.hardcoded_credential"] == "error"
    assert set(levels.values()) == {"error", "warning"}


def test_a_result_says_where_and_keeps_its_fingerprint_when_lines_move() -> None:
    [before] = log({"cloudbuild.yaml": LEAKY})["runs"]
    [after] = log({"cloudbuild.yaml": "# a comment\n\n" + LEAKY})["runs"]
    place = before["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "cloudbuild.yaml", "uriBaseId": "%SRCROOT%"}
    assert place["region"]["startLine"] == 3
    marks = [[each["partialFingerprints"] for each in run["results"]] for run in (before, after)]
    assert sorted(map(str, marks[0])) == sorted(map(str, marks[1]))
    assert len(set(map(str, marks[0]))) == len(marks[0])
    assert after["results"][0]["locations"][0]["physicalLocation"]["region"]["startLine"] == 5


def test_a_path_with_strange_characters_is_a_valid_address() -> None:
    [run] = log({"k8s/a b#1.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {a: opensesame}\n"})[
        "runs"
    ]
    uris = {each["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for each in run["results"]}
    assert uris == {"k8s/a%20b%231.yaml"}


def test_what_was_skipped_is_told() -> None:
    [run] = log({"cloudbuild.yaml": LEAKY, "chart/a.yaml": "a: {{ .Values.a }}\n"})["runs"]
    [notice] = run["invocations"][0]["toolExecutionNotifications"]
    assert "template" in notice["message"]["text"]
    assert notice["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "chart/a.yaml"


def test_nothing_to_judge_is_a_log_without_results() -> None:
    document = nothing_judged("There is nothing here.")
    [run] = document["runs"]
    assert run["results"] == []
    assert run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"] == "There is nothing here."
