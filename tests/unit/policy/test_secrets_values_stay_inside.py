"""A secret's value leaves the scanner in no form: not in findings, decisions, the engine's input, errors, or repr."""

from __future__ import annotations

import json

import pytest
from gate_stand_ins import Bending, Recording, judged
from hypothesis import given
from hypothesis import strategies as st
from secret_material import GITHUB, PASSWORD, PEM, PLAIN, Case, positives

from penstock.domain.policy import Profile
from penstock.errors import PolicyEngineUnavailable
from penstock.policy.sarif import sarif
from penstock.policy.secrets import fingerprint, scan
from penstock.policy.secrets.scanner import find

WHOLE = [case for case in positives() if all(len(value) > 5 for value in case.values)]


@pytest.mark.parametrize("case", WHOLE, ids=lambda case: case.name)
def test_neither_the_engine_nor_the_decision_sees_a_value(case: Case) -> None:
    engine = Recording()
    decision = judged({case.path: case.text}, engine=engine, profile=Profile.ADVISORY)
    shown = repr(decision) + json.dumps(sarif(decision)) + json.dumps(engine.asked, ensure_ascii=False)
    assert not decision.allow
    assert not any(value in shown for value in case.values)


def test_a_short_password_stays_inside_too() -> None:
    secret = "zq" + "9Xk"
    engine = Recording()
    command = f"    command: mysql -p{secret} shop\n"
    text = f"services:\n  db:\n    image: mysql:8\n{command}    environment: [MYSQL_PASSWORD={secret}]\n"
    decision = judged({"docker-compose.yml": text}, engine=engine)
    assert not decision.allow
    assert secret not in json.dumps(engine.asked) + repr(decision)


def test_every_line_of_a_private_key_is_kept_from_the_engine() -> None:
    lines = [
        "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7",
        *(f"Zk3Qm8Rt2Vx7Lp1N{n:02d}c5Hd9Ws4Bj6Gf0" for n in range(12)),
    ]
    key = "-----BEGIN " + "RSA PRIVATE KEY-----\n" + "\n".join(lines) + "\n-----END RSA PRIVATE KEY-----"
    block = "\n".join("    " + line for line in key.split("\n"))
    config = f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata:\n  tls.key: |\n{block}\n"
    engine = Recording()
    judged({"k8s/a.yaml": config, "sa.json": json.dumps({"private_key": key})}, engine=engine)
    asked = json.dumps(engine.asked)
    assert [line for line in lines if line in asked] == []


def test_a_secret_that_is_a_key_of_the_file_is_in_no_pointer() -> None:
    engine = Recording()
    text = f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata:\n  {GITHUB}:\n    password: {PASSWORD}\n"
    decision = judged({"k8s/a.yaml": text}, engine=engine)
    assert GITHUB not in repr(decision) + json.dumps(engine.asked)


def test_an_escaped_value_in_a_dockerfile_stays_inside() -> None:
    engine = Recording()
    judged({"Dockerfile": f'FROM alpine:3.22\nENV DB_PASSWORD="{PASSWORD}\\"{PLAIN}"\n'}, engine=engine)
    assert PLAIN not in json.dumps(engine.asked)


def test_an_engine_that_fails_does_not_take_the_value_into_the_error() -> None:
    engine = Bending(lambda answer: {**answer, "findings": []})
    with pytest.raises(PolicyEngineUnavailable) as problem:
        judged({"cloudbuild.yaml": f"steps:\n- name: a\n  env: [DB_PASSWORD={PASSWORD}]\n"}, engine=engine)
    assert PASSWORD not in str(problem.value) + repr(problem.value.extra)


def test_hits_do_not_show_their_value_in_tracebacks() -> None:
    hits = find(PEM + f"\nDB_PASSWORD={PASSWORD}\n", path="x.env")
    assert len(hits) == 2
    assert PASSWORD not in repr(hits)


def test_a_fingerprint_tells_equal_secrets_from_others_only_under_the_same_key() -> None:
    assert fingerprint(PASSWORD, b"one") == fingerprint(PASSWORD, b"one")
    assert fingerprint(PASSWORD, b"one") != fingerprint(PASSWORD, b"two")
    assert fingerprint(PASSWORD, b"one") != fingerprint(PLAIN, b"one")
    assert len(fingerprint(PASSWORD, b"one")) == 12


@given(st.text(max_size=400), st.sampled_from(["a.yaml", "Dockerfile", "README.md", "a.py", ".env", "x"]))
def test_the_scanner_takes_any_text(text: str, path: str) -> None:
    for each in scan(text, path=path):
        assert 1 <= each.line <= text.count("\n") + 1
        assert each.column >= 1


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=60), st.integers(0, 40))
def test_a_token_is_found_at_its_line_whatever_stands_around_it(before: str, empty_lines: int) -> None:
    text = before.replace("\n", " ") + "\n" * (empty_lines + 1) + f"x {GITHUB} y\n"
    found = [each for each in scan(text, path="notes.md") if each.rule == "security.secrets.provider_token"]
    assert [(each.line, each.column) for each in found][-1:] == [(empty_lines + 2, 3)]
