"""A sandbox that remembers what it decided decides no otherwise than one that does not."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import jinja2
import pytest
from jinja2.sandbox import ImmutableSandboxedEnvironment, SandboxedEnvironment, SecurityError

from penstock.kit.sandbox import RememberedAttributes


class Remembering(RememberedAttributes, ImmutableSandboxedEnvironment):
    """The strict sandbox with the memory before it."""


class Loose(RememberedAttributes, SandboxedEnvironment):
    """The sandbox that lets lists be changed."""


@dataclass
class Held:
    """Something a template sees."""

    name: str = "payment"
    things: list[int] = field(default_factory=lambda: [1])
    _inside: str = "hidden"

    def called(self) -> str:
        return "called"


def shown(source: str, sandbox: SandboxedEnvironment | None = None, **names: Any) -> str:
    return (sandbox or Remembering(undefined=jinja2.StrictUndefined)).from_string(source).render(**names)


def test_fields_and_methods_are_seen_the_first_time_and_again() -> None:
    assert shown("{{ held.name }} {{ held.name }} {{ held.called() }}", held=Held()) == "payment payment called"


@pytest.mark.parametrize(
    "attribute", ["_inside", "__class__", "called.__globals__", "called.__func__", "things.append"]
)
def test_what_a_sandbox_hides_stays_hidden_however_often_it_is_asked_for(attribute: str) -> None:
    sandbox = Remembering(undefined=jinja2.StrictUndefined)
    for _ in range(2):
        with pytest.raises(SecurityError):
            shown(f"{{{{ held.{attribute} }}}}", sandbox, held=Held())


def test_a_name_allowed_of_one_type_is_still_refused_of_another() -> None:
    @dataclass
    class Own:
        append: str = "a field"

    sandbox = Remembering(undefined=jinja2.StrictUndefined)
    assert shown("{{ it.append }}", sandbox, it=Own()) == "a field"
    with pytest.raises(SecurityError):
        shown("{{ it.append(1) }}", sandbox, it=[])


def test_two_sandboxes_do_not_share_what_they_decided() -> None:
    things: list[int] = []
    assert shown("{{ it.append(1) }}", Loose(), it=things) == "None"
    with pytest.raises(SecurityError):
        shown("{{ it.append(1) }}", Remembering(), it=things)


def test_more_names_than_are_kept_are_decided_all_the_same() -> None:
    names = [f"field{number}" for number in range(5_000)]
    many = type("Many", (), dict.fromkeys(names, 1))()
    sandbox = Remembering(undefined=jinja2.StrictUndefined)
    assert all(sandbox.getattr(many, name) == 1 for name in names)
    with pytest.raises(SecurityError):
        shown("{{ held._inside }}", sandbox, held=Held())
