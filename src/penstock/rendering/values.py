"""How values enter files: each kind of place has its own filter, and nothing else may be printed by a template.

A filter returns ``Rendered``; whatever a template does to it afterwards (``~``, ``replace``, ``join``) makes it a plain
string again, and plain strings are refused when they are printed. So a value can never become structure.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from penstock.rendering.characters import clean, one_line
from penstock.rendering.substitutions import escaped

_PLAIN = re.compile(
    r"[A-Za-z/$_][A-Za-z0-9_./@=+$-]*(?::[A-Za-z0-9_./@=+$-]+)*(?: [A-Za-z0-9_./@=+$(][A-Za-z0-9_./@=+$()'-]*)*"
)
_WORDS_WITH_MEANING = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"})
_DOCKER_WORD = re.compile(r"[A-Za-z0-9._/@:+=~-]+")
_LABEL_CHARACTERS = re.compile(r"[^A-Za-z0-9_.-]+")
_MAX_LABEL = 63
_MARKDOWN = re.compile(r"([\\`*_\[\]|#])")
_STEP = 2
"""Indentation of a block below its key, which a parser cannot see when the first line has spaces of its own."""
_HEREDOC = re.compile(r"<<")


class UnsafeValue(ValueError):
    """A value that cannot stand in the place a template puts it."""


class Rendered(str):
    """Text that a filter has made safe for the place it stands in."""

    __slots__ = ()


def yaml(value: Any) -> Rendered:
    """Write any value as YAML on one line: plain where every reader agrees that it is a string, else quoted."""
    if isinstance(value, Mapping):
        return Rendered("{" + ", ".join(f"{yaml(str(key))}: {yaml(each)}" for key, each in value.items()) + "}")
    if isinstance(value, str):
        return _yaml_text(clean(value))
    if isinstance(value, Sequence):
        return Rendered("[" + ", ".join(yaml(each) for each in value) + "]")
    if value is None or isinstance(value, bool | int):
        return Rendered(json.dumps(value))
    message = f"a {type(value).__name__} cannot be written as YAML"
    raise UnsafeValue(message)


def _yaml_text(text: str) -> Rendered:
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS_WITH_MEANING:
        return Rendered(text)
    return Rendered(json.dumps(text, ensure_ascii=False))


def yaml_block(value: Any, indent: int) -> Rendered:
    """Write text as a YAML literal block, its lines indented by ``indent`` spaces, two more than the key before it."""
    text = clean(str(value)).strip("\n")
    if not text.strip():
        return Rendered('""')
    margin = " " * indent
    lines = [margin + line if line.strip() else "" for line in text.split("\n")]
    header = f"|{_STEP}" if text.startswith((" ", "\t")) else "|"
    return Rendered("\n".join([header, *lines]))


def sh(value: Any) -> Rendered:
    """Write a value as one word of a shell command."""
    return Rendered(shlex.quote(clean(str(value))))


def docker_json(value: Any) -> Rendered:
    """Write a command as a JSON array for CMD, ENTRYPOINT or COPY. A string becomes its words."""
    words = shlex.split(clean(value)) if isinstance(value, str) else [clean(str(each)) for each in value]
    if not words:
        raise UnsafeValue("an empty command cannot be written into a Dockerfile")
    return Rendered(json.dumps(words, ensure_ascii=False))


def docker_word(value: Any) -> Rendered:
    """Write a path, image, name or number of a Dockerfile: one word without quotes. Raises UnsafeValue for others."""
    text = clean(str(value))
    if not _DOCKER_WORD.fullmatch(text):
        message = f"{text[:60]!r} cannot stand as a word in a Dockerfile"
        raise UnsafeValue(message)
    return Rendered(text)


def docker_value(value: Any) -> Rendered:
    """Write the value of an ENV or LABEL, quoted, with nothing expanded."""
    text = one_line(str(value)).replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$")
    return Rendered(f'"{text}"')


def docker_run(value: Any) -> Rendered:
    """Write a shell command behind RUN: its lines joined by ``&&``. Raises UnsafeValue for here-documents."""
    lines = [line.strip() for line in clean(str(value)).split("\n") if line.strip()]
    if not lines or _HEREDOC.search("".join(lines)) or any(line.endswith("\\") for line in lines):
        message = f"{' '.join(lines)[:60]!r} cannot stand behind RUN in a Dockerfile"
        raise UnsafeValue(message)
    return Rendered(" && ".join(lines))


def label(value: Any) -> Rendered:
    """Write a Kubernetes label value: at most 63 of letters, digits, ``-_.``, quoted where YAML needs it."""
    text = _LABEL_CHARACTERS.sub("-", clean(str(value)))[:_MAX_LABEL].strip("-_.")
    return yaml(text)


def comment(value: Any) -> Rendered:
    """Write text behind ``#``: one line."""
    return Rendered(one_line(str(value)))


def md(value: Any) -> Rendered:
    """Write text into Markdown so that it stays text: no markup, no HTML, no links, one line."""
    text = one_line(str(value)).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return Rendered(_MARKDOWN.sub(r"\\\1", text))


def code(value: Any) -> Rendered:
    """Write text as inline code in Markdown, also inside a table."""
    text = one_line(str(value)).replace("|", "\\|")
    fence = "`" * (max((len(run) for run in re.findall(r"`+", text)), default=0) + 1)
    pad = " " if text.startswith("`") or text.endswith("`") or not text else ""
    return Rendered(f"{fence}{pad}{text}{pad}{fence}")


def number(value: Any) -> Rendered:
    """Write a whole number. Raises UnsafeValue for anything else."""
    if isinstance(value, bool) or not isinstance(value, int):
        message = f"{str(value)[:60]!r} is not a whole number"
        raise UnsafeValue(message)
    return Rendered(str(value))


FILTERS = {
    "yaml": yaml, "yaml_block": yaml_block, "sh": sh, "docker_json": docker_json, "docker_word": docker_word,
    "docker_value": docker_value, "docker_run": docker_run, "label": label, "comment": comment, "md": md,
    "code": code, "number": number, "dollars": escaped,
}  # fmt: skip
"""Every way a value may enter a file, by the name templates use. ``dollars`` only prepares text for ``yaml``."""


def printed(value: Any) -> str:
    """Let through what a template prints: filtered text and whole numbers. Raises UnsafeValue for anything else."""
    if isinstance(value, Rendered):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    message = f"{str(value)[:60]!r} is printed without a filter; use one of {', '.join(sorted(FILTERS))}"
    raise UnsafeValue(message)
