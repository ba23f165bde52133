"""Which Node (or Bun) version a project asks for: a pin in a version file counts before a range in package.json."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from penstock.detection.version_files import tool_version
from penstock.domain.facts import Fact

if TYPE_CHECKING:
    from penstock.detection.folder import Folder

_ALIASES = {"node", "stable", "latest", "current", "lts", "*", "lts/*", "x"}
"""Names that mean whatever is newest; they decide nothing when anything else speaks."""


def kind_of(version: str) -> str:
    """Return pin, range or alias for a version as written."""
    if re.fullmatch(r"=?v?\d+(\.\d+)*", version):
        return "pin"
    return "range" if re.search(r"\d", version) and not version.startswith("lts/") else "alias"


def version_of(folder: Folder, *, bun: bool = False) -> tuple[Fact[str] | None, str | None]:
    """Return the version and its kind, looking here first and then in the folders above; Bun's where Bun runs it."""
    moving: Fact[str] | None = None
    for place in (folder, *folder.parents):
        for fact in _written(place):
            if fact.value.lower() not in _ALIASES:
                return fact, kind_of(fact.value)
            moving = moving or fact
    own = _of_bun(folder) if bun and moving is None else None
    if own is not None:
        return own, kind_of(own.value)
    return moving, "alias" if moving and moving.value != "*" else None


def _of_bun(folder: Folder) -> Fact[str] | None:
    for place in (folder, *folder.parents):
        written = next((line.strip() for line in place.lines(".bun-version") if line.strip()), "")
        if re.match(r"v?\d", written):
            return place.fact(written.removeprefix("v"), ".bun-version", 1)
        listed = tool_version(place, "bun")
        manifest = place.json("package.json")
        wanted = manifest.get("engines", "bun") if manifest else None
        if listed is None and manifest is not None and isinstance(wanted, str) and re.search(r"\d", wanted):
            listed = place.fact(wanted.strip(), "package.json", manifest.line("engines", "bun"), "engines.bun")
        if listed is not None:
            return listed
    return None


def _written(place: Folder) -> list[Fact[str]]:
    found: list[Fact[str]] = []
    for name in (".nvmrc", ".node-version"):
        for number, line in enumerate(place.lines(name), 1):
            written = line.split("#")[0].strip()
            if written:
                found.append(place.fact(written.removeprefix("v"), name, number))
                break
    listed = tool_version(place, "node", "nodejs")
    if listed is not None:
        found.append(listed)
    manifest = place.json("package.json")
    if manifest is not None:
        for keys in (("volta", "node"), ("engines", "node"), ("devEngines", "runtime", "version")):
            value = manifest.get(*keys)
            if isinstance(value, str) and value.strip() and value.strip() != "*":
                detail = ".".join(keys)
                found.append(place.fact(value.strip().removeprefix("v"), "package.json", manifest.line(*keys), detail))
    for number, line in enumerate(place.lines(".npmrc"), 1):
        match = re.match(r"\s*use-node-version\s*=\s*v?([\d.]+)", line)
        if match:
            found.append(place.fact(match[1], ".npmrc", number, "use-node-version"))
    return found
