"""What a file is, by its content: never by its name alone (H65). A YAML stream is asked document by document."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

DOCS = re.compile(r"\.(md|markdown|rst|adoc|txt)$", re.IGNORECASE)
IGNORES = re.compile(r"(^|/|ockerfile[\w.-]*)\.(docker|gcloud)ignore$")
CONFIG = re.compile(
    r"""(?x)
    (^|/)(
        \.env(\.[\w.-]+)?|[\w.-]+\.env|\.envrc|\.npmrc|\.yarnrc|\.pypirc|\.netrc|\.dockercfg|\.docker/config\.json|\.my\.cnf|\.pgpass
        |[\w.-]+\.(properties|ini|toml|cfg|conf|tfvars|tf)
        |[\w.-]*(service[-_]?account|credentials?|firebase-adminsdk)[\w.-]*\.json
        |([\w.-]+[-_.])?(key|keyfile|sa)\.json
        |values[\w.-]*\.ya?ml|(application|bootstrap)[\w.-]*\.ya?ml|appsettings[\w.-]*\.json
        |id_(rsa|dsa|ecdsa|ed25519)|[\w.-]+\.(pem|key|ppk|asc)
    )$
    |^(\.gitlab-ci|\.travis|\.drone|bitbucket-pipelines|appveyor|azure-pipelines[\w.-]*)\.ya?ml$
    |^\.(circleci|buildkite|woodpecker|semaphore|tekton)/[\w./-]+\.ya?ml$
    """
)
"""Files that no rule understands, but in which secrets are looked for: settings, keys, other services' CI."""
SCRIPTS = re.compile(r"\.(sh|bash|zsh|ps1|bat|cmd|py|js|mjs|ts|rb|pl)$|(^|/)(Makefile|Jenkinsfile|Justfile)$")
CLAIMS = (
    (re.compile(r"(^|/)[\w.-]*cloudbuild[\w.-]*\.(ya?ml|json)$", re.IGNORECASE), "cloudbuild"),
    (re.compile(r"(^|/)clouddeploy[\w.-]*\.ya?ml$", re.IGNORECASE), "clouddeploy"),
    (re.compile(r"(^|/)skaffold[\w.-]*\.ya?ml$", re.IGNORECASE), "skaffold"),
    (re.compile(r"(^|/)kustomization\.ya?ml$"), "kustomization"),
    (re.compile(r"(^|/)(docker-)?compose[\w.-]*\.ya?ml$"), "compose"),
    (re.compile(r"^\.github/workflows/[^/]+\.ya?ml$"), "github-workflow"),
    (re.compile(r"(^|/)(Dockerfile|Containerfile)([._-][\w.-]+)?$|\.[Dd]ockerfile$"), "dockerfile"),
)
"""What a name promises; used to choose files and to tell when the content is something else."""

_BUILD_ONLY = frozenset(
    {
        "name",
        "args",
        "entrypoint",
        "id",
        "waitFor",
        "wait_for",
        "env",
        "secretEnv",
        "secret_env",
        "dir",
        "script",
        "volumes",
        "allowFailure",
    }
)
_FOREIGN_STEP = frozenset(
    {
        "task",
        "displayName",
        "checkout",
        "powershell",
        "pwsh",
        "bash",
        "template",
        "publish",
        "download",
        "uses",
        "with",
        "run",
        "image",
        "commands",
        "command",
        "plugins",
        "label",
    }
)
_BUILD_TOP = frozenset(
    {"availableSecrets", "available_secrets", "substitutions", "logsBucket", "serviceAccount", "options", "images"}
)
_KUSTOMIZE = frozenset(
    {
        "resources",
        "bases",
        "patches",
        "patchesStrategicMerge",
        "namePrefix",
        "commonLabels",
        "configMapGenerator",
        "secretGenerator",
        "images",
        "namespace",
        "labels",
        "components",
        "replicas",
        "generatorOptions",
        "commonAnnotations",
        "patchesJson6902",
        "nameSuffix",
    }
)
_GROUPS = (
    ("deploy.cloud.google.com/", "clouddeploy"),
    ("skaffold/", "skaffold"),
    ("serving.knative.dev/", "cloudrun"),
    ("run.googleapis.com/", "cloudrun"),
    ("kustomize.config.k8s.io/", "kustomization"),
)


@lru_cache(maxsize=4096)
def claimed_kind(path: str) -> str | None:
    """Return what the file's name promises."""
    if IGNORES.search(path) or DOCS.search(path):
        return None
    return next((kind for pattern, kind in CLAIMS if pattern.search(path)), None)


@lru_cache(maxsize=4096)
def kind_of_text(path: str) -> str:
    """Return the kind of a file that is no YAML and that its name makes text to us, "" for any other."""
    kinds = (("dockerignore", IGNORES), ("docs", DOCS), ("script", SCRIPTS), ("config", CONFIG))
    return next((kind for kind, pattern in kinds if pattern.search(path)), "")


def document_kind(value: Any) -> str:
    """Return the kind of one parsed document, ``unknown`` when no rule understands it."""
    if not isinstance(value, dict):
        return "unknown"
    version = value.get("apiVersion")
    if isinstance(version, str):
        return next(
            (kind for start, kind in _GROUPS if version.startswith(start)), "k8s" if "kind" in value else "unknown"
        )
    for kind, test in (
        ("github-workflow", _is_workflow),
        ("compose", _is_compose),
        ("cloudbuild", _is_build),
        (
            "kustomization",
            lambda each: bool(each) and set(each) <= _KUSTOMIZE and bool(set(each) & {"resources", "bases"}),
        ),
        ("k8s", lambda each: isinstance(each.get("kind"), str) and isinstance(each.get("metadata"), dict)),
        ("lock", lambda each: "spec_digest" in each and isinstance(each.get("files"), dict)),
    ):
        if test(value):
            return kind
    return "unknown"


def _is_workflow(value: dict[str, Any]) -> bool:
    jobs = value.get("jobs")
    if not isinstance(jobs, dict):
        return False
    started = "on" in value or "true" in value
    return started or any(isinstance(job, dict) and ("runs-on" in job or "uses" in job) for job in jobs.values())


def _is_compose(value: dict[str, Any]) -> bool:
    services = value.get("services")
    return isinstance(services, dict) and any(
        isinstance(each, dict) and {"image", "build", "extends", "command", "environment"} & set(each)
        for each in services.values()
    )


def _is_build(value: dict[str, Any]) -> bool:
    steps = value.get("steps")
    if isinstance(steps, list) and steps:
        keys = {key for step in steps if isinstance(step, dict) for key in step}
        return bool(keys & _BUILD_ONLY) and not keys & _FOREIGN_STEP and "kind" not in value
    return len(_BUILD_TOP & set(value)) > 1 or ("steps" in value and bool(_BUILD_TOP & set(value)))
