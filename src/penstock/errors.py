"""What can go wrong, without HTTP.

PenstockError
├── InvalidRequest              the question itself cannot be read
│   ├── InvalidConfiguration    it can be read and asks for something impossible (``fields``)
│   │   └── NothingToBuild      detection found nothing to make a pipeline for (``reasons``)
│   ├── IdempotencyKeyReused    this key was used for another body
│   ├── PayloadTooLarge
│   └── PathProblem             a path is missing, unreadable, or not what it should be
├── Refused                     the caller may not
│   ├── InvalidApiKey
│   ├── PermissionDenied
│   ├── RepositoryForbidden     the repository host does not let Penstock do this
│   ├── RateLimitExceeded       ``retry_after_s``
│   ├── ConcurrencyLimited      too many generations of one user or organisation at once (``retry_after_s``)
│   ├── NotWaiting              the pipeline is in a state in which this cannot be done
│   └── IdempotencyConflict     the same key is still being worked on
├── NotFound
│   ├── SkillNotFound
│   ├── PipelineNotFound
│   └── RepositoryNotFound
├── PolicyViolations            the gate said no (``decision``)
├── GenerationRefused           the model declined to answer
├── DeliveryConflict            files are in the way that Penstock did not write (``paths``)
├── DeliveryFailed              the files exist, but could not be delivered
│   ├── CommitRefused           the repository host said no for good (``reason``, ``fault``)
│   └── DeliveryInterrupted     whoever was to write the files on this machine is gone
└── Unavailable                 the world is unwell; the same request may succeed later
    ├── DatabaseFailed
    ├── AuthUnavailable
    ├── PolicyEngineUnavailable
    ├── SkillsUnavailable
    ├── GenerationUnavailable   no answer of the model, and no template wanted (``reason``)
    ├── OutputUnusable          answers came, and none could be used (``reasons``)
    ├── RepositoryAway          the repository host does not answer, and the files can only be read there
    ├── DataDirUnusable         locked by another process, or from another version
    └── Overloaded

Each class names its slug (the heading in docs/errors.md), a title, whether a resend can help, and the next steps; the
docstring is the default message. surfaces/http/problems.py is the one map to status codes, surfaces/cli/exits.py
the one to exit codes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from penstock.domain.policy import Decision


class PenstockError(Exception):
    """Something unexpected went wrong inside Penstock."""

    slug: ClassVar[str] = "internal"
    title: ClassVar[str] = "Unexpected failure"
    retryable: ClassVar[bool] = False
    next_steps: ClassVar[tuple[str, ...]] = ("Contact the platform team with the trace_id.",)

    def __init__(self, message: str | None = None, *, next_steps: tuple[str, ...] | None = None, **extra: Any) -> None:
        self.message = message or (type(self).__doc__ or "").splitlines()[0]
        self.steps = next_steps if next_steps is not None else self.next_steps
        self.extra = extra
        self.replay_of: str | None = None
        """Trace id of the request that got this answer first, when the same request is answered again."""
        super().__init__(self.message)


class InvalidRequest(PenstockError):
    """The request could not be read."""

    slug = "invalid-request"
    title = "Invalid request"
    next_steps: ClassVar[tuple[str, ...]] = ("Correct the request and send it again.",)


class InvalidConfiguration(InvalidRequest):
    """The request asks for something Penstock cannot do."""

    slug = "invalid-configuration"
    title = "Invalid configuration"
    next_steps: ClassVar[tuple[str, ...]] = ("Correct the fields named above and send it again.",)


class PayloadTooLarge(InvalidRequest):
    """The request is larger than Penstock accepts."""

    slug = "payload-too-large"
    title = "Payload too large"
    next_steps: ClassVar[tuple[str, ...]] = (
        "Send fewer or smaller files; detection needs manifests and entry points, not the whole tree.",
    )


class PathProblem(InvalidRequest):
    """The path cannot be used."""

    slug = "path-problem"
    title = "Path cannot be used"
    next_steps: ClassVar[tuple[str, ...]] = ("Check the path and its permissions.",)


class Refused(PenstockError):
    """The caller may not do this."""

    slug = "forbidden"
    title = "Forbidden"
    next_steps: ClassVar[tuple[str, ...]] = ("Ask an administrator of your organisation for access.",)


class InvalidApiKey(Refused):
    """Invalid API key."""

    slug = "unauthenticated"
    title = "Invalid API key"
    next_steps: ClassVar[tuple[str, ...]] = (
        "Send a valid key as `Authorization: Bearer pst_...` or `X-API-Key: pst_...`.",
        "Create one with `penstock keys create --name NAME` on the server's machine.",
    )


class PermissionDenied(Refused):
    """The key is valid but lacks the scope this needs."""


class RepositoryForbidden(Refused):
    """The repository host does not let Penstock do this."""

    slug = "repository-forbidden"
    title = "Repository forbidden"
    next_steps: ClassVar[tuple[str, ...]] = (
        "Install Penstock's GitHub App on the repository, or ask its owner to grant the right.",
    )


class RateLimitExceeded(Refused):
    """Too many requests."""

    slug = "rate-limited"
    title = "Too many requests"
    retryable = True
    next_steps: ClassVar[tuple[str, ...]] = ("Wait as long as Retry-After says, then send it again.",)

    def __init__(self, message: str | None = None, *, retry_after_s: int, **extra: Any) -> None:
        super().__init__(message, retry_after_s=retry_after_s, **extra)
        self.retry_after_s = retry_after_s


class ConcurrencyLimited(Refused):
    """Too many generations are under way for this user or organisation."""

    slug = "concurrency-limited"
    title = "Too many at once"
    retryable = True
    next_steps: ClassVar[tuple[str, ...]] = (
        "Wait until one of them has ended (Retry-After says when to ask), then send it again.",
    )


class NotWaiting(Refused):
    """The pipeline is in a state in which this cannot be done."""

    slug = "pipeline-not-waiting"
    title = "Pipeline not waiting"
    next_steps: ClassVar[tuple[str, ...]] = ("Look at the pipeline in Location: its status says how it stands.",)


class IdempotencyConflict(Refused):
    """A request with this Idempotency-Key is still being worked on."""

    slug = "idempotency-in-flight"
    title = "Idempotency key in flight"
    retryable = True
    next_steps: ClassVar[tuple[str, ...]] = (
        "Wait a moment and send the same request again, or look at the pipeline in Location.",
    )


class IdempotencyKeyReused(InvalidRequest):
    """This Idempotency-Key was already used for a different request."""

    slug = "idempotency-key-reused"
    title = "Idempotency key reused"
    next_steps: ClassVar[tuple[str, ...]] = ("Use a new Idempotency-Key for a new request.",)


class NotFound(PenstockError):
    """There is no such thing."""

    slug = "not-found"
    title = "Not found"
    next_steps: ClassVar[tuple[str, ...]] = ("Check the name or id.",)


class SkillNotFound(NotFound):
    """Skill not found."""

    slug = "skill-not-found"
    title = "Skill not found"
    next_steps: ClassVar[tuple[str, ...]] = (
        "Contact the platform team: no published skill fits this repository and target.",
    )


class PipelineNotFound(NotFound):
    """There is no pipeline of that id in your organisation."""

    slug = "pipeline-not-found"
    title = "Pipeline not found"


class RepositoryNotFound(NotFound):
    """The repository was not found, or Penstock may not see it."""

    slug = "repository-not-found"
    title = "Repository not found"


class NothingToBuild(InvalidConfiguration):
    """Nothing recognisable was found to make a pipeline for."""

    slug = "nothing-to-build"
    title = "Nothing to build"
    next_steps: ClassVar[tuple[str, ...]] = (
        "Run `penstock detect PATH` to see what was looked at.",
        "Add a manifest (package.json, pyproject.toml, pom.xml, go.mod, ...) or a Dockerfile.",
    )


class PolicyViolations(PenstockError):
    """Policy violations."""

    slug = "policy-violation"
    title = "Policy violations"
    next_steps: ClassVar[tuple[str, ...]] = (
        "Fix the violations listed, each with its remediation, and send it again.",
    )

    def __init__(self, message: str | None = None, *, decision: Decision, **extra: Any) -> None:
        super().__init__(message, **extra)
        self.decision = decision


class GenerationRefused(PenstockError):
    """The model declined to make a pipeline of this sentence."""

    slug = "generation-refused"
    title = "Generation refused"
    next_steps: ClassVar[tuple[str, ...]] = (
        "Say it in other words and send it again with a new Idempotency-Key.",
        "Or take the skills' templates: options.mode=template (--mode template).",
    )


class DeliveryConflict(PenstockError):
    """Files are in the way that Penstock did not write."""

    slug = "repository-conflict"
    title = "Files in the way"
    next_steps: ClassVar[tuple[str, ...]] = ("Move the files listed, or run again with --overwrite to replace them.",)


class DeliveryFailed(PenstockError):
    """Failed to commit: the pipeline was generated but could not be delivered."""

    slug = "delivery-failed"
    title = "Delivery failed"
    next_steps: ClassVar[tuple[str, ...]] = (
        "The files are kept: fetch them from the pipeline's artifacts and commit them by hand.",
    )


class CommitRefused(DeliveryFailed):
    """Failed to commit: the repository host refused it for good."""

    slug = "github-commit-failed"
    title = "Failed to commit to GitHub"


class DeliveryInterrupted(DeliveryFailed):
    """Whoever was to write the files on this machine ended before it did."""

    slug = "delivery-interrupted"
    title = "Delivery interrupted"
    next_steps: ClassVar[tuple[str, ...]] = ("Run `penstock generate` again.",)


class Unavailable(PenstockError):
    """A part of Penstock is not available."""

    slug = "unavailable"
    title = "Unavailable"
    retryable = True
    next_steps: ClassVar[tuple[str, ...]] = ("Try again in a moment.",)


class DatabaseFailed(Unavailable):
    """Database error."""

    slug = "database-error"
    title = "Database error"
    next_steps: ClassVar[tuple[str, ...]] = ("Try again; if it stays, contact the platform team with the trace_id.",)


class AuthUnavailable(Unavailable):
    """Credentials cannot be checked right now."""

    slug = "auth-unavailable"
    title = "Authentication unavailable"


class PolicyEngineUnavailable(Unavailable):
    """The policy engine could not judge, so nothing was let through."""

    slug = "policy-engine-unavailable"
    title = "Policy engine unavailable"


class SkillsUnavailable(Unavailable):
    """The skills cannot be read right now."""

    slug = "skills-unavailable"
    title = "Skills unavailable"


class GenerationUnavailable(Unavailable):
    """AI service unavailable."""

    slug = "ai-unavailable"
    title = "AI service unavailable"
    next_steps: ClassVar[tuple[str, ...]] = (
        "Send the same request again later: it goes on where it stopped.",
        "Or let templates stand in: options.fallback=on_any_failure (--fallback on_any_failure).",
    )


class OutputUnusable(Unavailable):
    """The model's answers could not be made into a pipeline."""

    slug = "ai-output-unusable"
    title = "AI output unusable"
    next_steps: ClassVar[tuple[str, ...]] = (
        "Say it in fewer or plainer words and send it again.",
        "Or take the skills' templates: options.mode=template (--mode template).",
    )


class RepositoryAway(Unavailable):
    """The repository host does not answer."""

    slug = "repository-unavailable"
    title = "Repository unavailable"
    next_steps: ClassVar[tuple[str, ...]] = (
        "Send the same request again in a moment, or send the files in service_context.files.",
    )


class DataDirUnusable(Unavailable):
    """The data directory cannot be used."""

    slug = "data-dir-unusable"
    title = "Data directory unusable"
    next_steps: ClassVar[tuple[str, ...]] = (
        "Stop the other Penstock that holds it, or choose another with --data-dir.",
    )


class Overloaded(Unavailable):
    """Too many requests are being worked on."""

    slug = "overloaded"
    title = "Overloaded"
