"""Where the pipeline deploys to: what was asked for, else what the sentence says, else what the repository shows."""

from __future__ import annotations

import re

from penstock.domain.facts import RepositoryFacts
from penstock.domain.pipelines import Options
from penstock.domain.spec import Origin
from penstock.errors import InvalidConfiguration

CLOUD_RUN, GKE, NONE = "cloud-run", "gke", "none"
TARGETS = (CLOUD_RUN, GKE, NONE)
DEFAULT = CLOUD_RUN
_WORDS = (
    (CLOUD_RUN, re.compile(r"\bcloud[ -]?run\b")),
    (GKE, re.compile(r"\b(?:gke|kubernetes|k8s|kubectl|kustomize|helm|google kubernetes engine)\b")),
    (
        NONE,
        re.compile(
            r"\b(?:build(?: and (?:push|test))?[ -]only|only (?:build|test)(?:s| and push)?"
            r"|(?:no|without(?: any)?|don't|do not|never) deploy(?:ment|ments|ing|s)?)\b"
        ),
    ),
)
_NEGATED = re.compile(
    r"\b(?:not|no|without|never|don't|isn't|instead of|rather than|away from|from|off|leave|leaving|replace|replacing)"
    r"(?: (?:a|an|any|on|to|for|the|our|use|using|want|need|google))*[ \"']*$"
)
_SHOWN = 80
_MANAGED = ((GKE, re.compile(r"deploy/[^/]+/k8s/")), (CLOUD_RUN, re.compile(r"deploy/[^/]+/run/")))
_KUBERNETES_FILES = frozenset({"kubernetes", "kustomize", "helm"})


def target_of(intent: str, facts: RepositoryFacts, options: Options) -> tuple[str, Origin]:
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
        return _said(intent) or (facts.chosen_target, chosen)
    kept = _kept(facts)
    return _said(intent) or (kept if kept is not None and kept[0] != plain[0] else plain)


def _said(intent: str) -> tuple[str, Origin] | None:
    """Read the sentence. Two targets in one sentence decide nothing, unless one of them is said to be left behind."""
    text = " ".join(intent.lower().replace("\u2019", "'").split())
    wanted: dict[str, str] = {}
    for target, pattern in _WORDS:
        for found in pattern.finditer(text):
            if target == NONE or not _NEGATED.search(text[: found.start()]):
                wanted.setdefault(target, found.group())
    if len(wanted) != 1:
        return None
    target, words = wanted.popitem()
    return target, Origin(kind="intent", ref=f"the words {words!r}")


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
