"""check, detect and explain: the commands that look and change nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from penstock.surfaces.cli import exits
from penstock.surfaces.cli.options import THIS_FOLDER, Json
from penstock.surfaces.cli.running import opener_of, run


def check(
    context: typer.Context,
    path: Annotated[Path, typer.Argument(help="Repository or single file to judge.")] = THIS_FOLDER,
    profile: Annotated[str, typer.Option(help="advisory, standard or soc2-strict.")] = "advisory",
    as_json: Json = False,
    sarif: Annotated[bool, typer.Option("--sarif", help="Print SARIF 2.1.0.")] = False,
) -> None:
    """Judge the delivery files a repository already has. Exit 0 clean, 1 violations, 2 could not judge."""
    from penstock.surfaces.cli.check import run_check

    if as_json and sarif:
        message = "--json and --sarif together are not possible: each prints one document."
        raise typer.BadParameter(message)
    work = run_check(opener_of(context), path, profile=profile, as_json=as_json, as_sarif=sarif)
    run(work, as_json=as_json or sarif, failed=exits.COULD_NOT)


def detect(
    path: Annotated[Path, typer.Argument(help="Folder of the repository.")] = THIS_FOLDER,
    as_json: Json = False,
) -> None:
    """Show what a repository is, each fact with its file and line."""
    from penstock.surfaces.cli.detect import run_detect

    run(run_detect(path, as_json=as_json), as_json=as_json)


def explain(
    place: Annotated[str, typer.Argument(metavar="FILE:LINE", help="A line of a generated file.")],
    repo: Annotated[
        Path | None, typer.Option("--repo", help="Folder of the repository; otherwise found upwards.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Say which skill, fact, policy or default put a line where it stands."""
    from penstock.surfaces.cli.explain import run_explain

    run(run_explain(place, repo, as_json=as_json), as_json=as_json)
