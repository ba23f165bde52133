"""Delivery into a folder of this machine: all files or none, and never through a symbolic link."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from collections.abc import Sequence
from pathlib import Path

from penstock.delivery.decide import decide
from penstock.domain.artifacts import Artifact
from penstock.domain.pipelines import Delivery
from penstock.errors import DeliveryFailed, PathProblem


def write_files(root: Path, artifacts: Sequence[Artifact], *, overwrite: bool = False) -> Delivery:
    """Write the artifacts below root. Raises DeliveryConflict, PathProblem, DeliveryFailed: then nothing changed."""
    for artifact in artifacts:
        refuse_links(root, artifact.path)
    decided = decide(artifacts, lambda path: present(root / path), overwrite=overwrite)
    staged: list[tuple[Path, Path]] = []
    try:
        for artifact in decided.to_write:  # one by one: what was staged before a failure must be found and removed
            staged.append((_stage(root / artifact.path, artifact.content), root / artifact.path))  # noqa: PERF401 -- see above
        _rename_all(staged)
    except OSError as problem:
        for temporary, _ in staged:
            with contextlib.suppress(OSError):
                temporary.unlink()
        message = f"Could not write below {root}: {problem.strerror or problem}."
        raise DeliveryFailed(
            message, next_steps=("Check the folder's permissions and free space, then run it again.",)
        ) from problem
    return Delivery(
        mode="files",
        written=tuple(artifact.path for artifact in decided.to_write),
        unchanged=decided.unchanged,
        no_changes=not decided.to_write,
    )


def present(path: Path) -> bytes | None:
    """Return the bytes of a file, None when there is none. Raises PathProblem."""
    try:
        found = path.stat()
        if not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
            message = f"{path} is in the way: it is a pipe, a socket or a device, where a file belongs."
            raise PathProblem(message, next_steps=("Move it away, then run it again.",))
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except (IsADirectoryError, NotADirectoryError) as problem:
        message = f"{path} is in the way: a folder stands where a file belongs, or a file where a folder does."
        raise PathProblem(message) from problem
    except OSError as problem:
        message = f"{path} cannot be read: {problem.strerror}."
        raise PathProblem(message) from problem


def refuse_links(root: Path, relative: str) -> None:
    """Refuse links on the way: writing through one could land outside the repository (POLICY.md §4, H13)."""
    here = root
    for part in relative.split("/"):
        here = here / part
        if here.is_symlink():
            message = f"{here} is a symbolic link, and Penstock does not write through links."
            raise PathProblem(message, next_steps=("Replace the link by a real folder or file, then run it again.",))
        if here.name == ".git" or os.path.lexists(here / ".git"):
            message = f"{here} belongs to another git repository, such as a submodule: Penstock does not write into it."
            raise PathProblem(message, next_steps=("Move the submodule elsewhere, then run it again.",))


def _stage(target: Path, content: bytes) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".penstock-", dir=target.parent)
    with os.fdopen(handle, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    mode = target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~_umask()
    Path(name).chmod(mode)
    return Path(name)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _rename_all(staged: Sequence[tuple[Path, Path]]) -> None:
    """Put every file in place, or put back what was there: a half-written pipeline is worse than none."""
    kept: list[tuple[Path, bytes | None]] = []
    try:
        for temporary, target in staged:
            kept.append((target, present(target)))
            temporary.replace(target)
    except OSError:
        for target, before in reversed(kept):
            with contextlib.suppress(OSError):
                if before is None:
                    target.unlink(missing_ok=True)
                else:
                    target.write_bytes(before)
        raise
