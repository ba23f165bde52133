"""penstock detect: the facts of a repository, each with where it was read."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

from penstock.detection import detect
from penstock.detection.tree import LocalTree
from penstock.domain.facts import RepositoryFacts, ServiceFacts
from penstock.pipelines.about_repository import about_local
from penstock.pipelines.answers import FACT_FIELDS, facts_document
from penstock.surfaces.cli import exits
from penstock.surfaces.cli.tell import printable


async def run_detect(path: Path, *, as_json: bool) -> int:
    """Print the facts. Nothing recognisable is an answer too. Raises PathProblem."""
    tree, about = LocalTree(path), about_local(path)
    facts = detect(tree, name=about.name, name_from=about.name_from)
    facts = replace(facts, default_branch=about.default_branch or facts.default_branch)
    if as_json:
        sys.stdout.write(json.dumps(facts_document(facts), indent=2) + "\n")
        return exits.OK
    sys.stdout.write("\n".join(facts_lines(facts)) + "\n")
    return exits.OK


def facts_lines(facts: RepositoryFacts) -> list[str]:
    """Return the facts as lines of text, in columns: field, value, source."""
    if facts.primary is None:
        lines = [f"{printable(facts.name)}: nothing recognisable ({facts.file_count} files looked at)"]
        return lines + [f"  {printable(reason)}" for reason in facts.reasons]
    services = facts.services or (facts.primary,)
    lines = [
        f"{printable(facts.name)}: {len(services)} service{'s' if len(services) > 1 else ''}, {facts.file_count} files"
    ]
    if facts.monorepo:
        lines[0] += f", {printable(str(facts.monorepo))}"
    for service in services:
        lines += _service_lines(service)
    branch = facts.default_branch
    lines += [f"  default branch: {printable(branch.value)}  {branch.source}"] if branch is not None else []
    lines += [f"  existing {file.kind}: {printable(file.path)}" for file in facts.ci_files]
    return lines + [f"  note: {printable(reason)}" for reason in facts.reasons]


def _service_lines(service: ServiceFacts) -> list[str]:
    rows = [(field.removesuffix("_command").replace("_", " "), getattr(service, field)) for field in FACT_FIELDS]
    shown = [(name, printable(str(fact.value)), printable(str(fact.source))) for name, fact in rows if fact is not None]
    secrets = [printable(each.name) for each in service.env if each.secret]
    plain = [printable(each.name) for each in service.env if not each.secret]
    width = max((len(value) for _, value, _ in shown), default=0)
    lines = [f"  {printable(service.name)} ({service.kind}, {printable(service.path)})"]
    lines += [f"    {name:<16} {value:<{min(width, 44)}}  {source}" for name, value, source in shown]
    if secrets:
        lines.append(f"    {'secrets':<16} {', '.join(secrets)}")
    if plain:
        lines.append(f"    {'environment':<16} {', '.join(plain)}")
    return lines + [f"    {'missing ' + gap.field:<16} {printable(gap.reason)}" for gap in service.gaps]
