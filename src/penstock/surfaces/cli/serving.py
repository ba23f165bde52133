"""serve, doctor and keys: the commands of whoever runs Penstock."""

from __future__ import annotations

from typing import Annotated

import typer

from penstock.surfaces.cli import exits
from penstock.surfaces.cli.options import DataDir, Json
from penstock.surfaces.cli.running import opener_of, run


def serve(
    context: typer.Context,
    host: Annotated[str | None, typer.Option(help="Address to listen on (default 127.0.0.1).")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65_535, help="Port to listen on (default 8080; 0: a free one).")
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Run the server. Without database settings it brings its own PostgreSQL and Valkey."""
    from uvloop import new_event_loop

    work = opener_of(context).serve(host=host, port=port, data_dir=data_dir)
    run(work, as_json=False, loop_factory=new_event_loop)


def doctor(context: typer.Context, as_json: Json = False, data_dir: DataDir = None) -> None:
    """Check that every part of Penstock works on this machine."""
    from penstock.surfaces.cli.doctor import run_doctor

    run(run_doctor(opener_of(context), data_dir, as_json=as_json), as_json=as_json)


def create_key(
    context: typer.Context,
    name: Annotated[str, typer.Option("--name", help="What the key is for.")],
    owner: Annotated[str, typer.Option("--owner", help="Who uses it; the rate limit counts per owner.")] = "local-user",
    org: Annotated[str, typer.Option("--org", help="Organisation.")] = "local",
    scope: Annotated[list[str] | None, typer.Option("--scope", help="Scope; repeat it.")] = None,
    days: Annotated[int, typer.Option("--days", min=1, max=365, help="Days until it expires.")] = 90,
    as_json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Create a key and print it, this once."""
    from penstock.surfaces.cli.keys import run_create

    scopes = tuple(scope or ())
    work = run_create(
        opener_of(context), data_dir, name=name, owner=owner, org=org, scopes=scopes, days=days, as_json=as_json
    )
    run(work, as_json=as_json)


def list_keys(context: typer.Context, as_json: Json = False, data_dir: DataDir = None) -> None:
    """List keys; never the secrets."""
    from penstock.surfaces.cli.keys import run_list

    run(run_list(opener_of(context), data_dir, as_json=as_json), as_json=as_json)


def revoke_key(
    context: typer.Context,
    key_id: Annotated[str, typer.Argument(help="The key's id, as `keys list` shows it.")],
    as_json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Revoke a key at once."""
    from penstock.surfaces.cli.keys import run_revoke

    run(run_revoke(opener_of(context), data_dir, key_id, as_json=as_json), as_json=as_json)


def verify_audit(
    context: typer.Context,
    org: Annotated[str | None, typer.Option("--org", help="Only this organisation's log.")] = None,
    as_json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Check every sealed row of the audit log. Exit 0: it is whole, 1: it is not, 2: it could not be checked."""
    from penstock.surfaces.cli.audit import run_verify

    run(run_verify(opener_of(context), data_dir, org=org, as_json=as_json), as_json=as_json, failed=exits.COULD_NOT)
