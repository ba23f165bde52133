"""A JavaScript program that is only a file or two: no package.json, no packages, started with node."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from penstock.detection.node_ports import port_of
from penstock.detection.node_version import version_of
from penstock.detection.searching import first
from penstock.detection.task_files import process
from penstock.domain.facts import Basis, ServiceFacts

if TYPE_CHECKING:
    from penstock.detection.folder import Folder

_NAMES = ("server.js", "index.js", "app.js", "main.js", "server.mjs", "index.mjs")
_FOR_NODE = re.compile(
    r"\brequire\(\s*['\"](?:node:)?(?:http|https|fs|net|path|os|process|child_process|url)['\"]"
    r"|from\s+['\"]node:|\bprocess\.(?:env|argv|exit)\b|\bmodule\.exports\b"
)
_MANIFEST = re.compile(r"\.(json|toml|lock|mod|xml|gradle|kts|sbt|exs|csproj|sln|ru)$|^(Gemfile|Rakefile|index\.html)$")


def alone(folder: Folder) -> ServiceFacts | None:
    """Return the facts of a program without a manifest, None when no file shows that Node runs it."""
    if any(_MANIFEST.search(name) for name in folder.names):
        return None
    hit = first(folder, (name for name in _NAMES if name in folder.names), _FOR_NODE)
    if hit is None:
        return None
    port, variable, listens = port_of(folder, None, None)
    version, version_kind = version_of(folder)
    return ServiceFacts(
        path=folder.path,
        name=folder.name,
        kind="web" if listens else "cli",
        ecosystem="node",
        language=folder.fact("javascript", hit.name, hit.line),
        runtime_version=version,
        runtime_kind=version_kind,
        start_command=process(folder, "web") or folder.fact(f"node {hit.name}", hit.name, basis=Basis.INFERRED),
        port=port if listens else None,
        port_env=variable if listens else None,
        gaps=tuple(folder.gaps),
    )
