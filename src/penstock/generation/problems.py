"""What can be wrong with a skill's defaults or with what was asked, in words for the person who can change it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from penstock.errors import InvalidConfiguration

if TYPE_CHECKING:
    from pydantic import ValidationError

    from penstock.domain.skills import Skill

DEFAULTS = "assets/defaults.yaml"


class BrokenExpression(ValueError):
    """An expression of a skill that cannot be evaluated; the message says why, its caller knows where it stands."""


def broken_skill(skill: Skill, place: str, why: object) -> InvalidConfiguration:
    """Return the error for a skill that cannot be applied. ``place`` is below assets/defaults.yaml: ``steps[test]``."""
    name = f"{skill.metadata.name}@{skill.metadata.version}"
    return InvalidConfiguration(
        f"The skill {name} cannot be applied: {DEFAULTS} {place}: {why}.",
        fields=["skills"],
        next_steps=(f"Tell the owner of the skill {name}; until it is repaired, publish or choose another version.",),
    )


def refused(field: str, message: str, *next_steps: str) -> InvalidConfiguration:
    """Return the error for a wish that cannot be granted. ``field`` is its name in a request: ``options.port``."""
    return InvalidConfiguration(message, fields=[field], **({"next_steps": next_steps} if next_steps else {}))


def in_words(problem: ValidationError) -> str:
    """Return what a document's validation complains about, at most three complaints, without the values."""
    found = [f"{_place(error['loc'])}: {_complaint(error['msg'])}" for error in problem.errors(include_url=False)[:3]]
    more = problem.error_count() - len(found)
    return "; ".join(found) + (f"; and {more} more" if more else "")


def impossible_spec(problem: ValidationError) -> InvalidConfiguration:
    """Return the error for a pipeline whose parts do not fit together."""
    fields = [_place(error["loc"]) for error in problem.errors(include_url=False)]
    return InvalidConfiguration(
        f"The pipeline cannot be built from what was found and asked: {in_words(problem)}.",
        fields=fields[:10],
        next_steps=("Change what is named above in the repository or in the options, and run it again.",),
    )


def _place(location: Sequence[int | str]) -> str:
    place = ""
    for part in location:
        place += f"[{part}]" if isinstance(part, int) else f".{part}"
    return place.lstrip(".") or "pipeline"


def _complaint(message: str) -> str:
    return message.removeprefix("Value error, ").replace("String should match pattern", "has to match")
