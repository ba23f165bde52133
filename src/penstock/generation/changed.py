"""A drafted pipeline while changes are laid over it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from penstock.domain.facts import RepositoryFacts
from penstock.domain.skills import Skill
from penstock.domain.spec import Assumption, Node, Origin, PipelineSpec
from penstock.generation.overlaying import Explained

N = TypeVar("N", bound=Node)


def by(origin: Origin, former: Origin) -> Origin:
    """Return the origin of a node that was changed: who changed it, and what it came from before."""
    before = (former.ref, *former.because) if former.ref != origin.ref else former.because
    return origin.model_copy(update={"because": tuple(dict.fromkeys([*origin.because, *before]))})


@dataclass
class Changed:
    """The pipeline in its present state. ``set`` puts new parts in; checked() validates the whole at the end."""

    spec: PipelineSpec
    facts: RepositoryFacts
    skills: Sequence[Skill]
    origin: Explained
    lost: frozenset[str] = frozenset()
    """Parts of the changes that do not count, since the request said otherwise."""
    _assumptions: dict[str, Assumption] = field(default_factory=dict)
    _questions: dict[str, None] = field(default_factory=dict)

    def set(self, **parts: Any) -> None:
        """Put other parts into the pipeline."""
        self.spec = self.spec.model_copy(update=parts)

    def node(self, former: N, place: str, **fields: Any) -> N:
        """Return a node with other fields, validated. Raises ValidationError."""
        values = {name: getattr(former, name) for name in type(former).model_fields}
        values |= fields | {"origin": by(self.origin(place), values["origin"])}
        return type(former)(**values)

    def assume(self, *said: Assumption) -> None:
        """Tell the reader something that was decided for them."""
        for each in said:
            self._assumptions.setdefault(each.text, each)

    def decide(self, place: str, text: str) -> None:
        """Tell the reader something that was decided while changing ``place``."""
        self.assume(Assumption(text=text, origin=self.origin(place)))

    def ask(self, *asked: str) -> None:
        """Ask the reader."""
        self._questions |= dict.fromkeys(asked)

    def checked(self) -> PipelineSpec:
        """Return the whole, with what was said. Raises ValidationError when parts do not fit together."""
        assumptions = {each.text: each for each in (*self.spec.assumptions, *self._assumptions.values())}
        questions = dict.fromkeys([*self.spec.questions, *self._questions])
        self.set(assumptions=tuple(assumptions.values()), questions=tuple(questions))
        fields = {name: getattr(self.spec, name) for name in PipelineSpec.model_fields}
        return PipelineSpec(**fields)
