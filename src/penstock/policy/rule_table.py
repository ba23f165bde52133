"""The rules as a part of docs/policies.md, written from their METADATA (``python -m penstock.policy.rule_table``)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from penstock.policy.catalogue import catalogue

_BEGIN = "<!-- rules: written by penstock.policy.rule_table -->"
_END = "<!-- end of rules -->"
_WORDS = {"deny": "denies", "warn": "warns"}
_PROFILES = ("advisory", "standard", "soc2-strict")


def inserted(page: str, found: dict[str, Any]) -> str:
    """Return the page with its rule part made anew. Raises ValueError when the page has no place for it."""
    before, begun, rest = page.partition(_BEGIN)
    _, ended, after = rest.partition(_END)
    if not begun or not ended:
        message = f"The page has no place for the rules: it needs {_BEGIN} and {_END}."
        raise ValueError(message)
    return f"{before}{_BEGIN}\n\n{rule_part(found)}\n{_END}{after}"


def rule_part(found: dict[str, Any]) -> str:
    """Return an overview of all rules, then one heading for each."""
    rules: dict[str, dict[str, Any]] = found["rules"]
    lines = ["| rule | advisory | standard | soc2-strict | what it finds |", "|---|---|---|---|---|"]
    for rule_id, about in rules.items():
        words = " | ".join(_WORDS[about["profiles"][profile]] for profile in _PROFILES)
        anchor = about["docs"].partition("#")[2]
        lines.append(f"| [{rule_id}](#{anchor}) | {words} | {about['title']} |")
    for package in sorted({rule_id.rpartition(".")[0] for rule_id in rules}):
        lines += ["", f"## {package}"]
        for rule_id, about in rules.items():
            if rule_id.rpartition(".")[0] == package:
                lines += ["", *_rule(rule_id, about)]
    return "\n".join(lines) + "\n"


def _rule(rule_id: str, about: dict[str, Any]) -> list[str]:
    kinds = ", ".join(about["applies_to"]) or "every file"
    waiver = "may be waived" if about["waivable"] else "cannot be waived"
    return [
        f"### {rule_id}",
        "",
        f"{about['description']} It says: `{about['message']}`.",
        "",
        f"To do: {about['remediation']}",
        "",
        f"Looks at: {kinds}; {waiver}. Controls: {', '.join(about['controls'])}.",
    ]


def main() -> None:
    """Write the rules into docs/policies.md of a checkout."""
    page = Path(__file__).resolve().parents[3] / "docs" / "policies.md"
    page.write_text(inserted(page.read_text(encoding="utf-8"), catalogue()), encoding="utf-8")


if __name__ == "__main__":
    main()
