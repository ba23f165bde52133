"""Whether a Node project installs from its manifest and lock file alone: an image may then do that in a layer apart."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from penstock.detection.node_frameworks import table

if TYPE_CHECKING:
    from penstock.detection.folder import Folder
    from penstock.detection.node_manager import Manager
    from penstock.domain.facts import Fact
    from penstock.kit.located import Located

MARK = "installs-from-manifest"
"""Its detail names the files an install needs, separated by spaces."""
_SETTINGS = {"npm": (".npmrc",), "yarn1": (".npmrc",), "pnpm": (".npmrc",), "bun": (".npmrc", "bunfig.toml")}
_ELSEWHERE = (".yarnrc", ".yarnrc.yml", ".pnpmfile.cjs", ".pnp.cjs", "pnpm-workspace.yaml", "lerna.json", "patches")
"""Files that make an install read more than the manifest; yarn's newer releases always do."""
_HOOKS = ("preinstall", "install", "postinstall", "prepublish", "prepare")
_HUSKY = re.compile(r"husky(?: install)?(?: \|\| (?:true|exit 0|:))?")
"""Does nothing where HUSKY=0 is set, as the image build does."""
_LOCAL = re.compile(r"(?:file|link|portal|workspace|patch|exec):|\.{0,2}/|~/")
_LOOKS_AROUND = frozenset({"prisma", "@prisma/client", "zenstack", "msw"})
"""Packages whose own install scripts read the project's other files."""


def manifest_install(folder: Folder, manifest: Located, manager: Manager) -> tuple[Fact[str], ...]:
    """Return the mark when package.json, the lock file and the manager's settings are all that an install reads."""
    lock, settings = manager.lockfile, _SETTINGS.get(manager.fact.value)
    if lock is None or settings is None or lock.value != folder.full(lock.source.path.rpartition("/")[2]):
        return ()
    if any(folder.has(name) or name in folder.names for name in _ELSEWHERE) or folder.files("patches/*"):
        return ()
    if manifest.get("workspaces") or any(manifest.get(name, "patchedDependencies") for name in ("pnpm", "bun")):
        return ()
    if manifest.get("patchedDependencies") or _hooked(manifest) or _local(manifest):
        return ()
    own = lock.value.rpartition("/")[2]
    needed = ["package.json", own, *(name for name in settings if folder.has(name))]
    return (folder.fact(MARK, own, detail=" ".join(needed)),)


def _hooked(manifest: Located) -> bool:
    scripts = table(manifest, "scripts")
    written = [str(scripts[name]).strip() for name in _HOOKS if scripts.get(name)]
    return any(not _HUSKY.fullmatch(body) for body in written)


def _local(manifest: Located) -> bool:
    """Whether a dependency lies in the repository, or looks around in it when it is installed."""
    for name in ("dependencies", "devDependencies", "optionalDependencies", "overrides", "resolutions"):
        for package, wanted in table(manifest, name).items():
            if package in _LOOKS_AROUND or any(_LOCAL.match(each) for each in _texts(wanted)):
                return True
    return False


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for each in value.values() for text in _texts(each)]
    return [value] if isinstance(value, str) else []
