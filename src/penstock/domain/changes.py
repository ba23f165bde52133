"""Changes: what a sentence asks of a pipeline, typed. A model fills it, and so does the reader that needs no model.

Nothing here is a pipeline: generation/changing.py lays changes over the skills' defaults and refuses what does not
fit. None (or empty) always means: as the defaults have it.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from penstock.domain.spec import EnvName, Lane, Name, Node, RelativePath

Said = Annotated[str, StringConstraints(min_length=1, max_length=600)]
"""A sentence for the reader of the answer."""
Script = Annotated[str, StringConstraints(min_length=1, max_length=4000)]
Version = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,4}(\.[0-9]{1,6}){0,2}$")]
Branch = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._/-]{0,199}$")]
Region = Annotated[str, StringConstraints(pattern=r"^[a-z]+-[a-z]+[0-9]{1,2}$")]
Cron = Annotated[str, StringConstraints(pattern=r"^[0-9*/,-]+( [0-9*/,-]+){4}$", max_length=100)]
"""Five fields of unix cron, in UTC."""
TagPattern = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_*][A-Za-z0-9._/*-]{0,99}$")]
"""Names of tags; a star stands for anything: ``v*``."""
StepId = Annotated[str, StringConstraints(pattern=r"^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$")]


class SecretChange(Node):
    """A secret that a service gets, by the name of its variable; the value is never part of anything."""

    env: EnvName
    at: Literal["build", "runtime"] = "runtime"


class EnvChange(Node):
    """A plain variable of the running service; never a credential."""

    name: EnvName
    value: Annotated[str, StringConstraints(max_length=1000)]


class ServiceChange(Node):
    """What changes for one service; ``name`` is one that the pipeline has."""

    name: Name
    runtime_version: Version | None = None
    port: int | None = Field(default=None, ge=1, le=65_535)
    health_path: Annotated[str, StringConstraints(pattern=r"^/[A-Za-z0-9._~/-]{0,100}$")] | None = None
    cpu: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,3}(\.[0-9])?$|^[0-9]{2,5}m$")] | None = None
    memory: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,5}(Mi|Gi)$")] | None = None
    min_instances: int | None = Field(default=None, ge=0, le=1000)
    max_instances: int | None = Field(default=None, ge=1, le=1000)
    concurrency: int | None = Field(default=None, ge=1, le=1000)
    public: bool | None = None
    secrets: Annotated[tuple[SecretChange, ...], Field(max_length=40)] = ()
    env: Annotated[tuple[EnvChange, ...], Field(max_length=40)] = ()


class EnvironmentChange(Node):
    """One environment; a list of them is the whole way to production, in order."""

    name: Name
    production: bool | None = None
    require_approval: bool | None = None
    verify: bool | None = None
    canary: Annotated[tuple[Annotated[int, Field(ge=1, le=99)], ...], Field(max_length=8)] | None = None
    min_instances: int | None = Field(default=None, ge=0, le=1000)
    max_instances: int | None = Field(default=None, ge=1, le=1000)


class StepAdd(Node):
    """A new step. It runs ``script`` in the image of the service's own steps unless ``image`` says else."""

    id: StepId
    service: Name | None = None
    title: Said
    kind: Literal["lint", "test", "build", "scan", "verify", "notify", "custom"] = "custom"
    lanes: Annotated[tuple[Lane, ...], Field(min_length=1, max_length=4)]
    after: Annotated[tuple[StepId, ...], Field(max_length=40)] = ()
    """Ids of steps it waits for; empty: the steps that install what it needs."""
    script: Script
    image: Annotated[str, StringConstraints(max_length=400)] | None = None
    env: dict[EnvName, Annotated[str, StringConstraints(max_length=1000)]] = Field(default_factory=dict)
    secret_env: Annotated[tuple[EnvName, ...], Field(max_length=20)] = ()
    timeout_s: int | None = Field(default=None, ge=1, le=86_400)


class StepChange(Node):
    """What changes in a step that the pipeline has."""

    id: StepId
    title: Said | None = None
    lanes: Annotated[tuple[Lane, ...], Field(min_length=1, max_length=4)] | None = None
    after: Annotated[tuple[StepId, ...], Field(max_length=40)] | None = None
    script: Script | None = None
    env: dict[EnvName, Annotated[str, StringConstraints(max_length=1000)]] | None = None
    secret_env: Annotated[tuple[EnvName, ...], Field(max_length=20)] | None = None
    timeout_s: int | None = Field(default=None, ge=1, le=86_400)


class TriggerAdd(Node):
    """Something more that starts a lane.

    ``schedule`` is for the event schedule alone, ``branch`` for push, ``tag`` for tag: None is every tag.
    """

    event: Literal["push", "pull_request", "tag", "schedule", "manual"]
    lane: Lane
    branch: Branch | None = None
    tag: TagPattern | None = None
    schedule: Cron | None = None


class Notification(Node):
    """Who is told of builds and releases, and of which."""

    channel: Literal["slack", "email", "chat", "pubsub", "webhook"]
    on: Literal["failure", "success", "always"] = "failure"
    to: Annotated[str, StringConstraints(pattern=r"^[#A-Za-z0-9._@+-]{1,100}$")] | None = None


class ExtraFileAdd(Node):
    """A file of no known kind, under the same path rules and gates as all others."""

    path: RelativePath
    content: Annotated[str, StringConstraints(max_length=65_536)]


class Changes(Node):
    """Everything that a sentence may change about a pipeline."""

    target: Literal["cloud-run", "gke", "none"] | None = None
    region: Region | None = None
    project: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{4,28}[a-z0-9]$")] | None = None
    cluster: Name | None = None
    release_branch: Branch | None = None
    only_service: Name | None = None
    """Of several services, the one the pipeline is for."""
    environments: Annotated[tuple[EnvironmentChange, ...], Field(max_length=8)] | None = None
    services: Annotated[tuple[ServiceChange, ...], Field(max_length=40)] = ()
    add_steps: Annotated[tuple[StepAdd, ...], Field(max_length=20)] = ()
    change_steps: Annotated[tuple[StepChange, ...], Field(max_length=40)] = ()
    remove_steps: Annotated[tuple[StepId, ...], Field(max_length=40)] = ()
    add_triggers: Annotated[tuple[TriggerAdd, ...], Field(max_length=20)] = ()
    remove_triggers: Annotated[tuple[Name, ...], Field(max_length=20)] = ()
    machine_type: Literal["E2_MEDIUM", "E2_HIGHCPU_8", "E2_HIGHCPU_32"] | None = None
    build_timeout_s: int | None = Field(default=None, ge=60, le=86_400)
    notifications: Annotated[tuple[Notification, ...], Field(max_length=5)] = ()
    notes: Annotated[tuple[Said, ...], Field(max_length=10)] = ()
    """Further paragraphs for docs/cicd/README.md."""
    extra_files: Annotated[tuple[ExtraFileAdd, ...], Field(max_length=5)] = ()
    assumptions: Annotated[tuple[Said, ...], Field(max_length=20)] = ()
    questions: Annotated[tuple[Said, ...], Field(max_length=10)] = ()
    not_understood: Annotated[tuple[Said, ...], Field(max_length=20)] = ()
    """Parts of the sentence that nothing was made of, each in the developer's own words."""

    def is_empty(self) -> bool:
        """Whether nothing of the pipeline changes; what is only said does not count."""
        said = {"assumptions", "questions", "not_understood"}
        return self.model_dump(exclude=said, exclude_defaults=True) == {}
