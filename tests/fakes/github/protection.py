"""What stands in the way of a branch's update: classic protection, rulesets, workflow files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .git import ZERO
from .refusals import PROTECTION_SENTENCES, REFERENCE_FAILED, RULE_SENTENCES, RULES, WORKFLOW, Refused
from .world import Caller, Guard, Repository


def sentences_against(repository: Repository, branch: str, old: str | None, new: str) -> list[str]:
    """Return what GitHub would say against moving the branch from `old` (None: it is new) to `new` (ZERO: removing it)."""
    classic = list(_said(repository, repository.protections_of(branch), PROTECTION_SENTENCES, old, new))
    if classic:
        return [REFERENCE_FAILED] if old is None else classic
    ruled = list(_said(repository, repository.rules_of(branch), RULE_SENTENCES, old, new))
    return [RULES + "".join(f"{sentence}\n\n" for sentence in ruled)] if ruled else []


def check_update(caller: Caller, repository: Repository, branch: str, old: str | None, new: str) -> None:
    """Refuse a direct update that a rule forbids (422), or one that brings workflow files without the right to."""
    said = sentences_against(repository, branch, old, new)
    if said:
        raise Refused(422, "\n".join(said))
    path = unknown_workflow(caller, repository, old, new)
    if path is not None:
        raise Refused(422, WORKFLOW.format(path=path))


def unknown_workflow(caller: Caller, repository: Repository, old: str | None, new: str) -> str | None:
    """Return a workflow file that stands on no branch yet (documented: one that does may be committed again)."""
    if new == ZERO or caller.allows("workflows", "write"):
        return None
    git = repository.git
    brought = {
        (sha, path)
        for status, sha, path in (git.changed(old, new) if old else [])
        if path.startswith(".github/workflows/") and status != "D"
    }
    known: set[tuple[str, str]] = set()
    for head in git.branches().values() if brought else ():
        known |= {(entry.sha, entry.path) for entry in git.entries(head, *{path for _, path in brought})}
    return min((path for sha, path in brought - known), default=None)


def _said(
    repository: Repository, guards: Iterable[Guard], sentences: dict[str, str], old: str | None, new: str
) -> Iterator[str]:
    for guard in guards:
        if not guard.bypass and guard.kind in sentences and _applies(repository, guard, old, new):
            yield sentences[guard.kind].format(check=guard.parameters.get("check", "ci"))


def _applies(repository: Repository, guard: Guard, old: str | None, new: str) -> bool:
    git = repository.git
    if new == ZERO:
        return guard.kind == "deletion"
    brought = git.shas(new, f"^{old}") if old else git.shas(new, "--not", "--branches")
    match guard.kind:
        case "required_signatures":
            return any(sha not in repository.verified for sha in brought)
        case "required_linear_history":
            return any(len(git.commit(sha).parents) > 1 for sha in brought)
        case "non_fast_forward":
            return old is not None and not git.is_ancestor(old, new)
    return {"deletion": False, "creation": old is None, "update": old is not None}.get(guard.kind, True)
