"""Cloud Build and Cloud Deploy files against Google's own message types: strict, with places, in both spellings."""

from __future__ import annotations

import pytest
from gate_stand_ins import found, judged

from penstock.domain.policy import Profile
from penstock.kit.guarded_yaml import load
from penstock.policy.cloud_descriptors import STORED, installed
from penstock.policy.cloud_messages import check_build, check_deploy

RULE = "security.pipeline.schema"


def faults(text: str, path: str = "cloudbuild.yaml") -> list[tuple[int, str]]:
    decision = judged({path: text}, profile=Profile.ADVISORY)
    return [(each.line, each.message.partition(": ")[2]) for each in found(decision, RULE)]


def test_the_stored_types_are_those_of_the_installed_libraries() -> None:
    assert STORED.read_bytes() == installed()


STEPS = "steps: [{name: a}]\n"
VALID = {
    "camelCase": "steps:\n- {name: a, waitFor: ['-'], secretEnv: [A], allowFailure: true}\ntimeout: 1200s\n",
    "snake_case": "steps:\n- {name: a, wait_for: ['-'], secret_env: [A], allow_failure: true}\ntimeout: 1200s\n",
    "both in one file": "steps:\n- {name: a, wait_for: ['-']}\noptions: {machineType: E2_HIGHCPU_8, disk_size_gb: 9}\n",
    "an empty substitution": f"{STEPS}substitutions:\n  _A:\n  _B: ''\n",
    "numbers as text": f"{STEPS}options: {{diskSizeGb: '200'}}\n",
    "options": f"{STEPS}options: {{logging: CLOUD_LOGGING_ONLY, requestedVerifyOption: VERIFIED}}\n",
    "more options": f"{STEPS}options: {{substitution_option: ALLOW_LOOSE, env: ['A=b'], pool: {{name: a}}}}\n",
    "artifacts": f"{STEPS}artifacts: {{objects: {{location: 'gs://a/', paths: [b]}}}}\nimages: [a/b]\n",
    "secrets": f"{STEPS}availableSecrets: {{secretManager: [{{versionName: p/s/v/1, env: X}}]}}\n",
}


@pytest.mark.parametrize("what", VALID)
def test_what_cloud_build_accepts_is_accepted(what: str) -> None:
    assert faults(VALID[what]) == []


BROKEN = {
    "an unknown field": ("steps:\n- name: a\n  argz: [b]\n", 3, "argz is not a field of BuildStep"),
    "an unknown field at the top": ("steps: [{name: a}]\ntimeOut: 60s\n", 2, "timeOut is not a field of Build"),
    "a value no enum has": ("steps: [{name: a}]\noptions:\n  logging: CLOUD\n", 3, "one of LOGGING_UNSPECIFIED"),
    "minutes": ("steps: [{name: a}]\ntimeout: 20m\n", 2, 'a duration in seconds such as "1200s"'),
    "a number for a duration": ("steps: [{name: a}]\ntimeout: 1200\n", 2, "a duration in seconds"),
    "env as a mapping": ("steps:\n- name: a\n  env:\n    A: b\n", 3, "env must be a list, not a mapping"),
    "a number for text": ("steps:\n- name: a\n  args: [1]\n", 3, "must be a string (quote it)"),
    "a boolean in quotes": ("steps:\n- name: a\n  allowFailure: 'yes'\n", 3, "true or false"),
    "steps as a mapping": ("steps:\n  name: a\noptions: {}\nimages: []\n", 1, "steps must be a list"),
    "both spellings of one field": ("steps:\n- name: a\n  waitFor: ['-']\n  wait_for: ['-']\n", 3, "given twice"),
    "a step without an image": ("steps:\n- args: [a]\n  id: b\n", 2, "a step without name"),
    "script with args": ("steps:\n- name: a\n  script: b\n  args: [c]\n", 3, "script excludes args"),
    "no steps": ("steps: []\nimages: [a]\n", 1, "steps is missing or empty"),
    "a substitution of the wrong form": ("steps: [{name: a}]\nsubstitutions: {foo: a}\n", 2, "a substitution begins"),
    "env without a value": ("steps:\n- name: a\n  env: [A]\n", 3, "an env entry without ="),
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_cloud_build_refuses_is_told_where_it_stands(what: str) -> None:
    text, line, words = BROKEN[what]
    told = faults(text)
    assert any(at == line and words in message for at, message in told), told


def test_every_fault_of_a_file_is_told_at_once() -> None:
    text = "steps:\n- name: a\n  argz: [b]\n- name: b\n  dirr: c\ntimeout: 20m\n"
    assert [line for line, _ in faults(text)] == [3, 5, 6]


def test_a_value_is_never_repeated_in_a_fault() -> None:
    checked = check_build({"steps": [{"name": "a"}], "options": {"logging": "hunter2hunter2"}, "timeout": "opensesame"})
    assert len(checked.findings) == 2
    assert not any("hunter2" in each.detail or "opensesame" in each.detail for each in checked.findings)


LAST_WORD: dict[str, dict[str, object]] = {
    "half of a surrogate pair in a text": {"steps": [{"name": "a", "args": ["b", "c\ud800"]}]},
    "half of a surrogate pair in a map": {"steps": [{"name": "a"}], "substitutions": {"_A": "\udfff"}},
    "half of a surrogate pair in a map's key": {"steps": [{"name": "a"}], "substitutions": {"_\udfff": "a"}},
    "half of a surrogate pair in a field's name": {"steps": [{"name": "a", "\ud800": "b"}]},
    "a number that no field can hold": {"steps": [{"name": "a", "allowExitCodes": [1, 2**31]}]},
    "a number of text that no field can hold": {"steps": [{"name": "a"}], "options": {"diskSizeGb": "9" * 30}},
    "a time longer than any": {"steps": [{"name": "a"}, {"name": "b", "timeout": "999999999999s"}]},
}


@pytest.mark.parametrize("what", LAST_WORD)
def test_what_only_protobuf_knows_to_refuse_is_refused(what: str) -> None:
    assert len(check_build(LAST_WORD[what]).findings) == 1


TARGET = "apiVersion: deploy.cloud.google.com/v1\nkind: Target\nmetadata:\n  name: a\n"
PIPELINE = TARGET.replace("Target", "DeliveryPipeline")


STAGE = f"{PIPELINE}serialPipeline:\n  stages:\n  - targetId: a\n    strategy:\n"
AUTOMATION = """\
apiVersion: deploy.cloud.google.com/v1
kind: Automation
metadata: {name: a/b}
serviceAccount: c
selector:
- target: {id: a}
rules:
- promoteReleaseRule: {name: x, wait: 60s}
"""


@pytest.mark.parametrize(
    "text",
    [
        f"{TARGET}requireApproval: true\nrun:\n  location: projects/a/locations/b\n",
        f"{TARGET}require_approval: true\ngke:\n  cluster: projects/a/locations/b/clusters/c\n",
        f"{STAGE}      standard: {{verify: true}}\n",
        f"{STAGE}      canary:\n        canaryDeployment: {{percentages: [25, 50]}}\n",
        AUTOMATION,
    ],
)
def test_what_cloud_deploy_accepts_is_accepted(text: str) -> None:
    assert faults(text, "clouddeploy.yaml") == []


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (f"{TARGET}requireAproval: true\nrun: {{location: a}}\n", 5, "requireAproval is not a field of Target"),
        (f"{TARGET}run: {{location: a}}\ngke: {{cluster: b}}\n", 6, "exclude each other"),
        (f"{TARGET}", 1, "a Target needs one of gke"),
        (TARGET.replace("name: a", "name: A_b") + "run: {location: a}\n", 4, "a name is 1 to 63"),
        (TARGET.replace("  name: a", "  labels: {a: b}") + "run: {location: a}\n", 3, "metadata.name is missing"),
        (TARGET.replace("Target", "Tarjet"), 2, "kind must be one of"),
        (f"{PIPELINE}serialPipeline: {{stages: []}}\n", 5, "stages is missing or empty"),
        (f"{PIPELINE}serialPipeline:\n  stages:\n  - profiles: [a]\n", 7, "a stage without targetId"),
    ],
)
def test_what_cloud_deploy_refuses_is_told_where_it_stands(text: str, line: int, words: str) -> None:
    told = faults(text, "clouddeploy.yaml")
    assert any(at == line and words in message for at, message in told), told


def test_rules_see_one_spelling() -> None:
    build = check_build(load("steps:\n- name: a\n  wait_for: ['-']\n  secret_env: [A]\nservice_account: b\n")).value
    assert build == {"steps": [{"name": "a", "waitFor": ["-"], "secretEnv": ["A"]}], "serviceAccount": "b"}
    target = check_deploy(load(f"{TARGET}require_approval: true\nrun: {{location: a}}\n")).value
    assert target["requireApproval"] is True
    assert target["metadata"] == {"name": "a"}
