"""Secrets that only show once escapes are resolved and lines joined, and lines that are costly to read."""

from __future__ import annotations

import pytest
from secret_material import GITHUB

from penstock.detection.tree import MappingTree
from penstock.policy.collect import collect
from penstock.policy.secrets import lines as reading_lines
from penstock.policy.secrets import redact, scan

_HALF, _REST = GITHUB[:9], GITHUB[9:]
_STEP = "steps:\n- name: gcr.io/cloud-builders/gcloud\n  args: "


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("cloudbuild.yaml", f'{_STEP}["{GITHUB.replace("p_", chr(92) + "x70_")}"]\n'),
        ("cloudbuild.json", f'{{"steps": [{{"args": ["{GITHUB.replace("p_", chr(92) + "u0070_")}"]}}]}}\n'),
        ("cloudbuild.yaml", f'{_STEP}["{_HALF}\\\n    {_REST}"]\n'),
        ("Dockerfile", f"FROM a\nENV X={_HALF}\\\n{_REST}\n"),
        ("Dockerfile", f"FROM a\nENV X={_HALF}\\\n# between\n{_REST}\n"),
    ],
)
def test_a_token_behind_escapes_is_found_and_redacted(path: str, text: str) -> None:
    assert [each.rule for each in scan(text, path=path)] == ["security.secrets.provider_token"]
    assert _REST[4:20] not in redact(text, path=path)


@pytest.mark.parametrize("escaped", ["\\_", "&#95;", "&#x5F;", "&lowbar;"])
@pytest.mark.parametrize("path", ["docs/cicd/README.md", "notes.markdown"])
def test_a_token_that_markdown_shows_whole_is_found_where_it_stands_and_redacted(path: str, escaped: str) -> None:
    text = f"# Notes\n\nWe \\*always\\* use {GITHUB.replace('_', escaped)} here\\.\n"
    (found,) = scan(text, path=path)
    assert (found.rule, found.line, found.column) == ("security.secrets.provider_token", 3, 19)
    assert found.fingerprint == scan(GITHUB, path="a.txt")[0].fingerprint
    assert redact(text, path=path).endswith(f"use «redacted:{found.rule}:{found.fingerprint}» here\\.\n")


def test_a_password_under_an_escaped_name_is_found_once_in_markdown() -> None:
    text = "Set it:\n\n- db\\_password: Tr0ub" + "4dor\\_3x9\n"
    (found,) = scan(text, path="README.md")
    assert (found.line, found.column, found.length) == (3, 17, 13)
    assert "4dor" not in redact(text, path="README.md")


@pytest.mark.parametrize("flag", ["--set-secrets", "--update-secrets"])
def test_a_reference_to_a_kept_secret_is_no_secret_as_a_list_entry(flag: str) -> None:
    assert scan(f'{_STEP}[run, deploy, {flag}, "DB_PASSWORD=db-password:1"]\n', path="cloudbuild.yaml") == ()


def test_each_name_of_a_long_line_is_judged_by_a_bounded_piece_of_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at: list[int] = []

    def judge(_name: str, value: str, _says: object) -> bool:
        looked_at.append(len(value))
        return False

    monkeypatch.setattr(reading_lines, "is_literal_secret", judge)
    list(reading_lines.line_hits("password=" * 400))
    assert looked_at
    assert max(looked_at) <= 512


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("gcp-key.json", "{}"),
        ("sa.json", "{}"),
        ("app-firebase-adminsdk-x1.json", "{}"),
        ("charts/a/values.yaml", "a: 1"),
        ("src/main/resources/application.yml", "a: 1"),
        ("appsettings.json", "{}"),
        ("conf/x.json", '{"client_email": "a@b", "private_key": "x"}'),
        ("docs/cicd/README.md", f"use {GITHUB}"),
    ],
)
def test_other_places_of_secrets_are_looked_through_for_secrets(path: str, content: str) -> None:
    assert collect(MappingTree({path: content.encode()})).for_secrets == {path}
