"""The scripts of a package.json that a pipeline may run: no placeholders, no watchers, no development servers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from penstock.domain.facts import Basis, Fact

if TYPE_CHECKING:
    from penstock.detection.folder import Folder
    from penstock.detection.node_manager import Manager
    from penstock.kit.located import Located

_EMPTY = re.compile(r"^\s*(echo\b.*|exit \d+|true|:|)\s*$")
_WATCHES = re.compile(
    r"(^|\s)--watch(All)?(\s|$|=true)|\bnodemon\b|\b(tsx|bun|node) (--)?watch\b|(jest|mocha|vitest|ava) .*-w(\s|$)"
    r"|\bvitest watch\b"
)
_DEVELOPS = re.compile(
    r"\bnodemon\b|\bts-node-dev\b|\b(tsx|bun|node) (--)?watch\b|--watch\b|--hot\b|\b(next|nuxt|nuxi|astro|remix"
    r"|vinxi|wrangler|svelte-kit|tsup|react-router|netlify|vercel|strapi) dev(elop)?\b"
    r"|\bvite(\s+(dev|serve|preview|--.*))?\s*$|\bvite dev\b|\breact-scripts start\b|\bcraco start\b|\bng serve\b"
    r"|\bvue-cli-service serve\b"
    r"|\bwebpack(-dev-server| serve)\b|\bnest start\s*(--watch.*)?$|\bgatsby (develop|serve)\b|\bexpo (start|run)\b"
    r"|\bparcel\b(?! build)|\bturbo (run )?dev\b"
    r"|\bdocusaurus start\b|\bvitepress dev\b|\beleventy --serve\b|\bnx serve\b"
)  # fmt: skip
_BY_HAND = re.compile(r"\b(react-scripts|craco) test\b|(^|&& )\s*(npx )?vitest\s*$|\bng test\b")
"""Test runners that watch unless the variable CI is set (or a flag says otherwise)."""
_PROGRAM = re.compile(r"(?!cross-env|env |npm|npx|yarn|pnpm|bunx|dotenv|sh |bash )[\w@./-]+(?: [\w@./:=,+-]+)*")
"""A command that needs no shell, no package manager and no variables set before it."""
TESTS = ("test", "test:ci", "test:run", "test:unit", "unit", "tests")
LINTS = ("lint", "lint:ci", "lint:check", "eslint")
BUILDS = ("build", "build:prod", "build:production", "compile")
STARTS = (
    "start:prod",
    "start:production",
    "start",
    "serve:prod",
    "production",
    "prod",
    "start:server",
    "server",
    "serve",
)


def watches(body: str) -> bool:
    """Whether a script goes on until somebody stops it."""
    return _WATCHES.search(body) is not None


class Scripts:
    """The scripts table of one package.json."""

    def __init__(self, folder: Folder, manifest: Located, manager: Manager) -> None:
        self.folder = folder
        self.manifest = manifest
        self.manager = manager

    def body(self, name: str) -> str | None:
        """Return what a script runs; None when it is missing or does nothing."""
        text = self.manifest.get("scripts", name)
        if not isinstance(text, str) or all(_EMPTY.match(part) for part in re.split(r"&&|;|\|\|", text)):
            return None
        return text

    def line(self, name: str) -> int | None:
        """Return the line a script stands on."""
        return self.manifest.line("scripts", name)

    def fact(self, name: str) -> Fact[str]:
        """Return the command that runs a script."""
        return self.folder.fact(self.manager.run(name), "package.json", self.line(name), f"scripts.{name}")

    def first(self, names: tuple[str, ...]) -> Fact[str] | None:
        """Return the first of the scripts that exists and does something."""
        return next((self.fact(name) for name in names if self.body(name) is not None), None)

    def test(self) -> Fact[str] | None:
        """Return the command that runs the tests once, None when there is none."""
        for name in TESTS:
            body = self.body(name)
            if body is not None and not _WATCHES.search(body):
                return self.fact(name)
        placeholder = self.manifest.get("scripts", "test")
        if isinstance(placeholder, str):
            why = "only watches" if self.body("test") else "is a placeholder"
            self.folder.gap(
                "test_command", f"the script test {why}: {placeholder[:80]}", "package.json", self.line("test")
            )
        elif self.manager.program == "bun" and self.tests():
            first = self.tests()[0]
            return self.folder.fact("bun test", first, basis=Basis.CONVENTION)
        else:
            self.folder.gap("test_command", "package.json has no script named test", "package.json")
        return None

    def tests(self) -> tuple[str, ...]:
        """Return files named like tests."""
        globs = ("*.test.ts", "*.test.tsx", "*.test.js", "*.spec.ts", "*_test.ts")
        return tuple(name for glob in globs for name in self.folder.files(glob))

    def start(self) -> Fact[str] | None:
        """Return the command that starts the program as built, never a development server."""
        for name in STARTS:
            body = self.body(name)
            if body is not None and not self.develops(body):
                return self.fact(name)
        return None

    def program(self, start: Fact[str] | None) -> Fact[str] | None:
        """Return what a start script runs, when it is one plain command and no script runs before it."""
        name = start.source.detail.removeprefix("scripts.") if start is not None else ""
        body = (self.body(name) or "").strip()
        if start is None or start.source.detail != f"scripts.{name}" or self.body(f"pre{name}") is not None:
            return None
        return Fact(body, start.source, start.basis) if _PROGRAM.fullmatch(body) else None

    def develops(self, body: str) -> bool:
        """Whether a script is for development: it watches, reloads or serves sources."""
        called = re.fullmatch(r"\s*(?:npm run|yarn(?: run)?|pnpm(?: run)?|bun run) ([\w:-]+)\s*", body)
        if called and called[1] != "start" and (inner := self.body(called[1])) is not None:
            return bool(_DEVELOPS.search(inner))
        return bool(_DEVELOPS.search(body))

    def traits(self) -> tuple[Fact[str], ...]:
        """Return marks of the scripts: tests that need CI=true, a browser or a build; linting that rewrites files."""
        marks = (
            ("test", _BY_HAND, "tests-watch-without-ci"),
            ("test", re.compile(r"\b(playwright|cypress|puppeteer)\b"), "tests-need-browser"),
            ("lint", re.compile(r"--fix\b|--write\b|--unsafe\b"), "lint-rewrites"),
            ("prepare", re.compile(r"\bhusky\b"), "prepare-runs-husky"),
            ("build", re.compile(r"^\s*tsc\b.*--noEmit\s*$"), "build-is-type-check"),
        )
        return tuple(
            self.folder.fact(mark, "package.json", self.line(name), f"scripts.{name}")
            for name, pattern, mark in marks
            if pattern.search(self.body(name) or "")
        )
