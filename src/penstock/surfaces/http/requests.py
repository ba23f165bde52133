"""The bodies of requests: closed shapes, narrow names, then the commands of the domain."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from penstock.domain.pipelines import MAX_INTENT, GeneratePipeline, Options
from penstock.domain.policy import Profile
from penstock.domain.spec import Name, RelativePath
from penstock.errors import InvalidConfiguration
from penstock.kit.git_names import is_branch_name, is_ref_name
from penstock.telemetry.cleaning import escaped

MAX_FILES = 200
MAX_FILE_BYTES = 262_144
_MAX_PATH = 512
_MAX_TOLD = 20


def _file_path(path: str) -> str:
    parts = path.split("/")
    if not path or len(path) > _MAX_PATH or path.startswith("/") or "\\" in path or not path.isprintable():
        message = f"is no relative path with forward slashes, printable and at most {_MAX_PATH} characters long"
        raise ValueError(message)
    if any(part in {"", ".", ".."} for part in parts):
        message = "has an empty part, '.' or '..'"
        raise ValueError(message)
    return path


def _content(text: str) -> str:
    if len(text) > MAX_FILE_BYTES or len(text.encode()) > MAX_FILE_BYTES:
        message = f"is larger than {MAX_FILE_BYTES} bytes"
        raise ValueError(message)
    return text


def _ref(text: str) -> str:
    if not is_ref_name(text):
        message = "is no git ref of at most 200 letters, digits and ._/-"
        raise ValueError(message)
    return text


def _branch(text: str) -> str:
    if not is_branch_name(text):
        message = "is no git branch of at most 200 letters, digits and ._/-"
        raise ValueError(message)
    return text


_PART = r"(?!\.{1,2}(?:/|$))[^/\\\u0000-\u001f\u007f]+"
_PATH_RULE: dict[str, Any] = {
    "type": "string",
    "maxLength": _MAX_PATH,
    "pattern": f"^{_PART}(?:/{_PART})*$",
    "description": "Relative path with forward slashes and printable characters; no empty part, no '.', no '..'.",
}
"""The rule of _file_path as JSON Schema can say it."""
FilePath = Annotated[str, AfterValidator(_file_path)]
Files = Annotated[
    dict[FilePath, Annotated[str, AfterValidator(_content)]],
    Field(max_length=MAX_FILES, json_schema_extra={"propertyNames": _PATH_RULE}),
]
"""The repository's files: path -> text."""
Ref = Annotated[str, AfterValidator(_ref)]
Branch = Annotated[str, AfterValidator(_branch)]
Repository = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$")
]
"""owner/name, and nothing that could be a URL."""
Environments = Annotated[list[Name], Field(max_length=10)]
Target = Literal["cloud-run", "gke", "none"]


class Body(BaseModel):
    """Base of every body: unknown fields are refused, types are not bent."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class ServiceContext(Body):
    """What the IDE knows of the service."""

    service_name: Name | None = Field(default=None, description="DNS label; otherwise read from the repository.")
    repository: Repository | None = Field(default=None, description="owner/name at the repository host.")
    ref: Ref | None = Field(default=None, description="Branch, tag or commit.")
    path: RelativePath = Field(default=".", description="Folder of the service inside the repository.")
    files: Files | None = Field(default=None, description="Manifests and entry points: path -> content.")
    public: bool | None = Field(default=None, description="Anyone may call the service.")
    environments: Environments | None = Field(default=None, description="In order of promotion.")


class RequestOptions(Body):
    """The developer's choices; what is left out is decided by facts, intent and defaults."""

    target: Target | None = None
    runtime: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9.+-]{0,31}$")] | None = None
    project: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{4,28}[a-z0-9]$")] | None = None
    region: Annotated[str, StringConstraints(pattern=r"^[a-z]+-[a-z]+[0-9]$", max_length=40)] | None = None
    cluster: Name | None = None
    port: Annotated[int, Field(ge=1, le=65_535)] | None = None
    branch: Branch | None = Field(default=None, description="Branch whose pushes are released.")
    environments: Environments | None = None
    public: bool | None = None
    mode: Literal["auto", "ai", "template"] = "auto"
    fallback: Literal["on_breaker_open", "on_any_failure", "never"] = "on_breaker_open"
    delivery: Literal["none", "files", "branch", "auto", "commit", "pull_request"] = Field(
        default="none", description="auto, commit and pull_request go to the repository host."
    )
    dry_run: bool = False


class GenerateBody(Body):
    """POST /api/v1/pipelines/generate and /plan."""

    intent: Annotated[str, StringConstraints(min_length=1, max_length=MAX_INTENT)] = Field(
        description="What the pipeline is for, in a sentence."
    )
    service_context: ServiceContext = ServiceContext()
    options: RequestOptions = RequestOptions()

    def command(self, idempotency_key: str | None) -> GeneratePipeline:
        """Return the command this body asks for; options win over the service context."""
        context, chosen = self.service_context, self.options
        environments = chosen.environments if chosen.environments is not None else context.environments
        public = chosen.public if chosen.public is not None else context.public
        return GeneratePipeline(
            intent=self.intent,
            service_name=context.service_name,
            files=None if context.files is None else as_bytes(context.files),
            subpath=context.path,
            repository=context.repository,
            ref=context.ref,
            options=Options(
                target=chosen.target,
                runtime=chosen.runtime,
                project=chosen.project,
                region=chosen.region,
                cluster=chosen.cluster,
                port=chosen.port,
                branch=chosen.branch,
                environments=tuple(environments or ()),
                public=bool(public),
                mode=chosen.mode,
                fallback=chosen.fallback,
                delivery=chosen.delivery,
                dry_run=chosen.dry_run,
            ),
            idempotency_key=idempotency_key,
        )


class ValidateBody(Body):
    """POST /api/v1/validate: files somebody else wrote, for the gate to judge."""

    files: Annotated[Files, Field(min_length=1)]
    profile: Literal["standard", "advisory", "soc2-strict"] = Profile.ADVISORY.value
    service_name: Name | None = None
    public: bool = False
    repo_paths: Annotated[list[FilePath], Field(max_length=20_000)] = Field(
        default=[],
        description="Every path of the repository, so that references into it can be checked.",
        json_schema_extra={"items": _PATH_RULE},
    )


Shape = TypeVar("Shape", bound=Body)


def shaped(kind: type[Shape], document: Any) -> Shape:
    """Fit a parsed document into a body. Raises InvalidConfiguration naming each field and what is wrong with it."""
    try:
        return kind.model_validate(document)
    except ValidationError as problem:
        found = [
            {"field": _where(each["loc"]), "message": escaped(each["msg"].removeprefix("Value error, "))[:300]}
            for each in problem.errors(include_url=False, include_context=False, include_input=False)[:_MAX_TOLD]
        ]
    fields = list(dict.fromkeys(each["field"] for each in found))
    message = "; ".join(f"{each['field']}: {each['message']}" for each in found)
    raise InvalidConfiguration(f"{message}.", fields=fields, problems=found)


def as_bytes(files: dict[str, str]) -> dict[str, bytes]:
    """Return the files as the bytes they are judged as."""
    return {path: text.encode() for path, text in files.items()}


def _where(location: tuple[int | str, ...]) -> str:
    parts = [escaped(str(part))[:100] for part in location if part != "[key]"]
    return ".".join(parts) or "body"
