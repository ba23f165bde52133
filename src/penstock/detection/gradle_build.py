"""The scripts of a Gradle build, Groovy and Kotlin, read as text: subprojects, version catalog, convention plugins."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from penstock.detection.folder import Folder

SCRIPTS = ("build.gradle.kts", "build.gradle")
SETTINGS = ("settings.gradle.kts", "settings.gradle")
_CATALOG = "gradle/libs.versions.toml"
_FALSE = re.compile(r"^.*\bapply\s*\(?\s*false\b.*$", re.MULTILINE)


@dataclass(frozen=True)
class Build:
    """The scripts of one Gradle build; modules are paths relative to the folder, ``.`` for the root project."""

    folder: Folder

    @cached_property
    def settings(self) -> str | None:
        """The settings script's name."""
        return next((name for name in SETTINGS if name in self.folder.names), None)

    @cached_property
    def name(self) -> str:
        """The root project's name: as set, else its folder's."""
        match = re.search(r"rootProject\.name\s*=\s*[\"']([^\"'$]+)[\"']", self.plain(self.settings))
        return match[1] if match else self.folder.name or "app"

    @cached_property
    def modules(self) -> tuple[str, ...]:
        """The subprojects that have a build script."""
        text = self.plain(self.settings)
        listed = [
            name
            for match in re.finditer(r"\binclude\b\s*\(?([^)\n]*(?:,\s*\n[^)\n]*)*)", text)
            for name in re.findall(r"[\"']([^\"'$]+)[\"']", match[1])
        ]
        paths = [name.strip(":").replace(":", "/") for name in listed]
        return tuple(dict.fromkeys(path for path in paths if self.script(path) is not None))

    def script(self, module: str) -> str | None:
        """Return the path of a module's build script."""
        prefix = "" if module == "." else f"{module}/"
        last = module.rpartition("/")[2]
        names = (*SCRIPTS, f"{last}.gradle", f"{last}.gradle.kts") if module != "." else SCRIPTS
        return next((f"{prefix}{name}" for name in names if self.folder.has(f"{prefix}{name}")), None)

    def plain(self, name: str | None) -> str:
        """Return a script's text with comments blanked, so that lines stay where they are."""
        text = (self.folder.text(name) or "") if name else ""
        blank = lambda match: match[1] or re.sub(r"[^\n]", " ", match[0])  # noqa: E731 -- used right below and nowhere else
        return re.sub(
            r"(\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*')|//[^\n]*|/\*.*?(?:\*/|\Z)", blank, text, flags=re.DOTALL
        )

    def own_text(self, module: str) -> str:
        """Return a module's script with plugins of the version catalog spelled out and unapplied ones blanked."""
        text = _FALSE.sub("", self.plain(self.script(module)))
        text = re.sub(
            r"alias\(\s*libs\.plugins\.([\w.]+)\s*\)", lambda match: f'id("{self._catalog_plugin(match[1])}")', text
        )
        return re.sub(
            r"\blibs\.((?:bundles\.)?[\w.]+)", lambda match: f"{match[0]} {self._catalog_library(match[1])}", text
        )

    def text(self, module: str) -> str:
        """Return a module's script together with the convention plugins it applies."""
        own = self.own_text(module)
        applied = re.findall(r"id\s*\(?\s*[\"']([\w.-]+)[\"']|^\s*`?([\w.-]+)`?\s*$", own, re.MULTILINE)
        names = {first or second for first, second in applied}
        found = [
            path
            for path in self.conventions
            if path.rpartition("/")[2].removesuffix(".kts").removesuffix(".gradle") in names
        ]
        return "\n".join([own, *(_FALSE.sub("", self.plain(path)) for path in found)])

    @cached_property
    def conventions(self) -> tuple[str, ...]:
        """Scripts of buildSrc and build-logic that other scripts apply as plugins."""
        return tuple(
            name
            for name in self.folder.below
            if re.match(
                r"(buildSrc|build-logic|buildLogic|gradle/plugins|build-conventions)/.*src/main/\w+/.*\.gradle(\.kts)?$",
                name,
            )
        )

    def _catalog_plugin(self, accessor: str) -> str:
        return self._catalog_entry("plugins", accessor, "id")

    def _catalog_library(self, accessor: str) -> str:
        return self._catalog_entry("libraries", accessor, "module")

    def _catalog_entry(self, table: str, accessor: str, key: str) -> str:
        document = self.folder.toml(_CATALOG) if self.folder.has(_CATALOG) else None
        entries = document.get(table) if document else None
        for name, value in entries.items() if isinstance(entries, dict) else ():
            if re.sub(r"[-_]", ".", str(name)) == accessor:
                if isinstance(value, str):
                    return value.rpartition(":")[0] if value.count(":") == (1 if key == "id" else 2) else value
                if isinstance(value, dict):
                    return str(value.get(key) or f"{value.get('group', '')}:{value.get('name', '')}")
        return accessor

    def variable(self, name: str) -> str | None:
        """Return the value of a name used in a script: the version catalog, gradle.properties or a plain assignment."""
        name = name.strip().removesuffix("toInt()").rstrip(".").removesuffix(".get()").strip("\"'()")
        if re.fullmatch(r"(1[._])?\d{1,2}", name):
            return name.replace("_", ".")
        document = self.folder.toml(_CATALOG) if self.folder.has(_CATALOG) else None
        versions = document.get("versions") if document else None
        for key, value in versions.items() if isinstance(versions, dict) and name.startswith("libs.versions.") else ():
            if re.sub(r"[-_]", ".", str(key)) == name.removeprefix("libs.versions.") and isinstance(value, str):
                return value
        last = re.escape(name.rpartition(".")[2])
        for file in ("gradle.properties", self.script("."), *self.conventions):
            match = re.search(
                rf"\b{last}\b[\"']?\s*=\s*[\"']?(?:JavaVersion\.VERSION_)?((?:1[._])?\d{{1,2}})\b", self.plain(file)
            )
            if match:
                return match[1].replace("_", ".")
        return None
