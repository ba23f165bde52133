"""How a command is run: what bootstrap opens for it, its exit code, its errors in words."""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

import typer

from penstock.errors import PenstockError
from penstock.surfaces.cli import exits
from penstock.surfaces.cli.streams import let_go_of_broken

if TYPE_CHECKING:
    import asyncio

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

    def audit(self, *, data_dir: Path | None = None) -> AbstractAsyncContextManager[Any]:
        """Open what proves the audit log."""
        ...

    async def doctor(self, *, data_dir: Path | None) -> list[tuple[str, bool, str]]:
        """Check every part: name, well, words."""
        ...


def opener_of(context: typer.Context) -> Opener:
    """Return what bootstrap gave this command line."""
    return cast("Opener", context.obj)


def run(
    work: Coroutine[Any, Any, int | None],
    *,
    as_json: bool,
    failed: int | None = None,
    loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None,
) -> None:
    """Run a command to its exit code. An error is told in words (or as a document) on stderr, never as a traceback.

    ``failed`` replaces the exit code of errors other than a policy denial.
    """
    import asyncio

    from penstock.surfaces.cli.tell import tell_error

    try:
        with asyncio.Runner(loop_factory=loop_factory) as runner:
            code = runner.run(work)
        sys.stdout.flush()
    except PenstockError as problem:
        tell_error(problem, as_json=as_json)
        code = exits.exit_code(problem)
        if failed is not None and code != exits.DENIED:
            code = failed
    except KeyboardInterrupt:
        typer.echo("Stopped.", err=True)
        code = 130
    except BrokenPipeError:
        code = 141
    except OSError as problem:
        if problem.errno != errno.ENOSPC:
            raise
        sys.stderr.write(f"The output could not be written: {problem.strerror}.\n")
        code = exits.COULD_NOT
    finally:
        let_go_of_broken()
    raise typer.Exit(code or 0)
