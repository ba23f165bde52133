"""What the SDK raises, sorted into the failures that retries and the breaker go by (BEHAVIOUR.md §3, §4)."""

from __future__ import annotations

import email.utils
import math
import time
from collections.abc import Mapping
from typing import Any

from penstock.domain.models import Usage
from penstock.generation.model import FailureKind, ModelFailed

_BY_STATUS = {
    400: FailureKind.BAD_REQUEST,
    401: FailureKind.CREDENTIAL,
    402: FailureKind.ACCOUNT,
    403: FailureKind.CREDENTIAL,
    404: FailureKind.CREDENTIAL,
    408: FailureKind.SERVER,
    409: FailureKind.SERVER,
    413: FailureKind.BAD_REQUEST,
    422: FailureKind.BAD_REQUEST,
    529: FailureKind.OVERLOADED,
}
_BY_EVENT = {
    "overloaded_error": FailureKind.OVERLOADED,
    "rate_limit_error": FailureKind.RATE_LIMITED,
    "invalid_request_error": FailureKind.BAD_REQUEST,
    "request_too_large": FailureKind.BAD_REQUEST,
    "authentication_error": FailureKind.CREDENTIAL,
    "permission_error": FailureKind.CREDENTIAL,
    "not_found_error": FailureKind.CREDENTIAL,
    "billing_error": FailureKind.ACCOUNT,
}
_SPENT = "enforced_spend_limit_reached"
_RATE_LIMITED, _SERVER, _REDIRECTS = 429, 500, 400
MOST_WAIT_S = 3600.0
"""Longest wait that is believed: nobody gains by being told to come back next year."""
_NO_ADDRESS = frozenset({"UnsupportedProtocol", "InvalidURL", "InvalidUrlClientError", "NonHttpUrlClientError"})
_NO_CREDENTIALS = frozenset({"DefaultCredentialsError", "MalformedError"})
_REFUSED_CREDENTIALS = "RefreshError"
_WORDS = {
    FailureKind.ACCOUNT: "The account's limit of spending is reached, or it has no credit.",
    FailureKind.CREDENTIAL: "The model refuses our credentials, or does not know the model's name.",
    FailureKind.BAD_REQUEST: "The model says that the question itself is wrong.",
    FailureKind.OVERLOADED: "The model is overloaded.",
    FailureKind.RATE_LIMITED: "The model has had too many requests.",
}
NO_ADDRESS = "PENSTOCK_MODEL__BASE_URL is no address that begins with http:// or https:// and names a host."
NO_CREDENTIALS = (
    "Google gives no credentials for PENSTOCK_MODEL__VERTEX_PROJECT: there is neither PENSTOCK_MODEL__VERTEX_TOKEN nor"
    " are there application default credentials."
)


class Unfit(Exception):
    """What came is no answer of a model: a proxy's page, something compressed, something without end."""


class Misconfigured(Exception):
    """A setting with which no question can be sent; the message names it, without its value."""


def failure_of(problem: Exception, *, begun: bool, usage: Usage) -> ModelFailed:
    """Return the failure behind whatever an attempt raised; ``begun``: bytes of the answer had come."""
    import anthropic

    known = next((failed for each in _chain(problem) if (failed := _by_cause(each, usage)) is not None), None)
    if known is not None:
        return known
    if isinstance(problem, anthropic.APIStatusError):
        return _by_status(problem, usage)
    if isinstance(problem, anthropic.APITimeoutError):
        return ModelFailed(FailureKind.CONNECT, "No connection in time.", usage=usage)
    if isinstance(problem, ValueError):
        return ModelFailed(FailureKind.NOT_A_MESSAGE, "The answer is no message.", usage=usage)
    if begun:
        return ModelFailed(FailureKind.RESET, "The connection was cut in the middle of the answer.", usage=usage)
    return ModelFailed(FailureKind.CONNECT, f"No connection: {type(_chain(problem)[-1]).__name__}.", usage=usage)


def _by_cause(problem: BaseException, usage: Usage) -> ModelFailed | None:
    """Return the failure that one exception alone tells of; by names, as the libraries that raise it load late."""
    name = type(problem).__name__
    if isinstance(problem, Unfit):
        return ModelFailed(FailureKind.NOT_A_MESSAGE, str(problem), usage=usage)
    if isinstance(problem, Misconfigured):
        return ModelFailed(FailureKind.MISCONFIGURED, str(problem))
    if name in _NO_ADDRESS:
        return ModelFailed(FailureKind.MISCONFIGURED, NO_ADDRESS)
    if type(problem).__module__.startswith("google.auth"):
        if name in _NO_CREDENTIALS:
            return ModelFailed(FailureKind.MISCONFIGURED, NO_CREDENTIALS)
        if name == _REFUSED_CREDENTIALS and not getattr(problem, "retryable", False):
            return ModelFailed(FailureKind.CREDENTIAL, "Google refuses the credentials for Vertex AI.")
    return None


def failure_of_event(event: Any) -> ModelFailed:
    """Return the failure that an error event tells of, after the status 200."""
    error = event.get("error") if isinstance(event, Mapping) else None
    kind = str(error.get("type")) if isinstance(error, Mapping) else ""
    found = _BY_EVENT.get(kind, FailureKind.SERVER)
    return ModelFailed(found, _WORDS.get(found, f"The model broke off: {kind[:60] or 'no reason'}."))


def _by_status(problem: Any, usage: Usage) -> ModelFailed:
    status, headers = int(problem.status_code), problem.response.headers
    wait = retry_after_s(headers)
    kind = _BY_STATUS.get(status)
    if status == _RATE_LIMITED:
        spent = _SPENT in str(problem.body)[:4_000] or wait is None
        kind = FailureKind.ACCOUNT if spent else FailureKind.RATE_LIMITED
    if kind is None:
        client = FailureKind.NOT_A_MESSAGE if status < _REDIRECTS else FailureKind.BAD_REQUEST
        kind = FailureKind.SERVER if status >= _SERVER else client
    message = f"{_WORDS.get(kind, 'The model answered with an error.')} (HTTP {status})"
    return ModelFailed(kind, message, retry_after_s=wait if kind is not FailureKind.ACCOUNT else None, usage=usage)


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that retry-after-ms or retry-after ask for, an hour at most; None where neither tells any."""
    for name, in_a_second in (("retry-after-ms", 1_000.0), ("retry-after", 1.0)):
        seconds = _seconds(headers.get(name, ""), in_a_second)
        if seconds is not None and math.isfinite(seconds):
            return min(max(0.0, seconds), MOST_WAIT_S)
    return None


def _seconds(told: str, in_a_second: float) -> float | None:
    """Return the seconds that a number or a date means, None for anything else."""
    try:
        return float(told) / in_a_second
    except ValueError:
        pass
    try:
        return email.utils.parsedate_to_datetime(told).timestamp() - time.time()
    except (ValueError, OverflowError, TypeError, IndexError):
        return None


def _chain(problem: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    current: BaseException | None = problem
    while current is not None and current not in found:
        found.append(current)
        current = current.__cause__ or current.__context__
    return found
