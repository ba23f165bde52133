"""Changes beside the pipeline they shall change."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from penstock.domain.changes import Changes
from penstock.domain.facts import RepositoryFacts, ServiceFacts
from penstock.domain.spec import PipelineSpec, Step
from penstock.generation.builders import facts_of
from penstock.generation.step_graph import matching

_CREDENTIAL = re.compile(r"(?:^|_)(?:PASSWORD|PASSWD|SECRET|TOKEN|API_?KEY|PRIVATE_KEY|CREDENTIALS?)$", re.IGNORECASE)


def says_secret(variable: str) -> bool:
    """Whether a variable's name says that it holds a credential."""
    return _CREDENTIAL.search(variable) is not None


@dataclass(frozen=True)
class View:
    """The changes beside what they change."""

    changes: Changes
    spec: PipelineSpec
    facts: RepositoryFacts
    intent: str
    images: frozenset[str]

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """The steps that are there once the target is the one wanted: without a deployment there is no release."""
        stays = self.target != "none" or self.spec.target == "none"
        return self.spec.steps if stays else tuple(step for step in self.spec.steps if step.lanes != ("release",))

    @cached_property
    def gone(self) -> frozenset[str]:
        """Ids of the steps that are taken out."""
        return frozenset(each for wanted in self.changes.remove_steps for each in self.matching(wanted, added=False))

    @property
    def services(self) -> list[str]:
        """Return the names of the services."""
        return [service.name for service in self.spec.services]

    def matching(self, wanted: str, service: str | None = None, *, added: bool = True) -> list[str]:
        """Return the steps that an id means, those to be added included."""
        ids = [step.id for step in self.steps]
        ids += [each.id for each in self.changes.add_steps] if added else []
        return matching(wanted, ids, self.services, service)

    def with_tasks(self, service: str | None) -> list[ServiceFacts]:
        """Return whose tasks a step may call: its service's and the workspace's; without a service, everybody's."""
        own = facts_of(self.spec, self.facts, service) if service is not None else None
        found = [own] if own is not None else [*self.facts.services]
        return [*found, *([self.facts.workspace] if self.facts.workspace else [])]

    def knows_secret(self, env: str) -> bool:
        """Whether a secret's name comes from the code, the skills or the sentence."""
        read = any(each.name == env for service in self.facts.services for each in service.env)
        main = self.facts.primary
        read = read or (main is not None and any(each.name == env for each in main.env))
        has = any(secret.env == env for service in self.spec.services for secret in service.secrets)
        return (
            read or has or re.search(rf"(?<![A-Za-z0-9_]){env}(?![A-Za-z0-9_])", self.intent, re.IGNORECASE) is not None
        )

    def secret_problems(self, place: str, env: str) -> Iterator[str]:
        """Yield the problem of a secret that nobody knows."""
        if not self.knows_secret(env):
            yield f"{place}: nothing reads {env}, and the sentence does not name it; leave it out, or ask in questions."

    @property
    def target(self) -> str:
        """Where it deploys to, with the changes."""
        return self.changes.target or self.spec.target
