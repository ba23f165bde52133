"""The command line's commands and options. Each body is one call; heavy imports happen inside: --help stays quick."""

from __future__ import annotations

import sys
from collections.abc import Coroutine
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Protocol

import typer

from penstock import __version__
from penstock.errors import PenstockError
from penstock.surfaces.cli import exits

if TYPE_CHECKING:
    from penstock.surfaces.engine import Engine


class Opener(Protocol):
    """What bootstrap gives the command line."""

    def engine(self, *, data_dir: Path | None = None, record: bool = False) -> AbstractAsyncContextManager[Engine]:
        """Open the engine; with ``record`` PostgreSQL is started too."""
        ...

    async def serve(self, *, host: str | None, port: int | None, data_dir: Path | None) -> None:
        """Run the server until it is told to stop."""
        ...

    def keys(self, *, data_dir: Path | None = None) -> AbstractAsyncContextManager[Any]:
        """Open the key store."""
        ...

    async def doctor(self, *, data_dir: Path | None) -> list[tuple[str, bool, str]]:
        """Check every part: name, well, words."""
        ...


@dataclass(frozen=True)
class GenerateOptions:
    """The options shared by generate and plan, as typed."""

    repo: Path
    service_name: str | None
    target: str | None
    runtime: str | None
    project: str | None
    region: str | None
    cluster: str | None
    port: int | None
    release_branch: str | None
    environments: tuple[str, ...]
    public: bool
    subpath: str


Repo = Annotated[Path, typer.Option("--repo", help="Folder of the repository.", show_default="this folder")]
ServiceName = Annotated[
    str | None, typer.Option("--service-name", help="Name of the service; otherwise read from the repository.")
]
Target = Annotated[
    str | None, typer.Option(help="cloud-run, gke or none; otherwise read from the sentence and the facts.")
]
Runtime = Annotated[str | None, typer.Option(help="Language version to use instead of the detected one.")]
Project = Annotated[str | None, typer.Option(help="Google Cloud project id.")]
Region = Annotated[str | None, typer.Option(help="Google Cloud region.")]
Cluster = Annotated[str | None, typer.Option(help="GKE cluster.")]
Port = Annotated[int | None, typer.Option(min=1, max=65_535, help="Port the service listens on.")]
ReleaseBranch = Annotated[str | None, typer.Option("--release-branch", help="Branch whose pushes are released.")]
Env = Annotated[list[str] | None, typer.Option("--env", help="Environment, in order of promotion; repeat it.")]
Public = Annotated[bool, typer.Option("--public", help="Anyone may call the service.")]
Subpath = Annotated[str, typer.Option("--path", help="Folder of the service inside the repository.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
DataDir = Annotated[Path | None, typer.Option("--data-dir", help="Folder of everything kept on this machine.")]


def build(opener: Opener) -> typer.Typer:
    """Return the command line with its commands, working on what ``opener`` opens."""
    app = typer.Typer(
        name="penstock",
        help="One sentence in, a CI/CD pipeline out: fitted to the repository, judged by policy, ready to commit.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    app.callback()(_version)
    _add_making(app, opener)
    _add_looking(app, opener)
    _add_serving(app, opener)
    return app


def _version(
    version: Annotated[bool, typer.Option("--version", help="Print the version.", is_eager=True)] = False,
) -> None:
    if version:
        typer.echo(__version__)
        raise typer.Exit


def _add_making(app: typer.Typer, opener: Opener) -> None:
    @app.command()
    def generate(
        intent: Annotated[str, typer.Argument(help='What you want, e.g. "Create CI/CD pipeline for payment-api".')],
        repo: Repo = Path(),
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
            repo,
            service_name,
            target,
            runtime,
            project,
            region,
            cluster,
            port,
            release_branch,
            tuple(env or ()),
            public,
            path,
        )
        run(
            run_generate(
                opener,
                intent,
                asked,
                branch=branch,
                overwrite=overwrite,
                dry_run=dry_run,
                as_json=as_json,
                data_dir=data_dir,
            ),
            as_json=as_json,
        )

    @app.command()
    def plan(
        intent: Annotated[str, typer.Argument(help="What you want.")],
        repo: Repo = Path(),
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
        as_json: Json = False,
    ) -> None:
        """Show facts, skills, steps, files and verdict; write and record nothing."""
        from penstock.surfaces.cli.generate import run_plan

        asked = GenerateOptions(
            repo,
            service_name,
            target,
            runtime,
            project,
            region,
            cluster,
            port,
            release_branch,
            tuple(env or ()),
            public,
            path,
        )
        run(run_plan(opener, intent, asked, as_json=as_json), as_json=as_json)


def _add_looking(app: typer.Typer, opener: Opener) -> None:
    @app.command()
    def check(
        path: Annotated[Path, typer.Argument(help="Repository or single file to judge.")] = Path(),
        profile: Annotated[str, typer.Option(help="advisory, standard or soc2-strict.")] = "advisory",
        as_json: Json = False,
        sarif: Annotated[bool, typer.Option("--sarif", help="Print SARIF 2.1.0.")] = False,
    ) -> None:
        """Judge the delivery files a repository already has. Exit 0 clean, 1 violations, 2 could not judge."""
        from penstock.surfaces.cli.check import run_check

        run(
            run_check(opener, path, profile=profile, as_json=as_json, as_sarif=sarif),
            as_json=as_json or sarif,
            failed=exits.COULD_NOT,
        )

    @app.command()
    def detect(
        path: Annotated[Path, typer.Argument(help="Folder of the repository.")] = Path(),
        as_json: Json = False,
    ) -> None:
        """Show what a repository is, each fact with its file and line."""
        from penstock.surfaces.cli.detect import run_detect

        run(run_detect(path, as_json=as_json), as_json=as_json)

    @app.command()
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


def _add_serving(app: typer.Typer, opener: Opener) -> None:
    @app.command()
    def serve(
        host: Annotated[str | None, typer.Option(help="Address to listen on (default 127.0.0.1).")] = None,
        port: Annotated[
            int | None, typer.Option(min=0, max=65_535, help="Port to listen on (default 8080; 0: a free one).")
        ] = None,
        data_dir: DataDir = None,
    ) -> None:
        """Run the server. Without database settings it brings its own PostgreSQL and Valkey."""
        run(opener.serve(host=host, port=port, data_dir=data_dir), as_json=False)

    @app.command()
    def doctor(as_json: Json = False, data_dir: DataDir = None) -> None:
        """Check that every part of Penstock works on this machine."""
        from penstock.surfaces.cli.doctor import run_doctor

        run(run_doctor(opener, data_dir, as_json=as_json), as_json=as_json)

    keys = typer.Typer(help="Create, list and revoke API keys.", no_args_is_help=True)
    app.add_typer(keys, name="keys")

    @keys.command("create")
    def create(
        name: Annotated[str, typer.Option("--name", help="What the key is for.")],
        owner: Annotated[
            str, typer.Option("--owner", help="Who uses it; the rate limit counts per owner.")
        ] = "local-user",
        org: Annotated[str, typer.Option("--org", help="Organisation.")] = "local",
        scope: Annotated[list[str] | None, typer.Option("--scope", help="Scope; repeat it.")] = None,
        days: Annotated[int, typer.Option("--days", min=1, max=365, help="Days until it expires.")] = 90,
        as_json: Json = False,
        data_dir: DataDir = None,
    ) -> None:
        """Create a key and print it, this once."""
        from penstock.surfaces.cli.keys import run_create

        run(
            run_create(
                opener, data_dir, name=name, owner=owner, org=org, scopes=tuple(scope or ()), days=days, as_json=as_json
            ),
            as_json=as_json,
        )

    @keys.command("list")
    def list_keys(as_json: Json = False, data_dir: DataDir = None) -> None:
        """List keys; never the secrets."""
        from penstock.surfaces.cli.keys import run_list

        run(run_list(opener, data_dir, as_json=as_json), as_json=as_json)

    @keys.command("revoke")
    def revoke(
        key_id: Annotated[str, typer.Argument(help="The key's id, as `keys list` shows it.")],
        as_json: Json = False,
        data_dir: DataDir = None,
    ) -> None:
        """Revoke a key at once."""
        from penstock.surfaces.cli.keys import run_revoke

        run(run_revoke(opener, data_dir, key_id, as_json=as_json), as_json=as_json)


def run(work: Coroutine[Any, Any, int | None], *, as_json: bool, failed: int | None = None) -> None:
    """Run a command to its exit code. An error is told in words (or as a document) on stderr, never as a traceback.

    ``failed`` replaces the exit code of errors other than a policy denial.
    """
    import asyncio

    from penstock.surfaces.cli.tell import tell_error

    try:
        code = asyncio.run(work)
    except PenstockError as problem:
        tell_error(problem, as_json=as_json)
        code = exits.exit_code(problem)
        if failed is not None and code != exits.DENIED:
            code = failed
    except KeyboardInterrupt:
        typer.echo("Stopped.", err=True)
        code = 130
    except BrokenPipeError:
        sys.stderr.close()
        code = 141
    raise typer.Exit(code or 0)
