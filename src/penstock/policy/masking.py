"""Secrets kept out of what the engine sees and of what is shown.

A random value is replaced wherever it occurs. A plain word (``petclinic``) is also the name of images and services, so
it is replaced only where it can be the secret: under a credential's name, as the value of a variable, behind = or :.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from penstock.policy.secrets import masked, masks
from penstock.policy.secrets.credential_names import Says, what_name_says
from penstock.policy.secrets.finding import Hit


class Masking:
    """What to replace by what, for one question."""

    def __init__(self, hits: Sequence[Hit], key: bytes) -> None:
        self._keys = {hit.pointer.rpartition("/")[2] for hit in hits if hit.pointer} | {"value", "auth"}
        found = masks(hits, key)
        self._strong = {literal: marker for literal, marker in found.items() if not literal.isalpha()}
        self._weak = {literal: marker for literal, marker in found.items() if literal.isalpha()}

    def text(self, text: str) -> str:
        """Return a message or a pointer without secrets; such texts are made of names."""
        return masked(text, self._strong) if self._strong else text

    def document(self, value: Any, key: str = "value") -> Any:
        """Return a copy in which no string holds a secret; with no secrets, the value itself."""
        if not self._strong and not self._weak:
            return value
        if isinstance(value, str):
            return self._value(value, key)
        if isinstance(value, dict):
            return {self.text(name): self.document(each, name) for name, each in value.items()}
        if isinstance(value, list):
            return [self.document(each) for each in value]
        if isinstance(value, int) and not isinstance(value, bool):
            return self._strong.get(str(value), value)
        return value

    def _value(self, text: str, key: str) -> str:
        if text in self._strong:
            return self._strong[text]
        if text in self._weak:
            named = key in self._keys or what_name_says(key) is not Says.NOTHING
            return self._weak[text] if named else text
        text = masked(text, self._strong)
        return self._weak_words.sub(lambda match: self._weak[match.group(1)], text) if self._weak else text

    @cached_property
    def _weak_words(self) -> re.Pattern[str]:
        words = "|".join(re.escape(word) for word in self._weak)
        return re.compile(rf"(?:(?<![\w./@~-])|(?<=:-)|(?<=\s-[A-Za-z]))({words})(?![\w./-])")
