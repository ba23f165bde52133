"""PipelineSpec: the typed document between the sentence and the files.

Skills' defaults make it, the model may only change it, renderers turn it into bytes. Every node carries its origin.
Validation here is what keeps hostile text out of files: names are narrow, free text never becomes structure.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

Name = Annotated[str, StringConstraints(pattern=r"^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$")]
"""A DNS label: services, steps, environments. 1-63 characters."""
EnvName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,127}$")]
_PART = r"[A-Za-z0-9_@][A-Za-z0-9._@-]*"
RelativePath = Annotated[str, StringConstraints(pattern=rf"^(\.|{_PART}(/{_PART}){{0,15}})$", max_length=200)]
"""A folder or file inside the repository: no leading dot, no ``..``, no absolute path; ``.`` is the root."""
_ANY = r"(\.{0,2}[A-Za-z0-9_@+-][A-Za-z0-9._@+-]*)"
ExistingPath = Annotated[str, StringConstraints(pattern=rf"^{_ANY}(/{_ANY})*$", max_length=400)]
"""A file the repository has: its name is its own affair, as long as it stays below the root."""
Text = Annotated[str, StringConstraints(max_length=4000)]
Lane = Literal["check", "main", "release", "scheduled"]
"""check: on a pull request; main: on a push to the branch, ends in a pushed image; release: its digest is deployed;
scheduled: by the clock or by hand, and delivers nothing."""


class Node(BaseModel):
    """Base of every spec node: immutable, closed."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Origin(Node):
    """Where a node comes from. ``because`` names the facts (``package.json:9 scripts.test``) that led to it."""

    kind: Literal["fact", "skill", "policy", "model", "default", "request", "intent"]
    ref: str = Field(description="file:line, skill@version path, rule id, option name")
    because: tuple[str, ...] = ()


class Step(Node):
    """One step of a build. Exactly one of ``script`` and ``args`` is set."""

    id: Name
    title: Text
    kind: Literal["install", "lint", "test", "build", "scan", "sbom", "image", "release", "verify", "notify", "custom"]
    lanes: tuple[Lane, ...]
    service: Name | None = None
    image: Text = Field(description="Builder image with a version tag or digest")
    entrypoint: Text | None = None
    args: tuple[Text, ...] = ()
    script: Text | None = None
    dir: RelativePath = "."
    env: dict[EnvName, Text] = Field(default_factory=dict)
    secret_env: tuple[EnvName, ...] = ()
    wait_for: tuple[Name, ...] = Field(
        default=(), description="Ids of earlier steps; those of other lanes are not waited for; empty: start at once"
    )
    timeout_s: int | None = Field(default=None, ge=1, le=86_400)
    automap_substitutions: bool = Field(default=False, description="script only: substitutions arrive as environment")
    origin: Origin

    @model_validator(mode="after")
    def _one_body(self) -> Step:
        if bool(self.script) == bool(self.args):
            msg = f"step {self.id}: exactly one of script and args"
            raise ValueError(msg)
        if self.script and self.entrypoint:
            msg = f"step {self.id}: script excludes entrypoint"
            raise ValueError(msg)
        return self


class ImageSpec(Node):
    """How a service becomes a container image."""

    name: Name = Field(description="Last part of the image path")
    method: Literal["dockerfile", "buildpacks"]
    dockerfile: ExistingPath | None = None
    context: RelativePath = "."
    stage: Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9._-]{0,99}$")] | None = Field(
        default=None, description="Stage of the Dockerfile to build, where it is not the last"
    )
    write_dockerfile: bool = Field(default=False, description="True: Penstock writes it, since the repository has none")
    template: Text | None = Field(default=None, description="Dockerfile template of the language skill")
    params: dict[str, str | int | bool | tuple[str, ...] | None] = Field(
        default_factory=dict, description="Values for the Dockerfile template: base images, commands, paths"
    )
    origin: Origin


class RuntimeSpec(Node):
    """What the running service gets, the same in all environments unless an environment says otherwise."""

    port: int = Field(ge=1, le=65_535)
    command: tuple[Text, ...] = Field(default=(), description="What the image runs, where its Dockerfile names nothing")
    health_path: Annotated[str, StringConstraints(pattern=r"^/[A-Za-z0-9._~/-]{0,100}$")] | None = None
    protocol: Literal["http", "grpc"] = Field(default="http", description="grpc: HTTP/2 without TLS, and no paths")
    grpc_health: bool = Field(default=False, description="Whether it serves grpc.health.v1.Health")
    cpu: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,3}(\.[0-9])?$|^[0-9]{2,5}m$")] = "1"
    memory: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,5}(Mi|Gi)$")] = "512Mi"
    min_instances: int = Field(default=0, ge=0, le=1000)
    max_instances: int = Field(default=10, ge=1, le=1000)
    concurrency: int = Field(default=80, ge=1, le=1000)
    public: bool = False
    writable_paths: tuple[Text, ...] = ("/tmp",)  # noqa: S108 -- mounted as an emptyDir
    origin: Origin
    port_origin: Origin | None = Field(default=None, description="What named the port, where that is not the same")
    health_origin: Origin | None = Field(default=None, description="The same of the health path")

    @property
    def speaks_grpc(self) -> bool:
        """Whether requests by HTTP/1.1 say nothing about it; one who names a health path says that they do."""
        return self.protocol == "grpc" and self.health_path is None


class SecretRef(Node):
    """A secret by name. The value lives in Secret Manager and is never seen here."""

    env: EnvName
    secret: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,255}$")]
    version: Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,5}$")] = "1"
    at: Literal["build", "runtime"] = "runtime"
    origin: Origin


class EnvValue(Node):
    """A plain environment variable of the running service: never a credential (the gate sees to it)."""

    name: EnvName
    value: Text
    origin: Origin


class OpenVariable(Node):
    """A plain variable that the code reads and the plan does not set; docs/cicd/README.md lists it for the owner."""

    name: EnvName
    at: Literal["build", "runtime"] = Field(default="runtime", description="build: a bundler writes it into the pages")
    default: Text | None = Field(default=None, description="What the code takes without it, where that can be shown")
    example: Text | None = Field(default=None, description="What the repository's own example file says")
    needed: bool = Field(description="Without it the code has nothing, or an address on the developer's own machine")
    origin: Origin


class ServiceSpec(Node):
    """One service of the repository."""

    name: Name
    path: RelativePath = "."
    kind: Literal["web", "worker", "static-site", "job"] = "web"
    language: Text
    runtime_version: Text | None = None
    image: ImageSpec
    runtime: RuntimeSpec
    secrets: tuple[SecretRef, ...] = ()
    env: tuple[EnvValue, ...] = ()
    open_variables: Annotated[tuple[OpenVariable, ...], Field(max_length=80)] = ()
    origin: Origin


class Environment(Node):
    """A stage of the delivery pipeline, in the order given."""

    name: Name
    production: bool = False
    require_approval: bool = False
    verify: bool = False
    canary: tuple[Annotated[int, Field(ge=1, le=99)], ...] = ()
    min_instances: int | None = Field(default=None, ge=0, le=1000)
    max_instances: int | None = Field(default=None, ge=1, le=1000)
    origin: Origin


class Trigger(Node):
    """What starts a lane."""

    name: Name
    event: Literal["push", "pull_request", "tag", "schedule", "image_pushed", "manual"]
    lane: Lane
    branch: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._/-]{1,200}$")] | None = None
    tag: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_*][A-Za-z0-9._/*-]{0,99}$")] | None = None
    """Names of tags, for the event tag; a star stands for anything, None for every tag."""
    schedule: Annotated[str, StringConstraints(pattern=r"^[0-9*/, -]{9,100}$")] | None = None
    origin: Origin


class CloudProject(Node):
    """Where it runs."""

    project: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{4,28}[a-z0-9]$")]
    region: Annotated[str, StringConstraints(pattern=r"^[a-z]+-[a-z]+[0-9]{1,2}$")]
    repository: Name = Field(description="Artifact Registry repository")
    cluster: Name | None = Field(default=None, description="GKE cluster; None on Cloud Run")
    origin: Origin


class BuildSettings(Node):
    """Options of the Cloud Build file."""

    timeout_s: int = Field(default=1800, ge=60, le=86_400)
    machine_type: Text | None = None
    service_account: Text
    """E-mail or full resource name of the dedicated build service account."""
    origin: Origin


class ExtraFile(Node):
    """A file of no known kind, under the same path rules and gates as all others."""

    path: RelativePath
    content: Annotated[str, StringConstraints(max_length=65_536)]
    origin: Origin


class Notification(Node):
    """Who is to be told of builds. The files cannot set that up: docs/cicd/README.md gets the commands."""

    channel: Literal["slack", "email", "chat", "pubsub", "webhook"]
    on: Literal["failure", "success", "always"] = "failure"
    to: Annotated[str, StringConstraints(pattern=r"^[#A-Za-z0-9._@+-]{1,100}$")] | None = None
    origin: Origin


class Assumption(Node):
    """Something Penstock decided in the developer's place, in words, with where to change it."""

    text: Text
    origin: Origin


class PipelineSpec(Node):
    """The whole pipeline, ready to be rendered."""

    schema_version: Literal[1] = 1
    name: Name
    target: Literal["cloud-run", "gke", "none"]
    """none: build and push only."""
    target_origin: Origin | None = None
    """What decided the target. One that somebody chose is written into the lock file, and the next run keeps it."""
    cloud: CloudProject
    build: BuildSettings
    services: Annotated[tuple[ServiceSpec, ...], Field(min_length=1, max_length=40)]
    steps: Annotated[tuple[Step, ...], Field(max_length=290)]
    environments: tuple[Environment, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    notifications: Annotated[tuple[Notification, ...], Field(max_length=10)] = ()
    notes: tuple[Text, ...] = ()
    """Extra paragraphs for docs/cicd/README.md."""
    extra_files: Annotated[tuple[ExtraFile, ...], Field(max_length=20)] = ()
    assumptions: tuple[Assumption, ...] = ()
    questions: tuple[Text, ...] = ()
    skills: tuple[str, ...]
    """``name@version`` of every skill that took part, in order."""

    @model_validator(mode="after")
    def _consistent(self) -> PipelineSpec:
        names = [service.name for service in self.services]
        _unique("service", names)
        _unique("environment", [environment.name for environment in self.environments])
        _unique("step", [step.id for step in self.steps])
        earlier: set[str] = set()
        for step in self.steps:
            if step.service and step.service not in names:
                msg = f"step {step.id}: unknown service {step.service}"
                raise ValueError(msg)
            unknown = [wanted for wanted in step.wait_for if wanted not in earlier]
            if unknown:
                msg = f"step {step.id}: waits for {', '.join(unknown)}, which is no earlier step"
                raise ValueError(msg)
            earlier.add(step.id)
        return self

    def service(self, name: str) -> ServiceSpec:
        """Return the service of that name. Raises KeyError."""
        return {service.name: service for service in self.services}[name]


def _unique(what: str, names: list[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        msg = f"{what} named twice: {', '.join(twice)}"
        raise ValueError(msg)
