"""Whatever changes there are: either they are refused in words, or they make a pipeline that renders."""

from __future__ import annotations

from typing import Any

from changes_of_any_kind import CHANGES, FITTING
from hypothesis import HealthCheck, example, given, settings
from laying import Laid, by_sentence, laid

from penstock.domain.changes import Changes
from penstock.domain.spec import PipelineSpec

SLOW = [HealthCheck.too_slow, HealthCheck.filter_too_much]


def made(changes: Changes) -> Laid | None:
    """Return what becomes of changes, None where they do not fit, or name options that cannot be granted together."""
    result = laid(
        intent="Public, in europe-west12, project acme-shop, apps, release/x, STRIPE_KEY; tell #builds", whole=changes
    )
    if result.problems:
        assert all(isinstance(problem, str) and problem for problem in result.problems)
        return None
    return result


@settings(max_examples=300, deadline=None, suppress_health_check=SLOW)
@given(CHANGES | FITTING)
@example(Changes())
def test_changes_are_refused_in_words_or_make_a_pipeline_that_renders(changes: Changes):
    result = made(changes)
    if result is not None:
        assert PipelineSpec.model_validate(result.spec.model_dump()) == result.spec
        assert "docs/cicd/README.md" in result.files()


@settings(max_examples=150, deadline=None, suppress_health_check=SLOW)
@given(CHANGES | FITTING)
def test_nodes_that_no_change_touches_are_the_very_same(changes: Changes):
    result = made(changes)
    if result is None:
        return
    for former, node in _pairs(result.draft, result.spec):
        assert node is former or by_sentence(node.origin), node
    if changes.is_empty():
        said = {"assumptions", "questions"}
        assert result.spec.model_dump(exclude=said) == result.draft.model_dump(exclude=said)


def test_no_changes_leave_every_node_as_it_was():
    result = laid()
    assert result.spec == result.draft
    assert all(node is former for former, node in _pairs(result.draft, result.spec))


def _pairs(before: PipelineSpec, after: PipelineSpec) -> list[tuple[Any, Any]]:
    """Return the nodes of both pipelines that stand for the same thing; steps may move without being touched."""
    found: list[tuple[Any, Any]] = [(before.cloud, after.cloud), (before.build, after.build)]
    for kind in ("environments", "triggers"):
        known = {each.name: each for each in getattr(before, kind)}
        found += [(known.get(each.name), each) for each in getattr(after, kind)]
    for former, service in zip(before.services, after.services, strict=True):
        found += [(former.runtime, service.runtime), (former.image, service.image)]
        for kind in ("secrets", "env"):
            known = {getattr(each, "env", None) or each.name: each for each in getattr(former, kind)}
            found += [(known.get(getattr(each, "env", None) or each.name), each) for each in getattr(service, kind)]
    steps = {each.id: each for each in before.steps}
    found += [(steps.get(each.id), each) for each in after.steps]
    return found
