"""Foreign text in a host's Markdown: shown as it is, never as markup, a link, a mention or a reference."""

from __future__ import annotations

import re

_MARKUP = re.compile(r"[\\`*_{}\[\]()#+\-.!|~<>&$:=\"']")
_BREAK = "\u200b"
"""A space without width, after what would begin a mention, a reference or an address."""
_BEGINS = re.compile(r"(@|#|://|www\.|\bgh-(?=\d))", re.IGNORECASE)
_LONGEST = 300


def prose(text: str, *, longest: int = _LONGEST) -> str:
    """Return a text for running prose, on one line."""
    broken = _BEGINS.sub(lambda found: found.group() + _BREAK, one_line(text, longest))
    return _MARKUP.sub(_escaped, broken)


def code(text: str, *, longest: int = _LONGEST) -> str:
    """Return a text as code, on one line: nothing in it is read as anything else."""
    line = one_line(text, longest)
    longest_run = max((len(run) for run in re.findall("`+", line)), default=0)
    fence = "`" * (longest_run + 1)
    padded = f" {line} " if line.startswith("`") or line.endswith("`") or not line.strip() else line
    return f"{fence}{padded}{fence}"


def one_line(text: str, longest: int) -> str:
    """Return a text without line breaks and invisible characters, cut to a length."""
    line = " ".join("".join(each if each.isprintable() else " " for each in text).split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


def _escaped(found: re.Match[str]) -> str:
    mark = found.group()
    return {"<": "&lt;", ">": "&gt;", "&": "&amp;"}.get(mark, f"\\{mark}")
