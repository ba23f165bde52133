"""GET: repositories, branches and their rules, refs, trees, blobs, contents, commits, comparisons."""

from __future__ import annotations

import re
from typing import Any

from . import shown
from .asked import Answer, Ask, not_empty
from .git import Entry
from .refusals import NOT_FOUND, Refused, invalid
from .shown import wrapped
from .world import Guard, Repository

MAX_INLINE = 1024 * 1024  # documented: contents of larger files are not in the answer
COMPARED_COMMITS, COMPARED_FILES = 250, 300  # documented: no comparison shows more
KINDS = {"blob": "file", "tree": "dir", "commit": "submodule"}
STATUS = {"A": "added", "M": "modified", "D": "removed", "T": "changed"}


def repository(ask: Ask, found: Repository) -> Answer:
    ask.may(found, "metadata", "read")
    return Answer(body=shown.repository(ask.root, found, ask.caller))


def branch(ask: Ask, found: Repository, branch: str) -> Answer:
    ask.may(found, "contents", "read")
    sha = found.git.branch(branch)
    if sha is None:
        raise Refused(404, "Branch not found")
    place = f"{shown.repository_url(ask.root, found)}/branches/{branch}"
    classic = found.protections_of(branch)
    checks = [guard.parameters.get("check", "ci") for guard in classic if guard.kind == "required_status_checks"]
    level = "everyone" if checks else "off"
    return Answer(
        body={
            "name": branch,
            "commit": shown.commit(ask.root, found, found.git.commit(sha)),
            "protected": bool(classic or found.rules_of(branch)),
            "protection": {
                "enabled": bool(classic),
                "required_status_checks": {"enforcement_level": level, "contexts": checks, "checks": []},
            },
            "protection_url": f"{place}/protection",
        }
    )


def branch_protection(ask: Ask, found: Repository, branch: str) -> Answer:
    """Classic protection only, and only for who may read the administration."""
    ask.may(found, "administration", "read")
    if found.git.branch(branch) is None:
        raise Refused(404, "Branch not found")
    classic = found.protections_of(branch)
    if not classic:
        raise Refused(404, "Branch not protected")
    url = f"{shown.repository_url(ask.root, found)}/branches/{branch}/protection"
    return Answer(body={"url": url, **dict(map(_protection_part, classic)), "enforce_admins": {"enabled": True}})


def _protection_part(guard: Guard) -> tuple[str, Any]:
    match guard.kind:
        case "pull_request" | "reviews":
            return "required_pull_request_reviews", {"required_approving_review_count": 1}
        case "required_status_checks":
            return guard.kind, {"strict": True, "contexts": [guard.parameters.get("check", "ci")]}
        case "restrictions":
            return guard.kind, {"users": [], "teams": [], "apps": []}
    return guard.kind, {"enabled": True}


def branch_rules(ask: Ask, found: Repository, branch: str) -> Answer:
    """Rulesets' active rules for a branch, whether or not it exists and whoever may bypass them."""
    ask.may(found, "metadata", "read")
    told = [
        {
            "type": guard.kind,
            "ruleset_source_type": "Repository",
            "ruleset_source": found.full_name,
            "ruleset_id": 42,
            **({"parameters": guard.parameters} if guard.parameters else {}),
        }
        for guard in found.rules_of(branch)
    ]
    page, headers = ask.page(told)
    return Answer(body=page, headers=headers)


def ref(ask: Ask, found: Repository, ref: str) -> Answer:
    ask.may(found, "contents", "read")
    not_empty(found)
    sha = found.git.branch(ref)
    if sha is None:
        raise Refused(404, NOT_FOUND)
    return Answer(body=shown.ref(ask.root, found, ref, sha))


def matching_refs(ask: Ask, found: Repository, ref: str) -> Answer:
    ask.may(found, "contents", "read")
    not_empty(found)
    names = found.git.branches().items()
    return Answer(body=[shown.ref(ask.root, found, name, sha) for name, sha in names if name.startswith(ref)])


def old_refs(ask: Ask, found: Repository, ref: str) -> Answer:
    """Answer `git/refs/...`, the old form: an array of all that begin so when the very one is not there."""
    everything: list[dict[str, Any]] = matching_refs(ask, found, ref).body
    exact = [each for each in everything if each["ref"] == f"refs/heads/{ref}"]
    if not everything:
        raise Refused(404, NOT_FOUND)
    return Answer(body=exact[0] if exact else everything)


def git_commit(ask: Ask, found: Repository, sha: str) -> Answer:
    ask.may(found, "contents", "read")
    not_empty(found)
    if found.git.kind(sha) != "commit":
        raise Refused(404, NOT_FOUND)
    return Answer(body=shown.git_commit(ask.root, found, found.git.commit(sha)))


def tree(ask: Ask, found: Repository, sha: str) -> Answer:
    """Show a tree by SHA, or by the name of a branch or commit; any value of `recursive` means yes."""
    ask.may(found, "contents", "read")
    not_empty(found)
    named = found.git.commit_named(sha)
    real = found.git.tree_of(named or sha) if named or re.fullmatch(r"[0-9a-f]{40}", sha) else None
    if real is None:
        raise Refused(404, NOT_FOUND)
    entries = found.git.entries(real, recursive="recursive" in ask.query)
    cut = "recursive" in ask.query and len(entries) > found.tree_limit
    kept = entries[: found.tree_limit] if cut else entries
    return Answer(body=shown.tree(ask.root, found, real, kept, truncated=cut))


def blob(ask: Ask, found: Repository, sha: str) -> Answer:
    ask.may(found, "contents", "read")
    not_empty(found)
    if found.git.kind(sha) != "blob":
        raise Refused(404, NOT_FOUND)
    content = found.git.blob(sha)
    if "raw" in ask.headers.get("accept", ""):
        return Answer(raw=content)
    url = f"{shown.repository_url(ask.root, found)}/git/blobs/{sha}"
    told = {"sha": sha, "node_id": f"B_{sha}", "size": len(content), "url": url}
    return Answer(body={**told, "content": wrapped(content), "encoding": "base64"})


def contents(ask: Ask, found: Repository, path: str = "") -> Answer:
    ask.may(found, "contents", "read")
    if not found.git.branches():
        raise Refused(404, "This repository is empty.")
    name = ask.query.get("ref", found.default_branch)
    commit = found.git.commit_named(name)
    if commit is None:
        raise Refused(404, f"No commit found for the ref {name}")
    path = path.strip("/")
    entries = found.git.entries(commit, path) if path else []
    if path and not entries:
        raise Refused(404, NOT_FOUND)
    if not path or entries[0].kind == "tree":
        inside = found.git.entries(commit, f"{path}/") if path else found.git.entries(commit)
        return Answer(body=[_content(ask, found, entry, name) for entry in inside])
    content = found.git.blob(entries[0].sha) if entries[0].kind == "blob" else b""
    if "raw" in ask.headers.get("accept", ""):
        return Answer(raw=content)
    inline = len(content) <= MAX_INLINE
    told = {"content": wrapped(content) if inline else "", "encoding": "base64" if inline else "none"}
    return Answer(body={**_content(ask, found, entries[0], name), **told})


def _content(ask: Ask, found: Repository, entry: Entry, name: str) -> dict[str, Any]:
    place = shown.repository_url(ask.root, found)
    return {
        "type": "symlink" if entry.mode == "120000" else KINDS[entry.kind],
        "name": entry.path.rpartition("/")[2],
        "path": entry.path,
        "sha": entry.sha,
        "size": entry.size or 0,
        "url": f"{place}/contents/{entry.path}?ref={name}",
        "git_url": f"{place}/git/{entry.kind}s/{entry.sha}",
        "html_url": f"{ask.root}/{found.full_name}/blob/{name}/{entry.path}",
    }


def commits(ask: Ask, found: Repository) -> Answer:
    """List the history from `sha` (a branch or a commit), newest first; `path` keeps what touched it."""
    ask.may(found, "contents", "read")
    not_empty(found)
    start = found.git.commit_named(ask.query.get("sha", found.default_branch))
    if start is None:
        raise Refused(404, NOT_FOUND)
    path = ["--", ask.query["path"]] if "path" in ask.query else []
    page, headers = ask.page(found.git.shas(start, *path))
    return Answer(body=[shown.commit(ask.root, found, found.git.commit(sha)) for sha in page], headers=headers)


def commit(ask: Ask, found: Repository, ref: str) -> Answer:
    ask.may(found, "contents", "read")
    not_empty(found)
    sha = found.git.commit_named(ref)
    if sha is None:
        raise invalid(f"No commit found for SHA: {ref}")
    return Answer(body=shown.commit(ask.root, found, found.git.commit(sha)))


def compare(ask: Ask, found: Repository, base: str, head: str) -> Answer:
    """Compare two branches or commits; `status` says where the head stands, seen from the base."""
    ask.may(found, "contents", "read")
    git = found.git
    older, newer = (git.commit_named(each.rpartition(":")[2]) for each in (base, head))
    if older is None or newer is None:
        raise Refused(404, NOT_FOUND)
    meeting = git.merge_base(older, newer)
    if meeting is None:
        raise Refused(404, f"No common ancestor between {base} and {head}.")
    ahead, behind = git.shas(newer, f"^{older}", "--reverse"), git.shas(older, f"^{newer}")
    status = {(True, True): "diverged", (True, False): "ahead", (False, True): "behind", (False, False): "identical"}
    files = git.changed(meeting, newer)[:COMPARED_FILES]
    return Answer(
        body={
            "url": f"{shown.repository_url(ask.root, found)}/compare/{base}...{head}",
            "status": status[bool(ahead), bool(behind)],
            "ahead_by": len(ahead),
            "behind_by": len(behind),
            "total_commits": len(ahead),
            "base_commit": shown.commit(ask.root, found, git.commit(older)),
            "merge_base_commit": shown.commit(ask.root, found, git.commit(meeting)),
            "commits": [shown.commit(ask.root, found, git.commit(sha)) for sha in ahead[-COMPARED_COMMITS:]],
            "files": [{"filename": path, "status": STATUS[letter], "sha": sha} for letter, sha, path in files],
        }
    )
