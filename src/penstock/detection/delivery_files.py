"""Existing delivery files, and those that Penstock itself wrote."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from penstock.domain.facts import CiFile

if TYPE_CHECKING:
    from penstock.detection.folder import Folder

LOCK = "docs/cicd/penstock.lock.json"
_KINDS: tuple[tuple[str, str], ...] = (
    (r"^\.github/workflows/[^/]+\.ya?ml$", "github-workflow"),
    (r"(^|/)[\w.-]*cloudbuild[\w.-]*\.(ya?ml|json)$", "cloudbuild"),
    (r"(^|/)clouddeploy[\w.-]*\.ya?ml$", "clouddeploy"),
    (r"(^|/)skaffold[\w.-]*\.ya?ml$", "skaffold"),
    (r"(^|/)kustomization\.ya?ml$", "kustomize"),
    (r"(^|/)Chart\.ya?ml$", "helm"),
    (r"(^|/)(k8s|kubernetes|kube|manifests)/(.+/)?[\w.-]*deployment[\w.-]*\.ya?ml$", "kubernetes"),
    (r"^\.gitlab-ci\.ya?ml$", "gitlab"),
    (r"(^|/)Jenkinsfile[\w.-]*$", "jenkins"),
    (r"^\.circleci/config\.ya?ml$", "circleci"),
    (r"^azure-pipelines[\w.-]*\.ya?ml$", "azure-pipelines"),
    (r"^\.travis\.ya?ml$", "travis"),
    (r"^bitbucket-pipelines\.ya?ml$", "bitbucket"),
    (r"^\.drone\.ya?ml$", "drone"),
    (r"^\.buildkite/[^/]+\.ya?ml$", "buildkite"),
    (r"^appveyor\.ya?ml$", "appveyor"),
    (r"^\.woodpecker(/[^/]+)?\.ya?ml$", "woodpecker"),
)
_COMPILED = tuple((re.compile(pattern), kind) for pattern, kind in _KINDS)


def ci_files(root: Folder) -> tuple[CiFile, ...]:
    """Return the delivery files of a repository."""
    found: list[CiFile] = []
    for path in root.below:
        if path.endswith((".yml", ".yaml", ".json")) or "Jenkinsfile" in path:
            kind = next((kind for pattern, kind in _COMPILED if pattern.search(path)), None)
            if kind is not None:
                found.append(CiFile(path, kind))
    return tuple(found)


def chosen_target(root: Folder) -> str | None:
    """Return the target that the repository's own lock file says somebody chose."""
    document = root.json(LOCK)
    target = document.get("chosen_target") if document else None
    return target if isinstance(target, str) else None


def managed_files(root: Folder) -> tuple[str, ...]:
    """Return the paths that the repository's own lock file lists as written by Penstock, former ones included."""
    return tuple(path for path, _ in managed_hashes(root))


def managed_hashes(root: Folder) -> tuple[tuple[str, str], ...]:
    """Return path and SHA-256 of what Penstock wrote, as its lock file says.

    A former file belongs to an earlier pipeline (of another target, say) and counts as long as it is there.
    """
    document = root.json(LOCK)
    files, former = (document.get("files"), document.get("former")) if document else (None, None)
    listed = {path: entry for path, entry in former.items() if root.has(path)} if isinstance(former, dict) else {}
    listed |= files if isinstance(files, dict) else {}
    return tuple(
        sorted((str(path), str(each.get("sha256")) if isinstance(each, dict) else "") for path, each in listed.items())
    )
