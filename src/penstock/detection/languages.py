"""The languages detection knows, in the order in which they are asked."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from penstock.detection.language import Language

_MODULES = ("python", "jvm", "go", "dotnet", "ruby", "php", "rust", "elixir", "deno", "node", "static")


def _load() -> tuple[Language, ...]:
    found: list[Language] = []
    for name in _MODULES:
        path = f"penstock.detection.{name}"
        if find_spec(path) is not None:
            module = import_module(path)
            language = getattr(module, "LANGUAGE", None) or next(
                (
                    value()
                    for value in vars(module).values()
                    if isinstance(value, type) and value.__module__.startswith(path) and hasattr(value, "manifests")
                ),
                None,
            )
            if language is not None:
                found.append(language)
    return tuple(found)


LANGUAGES: tuple[Language, ...] = _load()
