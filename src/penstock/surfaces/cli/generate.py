"""penstock generate and penstock plan: the sentence at the command line."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from posixpath import normpath
from typing import TYPE_CHECKING

from penstock.delivery.local_checkout import checkout_of
from penstock.domain.pipelines import LOCAL_CALLER, GeneratePipeline, Options, StageEvent
from penstock.errors import PathProblem
from penstock.pipelines.answers import answer, plan_document
from penstock.surfaces.cli import exits
from penstock.surfaces.cli.show import next_lines, plan_lines, stage_line, written_lines
from penstock.surfaces.cli.tell import printable

if TYPE_CHECKING:
    from collections.abc import Callable

    from penstock.surfaces.cli.options import GenerateOptions
    from penstock.surfaces.cli.running import Opener


async def run_generate(
    opener: Opener,
    intent: str,
    asked: GenerateOptions,
    *,
    branch: str | None,
    overwrite: bool,
    dry_run: bool,
    as_json: bool,
    data_dir: Path | None,
) -> int:
    """Generate and deliver. Raises every PenstockError of Pipelines.generate."""
    delivery = "branch" if branch is not None else "files"
    asked = _from_root(asked)
    command = _command(intent, asked, delivery=delivery, branch=branch, overwrite=overwrite, dry_run=dry_run)
    async with opener.engine(data_dir=data_dir, record=not dry_run) as engine:
        result = await engine.pipelines.generate(LOCAL_CALLER, command, _live(as_json=as_json))
    if as_json:
        sys.stdout.write(json.dumps(answer(result), indent=2) + "\n")
        return exits.OK if result.plan.decision.allow else exits.DENIED
    lines = plan_lines(result.plan)
    if dry_run:
        from penstock.surfaces.cli.diff import diff_lines

        lines += diff_lines(asked.repo, result.plan.artifacts)
    else:
        lines += written_lines(result, asked.repo) + next_lines(result, asked.repo)
    sys.stdout.write("\n".join(lines) + "\n")
    return exits.OK if result.plan.decision.allow else exits.DENIED


async def run_plan(opener: Opener, intent: str, asked: GenerateOptions, *, as_json: bool) -> int:
    """Plan only. Exit 1 when the gate would refuse the files."""
    asked = _from_root(asked)
    command = _command(intent, asked, delivery="none", branch=None, overwrite=False, dry_run=True)
    async with opener.engine() as engine:
        plan = await engine.pipelines.plan(LOCAL_CALLER, command, _live(as_json=as_json))
    if as_json:
        sys.stdout.write(
            json.dumps({**plan_document(plan), "spec": plan.spec.model_dump(mode="json")}, indent=2) + "\n"
        )
    else:
        sys.stdout.write("\n".join(plan_lines(plan)) + "\n")
    return exits.OK if plan.decision.allow else exits.DENIED


def _from_root(asked: GenerateOptions) -> GenerateOptions:
    """Return the options with the git repository's root as the repository, and say so where another was named.

    Cloud Build starts at the root of what it checks out: files for a folder below it name their paths from there.
    """
    checkout = checkout_of(asked.repo) if asked.repo.is_dir() else None
    if checkout is None or not checkout.prefix:
        return asked
    inner = normpath(f"{checkout.prefix}/{asked.subpath.strip('/')}")
    top = _as_typed(checkout.top)
    sys.stderr.write(
        f"{printable(str(asked.repo))} is a folder of the git repository {printable(str(checkout.top))}, where builds"
        f" start: taken as --repo {printable(str(top))} --path {printable(inner)}. Paths are told from there.\n"
    )
    return replace(asked, repo=top, subpath=inner)


def _as_typed(top: Path) -> Path:
    """Return a folder as a person would name it from where they stand."""
    here = Path.cwd().resolve()
    return Path(os.path.relpath(top, here)) if top in {here, *here.parents} else top


def _command(
    intent: str, asked: GenerateOptions, *, delivery: str, branch: str | None, overwrite: bool, dry_run: bool
) -> GeneratePipeline:
    if not asked.repo.is_dir():
        what = "is not a folder" if asked.repo.exists() else "does not exist"
        message = f"{asked.repo} {what}."
        raise PathProblem(message, next_steps=("Name the repository's folder with --repo.",))
    return GeneratePipeline(
        intent=intent,
        service_name=asked.service_name,
        local_path=str(asked.repo),
        subpath=asked.subpath,
        options=Options(
            target=asked.target,
            runtime=asked.runtime,
            project=asked.project,
            region=asked.region,
            cluster=asked.cluster,
            port=asked.port,
            branch=asked.release_branch,
            environments=asked.environments,
            public=asked.public,
            mode=asked.mode,
            fallback=asked.fallback,
            delivery=delivery,
            delivery_branch=branch or None,
            overwrite=overwrite,
            dry_run=dry_run,
        ),
    )


def _live(*, as_json: bool) -> Callable[[StageEvent], None] | None:
    """Show stages as they end, on stderr, so that stdout stays clean for programs."""
    if as_json:
        return None

    def show(event: StageEvent) -> None:
        if event.outcome == "started":
            if sys.stderr.isatty():
                sys.stderr.write(f"\r\033[K  … {event.name}")
                sys.stderr.flush()
            return
        clear = "\r\033[K" if sys.stderr.isatty() else ""
        sys.stderr.write(f"{clear}{stage_line(event)}\n")

    return show
