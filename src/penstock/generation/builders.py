"""In what a new step of a service runs: the image, folder, variables and first lines that the service's steps have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from penstock.domain.facts import RepositoryFacts, ServiceFacts
from penstock.domain.skills import Skill
from penstock.domain.spec import PipelineSpec, Step

_KINDS = ("test", "lint", "build", "install")
"""Of these the first one of a service is taken as the example."""
_COMMANDS = ("test_command", "lint_command", "build_command", "install_command")
_OPENING = "#!/usr/bin/env bash\nset -euo pipefail\n"
_NO_COMMAND = (" ", "\t", "fi", "done", "esac", "}", ")")
"""How a last line begins that is the end of something larger."""


@dataclass(frozen=True)
class Builder:
    """What a new step takes over from the steps its service has."""

    image: str
    dir: str
    opening: str = _OPENING
    """The lines before the command: the shell's settings, and the package manager's where the image lacks it."""
    env: Mapping[str, str] = field(default_factory=dict)

    def script(self, commands: str) -> str:
        """Return a script that runs the commands. One that names its own interpreter is taken as it is."""
        return commands if commands.startswith("#!") else f"{self.opening}{commands.strip()}\n"


def builder_of(spec: PipelineSpec, facts: RepositoryFacts, service: str | None) -> Builder | None:
    """Return the builder of a service; of none in particular, the first there is, in the root. None: there is none."""
    for name in [service] if service is not None else [each.name for each in spec.services]:
        found = _example(spec, name)
        if found is not None:
            folder = found.dir if service is not None or len(spec.services) == 1 else "."
            return Builder(found.image, folder, opening_of(found, facts_of(spec, facts, name)), found.env)
    return None


def _example(spec: PipelineSpec, service: str) -> Step | None:
    own = [step for step in spec.steps if step.service == service and step.script]
    own.sort(key=lambda step: step.origin.kind != "skill")
    return next((step for kind in _KINDS for step in own if step.kind == kind), None)


def opening_of(step: Step, facts: ServiceFacts | None) -> str:
    """Return what stands before the command in a step's script."""
    body = (step.script or "").rstrip("\n")
    for name in _COMMANDS if facts is not None else ():
        fact = getattr(facts, name)
        if fact is not None and body.endswith(f"\n{fact.value}"):
            return body[: -len(fact.value)]
    first, newline, last = body.rpartition("\n")
    return f"{first}{newline}" if newline and not last.startswith(_NO_COMMAND) else _OPENING


def facts_of(spec: PipelineSpec, facts: RepositoryFacts, service: str) -> ServiceFacts | None:
    """Return the facts of a service of the pipeline."""
    path = next((each.path for each in spec.services if each.name == service), None)
    known = (*facts.services, *((facts.primary,) if facts.primary else ()))
    return next((each for each in known if each.path == path), None)


def pins(skills: Sequence[Skill]) -> dict[str, str]:
    """Return the images that the skills pin, by their short names."""
    merged: dict[str, str] = {}
    for skill in skills:
        known = skill.data.get("images")
        if isinstance(known, Mapping):
            merged |= {str(key): str(pin) for key, pin in known.items()}
    return merged
