"""A folder of policies as engines take it: rules, data, and the digest of both."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from penstock.errors import PolicyEngineUnavailable


@dataclass(frozen=True)
class Sources:
    """``penstock/**/*.rego`` (tests left out), by path, and ``data/**/data.json`` of a folder."""

    policies: dict[str, str]
    data: dict[str, Any]
    revision: str

    @property
    def catalogue(self) -> Mapping[str, Mapping[str, Any]]:
        """Rule id -> what the catalogue says of it."""
        rules: dict[str, dict[str, Any]] = self.data["catalogue"]["rules"]
        return rules


def read_sources(folder: Path) -> Sources:
    """Read a folder. Raises PolicyEngineUnavailable when it cannot be read or holds no rules, or no catalogue."""
    try:
        policies = {
            path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
            for path in sorted((folder / "penstock").rglob("*.rego"))
            if not path.name.endswith("_test.rego")
        }
        data = _data(folder / "data")
    except (OSError, ValueError) as problem:
        raise PolicyEngineUnavailable(f"The policies in {folder} cannot be read: {str(problem)[:300]}") from problem
    if not policies or not data.get("catalogue", {}).get("rules"):
        raise PolicyEngineUnavailable(f"{folder} holds no rules, or no catalogue of them.")
    return Sources(policies, data, _digest(folder, policies, data))


def _data(folder: Path) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for path in sorted(folder.rglob("data.json")):
        branch = data
        parts = path.relative_to(folder).parent.parts
        for part in parts[:-1]:
            branch = branch.setdefault(part, {})
        branch[parts[-1]] = json.loads(path.read_text(encoding="utf-8"))
    return data


def _digest(folder: Path, policies: dict[str, str], data: dict[str, Any]) -> str:
    digest = hashlib.sha256()
    digest.update(json.dumps([sorted(policies.items()), data], sort_keys=True).encode())
    stamp = folder / "VERSION"
    prefix = stamp.read_text(encoding="utf-8").strip() + "+" if stamp.is_file() else ""
    return f"{prefix}{digest.hexdigest()[:40]}"
