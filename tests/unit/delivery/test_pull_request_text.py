"""The words of a pull request: complete, and safe whatever the repository, the model or a policy wrote."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.delivery.markdown import code, prose
from penstock.delivery.pull_requests import MOST_CHARACTERS, branch_of, pull_request_text
from penstock.domain.artifacts import Artifact
from penstock.domain.facts import RepositoryFacts
from penstock.domain.pipelines import Plan, Repair
from penstock.domain.policy import Decision, Profile, Violation
from penstock.domain.skills import Selection, SkillUse
from penstock.errors import InvalidConfiguration

HOSTILE = "<img src=x onerror=alert(1)> @octocat closes #1 [x](https://evil.tld) acme/other#7 ```\n# big\nGH-3"


def plan(text: str = "It runs in europe-west1.", **changes: Any) -> Plan:
    warning = Violation("meta.rule", "meta", "warn", "cloudbuild.yaml", 3, 1, "", message=text, remediation=text)
    controls: dict[str, dict[str, object]] = {"SOC2:CC6.1": {"status": "pass"}, "SOC2:CC8.1": {"status": "fail"}}
    decision = Decision(bool(text), (), (warning,), (), controls, Profile.STANDARD, "r7", "d1", "0" * 64, 54, "regorus")
    spec: Any = SimpleNamespace(
        name="shop", target="cloud-run", assumptions=(SimpleNamespace(text=text),), questions=(text,)
    )
    made = Plan(
        facts=RepositoryFacts("shop", deployable=True, primary=None),
        selection=Selection((), ()),
        skills_used=(SkillUse("gcp-python", "1.2.0", "sha256:0"),),
        spec=spec,
        artifacts=(Artifact("cloudbuild.yaml", b"steps: []\n"), Artifact("docs/cicd/README.md", b"x\n")),
        decision=decision,
        mode="template",
        repairs=(Repair("gcb.timeout", "cloudbuild.yaml", text, "fixer"),),
    )
    return replace(made, **changes)


def test_it_says_files_verdict_repairs_assumptions_questions_and_what_to_do_next():
    text = pull_request_text(plan())
    assert text.title == "Add CI/CD pipeline for shop"
    for heading in ("Files", "Policy", "Mended", "Assumptions", "Open questions", "What to do next"):
        assert f"### {heading}" in text.body
    assert "`cloudbuild.yaml`: the builds" in text.body
    assert "allowed by 54 rules, profile `standard`, revision `r7`" in text.body
    assert "1 of 2 controls pass" in text.body
    assert "`gcp-python@1.2.0`" in text.body
    assert "Degraded" not in text.body


def test_a_degraded_pipeline_says_so_and_why():
    body = pull_request_text(plan(degraded=True, degraded_reason="the breaker is open")).body
    assert "**Degraded:**" in body
    assert "the breaker is open" in body


def test_an_update_is_called_one_and_former_files_are_named():
    facts = RepositoryFacts("shop", deployable=True, primary=None, managed_files=("k8s/old.yaml", "cloudbuild.yaml"))
    text = pull_request_text(plan(facts=facts))
    assert text.title.startswith("Update")
    assert "`k8s/old.yaml` is no longer part of it" in text.body


def test_hostile_words_mention_nobody_and_bring_no_markup():
    harmless(pull_request_text(plan(HOSTILE, degraded=True, degraded_reason=HOSTILE)).body)


def test_a_body_is_never_longer_than_github_takes():
    many = tuple(Artifact(f"deploy/{n}/" + "x" * 900, b"") for n in range(900))
    spec: Any = SimpleNamespace(
        name="shop", target="none", assumptions=tuple(SimpleNamespace(text="a" * 2000) for _ in range(900)),
        questions=("q`" * 900,) * 900,
    )  # fmt: skip
    assert len(pull_request_text(plan(artifacts=many, spec=spec)).body) <= MOST_CHARACTERS + 100


@given(st.text(max_size=200) | st.text(alphabet="<>@#`[]()!/:w.g-1h&\n\\", max_size=60))
def test_no_text_becomes_markup_a_mention_a_reference_or_a_link(text: str):
    harmless(prose(text))
    harmless(code(text))


def harmless(markdown: str) -> None:
    """Fail when, outside of code, something could be read as HTML, a mention, a reference, an address or an image."""
    assert not re.search(r"[\x00-\x09\x0b-\x1f]", markdown)
    outside = re.sub(r"(?<![`\\])(`+)(?!`)(.+?)(?<!`)\1(?!`)", "", markdown)
    assert "<" not in outside
    read = html.unescape(re.sub(r"\\([^A-Za-z0-9\s])", r"\1", outside))
    assert not re.search(r"@\w|\w#\d|(?<!#)#\d|://\w|www\.\w|\bgh-\d", read, re.IGNORECASE)
    assert not re.search(r"(?<!\\)(\[[^\]]*(?<!\\)\]\(|!\[)", outside)


def test_a_branch_of_a_service_is_a_branch():
    assert branch_of("shop") == "penstock/shop"
    with pytest.raises(InvalidConfiguration):
        branch_of("../main")
