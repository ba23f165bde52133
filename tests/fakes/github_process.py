"""The simulated GitHub for tests: start it, make repositories in it, script it, look at what git holds afterwards.

    def test_...(github: SimulatedGitHub):
        shop = github.repository("acme/shop", {"app.py": "print()"})
        app = github.app(on="acme")
        github.script(apply_then_drop("PATCH .*/git/refs/"))
        ...  # let Penstock deliver to github.url with app.id, app.private_key
        assert shop.commits_with("Skills-Pipeline-Id: 0198...") == 1
        shop.fsck()

The actions of a script stand in `fakes/github_actions.py`, changes to the world in `fakes/github/changes.py`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from fakes.own_process import OwnProcess

KEY_BITS = 2048


@cache
def key_pair() -> tuple[str, str]:
    """Return (private, public) as PEM, made once per run; the private one as GitHub hands it out (PKCS#1)."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(65537, KEY_BITS)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()


@dataclass(frozen=True)
class AppCredentials:
    """What an operator would put into the settings."""

    id: int
    client_id: str
    installation: int
    private_key: str


@dataclass(frozen=True)
class BareRepository:
    """One repository on disk, asked by git directly, past the API."""

    name: str
    id: int
    path: Path
    first: str | None  # the commit it was made with; None: it was made empty

    def git(self, *args: str) -> str:
        environment = {**os.environ, "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "LC_ALL": "C"}
        command = ["git", f"--git-dir={self.path}", *args]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
        assert done.returncode == 0, f"git {' '.join(args)}: {done.stderr}"
        return done.stdout

    def head(self, branch: str = "main") -> str:
        return self.git("rev-parse", f"refs/heads/{branch}").strip()

    def branches(self) -> list[str]:
        return self.git("for-each-ref", "--format=%(refname:lstrip=2)", "refs/heads/").split()

    def log(self, branch: str = "main") -> list[str]:
        """Return the SHAs of a branch, newest first."""
        return self.git("rev-list", f"refs/heads/{branch}").split()

    def message(self, sha: str) -> str:
        return self.git("log", "-1", "--format=%B", sha).strip()

    def files(self, branch: str = "main") -> dict[str, str]:
        """Return path and content of every file of a branch."""
        names = self.git("ls-tree", "-r", "-z", "--name-only", f"refs/heads/{branch}").split("\0")
        return {name: self.git("cat-file", "blob", f"refs/heads/{branch}:{name}") for name in names if name}

    def modes(self, branch: str = "main") -> dict[str, str]:
        lines = self.git("ls-tree", "-r", "-z", f"refs/heads/{branch}").split("\0")
        return {line.partition("\t")[2]: line[:6] for line in lines if line}

    def commits_with(self, text: str) -> int:
        """Count the commits on any branch whose message holds this text."""
        return len(self.git("rev-list", "--branches", "--fixed-strings", f"--grep={text}").split())

    def fsck(self) -> None:
        """Fail unless every object is whole and every link leads somewhere."""
        self.git("fsck", "--full", "--strict", "--no-dangling")


class SimulatedGitHub(OwnProcess):
    """One running process; `url` is what a client of the API takes as its base."""

    def __init__(self) -> None:
        self._folder = tempfile.mkdtemp(prefix="penstock-github-")
        super().__init__("fakes.github", "--folder", str(Path(self._folder, "repositories")))
        self.enterprise_url = f"{self.url}/api/v3"

    def change(self, do: str, **how: Any) -> Any:
        """Make one change to the world (see `fakes/github/changes.py`)."""
        (answer,) = self._control("POST", "/_change", [{"do": do, **how}])
        return answer

    def repository(self, name: str, files: dict[str, str] | Path | None = None, **how: Any) -> BareRepository:
        """Make `owner/name` with one commit of these files, or of a folder; without files it is empty."""
        if isinstance(files, Path):
            files = {
                path.relative_to(files).as_posix(): path.read_text() for path in files.rglob("*") if path.is_file()
            }
        made = self.change("repository", name=name, files=files, **how)
        return BareRepository(name, made["id"], Path(made["path"]), made["head"])

    def app(
        self, *, on: str, permissions: dict[str, str] | None = None, repositories: list[str] | None = None
    ) -> AppCredentials:
        """Make an App and install it on an account; make the account's repositories first."""
        private, public = key_pair()
        made = self.change("app", public_key=public)
        installed = self.change(
            "install", app=made["id"], account=on, permissions=permissions, repositories=repositories
        )
        return AppCredentials(made["id"], made["client_id"], installed["id"], private)

    def token(self, token: str = "ghp_simulated", **how: Any) -> str:
        """Let a personal token work: `kind` classic with `scopes`, or fine with `permissions`."""
        self.change("token", token=token, **how)
        return token

    def close(self) -> None:
        super().close()
        shutil.rmtree(self._folder, ignore_errors=True)


@contextmanager
def simulated_github() -> Iterator[SimulatedGitHub]:
    """Run a process of one's own, for tests that kill or stop it."""
    running = SimulatedGitHub()
    try:
        yield running
    finally:
        running.close()
