"""Names that git takes for branches and tags, told without asking git."""

from __future__ import annotations

import re

_LONGEST = 200
_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._/-]*")


def is_ref_name(text: str) -> bool:
    """Whether a text is a branch, tag or commit for ``git check-ref-format``, and plain enough for any file or URL.

    Beyond git's own rules it takes ASCII letters, digits, dots, slashes, hyphens and underscores only, at most 200.
    """
    if len(text) > _LONGEST or not _PLAIN.fullmatch(text) or ".." in text or text.endswith("."):
        return False
    return all(part and not part.startswith(".") and not part.endswith(".lock") for part in text.split("/"))


def is_branch_name(text: str) -> bool:
    """Whether a text can be a branch: ``HEAD`` is a ref, but never one."""
    return is_ref_name(text) and text != "HEAD"
