"""One bare repository, worked on by git's own plumbing: real objects, real SHAs, compare-and-set on refs."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

ZERO = "0" * 40
SHA = re.compile(r"[0-9a-f]{40}")


class GitRefused(Exception):
    """git would not do it; the text is git's own."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who made a commit and when: seconds since the epoch and git's offset, such as +0000."""

    name: str
    email: str
    seconds: int
    offset: str = "+0000"

    def line(self) -> str:
        return f"{self.name} <{self.email}> {self.seconds} {self.offset}"


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit as it stands in the object store."""

    sha: str
    tree: str
    parents: tuple[str, ...]
    author: Person
    committer: Person
    message: str
    signature: str | None


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a tree; `size` is None for anything but a blob."""

    mode: str
    kind: str
    sha: str
    size: int | None
    path: str


class BareRepository:
    """Thread-safe as git is: objects are write-once, refs move by compare-and-set."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def create(self, default_branch: str) -> None:
        self.path.mkdir(parents=True)
        self.run("init", "--bare", "--quiet", f"--initial-branch={default_branch}", ".")

    def run(self, *args: str, given: bytes = b"", index: str | None = None, ok: Iterable[int] = (0,)) -> bytes:
        """Run git; raises GitRefused for an exit code outside `ok`."""
        environment = {
            **os.environ, "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_DIR": str(self.path),
            "LC_ALL": "C", **({"GIT_INDEX_FILE": index} if index else {}),
        }  # fmt: skip
        done = subprocess.run(
            ["git", *args], input=given, capture_output=True, cwd=self.path, env=environment, check=False
        )
        if done.returncode not in ok:
            raise GitRefused(done.stderr.decode(errors="replace").strip())
        return done.stdout

    def kind(self, sha: str) -> str | None:
        """Return commit, tree, blob or tag, or None for an object that is not there."""
        if not SHA.fullmatch(sha):
            return None
        return self.run("cat-file", "-t", sha, ok=(0, 128)).decode().strip() or None

    def branch(self, name: str) -> str | None:
        return self.run("rev-parse", "--verify", "--quiet", f"refs/heads/{name}", ok=(0, 1)).decode().strip() or None

    def branches(self) -> dict[str, str]:
        listed = self.run("for-each-ref", "--format=%(refname:lstrip=2) %(objectname)", "refs/heads/").decode()
        return dict(line.rsplit(" ", 1) for line in listed.splitlines())

    def commit_named(self, name: str) -> str | None:
        """Resolve a branch, a tag or a SHA to a commit, as GitHub does with `ref` and `sha` parameters."""
        for full in (f"refs/heads/{name}", f"refs/tags/{name}", name):
            if full == name and not re.fullmatch(r"[0-9a-f]{7,40}|HEAD|refs/.+", name):
                continue
            found = self.run("rev-parse", "--verify", "--quiet", f"{full}^{{commit}}", ok=(0, 1, 128)).decode().strip()
            if found:
                return found
        return None

    def move(self, branch: str, new: str, old: str) -> bool:
        """Set a branch if it still stands at `old` (ZERO: is not there); `new` ZERO deletes it."""
        verb = ["-d", f"refs/heads/{branch}", old] if new == ZERO else [f"refs/heads/{branch}", new, old]
        try:
            self.run("update-ref", *verb)
        except GitRefused:
            return False
        return True

    def is_ancestor(self, older: str, newer: str) -> bool:
        return self.run("merge-base", older, newer, ok=(0, 1)).decode().strip() == older

    def merge_base(self, one: str, other: str) -> str | None:
        return self.run("merge-base", one, other, ok=(0, 1)).decode().strip() or None

    def shas(self, *asked: str) -> list[str]:
        return self.run("rev-list", *asked).decode().split()

    def tree_of(self, name: str) -> str | None:
        """Return the tree of a commit or a tree."""
        return self.run("rev-parse", "--verify", "--quiet", f"{name}^{{tree}}", ok=(0, 1, 128)).decode().strip() or None

    def entries(self, tree: str, *paths: str, recursive: bool = False) -> list[Entry]:
        how = ["-r", "-t"] if recursive else []
        listed = self.run("ls-tree", "-z", "-l", *how, tree, "--", *paths).decode()
        found = []
        for line in filter(None, listed.split("\0")):
            facts, path = line.split("\t", 1)
            mode, kind, sha, size = facts.split()
            found.append(Entry(mode, kind, sha, None if size == "-" else int(size), path))
        return found

    def blob(self, sha: str) -> bytes:
        return self.run("cat-file", "blob", sha)

    def write_blobs(self, contents: list[bytes]) -> list[str]:
        """Store each content as a blob, in one go."""
        if not contents:
            return []
        with tempfile.TemporaryDirectory() as folder:
            names = [Path(folder, str(place)) for place in range(len(contents))]
            for name, content in zip(names, contents, strict=True):
                name.write_bytes(content)
            listed = "".join(f"{name}\n" for name in names).encode()
            return self.run("hash-object", "-w", "--no-filters", "--stdin-paths", given=listed).decode().split()

    def write_tree(self, base: str | None, changes: Iterable[tuple[str, str | None, str]]) -> str:
        """Lay (mode, sha or None to remove, path) over the tree `base` and store the result."""
        with tempfile.TemporaryDirectory() as folder:
            index = str(Path(folder, "index"))
            self.run("read-tree", *([base] if base else ["--empty"]), index=index)
            lines = "".join(f"{mode if sha else '0'} {sha or ZERO}\t{path}\0" for mode, sha, path in changes)
            self.run("update-index", "-z", "--replace", "--index-info", given=lines.encode(), index=index)
            return self.run("write-tree", index=index).decode().strip()

    def write_commit(
        self, tree: str, parents: Iterable[str], people: tuple[Person, Person], message: str,
        signature: str | None = None,
    ) -> str:  # fmt: skip
        """Store a commit of (author, committer); the same arguments give the same SHA."""
        lines = [f"tree {tree}", *(f"parent {each}" for each in parents)]
        lines += [f"author {people[0].line()}", f"committer {people[1].line()}"]
        if signature is not None:
            lines.append("gpgsig " + signature.replace("\n", "\n "))
        given = "\n".join([*lines, "", message]).encode()
        return self.run("hash-object", "-t", "commit", "-w", "--stdin", given=given).decode().strip()

    def commit(self, sha: str) -> Commit:
        text = self.run("cat-file", "commit", sha).decode(errors="replace")
        head, _, message = text.partition("\n\n")
        facts: dict[str, list[str]] = {}
        for line in head.replace("\n ", "\0").split("\n"):
            name, _, value = line.partition(" ")
            facts.setdefault(name, []).append(value.replace("\0", "\n"))
        return Commit(
            sha, facts["tree"][0], tuple(facts.get("parent", ())), _person(facts["author"][0]),
            _person(facts["committer"][0]), message, facts.get("gpgsig", [None])[0],
        )  # fmt: skip

    def changed(self, old: str, new: str) -> list[tuple[str, str, str]]:
        """Return (status letter, new blob, path) for what differs between two commits or trees."""
        parts = self.run("diff-tree", "-r", "-z", "--no-renames", old, new).decode().split("\0")
        found = []
        for facts, path in zip(parts[::2], parts[1::2], strict=False):
            _, _, _, sha, status = facts.split()
            found.append((status[0], sha, path))
        return found

    def commit_files(self, branch: str, files: Mapping[str, bytes], message: str, who: Person) -> str:
        """Commit files onto a branch (made if it is not there), as a push from elsewhere does."""
        while True:
            old = self.branch(branch)
            blobs = self.write_blobs(list(files.values()))
            tree = self.write_tree(old, [("100644", sha, path) for path, sha in zip(files, blobs, strict=True)])
            new = self.write_commit(tree, [old] if old else [], (who, who), message)
            if self.move(branch, new, old or ZERO):
                return new


def _person(line: str) -> Person:
    found = re.fullmatch(r"(.*) <(.*)> (\d+) ([+-]\d{4})", line)
    if found is None:
        raise GitRefused(f"not a person of a commit: {line}")
    return Person(found[1], found[2], int(found[3]), found[4])


def fake_signature(payload: str) -> str:
    """Return what stands where GitHub's own signature would; nobody can verify it."""
    proof = hashlib.sha512(payload.encode()).hexdigest()
    return f"-----BEGIN PGP SIGNATURE-----\n\n{proof[:64]}\n{proof[64:]}\n-----END PGP SIGNATURE-----\n"
