"""Pointers that rules return, in the spelling of the file: rules see Cloud Build keys in camelCase, files may not."""

from __future__ import annotations

import re
from typing import Any

from penstock.kit.guarded_yaml import escape

_SNAKE = re.compile(r"_([a-z0-9])")


def spelled_as_written(value: Any, pointer: str) -> str:
    """Return the pointer with each token as the document spells it, as far as it leads anywhere."""
    if not pointer:
        return ""
    written = ""
    for token in pointer.split("/")[1:]:
        name = token.replace("~1", "/").replace("~0", "~")
        if isinstance(value, list):
            value = value[int(name)] if name.isdigit() and int(name) < len(value) else None
        elif isinstance(value, dict):
            if name not in value:
                name = next((key for key in value if camel(key) == name), name)
            value = value.get(name)
        written += f"/{escape(name)}"
    return written


def camel(key: str) -> str:
    """Return a snake_case key in camelCase, as protobuf's JSON mapping spells it."""
    return _SNAKE.sub(lambda match: match.group(1).upper(), key)
