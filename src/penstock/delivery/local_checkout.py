"""What git knows about a folder of this machine: the root of its repository, the remote's name, the default branch."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from penstock.delivery.local_git import Git
from penstock.errors import DeliveryFailed
from penstock.kit.git_names import is_branch_name

if TYPE_CHECKING:
    from collections.abc import Iterable

_ORIGIN_HEAD = "refs/remotes/origin/HEAD"
_OURS = "penstock/"
"""Branches that Penstock commits on: they say nothing about the default branch."""
_NAME = re.compile(r"[A-Za-z0-9._-]{1,100}")


@dataclass(frozen=True, slots=True)
class Checkout:
    """The git repository that a folder belongs to."""

    top: Path
    """The root of its work tree."""
    prefix: str
    """The folder below the root, without a slash at its end; nothing for the root itself."""
    remote_name: str | None = None
    """What the remote calls the repository: ``shop`` for git@host:acme/shop.git."""
    remote: str = ""
    """The remote that says so."""
    default_branch: str | None = None
    default_branch_from: str = ""
    """Where the default branch was read, in words."""


def checkout_of(folder: Path) -> Checkout | None:
    """Return the repository of a folder, None when there is none or git cannot be asked.

    A folder below the root of which git tracks nothing is a folder of its own: it only happens to lie there.
    """
    git = Git(folder)
    try:
        prefix = git.ask("rev-parse", "--show-prefix")
        top = git.ask("rev-parse", "--show-toplevel") if prefix is not None else None
        if prefix is None or not top or (prefix and not git.ask("ls-files", "--", ".")):
            return None
        remote, name = _remote(git)
        branch, source = _default_branch(git)
    except DeliveryFailed:
        return None
    return Checkout(Path(top), prefix.rstrip("/"), name, remote, branch, source)


def _remote(git: Git) -> tuple[str, str | None]:
    """Return origin, else the only remote, and the last part of its address."""
    remotes = (git.ask("remote") or "").split()
    remote = "origin" if "origin" in remotes else remotes[0] if len(remotes) == 1 else ""
    address = git.ask("config", "--get", f"remote.{remote}.url") if remote else None
    name = re.split(r"[/:]", (address or "").rstrip("/"))[-1].removesuffix(".git")
    return (remote, name) if _NAME.fullmatch(name) and name.strip(".") else ("", None)


def _default_branch(git: Git) -> tuple[str | None, str]:
    """Return the branch that the remote's HEAD names, else the only local one, with where it was read."""
    head = (git.ask("symbolic-ref", "--quiet", _ORIGIN_HEAD) or "").removeprefix("refs/remotes/origin/")
    if head and is_branch_name(head):
        return head, "git's origin/HEAD"
    alone = _only(git.ask("for-each-ref", "--format=%(refname)", "refs/heads") or "")
    return (alone, "the only branch of the clone") if alone else (None, "")


def _only(listed: str) -> str | None:
    names: Iterable[str] = (line.removeprefix("refs/heads/") for line in listed.splitlines())
    found = [name for name in names if not name.startswith(_OURS)]
    return found[0] if len(found) == 1 and is_branch_name(found[0]) else None
