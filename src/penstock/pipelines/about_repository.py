"""What is known of a repository beside its files: its name, its default branch, and what says so."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from penstock.delivery.local_checkout import checkout_of
from penstock.domain.facts import Fact, Source
from penstock.domain.pipelines import GeneratePipeline
from penstock.kit.git_names import is_branch_name


@dataclass(frozen=True, slots=True)
class AboutRepository:
    """A repository's name and default branch."""

    name: str
    name_from: str
    """What gave the name, in words."""
    default_branch: Fact[str] | None = None


def about_local(root: Path) -> AboutRepository:
    """Return what git knows of a folder, else what the folder is called."""
    checkout = checkout_of(root)
    branch = checkout.default_branch if checkout else None
    default = Fact(branch, Source(checkout.default_branch_from)) if checkout and branch else None
    if checkout is not None and checkout.remote_name is not None:
        return AboutRepository(checkout.remote_name, f"the git remote {checkout.remote}", default)
    return AboutRepository(root.resolve().name, "the folder", default)


def about_named(command: GeneratePipeline, default_branch: str) -> AboutRepository:
    """Return what a request says, and its host: ``default_branch`` is nothing where no host was asked."""
    default = Fact(default_branch, Source("the repository host")) if is_branch_name(default_branch) else None
    own = (command.repository or "").rpartition("/")[2]
    if own:
        return AboutRepository(own, "the repository's name", default)
    return AboutRepository(command.service_name or "service", "", default)
