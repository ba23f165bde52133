"""H61 and its relatives: whatever an engine does short of a whole, proven evaluation, nothing passes."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from gate_stand_ins import KEY, Bending, Hanging, judged, real_engine
from secret_material import PASSWORD

from penstock.domain.policy import FileToJudge, JudgeContext, Profile
from penstock.errors import InvalidConfiguration, PolicyEngineUnavailable
from penstock.policy.gate import Gate, input_digest
from penstock.policy.regorus import RegorusEngine

BUILD = {"cloudbuild.yaml": "steps:\n- name: gcr.io/cloud-builders/docker\n  args: [build, .]\n"}
LEAKY = {"cloudbuild.yaml": f"steps:\n- name: a\n  env: [DB_PASSWORD={PASSWORD}]\n"}
RULES = sorted(real_engine().catalogue)


def without(answer, key):
    return {name: value for name, value in answer.items() if name != key}


ILL = {
    "an empty object": lambda _: {},
    "null": lambda _: None,
    "a list": lambda _: [],
    "a page of HTML": lambda _: "<html>ok</html>",
    "another schema": lambda answer: {**answer, "schema": "penstock.decision/v0"},
    "no schema": lambda answer: without(answer, "schema"),
    "one rule too few": lambda answer: {**answer, "rules_evaluated": len(RULES) - 1},
    "one rule too many": lambda answer: {**answer, "rules_evaluated": len(RULES) + 1},
    "no count of rules": lambda answer: without(answer, "rules_evaluated"),
    "a count that is true": lambda answer: {**answer, "rules_evaluated": True},
    "no self-test": lambda answer: without(answer, "selftest"),
    "an empty self-test": lambda answer: {**answer, "selftest": ""},
    "somebody else's self-test": lambda answer: {**answer, "selftest": "0123456789abcdef"},
    "no findings member": lambda answer: without(answer, "findings"),
    "findings that are null": lambda answer: {**answer, "findings": None},
    "a finding that is text": lambda answer: {**answer, "findings": ["fine"]},
    "a finding without a rule": lambda answer: {**answer, "findings": [{"severity": "deny", "file": "a"}]},
    "a severity nobody knows": lambda answer: {**answer, "findings": [finding(severity="info")]},
    "a rule nobody knows": lambda answer: {**answer, "findings": [finding(id="security.nothing")]},
    "a severity that is null": lambda answer: {**answer, "findings": [finding(severity=None)]},
    "a line that is text": lambda answer: {**answer, "findings": [finding(line="one")]},
}  # fmt: skip


def finding(**changes):
    return {
        "id": RULES[0], "severity": "deny", "file": "cloudbuild.yaml", "index": 0, "pointer": "", "message": "m",
        "remediation": "r", **changes,
    }  # fmt: skip


@pytest.mark.parametrize("what", ILL)
def test_an_answer_that_is_not_a_whole_decision_is_no_decision(what: str) -> None:
    with pytest.raises(PolicyEngineUnavailable):
        judged(BUILD, engine=Bending(ILL[what]))


def test_the_same_files_pass_when_the_engine_is_well() -> None:
    assert judged(BUILD, profile=Profile.ADVISORY).rules_evaluated == len(RULES)


def test_an_answer_that_lost_a_secret_is_no_decision() -> None:
    with pytest.raises(PolicyEngineUnavailable, match="lost a finding"):
        judged(LEAKY, engine=Bending(lambda answer: {**answer, "findings": []}))


def test_an_engine_that_never_answers_is_given_up() -> None:
    with pytest.raises(PolicyEngineUnavailable, match="did not answer"):
        judged(BUILD, engine=Hanging(), timeout_s=0.02)


def test_an_engine_that_was_closed_says_so() -> None:
    engine = RegorusEngine(Path(__file__).parents[3] / "src" / "penstock" / "library" / "policies")
    engine.close()
    with pytest.raises(PolicyEngineUnavailable, match="closed"):
        judged(BUILD, engine=engine)


@pytest.mark.parametrize("missing", ["rules", "catalogue", "everything"])
def test_a_folder_without_rules_or_catalogue_is_no_engine(tmp_path: Path, missing: str) -> None:
    if missing != "rules":
        (tmp_path / "penstock").mkdir()
        (tmp_path / "penstock" / "a.rego").write_text("package penstock.main\n\ndecision := {}\n")
    if missing != "catalogue":
        (tmp_path / "data" / "catalogue").mkdir(parents=True)
        (tmp_path / "data" / "catalogue" / "data.json").write_text('{"rules": {"a.b": {}}}')
    if missing == "everything":
        tmp_path = tmp_path / "nowhere"
    with pytest.raises(PolicyEngineUnavailable):
        RegorusEngine(tmp_path)


@pytest.mark.parametrize("source", ["package penstock.main\n\ndecision := ", "not rego at all", ""])
def test_rules_that_do_not_parse_are_no_engine(tmp_path: Path, source: str) -> None:
    (tmp_path / "penstock").mkdir()
    (tmp_path / "penstock" / "a.rego").write_text(source)
    (tmp_path / "data" / "catalogue").mkdir(parents=True)
    (tmp_path / "data" / "catalogue" / "data.json").write_text('{"rules": {"a.b": {}}}')
    with pytest.raises(PolicyEngineUnavailable):
        RegorusEngine(tmp_path)


def test_a_rule_that_fails_while_it_runs_is_no_decision(tmp_path: Path) -> None:
    (tmp_path / "penstock").mkdir()
    (tmp_path / "penstock" / "a.rego").write_text(
        'package penstock.main\n\ndecision := {"n": to_number(input.profile)}\n'
    )
    (tmp_path / "data" / "catalogue").mkdir(parents=True)
    (tmp_path / "data" / "catalogue" / "data.json").write_text('{"rules": {"a.b": {}}}')
    with pytest.raises(PolicyEngineUnavailable):
        judged(BUILD, engine=RegorusEngine(tmp_path))


def test_many_questions_at_once_each_get_their_own_answer() -> None:
    gate = Gate(real_engine(), fingerprint_key=KEY, timeout_s=20)

    async def all_of_them():
        context = JudgeContext(Profile.ADVISORY)
        sets = [BUILD if number % 2 else LEAKY for number in range(40)]
        return await asyncio.gather(
            *(gate.judge([FileToJudge(path, text.encode()) for path, text in files.items()], context) for files in sets)
        )

    assert [decision.allow for decision in asyncio.run(all_of_them())] == [bool(number % 2) for number in range(40)]


def test_the_digest_names_exactly_these_bytes() -> None:
    one, other = FileToJudge("a", b"x"), FileToJudge("b", b"y")
    assert input_digest([one, other]) == input_digest([other, one])
    assert input_digest([one]) != input_digest([FileToJudge("a", b"x ")])
    assert input_digest([FileToJudge("a", b"1:b")]) != input_digest([FileToJudge("a1", b":b")])
    assert judged(BUILD).input_sha256 == input_digest([FileToJudge(p, c.encode()) for p, c in BUILD.items()])


def test_a_path_given_twice_is_refused() -> None:
    gate = Gate(real_engine(), fingerprint_key=KEY)
    files = [FileToJudge("cloudbuild.yaml", b"a"), FileToJudge("cloudbuild.yaml", b"b")]
    with pytest.raises(InvalidConfiguration, match="twice"):
        asyncio.run(gate.judge(files, JudgeContext(Profile.STANDARD)))
