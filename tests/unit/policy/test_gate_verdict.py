"""What the gate says about files: places, severities by profile, everything at once, sorted, with what to do."""

from __future__ import annotations

from dataclasses import asdict

import pytest
from gate_stand_ins import found, judged, places, real_engine
from secret_material import GITHUB, PASSWORD, PLAIN

from penstock.domain.policy import Profile

STEP = "steps:\n- name: gcr.io/cloud-builders/docker:24.0.9\n  args: [build, .]\n"
LEAKY = f"{STEP}  env:\n  - MODE=x\n  - DB_PASSWORD={PASSWORD}\n"


def test_a_secret_is_told_with_file_line_and_column() -> None:
    decision = judged({"cloudbuild.yaml": LEAKY}, profile=Profile.ADVISORY)
    assert not decision.allow
    assert places(decision, "security.secrets.hardcoded_credential") == ["cloudbuild.yaml:6:17"]


def test_a_place_points_at_the_key_as_the_file_spells_it() -> None:
    text = STEP + "  wait_for_it: ['-']\noptions:\n  machine_type: E2_HIGHCPU_9\n"
    decision = judged({"cloudbuild.yaml": text}, profile=Profile.ADVISORY)
    assert places(decision, "security.pipeline.schema") == ["cloudbuild.yaml:4:3", "cloudbuild.yaml:6:3"]


def test_a_second_document_is_told_with_its_own_lines() -> None:
    service = "apiVersion: v1\nkind: Service\nmetadata:\n  name: a\nspec:\n  ports:\n  - port: 80\n"
    broken = service.replace("port: 80", "port: eighty")
    decision = judged({"k8s/a.yaml": f"{service}---\n{broken}"}, profile=Profile.ADVISORY)
    [violation] = found(decision, "security.k8s.schema")
    assert (violation.line, violation.column, violation.index, violation.pointer) == (15, 5, 1, "/spec/ports/0/port")


def test_a_dockerfile_is_told_by_line() -> None:
    decision = judged({"Dockerfile": f"FROM alpine:3.22\nRUN true\n\nENV DB_PASSWORD={PASSWORD}\n"})
    assert places(decision, "security.secrets") == ["Dockerfile:4:17"]


def test_all_violations_come_at_once_sorted_and_each_once() -> None:
    files = {
        "k8s/b.yaml": f"apiVersion: v1\nkind: Secret\nmetadata: {{name: a}}\nstringData:\n  password: {PLAIN}\n",
        "cloudbuild.yaml": f"{LEAKY}  - X={GITHUB}\n",
        "Dockerfile": f"FROM alpine:3.22\nENV API_TOKEN={GITHUB}\n",
    }
    decision = judged(files)
    order = [(each.severity, each.file, each.line, each.rule) for each in decision.violations]
    assert order == sorted(order)
    assert {each.file for each in found(decision, "security.secrets")} == set(files)
    assert len(set(decision.violations)) == len(decision.violations)


def test_every_violation_says_what_to_do_and_which_control_it_serves() -> None:
    decision = judged({"cloudbuild.yaml": LEAKY, "clouddeploy.yaml": "kind: Targett\n"})
    for each in (*decision.violations, *decision.warnings):
        assert each.message, each
        assert each.remediation, each
        assert each.policy == each.rule.rpartition(".")[0]
        assert each.docs.startswith("docs/policies.md#")
        assert all(control.partition(":")[0].isupper() for control in each.controls)


def test_the_profile_decides_what_denies_and_hides_nothing() -> None:
    text = "steps:\n- name: gcr.io/cloud-builders/docker\n  args: [push, r/a]\nimages: [r/a]\n"
    by_profile = {profile: judged({"cloudbuild.yaml": text}, profile=profile) for profile in Profile}
    rules = {profile: {each.rule for each in found(decision)} for profile, decision in by_profile.items()}
    assert rules[Profile.ADVISORY] == rules[Profile.STANDARD]
    catalogue = real_engine().catalogue
    for profile, decision in by_profile.items():
        for each in found(decision):
            assert each.severity == catalogue[each.rule]["profiles"][profile.value]


def test_a_rule_that_always_denies_denies_in_every_profile() -> None:
    for profile in Profile:
        assert not judged({"cloudbuild.yaml": LEAKY}, profile=profile).allow


def test_the_verdict_names_engine_rules_and_files() -> None:
    decision = judged({"cloudbuild.yaml": STEP, "Dockerfile": "FROM alpine:3.22\n"}, profile=Profile.ADVISORY)
    engine = real_engine()
    assert decision.files == ("Dockerfile", "cloudbuild.yaml")
    assert decision.rules_evaluated == len(engine.catalogue)
    assert decision.policy_revision == engine.revision
    assert decision.engine == engine.name
    assert decision.profile is Profile.ADVISORY


def test_the_same_files_give_the_same_verdict_but_for_its_id() -> None:
    first, second = (asdict(judged({"cloudbuild.yaml": LEAKY})) for _ in range(2))
    assert first.pop("decision_id") != second.pop("decision_id")
    assert first == second


def test_a_criterion_is_a_pass_only_with_a_rule_that_could_have_failed() -> None:
    clean = judged({"cloudbuild.yaml": STEP}, profile=Profile.ADVISORY).controls
    leaky = judged({"cloudbuild.yaml": LEAKY}, profile=Profile.ADVISORY).controls
    assert clean["SOC2:CC6.1"]["status"] == "pass"
    assert leaky["SOC2:CC6.1"]["status"] == "fail"
    assert leaky["SOC2:CC6.1"]["rules"] == ["security.secrets.hardcoded_credential"]
    assert all(each["rules"] for each in clean.values() if each["status"] == "pass")
    assert all(not each["rules"] for each in clean.values() if each["status"] == "not_applicable")


@pytest.mark.parametrize("comment", ["# pragma: allowlist secret", "# gitleaks:allow", "# nosec", "# checkov:skip=CKV"])
def test_a_comment_suppresses_nothing(comment: str) -> None:
    assert not judged({"cloudbuild.yaml": LEAKY.rstrip("\n") + f"  {comment}\n"}).allow


def test_more_than_two_hundred_violations_are_counted_though_not_all_are_shown() -> None:
    env = "".join(f"      V{n}_PASSWORD: {PLAIN}{n}\n" for n in range(230))
    decision = judged({"docker-compose.yml": f"services:\n  a:\n    image: a\n    environment:\n{env}"})
    assert not decision.allow
    assert len(decision.violations) == 200
