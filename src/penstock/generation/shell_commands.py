"""A shell script read as the commands it runs: what cannot be read without doubt is said, and never guessed at."""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from penstock.generation.words import shown

_OPENINGS = frozenset({"#!/bin/sh", "#!/bin/bash", "#!/usr/bin/env bash", "#!/usr/bin/env sh", "#!/usr/bin/bash"})
_DOUBTFUL = (
    (re.compile(r"`|\$\("), "puts the output of another command into its own (command substitution)"),
    (re.compile(r"[<>]\("), "reads another command as a file (process substitution)"),
    (re.compile(r"<<"), "holds a here-document or here-string"),
    (re.compile(r"\$['\"\[]"), "holds quotes or arithmetic that shells read in different ways"),
    (re.compile(r"\$\{(?![A-Za-z_][A-Za-z0-9_]*(?::?[-?][^$`{}]*)?\})"), "expands a variable in more than a plain way"),
    (re.compile(r"[^\S\n\t ]|[\x00-\x08\x0e-\x1f\x7f]"), "holds characters that are no plain text"),
)  # fmt: skip
"""Texts that are not read any further, and what is told of them."""
_BETWEEN = frozenset({";", "&&", "||"})
_WORDS_OF_SHELL = frozenset({"if", "then", "else", "elif", "fi", "while", "until", "do", "done", "!"})
_OPERATOR = re.compile(r"[();<>|&]+")
_ASSIGNED = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)\+?=(.*)", re.DOTALL)
_NOWHERE = frozenset({"/dev/null", "/dev/stderr", "/dev/stdout"})


class Unreadable(ValueError):
    """A script that cannot be read without doubt; the message says what it does."""


@dataclass(frozen=True)
class Command:
    """One command: its words without quotes, and what is set for it alone or, without words, for what follows."""

    words: tuple[str, ...]
    sets: tuple[tuple[str, str], ...] = ()


Pipe = tuple[Command, ...]
"""Commands that feed each other; a single one most of the time."""


def pipes_of(script: str, kept: Collection[str] = ()) -> list[Pipe]:
    """Return every command that a script runs, in its order, but for the lines ``kept``. Raises Unreadable."""
    lines = script.split("\n")
    if lines[0].startswith("#!"):
        if lines[0].strip() not in _OPENINGS:
            raise Unreadable(f"is run by {shown(lines[0][2:].strip())}, which is no plain shell")
        lines = lines[1:]
    return [pipe for line in _joined(lines) if line.strip() not in kept for pipe in _pipes_of_line(line)]


def _joined(lines: Sequence[str]) -> Iterator[str]:
    """Yield whole lines without comments; a comment does not go on behind a backslash, other lines do."""
    begun = ""
    for line in lines:
        if not begun and line.lstrip().startswith("#"):
            continue
        whole = begun + line
        if (len(whole) - len(whole.rstrip("\\"))) % 2:
            begun = whole[:-1] + " "
        else:
            begun = ""
            yield whole
    if begun:
        yield begun


def _pipes_of_line(line: str) -> Iterator[Pipe]:
    for pattern, what in _DOUBTFUL:
        if pattern.search(line):
            raise Unreadable(f"{what}: {shown(line.strip())}")
    pipe: list[Command] = []
    words: list[str] = []
    for each in [*_tokens(line), ";"]:
        if each == "|":
            pipe.append(_command(words, line))
            words = []
        elif each in _BETWEEN:
            found = [*pipe, *([_command(words, line)] if words or pipe else [])]
            kept = tuple(command for command in found if command.words or command.sets)
            if kept:
                yield kept
            pipe, words = [], []
        else:
            words.append(each)


def _tokens(line: str) -> list[str]:
    reader = shlex.shlex(line, posix=True, punctuation_chars=True)
    reader.whitespace_split = True
    reader.commenters = ""  # a # inside a word begins no comment, and shlex would take it for one
    try:
        return list(reader)
    except ValueError:
        raise Unreadable(f"has quotes that end on no line of their own: {shown(line.strip())}") from None


def _command(tokens: Sequence[str], line: str) -> Command:
    words = _without_redirects(list(tokens), line)
    while words and words[0] in _WORDS_OF_SHELL:
        words.pop(0)
    sets: list[tuple[str, str]] = []
    while words and (match := _ASSIGNED.fullmatch(words[0])):
        sets.append((match[1], match[2]))
        words.pop(0)
    return Command(tuple(words), tuple(sets))


def _without_redirects(words: list[str], line: str) -> list[str]:
    """Return the words without redirections to nowhere. Raises Unreadable for those that touch a file."""
    kept: list[str] = []
    while words:
        word = words.pop(0)
        if not _OPERATOR.fullmatch(word):
            kept.append(word)
            continue
        into = words.pop(0) if words else ""
        plain = (word in {">", ">>", "<", "&>"} and into in _NOWHERE) or (word == ">&" and into in {"1", "2"})
        if not plain:
            what = (
                "writes into or reads from a file" if set(word) <= {"<", ">", "&"} and into else "needs more of a shell"
            )
            raise Unreadable(f"{what}: {shown(line.strip())}")
        if kept and kept[-1] in {"1", "2"}:
            kept.pop()
    return kept
