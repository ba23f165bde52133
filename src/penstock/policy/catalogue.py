"""The catalogue: what the METADATA of every rule says, as data (``python -m penstock.policy.catalogue``)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from penstock.kit.guarded_yaml import load

LIBRARY = Path(__file__).resolve().parent.parent / "library" / "policies"
_PROFILES = {
    "D": {"advisory": "deny", "standard": "deny", "soc2-strict": "deny"},
    "G": {"advisory": "warn", "standard": "deny", "soc2-strict": "deny"},
    "W": {"advisory": "warn", "standard": "warn", "soc2-strict": "warn"},
}


def metadata(source: str) -> dict[str, Any]:
    """Read the METADATA block at the head of a rule file."""
    head = source.partition("\npackage ")[0].removeprefix("# METADATA\n")
    found: dict[str, Any] = load("\n".join(line[2:] for line in head.splitlines()))
    return found


def catalogue(library: Path = LIBRARY) -> dict[str, Any]:
    """``{"rules": {id: {...}}}``: severities by profile, texts and controls, joined with findings in Rego."""
    rules = {}
    for path in sorted((library / "penstock" / "rules").rglob("*.rego")):
        if path.name.endswith("_test.rego"):
            continue
        about = metadata(path.read_text(encoding="utf-8"))
        custom = about["custom"]
        rules[custom["id"]] = {
            "title": about["title"],
            "description": about["description"].strip(),
            "severity": custom["severity"],
            "profiles": _PROFILES[custom["severity"]] | custom.get("profiles", {}),
            "message": custom["message"],
            "remediation": custom["remediation"],
            "controls": [f"{name.upper()}:{item}" for name, items in custom["controls"].items() for item in items],
            "applies_to": custom.get("applies_to", []),
            "waivable": custom["waivable"],
            **({"fixer": custom["fixer"]} if "fixer" in custom else {}),
            "docs": f"docs/policies.md#{custom['id'].replace('.', '')}",
        }
    return {"rules": rules}


def table(rule_ids: list[str]) -> str:
    """``penstock/main/table.rego``: every rule by its id, so that a rule that cannot run is missed."""
    lines = [
        "# METADATA",
        "# title: Every rule by id",
        "# description: Written by penstock.policy.catalogue; do not edit.",
        "package penstock.main.table",
        "",
        "# All rules are read at once: the embedded engine searches every file anew for each path below data.",
        "rules := data.penstock.rules",
        "",
        "results := {",
        *(f'\t"{rule_id}": rules.{rule_id}.findings,' for rule_id in sorted(rule_ids)),
        "}",
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write catalogue and table beside the rules."""
    found = catalogue()
    (LIBRARY / "data" / "catalogue" / "data.json").write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    (LIBRARY / "penstock" / "main" / "table.rego").write_text(table(list(found["rules"])), encoding="utf-8")


if __name__ == "__main__":
    main()
