"""Why a repository holds nothing to deploy, in words for its owner: what was looked at and what it turned out to be."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from penstock.detection import candidates
from penstock.detection.languages import LANGUAGES

if TYPE_CHECKING:
    from penstock.detection.compose import Built
    from penstock.detection.folder import Folder
    from penstock.domain.facts import ServiceFacts

_UNREAD = (
    ("CMakeLists.txt", "C or C++ with CMake"), ("meson.build", "C or C++ with Meson"), ("gleam.toml", "Gleam"),
    ("Package.swift", "Swift"), ("pubspec.yaml", "Dart or Flutter"), ("project.clj", "Clojure with Leiningen"),
    ("deps.edn", "Clojure"), ("stack.yaml", "Haskell with Stack"), ("shard.yml", "Crystal"), ("build.zig", "Zig"),
    ("dune-project", "OCaml"), ("Project.toml", "Julia"), ("DESCRIPTION", "R"), ("rebar.config", "Erlang"),
    ("Chart.yaml", "a Helm chart"), ("main.tf", "Terraform"), ("Makefile.PL", "Perl"), ("cpanfile", "Perl"),
)  # fmt: skip
"""Manifests that are known by name, and are of languages that no module reads."""


def reasons(root: Folder, rest: ServiceFacts | None, built: tuple[Built, ...]) -> tuple[str, ...]:
    """Return the reasons, at least one."""
    if not root.below:
        return (f"The folder {'' if root.path == '.' else f'{root.path} '}holds no files.",)
    found: list[str] = [] if rest is None else [_undeployable(rest)]
    listed = candidates.find(root, LANGUAGES)
    if listed.aside:
        found.append(
            f"Manifests lie only in folders of examples, tests, tools or documentation: {', '.join(listed.aside[:5])}."
        )
    if rest is None and root.has("package.json") and root.json("package.json") is not None:
        found.append(
            "package.json brings tools only: no entry point, no program and no script that builds or starts one."
        )
    if any(re.search(r"compose[\w.-]*\.ya?ml$", path) for path in root.names) and not built:
        found.append("The compose file only runs images made elsewhere; nothing is built from this repository.")
    unread = next((f"{name} says {what}" for name, what in _UNREAD if name in root.names), None)
    if unread is not None:
        found.append(f"{unread}, which Penstock does not read. With a Dockerfile it builds and ships the image.")
    found += [f"{gap.source}: {gap.reason}." for gap in root.gaps[:10]]
    if not found:
        found.append(f"None of the {len(root.below)} files is a manifest, a Dockerfile or a page to serve.")
    return tuple(found)


def _undeployable(rest: ServiceFacts) -> str:
    what = "a mobile application, released through app stores"
    if not rest.has("mobile-app"):
        what = f"{'documentation' if rest.kind == 'docs' else f'a {rest.kind}'} without a program to start"
    return f"The {rest.ecosystem} project in {rest.path} is {what}."
