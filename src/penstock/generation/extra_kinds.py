"""What a further YAML file may ask of a cluster: settings and routes, nothing that gives rights or runs programs."""

from __future__ import annotations

from collections.abc import Mapping

from penstock.generation.words import shown
from penstock.kit.guarded_yaml import load_documents

_KINDS = frozenset(
    {
        "ConfigMap", "Ingress", "HTTPRoute", "GRPCRoute", "Gateway", "HealthCheckPolicy", "GCPBackendPolicy",
        "BackendConfig", "FrontendConfig", "ManagedCertificate", "NetworkPolicy", "PodDisruptionBudget",
        "HorizontalPodAutoscaler", "PodMonitoring", "ResourceQuota", "LimitRange",
    }
)  # fmt: skip


def kinds_problem(content: str) -> str | None:
    """Return why a YAML file may not be written for what it holds, None when it may."""
    try:
        documents = load_documents(content.encode())
    except ValueError:
        return "it is no YAML that can be read"
    for document in documents:
        value = document.value
        if value is None:
            continue
        kind = value.get("kind") if isinstance(value, Mapping) else None
        if not isinstance(kind, str) or kind not in _KINDS:
            what = f"the kind {shown(kind)}" if isinstance(kind, str) else "something without a kind"
            return f"it holds {what}; further files may hold {', '.join(sorted(_KINDS))}"
    return None
