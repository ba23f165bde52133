"""POST, PATCH and DELETE of the Git database: blobs, trees, commits, refs."""

from __future__ import annotations

import base64
import binascii
import re
import time
from typing import Any

from . import shown
from .access import check_workflow_files
from .asked import Answer, Ask, not_empty
from .git import ZERO, Person, fake_signature
from .protection import check_update
from .refusals import (
    BAD_OBJECT_STATE,
    NO_BASE_TREE,
    NO_OBJECT,
    NO_PARENT,
    NO_REFERENCE,
    NO_TREE,
    NOT_FAST_FORWARD,
    REFERENCE_EXISTS,
    REFERENCE_FAILED,
    invalid,
)
from .world import Caller, Repository

MODES = {"100644": "blob", "100755": "blob", "120000": "blob", "160000": "commit"}  # GitHub takes 040000 too, this not
BRANCH_NAME = re.compile(r"(?!.*(?:\.\.|@\{|//|/\.|\.lock(?:/|$)))[^\x00-\x20\x7f~^:?*\[\\]+(?<![./])")
GITHUB = ("GitHub", "noreply@github.com")  # who commits what GitHub signs


def blob(ask: Ask, found: Repository) -> Answer:
    ask.may(found, "contents", "write")
    not_empty(found)
    content = ask.text("content").encode()
    if ask.body.get("encoding") == "base64":
        try:
            content = base64.b64decode(content, validate=True)
        except binascii.Error as problem:
            raise invalid("content is not valid Base64") from problem
    (sha,) = found.git.write_blobs([content])
    return Answer(201, {"sha": sha, "url": f"{shown.repository_url(ask.root, found)}/git/blobs/{sha}"})


def tree(ask: Ask, found: Repository) -> Answer:
    """Lay entries over `base_tree` (a tree or a commit), or make a tree of them alone."""
    ask.may(found, "contents", "write")
    not_empty(found)
    entries = ask.body.get("tree")
    if not isinstance(entries, list) or not all(isinstance(each, dict) for each in entries):
        raise invalid("Invalid tree info")
    for each in entries:
        _check_entry(found, each)
    check_workflow_files(ask.caller, [each["path"] for each in entries])
    base = _base_tree(ask, found)
    removed = [each["path"] for each in entries if "sha" in each and each["sha"] is None]
    present = {entry.path for entry in found.git.entries(base, *removed)} if base and removed else set()
    if set(removed) - present:
        raise invalid(BAD_OBJECT_STATE)
    written = [each for each in entries if "content" in each]
    shas = found.git.write_blobs([each["content"].encode() for each in written])
    by_place = {id(each): sha for each, sha in zip(written, shas, strict=True)}
    changes = [(each.get("mode", "100644"), by_place.get(id(each), each.get("sha")), each["path"]) for each in entries]
    sha = found.git.write_tree(base, changes)
    return Answer(201, shown.tree(ask.root, found, sha, found.git.entries(sha), truncated=False))


def _base_tree(ask: Ask, found: Repository) -> str | None:
    given = ask.body.get("base_tree")
    base = found.git.tree_of(given) if isinstance(given, str) and re.fullmatch(r"[0-9a-f]{40}", given) else None
    if given is not None and base is None:
        raise invalid(NO_BASE_TREE)
    return base


def _check_entry(found: Repository, entry: dict[str, Any]) -> None:
    path, mode, sha = entry.get("path"), entry.get("mode"), entry.get("sha")
    if not isinstance(path, str) or not path:
        raise invalid("Must supply a valid tree.path")
    if path.startswith("/"):
        raise invalid("tree.path cannot start with a slash")
    if any(part in {"", ".", ".."} or part.lower() == ".git" for part in path.split("/")):
        raise invalid("tree.path contains a malformed path component")
    removes = "sha" in entry and sha is None
    if not removes and mode not in MODES:
        raise invalid("Must supply a valid tree.mode")
    if ("content" in entry) == ("sha" in entry):
        raise invalid("Must supply either tree.sha or tree.content")
    if "content" in entry and not isinstance(entry["content"], str):
        raise invalid("tree.content is not a string")
    if sha is not None and mode != "160000" and found.git.kind(str(sha)) != MODES[str(mode)]:
        raise invalid(f"tree.sha {sha} is not a valid {MODES[str(mode)]}")


def commit(ask: Ask, found: Repository) -> Answer:
    """Make a commit; an App that names neither author nor committer gets one that GitHub signs (documented)."""
    ask.may(found, "contents", "write")
    not_empty(found)
    message, tree = ask.text("message"), ask.text("tree")
    parents = ask.body.get("parents", [])
    if found.git.kind(tree) != "tree":
        raise invalid(NO_TREE)
    if not isinstance(parents, list) or any(found.git.kind(str(each)) != "commit" for each in parents):
        raise invalid(NO_PARENT)
    if ask.caller.kind == "installation" and not ({"author", "committer", "signature"} & set(ask.body)):
        sha = signed_commit(found, tree, parents, ask.caller, message)
    else:
        author = _person(ask.body.get("author"), myself(ask.caller))
        committer = _person(ask.body.get("committer"), author)
        sha = found.git.write_commit(tree, parents, (author, committer), message, ask.body.get("signature"))
    return Answer(201, shown.git_commit(ask.root, found, found.git.commit(sha)))


def signed_commit(found: Repository, tree: str, parents: list[str], caller: Caller, message: str) -> str:
    """Commit as GitHub does for an App, with its own signature: never twice the same SHA."""
    author = myself(caller)
    committer = Person(*GITHUB, author.seconds)
    signature = fake_signature(f"{tree} {parents} {message} {time.time_ns()}")
    sha = found.git.write_commit(tree, parents, (author, committer), message, signature)
    found.verified.add(sha)
    return sha


def myself(caller: Caller) -> Person:
    login = caller.login or "somebody"
    return Person(login, f"{login}@users.noreply.github.com", int(time.time()))


def _person(given: Any, otherwise: Person) -> Person:
    if given is None:
        return otherwise
    if not isinstance(given, dict) or not isinstance(given.get("name"), str) or not isinstance(given.get("email"), str):
        raise invalid("Invalid request.\n\nauthor and committer need a name and an email.")
    if "date" not in given:
        return Person(given["name"], given["email"], int(time.time()))
    try:
        seconds, offset = shown.read_moment(str(given["date"]))
    except ValueError as problem:
        raise invalid(f"Invalid request.\n\n{given['date']!r} is not a valid date-time.") from problem
    return Person(given["name"], given["email"], seconds, offset)


def create_ref(ask: Ask, found: Repository) -> Answer:
    ask.may(found, "contents", "write")
    not_empty(found)
    name, sha = ask.text("ref"), ask.text("sha")
    branch = name.removeprefix("refs/heads/")
    if branch == name or not BRANCH_NAME.fullmatch(branch):
        raise invalid(f"Reference name must start with 'refs/heads/' or 'refs/tags/' and be valid: {name}")
    create_branch(ask.caller, found, branch, sha)
    return Answer(201, shown.ref(ask.root, found, branch, sha))


def create_branch(caller: Caller, found: Repository, branch: str, sha: str) -> None:
    if found.git.branch(branch):
        raise invalid(REFERENCE_EXISTS)
    if found.git.kind(sha) != "commit":
        raise invalid(NO_OBJECT)
    check_update(caller, found, branch, None, sha)
    if not found.git.move(branch, sha, ZERO):
        raise invalid(REFERENCE_EXISTS if found.git.branch(branch) else REFERENCE_FAILED)


def update_ref(ask: Ask, found: Repository, ref: str) -> Answer:
    """Move a branch; without `force` only forwards."""
    ask.may(found, "contents", "write")
    not_empty(found)
    sha = ask.text("sha")
    while True:
        old = found.git.branch(ref)
        if old is None:
            raise invalid(NO_REFERENCE)
        if found.git.kind(sha) != "commit":
            raise invalid(NO_OBJECT)
        if not ask.body.get("force") and not found.git.is_ancestor(old, sha):
            raise invalid(NOT_FAST_FORWARD)
        if old != sha:
            check_update(ask.caller, found, ref, old, sha)
        if found.git.move(ref, sha, old):
            return Answer(body=shown.ref(ask.root, found, ref, sha))


def delete_ref(ask: Ask, found: Repository, ref: str) -> Answer:
    ask.may(found, "contents", "write")
    old = found.git.branch(ref)
    if old is None:
        raise invalid(NO_REFERENCE)
    check_update(ask.caller, found, ref, old, ZERO)
    found.git.move(ref, ZERO, old)
    return Answer(204)
