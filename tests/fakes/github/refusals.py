"""What GitHub says when it refuses, as data: statuses, message texts, GraphQL error types.

[R] recorded by others from the live API, [D] in GitHub's documents, [M] from memory. Only the status, `errors[].type`
and the marked texts may be rested on.
"""

from __future__ import annotations

from typing import Any

DOCUMENTS = "https://docs.github.com/rest"

BAD_CREDENTIALS = "Bad credentials"  # [R] 401: unknown, expired or revoked token
NO_JWT = "A JSON web token could not be decoded"  # [R] 401: wrong key, wrong algorithm, no token of an App
JWT_TOO_LONG = "'Expiration time' claim ('exp') is too far in the future"  # [R] 401: more than 10 minutes [D]
JWT_EXPIRED = "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires"  # [R] 401
JWT_EARLY = (
    "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued"  # [R] 401
)
NO_APP = "Integration not found"  # [R] 404: no App of that issuer
NOT_FOUND = "Not Found"  # [D] 404: is not there, or the token may not see it
NOT_FOR_APP = "Resource not accessible by integration"  # [R] 403: the installation lacks the permission
NOT_FOR_TOKEN = "Resource not accessible by personal access token"  # [R] 403: a fine-grained token lacks it
NO_USER_AGENT = (
    "Request forbidden by administrative rules. Please make sure your request has a User-Agent header"  # [D] 403
)
ARCHIVED = "Repository was archived so is read-only."  # [R] 403
SUSPENDED = "This installation has been suspended"  # [R] 403
EMPTY = "Git Repository is empty."  # [R] 409: every call of the Git database
NOT_FAST_FORWARD = "Update is not a fast forward"  # [R] 422
REFERENCE_EXISTS = "Reference already exists"  # [R] 422
NO_REFERENCE = "Reference does not exist"  # [R] 422
NO_OBJECT = "Object does not exist"  # [R] 422
REFERENCE_FAILED = "Reference update failed"  # [R] 422: a protected name, or a branch stands where a folder is needed
NO_TREE = "Tree SHA does not exist"  # [R] 422, for a moment also for a tree just made: worth one more try
NO_BASE_TREE = "base_tree is not a valid tree oid"  # [R] 422, likewise
NO_PARENT = "Parent SHA does not exist or is not a commit object"  # [R] 422
BAD_OBJECT_STATE = "GitRPC::BadObjectState"  # [R] 422: a tree that removes a path that is not there
WORKFLOW = "refusing to allow a GitHub App to create or update workflow `{path}` without `workflows` permission"  # [R] by git push
RULES = (
    "Repository rule violations found\n\n"  # [R] 422: before the sentences of rulesets, each followed by an empty line
)

RULE_SENTENCES = {
    "pull_request": "Changes must be made through a pull request.",  # [R]
    "merge_queue": "Changes must be made through the merge queue",  # [R] without a full stop
    "required_signatures": "Commits must have verified signatures.",  # [R]
    "required_status_checks": 'Required status check "{check}" is expected.',  # [R]
    "update": "Cannot update this protected ref.",  # [R]
    "creation": "Cannot create ref due to creations being restricted.",  # [R]
    "deletion": "Cannot delete this branch",  # [M]
    "non_fast_forward": "Cannot force-push to this branch",  # [R]
    "required_linear_history": "This branch must not contain merge commits.",  # [R]
    "secrets": "Secret detected in content",  # [R] push protection
}  # a ruleset's type: what it says to a direct update of the branch
PROTECTION_SENTENCES = {
    "pull_request": "Changes must be made through a pull request.",  # [R]
    "reviews": "At least 1 approving review is required by reviewers with write access.",  # [R]
    "required_status_checks": 'Required status check "{check}" is expected.',  # [R]
    "required_signatures": "Commits must have verified signatures.",  # [R]
    "restrictions": "You're not authorized to push to this branch. Visit https://docs.github.com/articles/about-protected-branches/ for more information.",  # [R]
    "required_linear_history": "This branch must not contain merge commits.",  # [R]
    "lock_branch": "Cannot change this locked branch",  # [M]
}  # what classic protection says
NO_SUCH_FILE = (
    "A path was requested for deletion which does not exist as of commit oid `{head}`."  # [R] type UNPROCESSABLE
)
STALE = 'Expected branch to point to "{expected}" but it did not.  Pull and try again.'  # [R] type STALE_DATA
PRIMARY_LIMIT = "API rate limit exceeded for {whom}."  # [R] 403 or 429 with x-ratelimit-remaining: 0 [D]
SECONDARY_LIMIT = (
    "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."  # [R] 403 or 429
)
SERVER_TROUBLE = "Server Error"  # [R] 502


class Refused(Exception):
    """An error answer of the API."""

    def __init__(
        self, status: int, message: str, *, errors: list[Any] | None = None, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.errors, self.headers = status, message, errors, headers or {}

    @property
    def body(self) -> dict[str, Any]:
        told = {} if self.errors is None else {"errors": self.errors}
        return {"message": self.message, **told, "documentation_url": DOCUMENTS, "status": str(self.status)}


class GraphRefused(Exception):
    """An entry of `errors` in a GraphQL answer; the answer's status stays 200."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def invalid(message: str) -> Refused:
    return Refused(422, message)


def validation_failed(**error: str) -> Refused:
    """Refuse a pull request as GitHub does: the reason stands in `errors`, the message is always the same."""
    return Refused(422, "Validation Failed", errors=[{"resource": "PullRequest", **error}])
