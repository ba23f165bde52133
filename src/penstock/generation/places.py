"""Folders and files of a repository that a pipeline can name: their names go into build files and shell lines."""

from __future__ import annotations

import re

from pydantic import TypeAdapter, ValidationError

from penstock.domain.spec import ExistingPath, ImageSpec, RelativePath
from penstock.generation.views import Service
from penstock.generation.words import label, shown

RULE = (
    "letters, digits, dots, hyphens and underscores, the first a letter, a digit or an underscore, and at most 16"
    " folders below each other"
)
"""What the folder of a service may be called."""
_FOLDER: TypeAdapter[str] = TypeAdapter(RelativePath)
_FILE: TypeAdapter[str] = TypeAdapter(ExistingPath)
_WRITTEN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*){0,7}")
"""What a file that is written may be called, as the gate has it."""


def odd_place(service: Service) -> str | None:
    """Return what is wrong with the place of a service, and what to do; None when a pipeline can name it."""
    folder, context = service.view.path, service.view.trait("image-context")
    if not _fits(_FOLDER, folder):
        return f"{_told(folder)} Rename it{_to(folder)}."
    if service.view.dockerfile is not None and not _fits(_FILE, service.view.dockerfile):
        return f"its Dockerfile {shown(service.view.dockerfile)} has a name that a build file cannot hold. Rename it."
    if context and not _fits(_FOLDER, context):
        return f"its image is built in another folder. {_told(context).capitalize()} Rename it{_to(context)}."
    return None


def odd_image(image: ImageSpec) -> str | None:
    """Return what is wrong with the place of the Dockerfile that would be written, and what to do; else None."""
    path = image.dockerfile
    if path is None or not image.write_dockerfile or _WRITTEN.fullmatch(path):
        return None
    folder = path.rpartition("/")[0]
    return (
        f"its Dockerfile would stand in the folder {shown(folder)}, and files are written to folders of letters,"
        f" digits, dots, hyphens and underscores only, at most seven below each other. Rename it{_to(folder)}, or"
        " write a Dockerfile there."
    )


def _told(folder: str) -> str:
    return f"the folder {shown(folder)} has a name that a build file cannot hold: it takes {RULE}."


def _to(folder: str) -> str:
    parts = [part if re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]*", part) else label(part) for part in folder.split("/")]
    better = "/".join(parts)
    return f" to {better}" if better != folder and len(parts) <= 8 else ""  # noqa: PLR2004 -- as files that are written


def _fits(rule: TypeAdapter[str], value: str) -> bool:
    try:
        rule.validate_python(value)
    except ValidationError:
        return False
    return True
