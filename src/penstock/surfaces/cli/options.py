"""The options commands share, each written once: its name, its help, its bounds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer


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
    mode: str
    fallback: str


def _named_folder(text: str) -> Path:
    """Return the folder; an empty text (an unset variable of a shell) would be the current one. Raises BadParameter."""
    if not text:
        message = "it is empty; name a folder."
        raise typer.BadParameter(message)
    return Path(text)


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
Mode = Annotated[str, typer.Option(help="auto, ai or template; auto asks a model where one is configured.")]
Fallback = Annotated[
    str, typer.Option(help="When templates stand in for the model: on_breaker_open, on_any_failure or never.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data-dir", parser=_named_folder, metavar="<path>", help="Folder of everything kept on this machine."
    ),
]
THIS_FOLDER = Path()
"""The default of every path: where the person stands."""
