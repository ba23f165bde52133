"""Where the pipeline deploys to when no sentence says so: what was asked for, else what the repository shows."""

from __future__ import annotations

import re

from penstock.domain.facts import RepositoryFacts
from penstock.domain.pipelines import Options
from penstock.domain.spec import Origin
from penstock.errors import InvalidConfiguration

CLOUD_RUN, GKE, NONE = "cloud-run", "gke", "none"
TARGETS = (CLOUD_RUN, GKE, NONE)
DEFAULT = CLOUD_RUN
_SHOWN = 80
_MANAGED = ((GKE, re.compile(r"deploy/[^/]+/k8s/")), (CLOUD_RUN, re.compile(r"deploy/[^/]+/run/")))
_KUBERNETES_FILES = frozenset({"kubernetes", "kustomize", "helm"})


def target_of(facts: RepositoryFacts, options: Options) -> tuple[str, Origin]:
    """Return cloud-run, gke or none, and what decided it. Raises InvalidConfiguration for a target that is none."""
    if options.target is not None:
        if options.target not in TARGETS:
            raise InvalidConfiguration(
                f"The target {options.target[:_SHOWN]!r} is not known; choose one of {', '.join(TARGETS)}.",
                fields=["options.target"],
            )
        return options.target, Origin(kind="request", ref="options.target")
    plain = _shown(facts) or (DEFAULT, Origin(kind="default", ref=f"target {DEFAULT}"))
    if facts.chosen_target in TARGETS:
        chosen = Origin(kind="request", ref="the target chosen before, as docs/cicd/penstock.lock.json says")
        return facts.chosen_target, chosen
    kept = _kept(facts)
    return kept if kept is not None and kept[0] != plain[0] else plain


def _kept(facts: RepositoryFacts) -> tuple[str, Origin] | None:
    """Return the target of the run before: somebody chose it, so it stays until somebody chooses another."""
    for target, pattern in _MANAGED:
        path = next((path for path in facts.managed_files if pattern.match(path)), None)
        if path is not None:
            return target, Origin(kind="request", ref=f"the target chosen before, which wrote {path}")
    if any(path.rpartition("/")[2].startswith("cloudbuild") for path in facts.managed_files):
        return NONE, Origin(kind="request", ref="the target chosen before, which wrote nothing to deploy")
    return None


def _shown(facts: RepositoryFacts) -> tuple[str, Origin] | None:
    """Read the repository: Kubernetes files of its own ask for Kubernetes."""
    own = set(facts.managed_files)
    files = [file for file in facts.ci_files if file.kind in _KUBERNETES_FILES and file.path not in own]
    if files:
        return GKE, Origin(kind="fact", ref=files[0].path, because=(f"existing {files[0].kind} file",))
    return None
