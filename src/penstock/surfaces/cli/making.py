"""generate and plan: the commands that make a pipeline. Heavy imports happen inside: --help stays quick."""

from __future__ import annotations

from typing import Annotated

import typer

from penstock.surfaces.cli.options import (
    THIS_FOLDER,
    Cluster,
    DataDir,
    Env,
    Fallback,
    GenerateOptions,
    Json,
    Mode,
    Port,
    Project,
    Public,
    Region,
    ReleaseBranch,
    Repo,
    Runtime,
    ServiceName,
    Subpath,
    Target,
)
from penstock.surfaces.cli.running import opener_of, run


def generate(
    context: typer.Context,
    intent: Annotated[str, typer.Argument(help='What you want, e.g. "Create CI/CD pipeline for payment-api".')],
    repo: Repo = THIS_FOLDER,
    service_name: ServiceName = None,
    target: Target = None,
    runtime: Runtime = None,
    project: Project = None,
    region: Region = None,
    cluster: Cluster = None,
    port: Port = None,
    release_branch: ReleaseBranch = None,
    env: Env = None,
    public: Public = False,
    path: Subpath = ".",
    mode: Mode = "auto",
    fallback: Fallback = "on_breaker_open",
    branch: Annotated[
        str | None, typer.Option("--branch", help="Commit on this branch instead of writing files.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files Penstock did not write.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the diff and write nothing.")] = False,
    as_json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Generate a pipeline for a repository and deliver its files."""
    from penstock.surfaces.cli.generate import run_generate

    asked = GenerateOptions(
        repo, service_name, target, runtime, project, region, cluster, port, release_branch, tuple(env or ()), public,
        path, mode, fallback,
    )  # fmt: skip
    work = run_generate(
        opener_of(context),
        intent,
        asked,
        branch=branch,
        overwrite=overwrite,
        dry_run=dry_run,
        as_json=as_json,
        data_dir=data_dir,
    )
    run(work, as_json=as_json)


def plan(
    context: typer.Context,
    intent: Annotated[str, typer.Argument(help="What you want.")],
    repo: Repo = THIS_FOLDER,
    service_name: ServiceName = None,
    target: Target = None,
    runtime: Runtime = None,
    project: Project = None,
    region: Region = None,
    cluster: Cluster = None,
    port: Port = None,
    release_branch: ReleaseBranch = None,
    env: Env = None,
    public: Public = False,
    path: Subpath = ".",
    mode: Mode = "auto",
    fallback: Fallback = "on_breaker_open",
    as_json: Json = False,
) -> None:
    """Show facts, skills, steps, files and verdict; write and record nothing."""
    from penstock.surfaces.cli.generate import run_plan

    asked = GenerateOptions(
        repo, service_name, target, runtime, project, region, cluster, port, release_branch, tuple(env or ()), public,
        path, mode, fallback,
    )  # fmt: skip
    run(run_plan(opener_of(context), intent, asked, as_json=as_json), as_json=as_json)
