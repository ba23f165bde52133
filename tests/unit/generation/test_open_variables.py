"""Plain variables that nobody sets, when there are many of them."""

from __future__ import annotations

from drafting import drafted, repository, service, variable

from penstock.generation.variables import MOST_TOLD


def test_more_open_variables_than_are_listed_are_cut_and_counted():
    names = [f"FEATURE_{number:03}" for number in range(MOST_TOLD + 5)]
    spec = drafted(repository(service(env=tuple(variable(name) for name in names))))
    assert [each.name for each in spec.services[0].open_variables] == names[:MOST_TOLD]
    assert any(f"reads {MOST_TOLD + 5} plain variables" in each.text for each in spec.assumptions)


def test_as_many_as_are_listed_are_not_remarked_upon():
    names = [f"FEATURE_{number:03}" for number in range(MOST_TOLD)]
    spec = drafted(repository(service(env=tuple(variable(name) for name in names))))
    assert len(spec.services[0].open_variables) == MOST_TOLD
    assert not any("plain variables that nothing sets; the first" in each.text for each in spec.assumptions)
