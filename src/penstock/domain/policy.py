"""The gate's nouns: what was judged, what was found, what was decided."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Profile(StrEnum):
    """Which rules deny (POLICY.md §1)."""

    STANDARD = "standard"
    """What Penstock generates: D and G rules deny."""
    ADVISORY = "advisory"
    """Files that were there before: D rules deny, G rules warn."""
    SOC2_STRICT = "soc2-strict"
    """As standard, and provenance denies."""


@dataclass(frozen=True, slots=True)
class FileToJudge:
    """One file handed to the gate; ``origin`` is generated, template or existing."""

    path: str
    content: bytes
    origin: str = "existing"


@dataclass(frozen=True, slots=True)
class JudgeContext:
    """What rules may know beside the files: no secrets, no clock of their own."""

    profile: Profile
    org_id: str = "local"
    service_name: str | None = None
    public: bool = False
    now: str = "1970-01-01T00:00:00Z"
    """RFC 3339 UTC, from the caller's clock."""
    repo_paths: tuple[str, ...] = ()
    """Every path of the repository, so that references into it can be checked."""
    write_allow: tuple[str, ...] = ()
    """Extra path globs this org allows Penstock to write."""
    registries: tuple[str, ...] = ()
    """Extra image registries this org trusts."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One finding, ready to be shown. ``policy`` is the rule's package, ``rule`` its whole id."""

    rule: str
    policy: str
    severity: str
    """deny or warn, after the profile was applied."""
    file: str
    line: int
    column: int
    pointer: str
    """JSON pointer into the parsed document ("" for the whole file)."""
    message: str
    remediation: str
    controls: tuple[str, ...] = ()
    docs: str = ""
    waivable: bool = True
    fingerprint: str = ""
    index: int = 0
    """Which document of a multi-document file."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The gate's verdict on an exact set of bytes (``input_sha256``)."""

    allow: bool
    violations: tuple[Violation, ...]
    warnings: tuple[Violation, ...]
    waived: tuple[Violation, ...]
    controls: dict[str, dict[str, object]]
    """Criterion (``SOC2:CC6.1``) -> {"status": pass|fail|waived|not_applicable, "rules": [...]}"""
    profile: Profile
    policy_revision: str
    decision_id: str
    input_sha256: str
    rules_evaluated: int
    engine: str
    files: tuple[str, ...] = ()
    skipped: tuple[tuple[str, str], ...] = field(default=())
    """Files the gate looked at and has no rules for: (path, reason)."""
