"""Builds whose size is the attack: denied with bounded work, and the same thread answers the next request."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from penstock.domain.policy import Decision, FileToJudge, JudgeContext, Profile
from penstock.policy.build_size import (
    LONGEST_FILLED,
    MOST_ENTRIES,
    MOST_SECRETS,
    MOST_STEPS,
    MOST_VARIABLES,
    MOST_WAITS,
    sized,
)
from penstock.policy.catalogue import LIBRARY
from penstock.policy.gate import Gate
from penstock.policy.reading import MOST_INSTRUCTIONS
from penstock.policy.regorus import RegorusEngine

SCHEMA = "security.pipeline.schema"
SMALL = b"steps:\n- name: gcr.io/cloud-builders/docker:24.0.9\n  args: [build, .]\ntimeout: 60s\n"
ONE_STEP = "steps:\n- {name: a/b, args: [x]}\n"


@pytest.fixture(scope="module")
def gate() -> Iterator[Gate]:
    """One thread only: what keeps it busy keeps everybody waiting."""
    engine = RegorusEngine(LIBRARY, threads=1)
    yield Gate(engine, fingerprint_key=b"0" * 32, timeout_s=8.0)
    engine.close()


def judged(gate: Gate, *files: tuple[str, str | bytes]) -> list[Decision]:
    """Judge the files one after another; each must get its decision within the gate's patience."""

    async def each() -> list[Decision]:
        context = JudgeContext(Profile.ADVISORY)
        return [
            await gate.judge([FileToJudge(path, text.encode() if isinstance(text, str) else text)], context)
            for path, text in files
        ]

    return asyncio.run(each())


def everybody_waits_for_everybody() -> str:
    ids = ",".join(f"s{number}" for number in range(MOST_STEPS))
    first = f"- {{name: a/b, id: s0, waitFor: &all [{ids}]}}\n"
    return "steps:\n" + first + "".join(f"- {{name: a/b, id: s{n}, waitFor: *all}}\n" for n in range(1, 100))


def one_id_for_all() -> str:
    return "steps:\n" + "- {name: a/b, id: s, waitFor: [s]}\n" * MOST_STEPS


def substitutions_that_double() -> str:
    doubling = "".join(f"  _A{n:03}: $_A{n + 1:03}$_A{n + 1:03}\n" for n in range(150))
    return f"steps:\n- {{name: a/b, args: [$_A000]}}\nsubstitutions:\n{doubling}  _A150: x\n"


def substitutions_that_fill_much() -> str:
    used = " ".join(["$_A"] * 400)
    return f"steps:\n- {{name: a/b, args: ['{used}']}}\nsubstitutions:\n  _A: {'x' * 3_000}\n"


def many_variables() -> str:
    entries = ",".join(f"A{n}=$A" for n in range(100))
    return ONE_STEP + "- {name: a/b}\n" * 150 + f"options: {{env: [{entries}]}}\n"


def many_secrets() -> str:
    steps = "".join(f"- {{name: ubuntu, script: 'echo $S{n}; printenv'}}\n" for n in range(MOST_STEPS))
    return f"steps:\n{steps}options: {{secretEnv: [{','.join(f'S{n}' for n in range(500))}]}}\n"


def push_scan_deploy(number: int) -> str:
    image = f"a/b{number}"
    commands = f"docker push {image} && trivy image {image} && gcloud run deploy a --image {image}"
    return f"- {{name: ubuntu, script: '{commands}'}}\n"


TOO_MUCH = {
    f"wait for more than {MOST_WAITS} steps": everybody_waits_for_everybody(),
    f"wait for more than {MOST_WAITS} steps, all": one_id_for_all(),
    f"longer than {LONGEST_FILLED} characters": substitutions_that_fill_much(),
    f"more than {MOST_VARIABLES} entries of env": many_variables(),
    f"more than {MOST_SECRETS} entries of secretEnv": many_secrets(),
    f"more than {MOST_ENTRIES} entries of images": ONE_STEP
    + f"images: [{','.join(f'a/b{n}' for n in range(8_000))}]\n",
    f"more than {MOST_STEPS} steps": "steps:\n" + "- {name: a/b, args: [x]}\n" * 1_000,
    "more than 100 args": f"steps:\n- {{name: a/b, args: [{','.join(['x'] * 3_000)}]}}\n",
    "more than 10000 characters": f"steps:\n- {{name: a/b, args: [{'x' * 20_000}]}}\n",
    f"more than {MOST_ENTRIES} env": f"steps:\n- {{name: a/b, env: [{','.join(f'A{n}=1' for n in range(2_000))}]}}\n",
    "more than 200 substitutions": ONE_STEP + "substitutions:\n" + "".join(f"  _A{n}: x\n" for n in range(500)),
    "longer than 4000 characters": ONE_STEP + f"substitutions: {{_A: {'x' * 5_000}}}\n",
}


@pytest.mark.parametrize("detail", TOO_MUCH)
def test_a_build_that_is_too_much_is_denied_and_the_next_request_is_answered(gate: Gate, detail: str) -> None:
    hostile, small = judged(gate, ("cloudbuild.yaml", TOO_MUCH[detail]), ("cloudbuild.yaml", SMALL))
    assert any(detail in each.message for each in hostile.violations if each.rule == SCHEMA)
    assert small.allow


HEAVY = {
    "substitutions that double": substitutions_that_double(),
    "300 steps that push, scan and deploy": "steps:\n" + "".join(map(push_scan_deploy, range(MOST_STEPS))),
}


@pytest.mark.parametrize("what", HEAVY)
def test_a_heavy_build_within_the_limits_gets_its_decision(gate: Gate, what: str) -> None:
    heavy, small = judged(gate, ("cloudbuild.yaml", HEAVY[what]), ("cloudbuild.yaml", SMALL))
    assert heavy.violations or heavy.warnings
    assert small.allow


def test_a_dockerfile_of_thousands_of_instructions_is_not_read(gate: Gate) -> None:
    text = "FROM scratch\n" + "RUN a\n" * (MOST_INSTRUCTIONS + 1)
    hostile, small = judged(gate, ("Dockerfile", text), ("cloudbuild.yaml", SMALL))
    assert {each.rule for each in hostile.violations} == {"integrity.yaml.ambiguous"}
    assert small.allow


def test_a_text_that_aliases_multiply_is_not_read(gate: Gate) -> None:
    text = f"steps:\n- {{name: a/b, args: [&a {'x' * 200_000}, *a, *a, *a, *a, *a]}}\n"
    [hostile] = judged(gate, ("cloudbuild.yaml", text))
    assert any("characters once aliases are written out" in each.message for each in hostile.violations)


def test_a_build_of_usual_size_reaches_the_rules_as_it_is() -> None:
    build = {"steps": [{"name": "a", "args": ["x"], "waitFor": ["-"]}], "substitutions": {"_A": "$_B"}}
    assert sized(build) == (build, [])
