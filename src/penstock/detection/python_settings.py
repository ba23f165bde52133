"""Environment variables that a pydantic settings class reads: each of its fields is one."""

from __future__ import annotations

import re

_CLASS = re.compile(r"^class \w+\([^)\n]{0,80}\bBaseSettings\b[^)\n]{0,80}\):", re.MULTILINE)
_FIELD = re.compile(r"^    (?P<name>[A-Za-z]\w*)\s*:\s*[^=\n]{1,120}(?:=\s*(?P<default>[^\n]*))?$")
_PREFIX = re.compile(r"env_prefix\s*=\s*[\"'](\w{1,40})[\"']")
_PLAIN = re.compile(r"(?:Field\(\s*(?:default\s*=\s*)?)?[\"']?(?P<value>[\w./:@-]{1,80})[\"']?\s*(?:[,)#].*)?$")
_NO_FIELDS = frozenset({"model_config"})


def settings_variables(text: str) -> list[tuple[str, int, str | None]]:
    """Return name, 1-based line and default of every variable the settings classes of a Python file read."""
    found: list[tuple[str, int, str | None]] = []
    for match in _CLASS.finditer(text):
        first = text.count("\n", 0, match.start()) + 1
        body = _body(text, match.end())
        prefix = _PREFIX.search("\n".join(body))
        for number, line in enumerate(body, first + 1):
            field = _FIELD.match(line)
            if field and field["name"] not in _NO_FIELDS and "ClassVar" not in line:
                name = f"{prefix[1] if prefix else ''}{field['name']}".upper()
                found.append((name, number, _default(field["default"])))
    return found


def _body(text: str, start: int) -> list[str]:
    lines = text[start:].split("\n")[1:]
    end = next((number for number, line in enumerate(lines) if line[:1].strip()), len(lines))
    return lines[:end]


def _default(written: str | None) -> str | None:
    """Return the default as it is written, plain where it is one; None for a field that has to be given."""
    said = written.strip() if written else ""
    value = _PLAIN.match(said)
    if value and value["value"] not in {"None", "Field", "..."}:
        return value["value"]
    return said[:80] or None if not re.match(r"\.\.\.|Field\((?!.*\bdefault)", said) else None
