"""Which files of a repository the gate looks at: delivery files by name or content, and files where secrets matter."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from penstock.policy.kinds import CONFIG, DOCS, IGNORES, claimed_kind
from penstock.policy.secrets import holds_token

MOST_FILES = 1_000
MOST_BYTES = 16 << 20
"""How many files are judged together, and their size; what is beyond is named, never silently left out."""
MOST_SNIFFED = 5_000
"""YAML and JSON files that are opened to see whether they are manifests."""
MOST_DOCS = 500
"""Documents that are opened to see whether a token stands in them; those of docs/cicd always are."""
_LARGEST_KEY = 16_384
"""Bytes of a JSON file that may be a service account's key."""

_DOCUMENTS = re.compile(r"\.(ya?ml|json)$", re.IGNORECASE)
_NEVER = re.compile(
    r"(^|/)(vendor|third_party|node_modules|testdata|test-?data|fixtures?|__[a-z]+__|__snapshots__|site-packages)/"
    r"|(^|/)(package-lock|npm-shrinkwrap|composer|tsconfig[\w.-]*|angular|pnpm-lock)\.(json|ya?ml)$"
    r"|(^|/)(pyproject|Cargo|Gopkg|poetry|rust-toolchain)\.toml$|(^|/)(setup|mypy|pylint)\.cfg$|(^|/)(tox|mypy|pytest)\.ini$"
    r"|(^|/)(gradle|maven)-wrapper\.properties$|(^|/)(i18n|locales?|lang|translations|messages)/|(^|/)messages[\w.-]*\.properties$"
)
"""Other people's code, material of tests, and names that never hold what the gate is about."""
_API_VERSION = re.compile(rb"(?:^(?:- )?|[{,]\s*)[\"']?apiVersion[\"']?[ \t]*:", re.MULTILINE)
_KIND = re.compile(rb"(?:^(?:- |  )?|[{,]\s*)[\"']?kind[\"']?[ \t]*:", re.MULTILINE)
_BUILD = re.compile(
    rb"^[\"']?steps[\"']?[ \t]*:[\s\S]*?\bname[\"']?[ \t]*:[ \t]*[\"']?[\w.-]+[\w./:$-]*/", re.MULTILINE
)
_SCRIPTS = re.compile(r"\.(sh|bash)$|(^|/)(Makefile|Jenkinsfile|Justfile|justfile)$")


class Why(Enum):
    """Why a file is looked at."""

    DELIVERY = "its name is a delivery file's"
    SECRETS = "people keep secrets in such files"
    PERHAPS = "its content may be a manifest, or a key"
    TOKENS = "people paste tokens into documents"


_TESTS = re.compile(r"(^|/)(tests?|specs?|e2e|testing|cypress|__tests__)/")
"""Where passwords and keys are made up: delivery files still count, files that may hold secrets do not."""
_MOST_NAMED = 20
_HOLDS = re.compile(
    r"(^|/)(k8s|kubernetes|manifests|deploy|kustomize|overlays|base)(/.*\.ya?ml)?$|^\.github(/workflows)?$"
)
"""Folders of manifests, and what such a folder holds: a link there may hide what is deployed."""


class Files(Protocol):
    """What collecting needs of a repository's tree."""

    @property
    def paths(self) -> tuple[str, ...]:
        """Paths of all files, sorted; no symbolic links."""
        ...

    @property
    def truncated(self) -> bool:
        """Whether a bound stopped the walk before its end."""
        ...

    def read(self, path: str) -> bytes | None:
        """Return a file's bytes; None when it is missing, unreadable or too large."""
        ...


@dataclass(frozen=True)
class Collected:
    """The files to judge with their bytes, and what could not be looked at: (path, reason)."""

    files: dict[str, bytes]
    left_out: tuple[tuple[str, str], ...] = ()
    for_secrets: frozenset[str] = frozenset()
    """Files that are no delivery files and only looked through for secrets."""


def delivery_files(tree: Files) -> tuple[str, ...]:
    """Return the names of the files the gate looks at, sorted."""
    return tuple(collect(tree).files)


def collect(tree: Files) -> Collected:
    """Read the files the gate looks at. Bounded in number and size; what a bound or the disk kept out is listed."""
    collecting = _Collecting(tree)
    chosen = [(path, why) for path in tree.paths if (why := _why(path)) is not None]
    for path, why in sorted(chosen, key=_urgency):
        collecting.look_at(path, why)
    return collecting.result()


def unlookable(passed_over: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Return those links, pipes and devices that stand where delivery files, or folders of them, belong."""
    named = ((path, what) for path, what in passed_over if not _NEVER.search(path))
    return tuple((path, f"it is {what}") for path, what in named if _why(path) is Why.DELIVERY or _HOLDS.search(path))


class _Collecting:
    """Counts against the bounds while files are read."""

    def __init__(self, tree: Files) -> None:
        self._tree = tree
        self._files: dict[str, bytes] = {}
        self._left_out: list[tuple[str, str]] = []
        self._too_many: list[str] = []
        self._for_secrets: set[str] = set()
        self._size = 0
        self._opened = 0
        self._docs = 0

    def look_at(self, path: str, why: Why | None) -> None:
        """Take a file that is chosen by its name, or by its content when that is a manifest's."""
        self._opened += why is Why.PERHAPS
        self._docs += why is Why.TOKENS
        if (why is Why.PERHAPS and self._opened > MOST_SNIFFED) or (why is Why.TOKENS and self._docs > MOST_DOCS):
            return
        content = self._tree.read(path)
        if content is None:
            if why is Why.DELIVERY or path.endswith((".yaml", ".yml")):
                self._left_out.append((path, "it cannot be read, or is larger than 1 MiB"))
            return
        if why is Why.PERHAPS and not _is_delivery(content):
            why = Why.SECRETS if path.endswith(".json") and _is_key(content) else None
        elif why is Why.TOKENS:
            why = Why.SECRETS if holds_token(content) else None
        if why is not None:
            self._take(path, content)
        if why is Why.SECRETS:
            self._for_secrets.add(path)

    def _take(self, path: str, content: bytes) -> None:
        if len(self._files) >= MOST_FILES or self._size + len(content) > MOST_BYTES:
            self._too_many.append(path)
            return
        self._files[path] = content
        self._size += len(content)

    def result(self) -> Collected:
        """Return what was read, and what was not."""
        reason = f"there are more than {MOST_FILES} files, or {MOST_BYTES >> 20} MiB, to judge"
        self._left_out += [(path, reason) for path in self._too_many[:_MOST_NAMED]]
        if len(self._too_many) > _MOST_NAMED:
            self._left_out.append((".", f"and {len(self._too_many) - _MOST_NAMED} files more: judge folder by folder"))
        if self._opened > MOST_SNIFFED:
            self._left_out.append((".", f"of {self._opened} YAML and JSON files only {MOST_SNIFFED} were opened"))
        if self._tree.truncated:
            self._left_out.append((".", "the repository has more files than are walked"))
        files = {path: self._files[path] for path in sorted(self._files)}
        return Collected(files, tuple(self._left_out), frozenset(self._for_secrets))


def _why(path: str) -> Why | None:
    if _NEVER.search(path):
        return None
    if claimed_kind(path) or IGNORES.search(path):
        return Why.DELIVERY
    if CONFIG.search(path) or _SCRIPTS.search(path):
        return None if _TESTS.search(path) else Why.SECRETS
    if DOCS.search(path):
        return Why.TOKENS
    return Why.PERHAPS if _DOCUMENTS.search(path) else None


def _urgency(chosen: tuple[str, Why]) -> tuple[int, bool]:
    """Delivery files first, then settings, then documents, those about the pipeline before others."""
    path, why = chosen
    return (Why.SECRETS, Why.TOKENS).index(why) + 1 if why in {Why.SECRETS, Why.TOKENS} else 0, "docs/cicd/" not in path


def _is_key(content: bytes) -> bool:
    """Whether a JSON file is a service account's key."""
    return len(content) <= _LARGEST_KEY and b'"private_key"' in content and b'"client_email"' in content


def _is_delivery(content: bytes) -> bool:
    """Whether a YAML or JSON file looks like a Kubernetes manifest or a Cloud Build configuration."""
    return bool((_API_VERSION.search(content) and _KIND.search(content)) or _BUILD.search(content))
