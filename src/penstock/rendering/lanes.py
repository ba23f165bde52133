"""One lane of a pipeline as its Cloud Build file needs it: the steps, the images pushed, the secrets read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from penstock.domain.spec import Lane, PipelineSpec, SecretRef, Step
from penstock.errors import InvalidConfiguration
from penstock.rendering.substitutions import own_names

LANES: tuple[Lane, ...] = ("check", "main", "release", "scheduled")


@dataclass(frozen=True)
class LaneView:
    """The steps of one lane in order, and what follows from them."""

    name: Lane
    steps: tuple[Step, ...]
    secrets: tuple[SecretRef, ...]
    substitutions: tuple[str, ...]

    def waits(self, step: Step) -> tuple[str, ...]:
        """Return the ids a step waits for in this lane; ``-`` alone means: start at once."""
        here = {each.id for each in self.steps}
        return tuple(wanted for wanted in step.wait_for if wanted in here) or ("-",)


def lane_view(spec: PipelineSpec, lane: Lane) -> LaneView:
    """Return one lane. Raises InvalidConfiguration for a step that names a secret no service has."""
    steps = tuple(step for step in spec.steps if lane in step.lanes)
    return LaneView(lane, steps, tuple(_build_secrets(spec, steps)), tuple(own_names(steps)))


def _build_secrets(spec: PipelineSpec, steps: Sequence[Step]) -> list[SecretRef]:
    offered: dict[str, SecretRef] = {}
    for service in spec.services:
        for secret in service.secrets:
            if secret.at != "build":
                continue
            before = offered.setdefault(secret.env, secret)
            if (before.secret, before.version) != (secret.secret, secret.version):
                message = (
                    f"Two services use {secret.env} at build time for different secrets; a build has one of each name."
                )
                raise InvalidConfiguration(message, fields=["services.secrets"])
    used = list(dict.fromkeys(env for step in steps for env in step.secret_env))
    missing = [env for env in used if env not in offered]
    if missing:
        message = f"A step reads {missing[0]}, but no service names a secret for it at build time."
        raise InvalidConfiguration(message, fields=["steps.secret_env"])
    return [offered[env] for env in used]
