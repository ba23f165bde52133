"""Exit codes of the command line: the one map from errors (docs/cli.md lists it)."""

from __future__ import annotations

from penstock.errors import (
    DeliveryConflict,
    DeliveryFailed,
    GenerationRefused,
    InvalidRequest,
    NotFound,
    PenstockError,
    PolicyViolations,
    Unavailable,
)

OK = 0
DENIED = 1
COULD_NOT = 2
NOT_DELIVERED = 3
UNAVAILABLE = 4
INTERNAL = 70

_BY_ERROR: tuple[tuple[type[PenstockError], int], ...] = (
    (PolicyViolations, DENIED),
    (InvalidRequest, COULD_NOT),
    (GenerationRefused, COULD_NOT),
    (NotFound, COULD_NOT),
    (DeliveryConflict, NOT_DELIVERED),
    (DeliveryFailed, NOT_DELIVERED),
    (Unavailable, UNAVAILABLE),
)


def exit_code(problem: PenstockError) -> int:
    """Return the exit code of an error; 70 when it is a bug of ours."""
    return next((code for kind, code in _BY_ERROR if isinstance(problem, kind)), INTERNAL)
