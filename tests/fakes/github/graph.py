"""POST /graphql: queries about a repository, and commits by createCommitOnBranch with its compare-and-set.

A refusal is an entry of `errors` with a `type`, and the HTTP status stays 200.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from . import graph_shown, writing
from .asked import Answer, Ask
from .git import SHA, ZERO
from .protection import sentences_against, unknown_workflow
from .refusals import NO_SUCH_FILE, NOT_FAST_FORWARD, NOT_FOR_APP, STALE, GraphRefused, Refused
from .world import Repository

FORBIDDEN = {403: "FORBIDDEN", 404: "NOT_FOUND"}


@cache
def schema() -> Any:
    from graphql import build_schema

    return build_schema(Path(__file__).with_name("schema.graphql").read_text())


def answer(ask: Ask) -> Answer:
    """Run one document."""
    from graphql import graphql_sync

    if ask.caller.kind in {"anonymous", "app"}:
        raise Refused(401, "This endpoint requires you to be authenticated.")
    root: dict[str, Callable[..., Any]] = {
        "repository": lambda _info, owner, name, **_: _query(ask, f"{owner}/{name}"),
        "createCommitOnBranch": lambda _info, input: _guarded(create_commit_on_branch, ask, input),  # noqa: A006 - GraphQL's name
        "createRef": lambda _info, input: _guarded(create_ref, ask, input),  # noqa: A006 - GraphQL's name
        "updateRefs": lambda _info, input: _guarded(update_refs, ask, input),  # noqa: A006 - GraphQL's name
    }
    done = graphql_sync(
        schema(), ask.text("query"), root, variable_values=ask.body.get("variables"),
        operation_name=ask.body.get("operationName"),
    )  # fmt: skip
    told: dict[str, Any] = {} if done.data is None and done.errors else {"data": done.data}
    if done.errors:
        told["errors"] = [_shown_error(each) for each in done.errors]
    return Answer(body=told)


def _shown_error(error: Any) -> dict[str, Any]:
    original = error.original_error
    kind = {"type": original.kind} if isinstance(original, GraphRefused) else {}
    return {**kind, **{name: value for name, value in error.formatted.items() if name != "extensions"}}


def _guarded(mutation: Callable[[Ask, dict[str, Any]], Any], ask: Ask, given: dict[str, Any]) -> Any:
    try:
        return mutation(ask, given)
    except Refused as refusal:
        kind = FORBIDDEN.get(refusal.status, "UNPROCESSABLE")
        raise GraphRefused(kind, refusal.message) from refusal


def _query(ask: Ask, full_name: str) -> dict[str, Any]:
    found = _repository(ask, full_name)
    return graph_shown.repository(ask.root, found, ask.caller)


def _repository(ask: Ask, full_name: str, level: str = "read") -> Repository:
    found = ask.world.repository(full_name)
    unknown = GraphRefused("NOT_FOUND", f"Could not resolve to a Repository with the name '{full_name}'.")
    if found is None:
        raise unknown
    try:
        ask.may(found, "contents", level)
    except Refused as refusal:
        if refusal.status == 403:
            raise GraphRefused("FORBIDDEN", refusal.message) from refusal
        raise unknown from refusal
    return found


def _repository_of(ask: Ask, node: str) -> Repository:
    number = node.removeprefix("R_")
    found = ask.world.repositories.get(int(number)) if number.isdigit() else None
    if found is None:
        raise GraphRefused("NOT_FOUND", f"Could not resolve to a node with the global id of '{node}'.")
    return _repository(ask, found.full_name, "write")


def create_commit_on_branch(ask: Ask, given: dict[str, Any]) -> dict[str, Any]:
    """Commit file changes onto a branch if it still stands at `expectedHeadOid`; GitHub signs the commit."""
    branch = given["branch"]
    found = _repository(ask, str(branch.get("repositoryNameWithOwner")), "write")
    name = str(branch.get("branchName")).removeprefix("refs/heads/")
    expected, changes = given["expectedHeadOid"], given.get("fileChanges") or {}
    stale = GraphRefused("STALE_DATA", STALE.format(expected=expected))
    head = found.git.branch(name)
    if head is None:
        raise GraphRefused("NOT_FOUND", f"Could not find branch '{name}' on repository '{found.full_name}'.")
    if head != expected:
        raise stale
    message = "\n\n".join(filter(None, (given["message"]["headline"], given["message"].get("body"))))
    new = writing.signed_commit(found, _changed_tree(found, head, changes), [head], ask.caller, message)
    path = unknown_workflow(ask.caller, found, head, new)
    if path is not None:
        raise GraphRefused("FORBIDDEN", NOT_FOR_APP)
    _refuse_protected(found, name, head, new)
    if not found.git.move(name, new, head):
        raise stale
    shown = graph_shown.commit(ask.root, found, new)
    return {
        "clientMutationId": given.get("clientMutationId"),
        "commit": shown,
        "ref": graph_shown.ref(ask.root, found, name, new),
    }


def _changed_tree(found: Repository, head: str, changes: dict[str, Any]) -> str:
    additions, deletions = changes.get("additions") or [], [each["path"] for each in changes.get("deletions") or []]
    present = {entry.path for entry in found.git.entries(head, *deletions)} if deletions else set()
    for path in deletions:
        if path not in present:
            raise GraphRefused("UNPROCESSABLE", NO_SUCH_FILE.format(head=head))
    try:
        contents = [base64.b64decode(each["contents"], validate=True) for each in additions]
    except binascii.Error as problem:
        raise GraphRefused("UNPROCESSABLE", "contents is not valid Base64") from problem
    shas = found.git.write_blobs(contents)
    laid = [("100644", sha, each["path"]) for each, sha in zip(additions, shas, strict=True)]
    return found.git.write_tree(head, [*laid, *(("100644", None, path) for path in deletions)])


def _refuse_protected(found: Repository, name: str, old: str | None, new: str) -> None:
    said = sentences_against(found, name, old, new)
    if said:
        raise GraphRefused("BRANCH_PROTECTION_RULE_VIOLATION", "\n".join(said).strip())


def create_ref(ask: Ask, given: dict[str, Any]) -> dict[str, Any]:
    found = _repository_of(ask, given["repositoryId"])
    name = given["name"].removeprefix("refs/heads/")
    writing.create_branch(ask.caller, found, name, given["oid"])
    return {
        "clientMutationId": given.get("clientMutationId"),
        "ref": graph_shown.ref(ask.root, found, name, given["oid"]),
    }


def update_refs(ask: Ask, given: dict[str, Any]) -> dict[str, Any]:
    """Move branches; `beforeOid` is a compare-and-set, and all zeros there or in `afterOid` make or remove one."""
    found = _repository_of(ask, given["repositoryId"])
    for each in given["refUpdates"]:
        name, new = each["name"].removeprefix("refs/heads/"), each["afterOid"]
        old = found.git.branch(name)
        if each.get("beforeOid") not in {None, old or ZERO}:
            raise GraphRefused("STALE_DATA", f"Reference {each['name']} does not match the expected value.")
        if new != ZERO and (not SHA.fullmatch(new) or found.git.kind(new) != "commit"):
            raise GraphRefused("UNPROCESSABLE", f"No object exists for the OID {new}")
        if old and new != ZERO and not each.get("force") and not found.git.is_ancestor(old, new):
            raise GraphRefused("UNPROCESSABLE", NOT_FAST_FORWARD)
        if old != new:
            _refuse_protected(found, name, old, new)
        if not found.git.move(name, new, old or ZERO):
            raise GraphRefused("STALE_DATA", f"Reference {each['name']} does not match the expected value.")
    return {"clientMutationId": given.get("clientMutationId")}
