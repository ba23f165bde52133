"""Every number of the specification, once. Environment: PENSTOCK_<GROUP>__<NAME>; docs/settings.md lists them."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from penstock.errors import InvalidConfiguration

PREFIX = "PENSTOCK_"


class Group(BaseModel):
    """One room's settings: frozen, and a mistyped name is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class HttpSettings(Group):
    """The REST door."""

    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=8080, ge=0, le=65_535, description="Port to listen on; 0 takes a free one.")
    max_body_bytes: int = Field(default=262_144, ge=1024, description="Largest request body (bytes); POLICY.md §4.")
    body_timeout_s: float = Field(default=10.0, gt=0, description="Seconds a client may take to send its body.")
    max_generations: int = Field(default=60, ge=1, description="Generations worked on at once; BEHAVIOUR.md §2.5.")
    max_waiting: int = Field(default=16, ge=0, description="Generations that may wait for a place.")
    max_wait_s: float = Field(default=1.0, gt=0, description="Seconds a generation may wait for a place.")
    most_memory: float = Field(
        default=0.85, gt=0, le=1, description="Share of the container's memory above which no generation is begun."
    )


class GatewaySettings(Group):
    """Who may, and how often."""

    requests_per_minute: int = Field(default=100, ge=1, description="Requests a user may make in a minute.")
    generations_per_user: int = Field(
        default=10, ge=1, description="Generations a user may have under way on one server."
    )
    generations_per_org: int = Field(
        default=40, ge=1, description="Generations an organisation may have under way on one server."
    )
    key_cache_s: float = Field(default=60.0, gt=0, description="Seconds a valid key is remembered in process.")
    key_days: int = Field(default=90, ge=1, le=365, description="Days a new key lives unless told otherwise.")
    failures_per_minute: int = Field(
        default=100,
        ge=1,
        description="Bad keys an address may send in a minute; ten times as many when well-formed.",
    )
    pepper: SecretStr | None = Field(
        default=None, description="Secret mixed into stored key hashes; made in the data folder when unset."
    )


class RedisSettings(Group):
    """Rate limits and shared state."""

    url: SecretStr | None = Field(default=None, description="Redis or Valkey address; unset starts an embedded Valkey.")
    timeout_s: float = Field(default=0.05, gt=0, description="Seconds for one command; BEHAVIOUR.md §4.")


class DatabaseSettings(Group):
    """PostgreSQL."""

    url: SecretStr | None = Field(default=None, description="PostgreSQL address; unset starts an embedded PostgreSQL.")
    pool_min: int = Field(default=10, ge=1, description="Connections kept open.")
    pool_max: int = Field(default=50, ge=1, description="Most connections.")
    idle_s: float = Field(default=300.0, gt=0, description="Seconds an idle connection is kept.")
    lifetime_s: float = Field(default=1800.0, gt=0, description="Seconds after which a connection is replaced.")
    statement_timeout_ms: int = Field(default=1000, ge=1, description="Milliseconds one statement may take.")
    lease_s: float = Field(
        default=30.0, gt=0, description="Seconds a claim keeps others away; it is renewed three times as often."
    )
    max_connections: int | None = Field(
        default=None, ge=1, description="Connections the server allows in all; unset: it is asked at start."
    )
    reserve: int = Field(default=3, ge=0, description="Connections left to others: administrators, backups, commands.")
    max_instances: int = Field(
        default=1,
        ge=1,
        description="Server processes that share this database; twice as many run during a deployment.",
    )
    pooler: bool = Field(
        default=False,
        description="A pooler such as PgBouncer stands in front, so connections are not counted at start.",
    )

    @model_validator(mode="after")
    def _least_is_not_above_most(self) -> DatabaseSettings:
        if self.pool_min > self.pool_max:
            message = f"pool_min ({self.pool_min}) is above pool_max ({self.pool_max})"
            raise ValueError(message)
        return self


class PolicySettings(Group):
    """The gate."""

    timeout_s: float = Field(default=2.0, gt=0, description="Seconds the gate may take before it refuses to judge.")
    fingerprint_key: SecretStr | None = Field(
        default=None, description="Key of secret fingerprints; made in the data folder when unset."
    )


class ModelPrices(Group):
    """US dollars per million tokens of one model."""

    input: float = Field(ge=0)
    output: float = Field(ge=0)
    cache_read: float = Field(default=0.0, ge=0)
    cache_write: float = Field(default=0.0, ge=0)


class ModelSettings(Group):
    """Claude. Without a key or a Vertex project there is no model, and the skills' templates are all there is."""

    api_key: SecretStr | None = Field(
        default=None, description="Key of the Claude API; the variable ANTHROPIC_API_KEY is read when this is unset."
    )
    base_url: str | None = Field(default=None, description="Address of the model's API; unset: the vendor's own.")
    vertex_project: str | None = Field(default=None, description="Google Cloud project: Claude by Vertex AI instead.")
    vertex_region: str = Field(default="global", description="Region of Vertex AI.")
    vertex_token: SecretStr | None = Field(
        default=None, description="Access token for Vertex AI; unset: application default credentials."
    )
    name: str = Field(default="claude-sonnet-5-5", description="Id of the model.")
    second: str | None = Field(default=None, description="Id of a model to try when the first cannot be used.")
    max_tokens: int = Field(default=8_000, ge=256, le=64_000, description="Longest answer (tokens).")
    connect_s: float = Field(default=2.0, gt=0, description="Seconds to connect; BEHAVIOUR.md §4.")
    first_byte_s: float = Field(default=8.0, gt=0, description="Seconds until the first byte of an answer.")
    idle_s: float = Field(default=8.0, gt=0, description="Seconds between two bytes of an answer.")
    attempt_s: float = Field(default=30.0, gt=0, description="Seconds one attempt may take.")
    backoff_s: tuple[float, ...] = Field(
        default=(2.0, 4.0, 8.0), max_length=5, description="Longest wait before each retry (seconds), as a JSON list."
    )
    least_left_s: float = Field(default=4.0, gt=0, description="Seconds that must be left for a retry.")
    least_left_after_total_s: float = Field(
        default=10.0,
        gt=0,
        description="Seconds that must be left for a retry after an attempt of full length.",
    )
    at_once: int = Field(default=40, ge=1, description="Questions to the model at once; BEHAVIOUR.md §2.5.")
    repairs: int = Field(default=2, ge=0, le=4, description="Times the model may repair what the gate refused.")
    usd_per_mtok_input: float = Field(default=3.0, ge=0, description="Price of a million input tokens (USD).")
    usd_per_mtok_output: float = Field(default=15.0, ge=0, description="Price of a million output tokens (USD).")
    usd_per_mtok_cache_read: float = Field(default=0.3, ge=0, description="Price of a million tokens from cache (USD).")
    usd_per_mtok_cache_write: float = Field(default=3.75, ge=0, description="Price of a million tokens cached (USD).")
    prices: dict[str, ModelPrices] = Field(
        default={},
        description="Prices of models that cost something else, by their ids, as a JSON object"
        ' (`{"ID": {"input": 1, "output": 5, "cache_read": 0.1, "cache_write": 1.25}}`).',
    )


class BreakerSettings(Group):
    """The model's circuit breaker; BEHAVIOUR.md §3."""

    failures: int = Field(default=5, ge=1, description="Failed attempts without a success between that open it.")
    window_s: float = Field(default=60.0, gt=0, description="Seconds within which they must lie.")
    open_s: float = Field(default=30.0, gt=0, description="Seconds it stays open before it is tried.")
    probe_lease_s: float = Field(default=35.0, gt=0, description="Seconds until a probe that told nothing is given up.")
    successes: int = Field(default=2, ge=1, description="Successes in a row that close it.")


class DeadlineSettings(Group):
    """When each part of a generation must be done, in seconds since the request came in; BEHAVIOUR.md §2.4."""

    model_s: float = Field(default=36.0, gt=0, description="Model, retries included.")
    judge_s: float = Field(default=38.0, gt=0, description="Verdict of the gate, repairs included.")
    answer_s: float = Field(default=45.0, gt=0, description="Answer; X-Request-Timeout-Ms shortens all three alike.")


class GithubSettings(Group):
    """The repository host. Without a token or an App there is none, and files go to folders here or to the caller."""

    token: SecretStr | None = Field(default=None, description="Token that may read and write the repositories.")
    app_id: str | None = Field(default=None, description="Id of the GitHub App; it wins over a token.")
    private_key: SecretStr | None = Field(default=None, description="The App's RSA key in PEM form.")
    base_url: str = Field(
        default="https://api.github.com", description="REST address; https://HOST/api/v3 for GitHub Enterprise."
    )
    install_url: str = Field(default="", description="Where people install the App; told when a repository is unseen.")
    deliver_s: float = Field(default=10.0, gt=0, description="Seconds a delivery may take within a request.")
    mutation_every_s: float = Field(default=1.0, ge=0, description="Seconds between two writes of one installation.")


class RecoverySettings(Group):
    """Finishing what was promised; BEHAVIOUR.md §2.1."""

    every_s: float = Field(default=15.0, gt=0, description="Seconds between two scans, give or take a fifth.")
    backoff_s: tuple[float, ...] = Field(
        default=(15.0, 30.0, 60.0, 120.0, 300.0, 900.0),
        min_length=1,
        description="Seconds until a delivery is tried again, as a JSON list; the last one stays.",
    )
    grace_s: float = Field(
        default=60.0, ge=0, description="Seconds after its lease until an unpromised record is given up."
    )


class ArchiveSettings(Group):
    """The auditors' copy."""

    url: str | None = Field(
        default=None, description="Object store (gs://, s3://, file://); unset: folder in the data folder."
    )


class EventsSettings(Group):
    """Where events go."""

    url: str | None = Field(
        default=None, description="Pub/Sub topic (pubsub://project/topic); unset: files in the data folder."
    )
    pubsub_emulator: str | None = Field(
        default=None, description="HOST:PORT of a Pub/Sub emulator to use instead of Google's service."
    )
    file_max_bytes: int = Field(
        default=67_108_864, ge=4096, description="Size (bytes) from which on a new file of events is begun."
    )
    files_kept: int = Field(default=10, ge=1, description="Full files of events that are kept.")


class AuditSettings(Group):
    """The audit log's chain."""

    export_rows: int = Field(
        default=1_000, ge=1, description="Sealed rows after which the archive is told the chain's end."
    )
    export_hours: float = Field(default=24.0, gt=0, description="Hours after which it is told at the latest.")


class DetectionSettings(Group):
    """Bounds of a look at a repository."""

    max_files: int = Field(default=20_000, ge=1, description="Files walked before the look is cut short.")


class CloudSettings(Group):
    """The organisation's usual place to deploy to; a request's options win."""

    project: str | None = Field(default=None, description="Google Cloud project id.")
    region: str | None = Field(default=None, description="Google Cloud region.")
    cluster: str | None = Field(default=None, description="GKE cluster name.")


class TelemetrySettings(Group):
    """Logs and spans."""

    log_level: str = Field(
        default="info", pattern="^(debug|info|warning|error)$", description="Least level that is logged."
    )
    spans_file: Path | None = Field(default=None, description="File that receives one JSON line per span; unset: none.")


def default_data_dir() -> Path:
    """Return $XDG_DATA_HOME/penstock or ~/.local/share/penstock."""
    home = os.environ.get("XDG_DATA_HOME")
    return (Path(home) if home else Path.home() / ".local" / "share") / "penstock"


class Settings(BaseSettings):
    """All settings. Frozen; made once at start."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        frozen=True,
        extra="forbid",
        nested_model_default_partial_update=True,
    )

    data_dir: Path = Field(default_factory=default_data_dir, description="Folder of everything kept on this machine.")
    http: HttpSettings = HttpSettings()
    gateway: GatewaySettings = GatewaySettings()
    redis: RedisSettings = RedisSettings()
    database: DatabaseSettings = DatabaseSettings()
    policy: PolicySettings = PolicySettings()
    model: ModelSettings = ModelSettings()
    breaker: BreakerSettings = BreakerSettings()
    deadline: DeadlineSettings = DeadlineSettings()
    github: GithubSettings = GithubSettings()
    recovery: RecoverySettings = RecoverySettings()
    archive: ArchiveSettings = ArchiveSettings()
    events: EventsSettings = EventsSettings()
    audit: AuditSettings = AuditSettings()
    detection: DetectionSettings = DetectionSettings()
    cloud: CloudSettings = CloudSettings()
    telemetry: TelemetrySettings = TelemetrySettings()


def load_settings(**overrides: object) -> Settings:
    """Read the environment. Raises InvalidConfiguration naming each variable that is unknown or has a bad value."""
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    unknown = sorted(name for name in os.environ if name.startswith(PREFIX) and name.split("__", 1)[0] not in known)
    if unknown:
        message = f"Unknown setting in the environment: {', '.join(unknown)}."
        raise InvalidConfiguration(message, fields=unknown, next_steps=("Compare the names with docs/settings.md.",))
    if os.environ.get(f"{PREFIX}DATA_DIR") == "" and overrides.get("data_dir") is None:
        message = "PENSTOCK_DATA_DIR is empty."
        raise InvalidConfiguration(message, fields=[f"{PREFIX}DATA_DIR"], next_steps=("Name a folder, or unset it.",))
    try:
        return Settings(**{name: value for name, value in overrides.items() if value is not None})  # type: ignore[arg-type]  # pydantic validates
    except SettingsError as problem:
        message = f"Settings cannot be used: {str(problem).partition(chr(10))[0]}."
        steps = ("Set the fields of a group one by one, like PENSTOCK_HTTP__PORT.",)
        raise InvalidConfiguration(message, next_steps=steps) from None
    except ValidationError as problem:
        fields = [PREFIX + "__".join(str(part) for part in each["loc"]).upper() for each in problem.errors()]
        reasons = "; ".join(f"{field}: {each['msg']}" for field, each in zip(fields, problem.errors(), strict=True))
        message = f"Settings cannot be used: {reasons}."
        raise InvalidConfiguration(
            message, fields=fields, next_steps=("Compare the values with docs/settings.md.",)
        ) from None
