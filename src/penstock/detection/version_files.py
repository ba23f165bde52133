"""Version files several languages share: .tool-versions (asdf) and mise.toml."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.domain.facts import Fact

if TYPE_CHECKING:
    from penstock.detection.folder import Folder

MISE_FILES = ("mise.toml", ".mise.toml", ".config/mise.toml", "mise/config.toml")


def tool_version(folder: Folder, *tools: str) -> Fact[str] | None:
    """Return the version the folder's .tool-versions or mise file asks of a tool; ``latest`` is none."""
    for number, line in enumerate(folder.lines(".tool-versions"), 1):
        words = line.split("#")[0].split()
        if len(words) > 1 and words[0] in tools and words[1] not in {"latest", "system"}:
            return folder.fact(words[1].removeprefix("v"), ".tool-versions", number, line.strip())
    for name in MISE_FILES:
        document = folder.toml(name)
        if document is None:
            continue
        for tool in tools:
            value = document.get("tools", tool)
            value = value.get("version") if isinstance(value, dict) else value
            value = value[0] if isinstance(value, list) and value else value
            if isinstance(value, str | int | float) and str(value) not in {"latest", "system", "lts"}:
                return folder.fact(str(value).removeprefix("v"), name, document.line("tools", tool), f"tools.{tool}")
    return None
