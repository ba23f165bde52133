"""Stop 3: a repository becomes facts; one module per language, one ordered list."""

from penstock.detection.repository import detect

__all__ = ["detect"]
