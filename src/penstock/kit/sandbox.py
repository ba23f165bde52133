"""What Jinja2's sandboxes decide again and again, remembered: it hangs on the kind of object and the name alone."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from jinja2.sandbox import SandboxedEnvironment

_KEPT = 4096
"""Decisions held at a time; templates and the types they see have a few hundred."""


class RememberedAttributes(SandboxedEnvironment):
    """Stands before a sandbox in a class's bases."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._decided: dict[tuple[type, str], bool] = {}

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Whether a template may see an attribute: what the sandbox said of this type and name before."""
        key = (type(obj), attr)
        safe = self._decided.get(key)
        if safe is None:
            if len(self._decided) >= _KEPT:
                self._decided.clear()
            safe = self._decided[key] = super().is_safe_attribute(obj, attr, value)
        return safe

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """Return a template's own names over the sandbox's, as one dictionary: every rendering reads it."""
        return {**self.globals, **(d or {})}
