"""YAML 1.1 scalars, as Kubernetes and Cloud Build read them, and where YAML 1.2 would read them differently."""

from __future__ import annotations

import math
import re
from typing import Any

_PREFIX = "tag:yaml.org,2002:"
_MAX_DIGITS = 400
"""No real number is longer; int() of thousands of digits is slow or refused."""
_TRUE = frozenset({"yes", "true", "on"})
_FALSE = frozenset({"no", "false", "off"})
_CORE_BOOL = frozenset({"true", "True", "TRUE", "false", "False", "FALSE"})
_ONE_LETTER = frozenset({"y", "Y", "n", "N"})
_NUMBER_STARTS = frozenset("0123456789+-.")
_CORE_NUMBER = re.compile(r"^(?:[-+]?[0-9]+|0o[0-7]+|[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)[eE][-+]?[0-9]+)$")
_PLAIN_NUMBER = re.compile(r"^[-+]?(?:0|[1-9][0-9]*)$")
_SEXAGESIMAL = re.compile(r"^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$")
_LOSSY_FLOAT = re.compile(r"^[0-9]+\.[0-9]*0$")


class NotAScalar(ValueError):
    """The text does not fit its tag, or the tag is a custom one."""


def divergence(tag: str, text: str) -> str | None:
    """Say in words how readers differ about a plain scalar; None when all agree."""
    if tag == "tag:yaml.org,2002:str":
        if text in _ONE_LETTER:
            return f"{text} is a boolean to some YAML 1.1 parsers"
        if text[:1] in _NUMBER_STARTS and _CORE_NUMBER.match(text):
            return f"{text[:40]} is a string in YAML 1.1 and a number in YAML 1.2"
        return None
    return _core_divergence(tag.removeprefix(_PREFIX), text)


def _core_divergence(kind: str, text: str) -> str | None:
    """Say how YAML 1.2 reads what YAML 1.1 takes for a boolean or a number."""
    if kind == "bool" and text not in _CORE_BOOL:
        return f"{text} is a boolean in YAML 1.1 and a string in YAML 1.2"
    if kind in {"int", "float"} and _SEXAGESIMAL.match(text):
        return f"{text[:40]} is a number in base 60 in YAML 1.1 and a string in YAML 1.2"
    if kind == "int" and not _PLAIN_NUMBER.match(text):
        return f"{text[:40]} is another number (or a string) in YAML 1.2"
    if kind == "float" and _LOSSY_FLOAT.match(text) and not text.endswith(".0"):
        return f"{text[:40]} is a number and loses its last zero; quote it if it is a version"
    return None


def scalar_value(tag: str, text: str) -> Any:
    """Return the value of a scalar that is not a string. Raises NotAScalar."""
    kind = tag.removeprefix(_PREFIX)
    if kind == "null":
        return None
    if kind == "bool" and text.lower() in _TRUE | _FALSE:
        return text.lower() in _TRUE
    if kind in {"int", "float"}:
        try:
            return _number(kind, text.replace("_", ""))
        except (ValueError, OverflowError):
            raise NotAScalar(f"not a valid {kind}: {text[:40]}") from None
    if kind in {"timestamp", "value"}:
        return text
    raise NotAScalar(f"custom tag {tag[:60]}")


def _number(kind: str, text: str) -> int | float:
    if len(text) > _MAX_DIGITS:
        raise ValueError("too long")
    sign = -1 if text.startswith("-") else 1
    body = text.lstrip("+-")
    if ":" in body:
        total: float = 0
        for part in body.split(":"):
            total = total * 60 + (float(part) if kind == "float" else int(part))
        return sign * total if kind == "float" else sign * int(total)
    if kind == "float":
        return sign * _float(body.lower())
    if body.startswith(("0b", "0x")):
        return sign * int(body, 0)
    if len(body) > 1 and body.startswith("0"):
        return sign * int(body[1:], 8)
    return sign * int(body)


def _float(body: str) -> float:
    """Infinities and NaN have no JSON form, so no rule and no schema could see them: refuse."""
    value = float(body.replace(".inf", "inf").replace(".nan", "nan"))
    if not math.isfinite(value):
        raise ValueError("not finite")
    return value
