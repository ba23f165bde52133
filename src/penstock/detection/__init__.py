"""Stop 3: a repository becomes facts; one module per language, one ordered list."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from penstock.detection.repository import detect

__all__ = ["detect"]


def __getattr__(name: str) -> Any:
    """Load the languages when they are asked for: `penstock check` only walks the tree."""
    if name == "detect":
        from penstock.detection.repository import detect

        return detect
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)
