"""The reader without a model: a sentence becomes Changes, deterministically, and says what it did not understand."""

from penstock.generation.intent.reading import Reading, read_intent

__all__ = ["Reading", "read_intent"]
