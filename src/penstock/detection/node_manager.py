"""Which package manager a Node folder uses, and how it installs and runs scripts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from penstock.domain.facts import Basis, Fact

if TYPE_CHECKING:
    from penstock.detection.folder import Folder
    from penstock.kit.located import Located

LOCKFILES: tuple[tuple[str, str], ...] = (
    ("pnpm-lock.yaml", "pnpm"),
    ("bun.lock", "bun"),
    ("bun.lockb", "bun"),
    ("yarn.lock", "yarn"),
    ("package-lock.json", "npm"),
    ("npm-shrinkwrap.json", "npm"),
)
_NAMED = re.compile(r"^(npm|yarn|pnpm|bun)(?:@\^?v?(\d[\w.-]*))?")
_MENTION = re.compile(r"\b(npm|yarn|pnpm|bun) (?:ci|install|run|i)\b")
_FROZEN = {
    "npm": "npm ci",
    "yarn1": "yarn install --frozen-lockfile",
    "yarn-berry": "yarn install --immutable",
    "pnpm": "pnpm install --frozen-lockfile",
    "bun": "bun install --frozen-lockfile",
}
"""Commands that fail instead of changing the lock file; each needs one."""
_LOOSE = {"pnpm": "pnpm install --no-frozen-lockfile", "bun": "bun install", "npm": "npm install"}


@dataclass(frozen=True)
class Manager:
    """A package manager, as this repository uses it."""

    fact: Fact[str]
    version: str | None
    lockfile: Fact[str] | None
    install: Fact[str]
    traits: tuple[Fact[str], ...]

    @property
    def program(self) -> str:
        """The program on the command line."""
        return "yarn" if self.fact.value.startswith("yarn") else self.fact.value

    def run(self, script: str) -> str:
        """Return the command that runs a script of package.json."""
        if self.program == "npm":
            return f"npm {script}" if script in {"test", "start"} else f"npm run {script}"
        return f"bun run {script}" if self.program == "bun" else f"{self.program} {script}"


def manager_of(folder: Folder, manifest: Located) -> Manager:
    """Decide by the packageManager field, then by lock files, here and above, then by engines; else npm."""
    places = (folder, *folder.parents)
    lock_place, lock = _lockfile(places)
    named = _named(places, manifest)
    if named is not None:
        name, version, fact = named
    elif lock is not None and lock_place is not None:
        name, version = dict(LOCKFILES)[lock], None
        fact = lock_place.fact(name, lock, detail="lock file")
    elif (asked := _asked(places, manifest)) is not None:
        name, version, fact = asked
    else:
        name, version = "npm", None
        fact = folder.fact("npm", "package.json", detail="no lock file and no packageManager", basis=Basis.CONVENTION)
    if lock is not None and lock_place is not None and dict(LOCKFILES)[lock] != name:
        found = next((each for each, owner in LOCKFILES if owner == name and lock_place.has(each)), None)
        if found is None:
            folder.gap("lockfile", f"the project names {name}, but its lock file is {lock_place.full(lock)}")
        lock = found
    kind = _yarn(places, lock_place, lock, version) if name == "yarn" else name
    kept = lock_place.fact(lock, lock) if lock and lock_place else None
    if kept is not None and lock_place is not None and lock is not None:
        kept = Fact(lock_place.full(lock), kept.source)
    return Manager(
        fact=Fact(kind, fact.source, fact.basis),
        version=version,
        lockfile=kept,
        install=_install(kind, kept, folder),
        traits=(*_traits(places, kind, manifest), *_format(kind, lock_place, lock)),
    )


def _install(kind: str, lock: Fact[str] | None, folder: Folder) -> Fact[str]:
    if lock is not None:
        return Fact(_FROZEN[kind], lock.source, Basis.CONVENTION)
    command = _LOOSE.get(kind, "yarn install")
    return folder.fact(command, "package.json", detail="no lock file", basis=Basis.CONVENTION)


def _lockfile(places: tuple[Folder, ...]) -> tuple[Folder | None, str | None]:
    """Return the nearest lock file; one above counts only beside a package.json of its own (a workspace root)."""
    for place in places:
        if place is not places[0] and not place.has("package.json") and not place.has("pnpm-workspace.yaml"):
            continue
        here = [lock for lock, _ in LOCKFILES if place.has(lock)]
        if len({dict(LOCKFILES)[lock] for lock in here}) > 1:
            here = _by_mention(place, here)
        if here:
            return place, here[0]
    return None, None


def _by_mention(place: Folder, locks: list[str]) -> list[str]:
    """Two managers left a lock file: the one that build files and workflows call is in use."""
    counts: dict[str, int] = {}
    files = ("Dockerfile", "README.md", "Makefile", *place.files(".github/workflows/*"))
    for name in files:
        weight = 1 if name == "README.md" else 3
        for match in _MENTION.finditer(place.text(name) or ""):
            counts[match.group(1)] = counts.get(match.group(1), 0) + weight
    return sorted(locks, key=lambda lock: -counts.get(dict(LOCKFILES)[lock], 0))


def _named(places: tuple[Folder, ...], manifest: Located) -> tuple[str, str | None, Fact[str]] | None:
    for place in places:
        document = manifest if place is places[0] else place.json("package.json")
        if document is None:
            continue
        match = _NAMED.match(str(document.get("packageManager") or ""))
        if match:
            fact = place.fact(match[1], "package.json", document.line("packageManager"), "packageManager")
            return match[1], match[2], fact
        wanted: Any = document.get("devEngines", "packageManager")
        if isinstance(wanted, dict) and _NAMED.fullmatch(str(wanted.get("name"))):
            line = document.line("devEngines", "packageManager")
            name = str(wanted["name"])
            return name, None, place.fact(name, "package.json", line, "devEngines.packageManager")
        volta = [name for name in ("pnpm", "yarn") if document.get("volta", name)]
        if volta:
            line = document.line("volta", volta[0])
            return volta[0], str(document.get("volta", volta[0])), place.fact(volta[0], "package.json", line, "volta")
    return None


def _asked(places: tuple[Folder, ...], manifest: Located) -> tuple[str, str | None, Fact[str]] | None:
    """Return the manager that only ``engines`` or the start script names; npm is in every engines table."""
    for name in ("pnpm", "yarn", "bun"):
        wanted = manifest.get("engines", name)
        if isinstance(wanted, str) and re.search(r"\d|\*", wanted):
            digits = re.match(r"v?(\d+(?:\.\d+)*)$", wanted.strip())
            line = manifest.line("engines", name)
            return name, digits[1] if digits else None, places[0].fact(name, "package.json", line, f"engines.{name}")
    start = manifest.get("scripts", "start")
    if isinstance(start, str) and re.match(r"bun\s", start):
        return "bun", None, places[0].fact("bun", "package.json", manifest.line("scripts", "start"), "scripts.start")
    return None


def _yarn(places: tuple[Folder, ...], lock_place: Folder | None, lock: str | None, version: str | None) -> str:
    if version is not None:
        return "yarn1" if version.startswith(("0", "1")) else "yarn-berry"
    if lock and lock_place and "__metadata:" in (lock_place.text(lock) or "")[:2000]:
        return "yarn-berry"
    berry = any(place.has(".yarnrc.yml") for place in places) and not lock
    return "yarn-berry" if berry else "yarn1"


def _traits(places: tuple[Folder, ...], kind: str, manifest: Located) -> tuple[Fact[str], ...]:
    found: list[Fact[str]] = []
    if kind == "yarn-berry":
        settings = next((place for place in places if place.has(".yarnrc.yml")), None)
        document = settings.yaml(".yarnrc.yml") if settings else None
        linker = document.value.get("nodeLinker") if document and isinstance(document.value, dict) else None
        if linker in {None, "pnp"}:
            where = settings.source(".yarnrc.yml") if settings else places[0].source("package.json")
            found.append(Fact("pnp", where, Basis.FILE if linker else Basis.CONVENTION))
    for table in ("dependencies", "devDependencies"):
        for name, wanted in _items(manifest, table):
            if isinstance(wanted, str) and re.match(r"github:|git\+|git://|[\w-]+/[\w.-]+$", wanted):
                found.append(
                    places[0].fact("install-needs-git", "package.json", manifest.line(table, name), f"{table}.{name}")
                )
                return tuple(found)
    return tuple(found)


def _format(kind: str, place: Folder | None, lock: str | None) -> tuple[Fact[str], ...]:
    """Return the format of a pnpm lock file: each major version of pnpm reads its own."""
    if kind != "pnpm" or place is None or lock is None:
        return ()
    for number, line in enumerate(place.lines(lock)[:5], 1):
        match = re.match(r"lockfileVersion:\s*['\"]?([\d.]{1,8})", line)
        if match:
            return (place.fact("lockfile-version", lock, number, match[1]),)
    return ()


def _items(manifest: Located, table: str) -> list[tuple[str, Any]]:
    value = manifest.get(table)
    return list(value.items()) if isinstance(value, dict) else []
