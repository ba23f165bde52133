"""Workspaces of JavaScript repositories: who is a member, which tool runs them, and Nx applications."""

from __future__ import annotations

import re
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from penstock.domain.facts import Basis, Fact, ServiceFacts

if TYPE_CHECKING:
    from penstock.detection.folder import Folder


def workspace_of(folder: Folder) -> Fact[str] | None:
    """Return the kind of workspace a folder is the root of: turborepo, nx, lerna or PROGRAM-workspaces."""
    manifest = folder.json("package.json")
    if manifest is None:
        return None
    for name, kind in (("turbo.json", "turborepo"), ("turbo.jsonc", "turborepo"), ("nx.json", "nx")):
        if folder.has(name):
            return folder.fact(kind, name)
    if patterns_of(folder):
        if folder.has("pnpm-workspace.yaml"):
            return folder.fact("pnpm-workspaces", "pnpm-workspace.yaml")
        manager = str(manifest.get("packageManager") or "").partition("@")[0]
        if not manager:
            locks = (("yarn.lock", "yarn"), ("bun.lock", "bun"), ("bun.lockb", "bun"))
            manager = next((owner for lock, owner in locks if folder.has(lock)), "npm")
        return folder.fact(f"{manager}-workspaces", "package.json", manifest.line("workspaces"), "workspaces")
    return folder.fact("lerna", "lerna.json") if folder.has("lerna.json") else None


def patterns_of(folder: Folder) -> tuple[str, ...]:
    """Return the member globs of a workspace root, as package.json and pnpm-workspace.yaml give them."""
    found: list[Any] = []
    manifest = folder.json("package.json")
    if manifest is not None:
        listed = manifest.get("workspaces")
        listed = listed.get("packages") if isinstance(listed, dict) else listed
        found += listed if isinstance(listed, list) else []
    document = folder.yaml("pnpm-workspace.yaml")
    if document is not None and isinstance(document.value, dict):
        listed = document.value.get("packages")
        found += listed if isinstance(listed, list) else []
    return tuple(str(each).removeprefix("./").rstrip("/") for each in found)


def is_member(path: str, patterns: tuple[str, ...]) -> bool:
    """Whether a folder (relative to the root) fits the member globs; ``!`` excludes."""
    kept = False
    for pattern in patterns:
        if fnmatchcase(path, pattern.removeprefix("!").replace("/**", "/*")):
            kept = not pattern.startswith("!")
    return kept


def nx_application(folder: Folder, facts: ServiceFacts) -> ServiceFacts:
    """Complete a root that is an Nx workspace: its commands run through nx when no script does it."""
    if not folder.has("nx.json"):
        return facts
    applications = [path for path in folder.files("apps/*/project.json") if not re.search(r"-e2e/", path)]
    applications += ["project.json"] if folder.has("project.json") and not applications else []
    for path in applications:
        document = folder.json(path)
        if document is None or document.get("projectType") == "library":
            continue
        name = str(document.get("name") or path.split("/")[-2])
        targets = document.get("targets")
        targets = targets if isinstance(targets, dict) else {}
        changes: dict[str, Any] = {}
        for field, target in (("build_command", "build"), ("test_command", "test"), ("lint_command", "lint")):
            if getattr(facts, field) is None and target in targets:
                line = document.line("targets", target)
                changes[field] = folder.fact(f"npx nx {target} {name}", path, line, f"targets.{target}")
        output = document.get("targets", "build", "options", "outputPath")
        vague = facts.start_command is None or facts.start_command.basis is not Basis.FILE
        if vague and isinstance(output, str) and "serve" in targets:
            line = document.line("targets", "build", "options", "outputPath")
            changes["start_command"] = folder.fact(f"node {output}/main.js", path, line, "outputPath", Basis.INFERRED)
        if facts.kind == "library" and ("start_command" in changes or facts.framework is not None):
            changes["kind"] = "web" if facts.framework is not None else "cli"
        return replace(facts, **changes)
    return facts
