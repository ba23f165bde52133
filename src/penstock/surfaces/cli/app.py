"""The command line put together: making, looking and serving commands on what bootstrap opens."""

from __future__ import annotations

from typing import Annotated

import typer

from penstock import __version__
from penstock.surfaces.cli import looking, making, serving


def build() -> typer.Typer:
    """Return the command line. Call it with ``obj=`` an Opener (running.py): what the commands work on."""
    app = typer.Typer(
        name="penstock",
        help="One sentence in, a CI/CD pipeline out: fitted to the repository, judged by policy, ready to commit.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    app.callback()(_version)
    for command in (
        making.generate, making.plan, looking.check, looking.detect, looking.explain, serving.serve, serving.doctor,
    ):  # fmt: skip
        app.command()(command)
    keys = typer.Typer(help="Create, list and revoke API keys.", no_args_is_help=True)
    keys.command("create")(serving.create_key)
    keys.command("list")(serving.list_keys)
    keys.command("revoke")(serving.revoke_key)
    app.add_typer(keys, name="keys")
    audit = typer.Typer(help="Prove that the audit log is as it was written.", no_args_is_help=True)
    audit.callback()(_group)
    audit.command("verify")(serving.verify_audit)
    app.add_typer(audit, name="audit")
    return app


def _group() -> None:
    """Keep `penstock audit verify` two words: typer would drop the only command's name."""


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(__version__)
        raise typer.Exit


def _version(
    _: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """Read the options before any command: as the option's own callback, --version needs no command behind it."""
