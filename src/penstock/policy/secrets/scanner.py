"""The secret scanner: every layer over one text, each secret once. See __init__ for what may leave this package."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from penstock.kit.guarded_yaml import MAX_BYTES, YamlDocument, YamlProblem, load_documents
from penstock.policy import dockerfile
from penstock.policy.secrets.encoded import base64_hits, reversed_hits
from penstock.policy.secrets.escapes import Markdown, escaped_hits
from penstock.policy.secrets.finding import CREDENTIAL, MARK, STRENGTH, URL, Hit, SecretFinding, mark
from penstock.policy.secrets.lines import Style, line_hits, pair_hits, triggered_lines
from penstock.policy.secrets.literal_values import SHORTEST
from penstock.policy.secrets.places import Places
from penstock.policy.secrets.structure import dockerfile_hits, document_hits
from penstock.policy.secrets.throwaway import throwaway_passwords
from penstock.policy.secrets.tokens import token_hits

PROCESS_KEY = os.urandom(32)
"""Fingerprints made without a key are only comparable within this process."""
_STRUCTURED = re.compile(r"\.(ya?ml|json)$", re.IGNORECASE)
_PROSE = re.compile(r"\.(mdx?|markdown|rst|adoc|txt|html?)$", re.IGNORECASE)
_MARKDOWN = re.compile(r"\.(md|markdown|mdx)$", re.IGNORECASE)
_CODE = re.compile(
    r"\.(py|[cm]?[jt]sx?|java|kts?|go|rb|rs|php|cs|fs|scala|exs?|lua|swift|cc?|cpp|h|vue|svelte|tf|rego|sbt|gradle|groovy|dart|prisma|graphql|proto)$"
)
_DOCKERFILE = re.compile(r"(^|/)(Dockerfile|Containerfile)([._-][\w.-]+)?$|\.[Dd]ockerfile$")
_EXAMPLE = re.compile(
    r"(^|/)[\w.-]*[._-](examples?|samples?|template|tmpl|dist)(\.[\w-]+)?$"
    r"|(^|/)(intl|i18n|locales?|lang|translations)/.*\.(json|ya?ml|properties)$",
    re.IGNORECASE,
)
"""Files to be copied and filled in, and translations: no values of ours, unless a provider's token is among them."""
_MOST_COMPARED = 100
"""Hits of one line, or under one pointer, that another is compared with; beyond, one secret may be told twice."""
_COMMENT = re.compile(r"(?:^|[\s;])(?:#|//)\s?(.*)$")


def scan(text: str, *, path: str, key: bytes = PROCESS_KEY) -> tuple[SecretFinding, ...]:
    """Return the secrets of a text, sorted by place, without their values. ``path`` says how to read it."""
    return tuple(hit.finding(key) for hit in find(text, path=path))


def redact(text: str, *, path: str = "", key: bytes = PROCESS_KEY) -> str:
    """Return the text with every secret replaced by ``«redacted:<rule>:<fingerprint>»``."""
    return masked(text, masks(find(text, path=path), key))


def find(
    text: str,
    *,
    path: str,
    documents: Sequence[tuple[int, YamlDocument]] | None = None,
    stages: dockerfile.Dockerfile | None = None,
) -> list[Hit]:
    """Return the hits themselves, for use inside the policy room. What is already parsed need not be parsed again."""
    text = MARK.sub(lambda found: "$" * len(found[0]), text)  # read as a reference: what was masked is no secret
    places = Places(text)
    if _EXAMPLE.search(path):
        documents, stages = (), None
    elif documents is None and stages is None:
        documents, stages = _parsed(text, path)
    hits = [*token_hits(places), *escaped_hits(places, stages)]
    shown = Markdown(places) if _MARKDOWN.search(path) else None
    hits += shown.token_hits() if shown is not None else ()
    if documents:
        for index, document in documents:
            hits += document_hits(places, document, index)
        hits += _comment_hits(places)
        excused = frozenset().union(*(throwaway_passwords(document.value) for _, document in documents))
        hits = [hit for hit in hits if hit.value not in excused or hit.rule not in {CREDENTIAL, URL}]
    elif stages is not None:
        hits += dockerfile_hits(places, stages)
        hits += _comment_hits(places)
    elif not _EXAMPLE.search(path):
        style = _style(path)
        hits += shown.hits(lambda each: _line_hits(each, style)) if shown else _line_hits(places, style)
    hits += base64_hits(places)
    hits += reversed_hits(places)
    return _each_once(hits)


def masks(hits: Iterable[Hit], key: bytes) -> dict[str, str]:
    """Return what to replace by what, longest first, so that no secret's beginning survives."""
    found: dict[str, str] = {}
    for hit in hits:
        marker = mark(hit.rule, hit.value, key)
        for literal in hit.literals or (hit.value,):
            for each in (literal, *_lines_of(literal)):
                if each:
                    found.setdefault(each, marker)
    return dict(sorted(found.items(), key=lambda item: (-len(item[0]), item[0])))


def _lines_of(literal: str) -> list[str]:
    """Return the lines of a block: in the file each is indented, so the block as a whole is not to be found there."""
    if "\n" not in literal:
        return []
    return [line.strip() for line in literal.split("\n") if len(line.strip()) >= SHORTEST]


def masked(text: str, replacements: Mapping[str, str]) -> str:
    """Replace every secret in a text; a short one only where it stands as a word, or it would eat other words."""
    for literal, marker in replacements.items():
        if literal in text:
            parts = MARK.split(text)  # every other part is a mask
            parts[::2] = (_replaced(part, literal, marker) for part in parts[::2])
            text = "".join(parts)
    return text


def _replaced(text: str, literal: str, marker: str) -> str:
    return text.replace(literal, marker) if len(literal) >= SHORTEST else _as_word(literal).sub(marker, text)


@lru_cache(maxsize=256)
def _as_word(literal: str) -> re.Pattern[str]:
    """Match a short literal that no letter or digit touches, except an option's own letter (``-pXXXX``)."""
    return re.compile(rf"(?:(?<![A-Za-z0-9])|(?<=\s-[A-Za-z])){re.escape(literal)}(?![A-Za-z0-9])")


def _parsed(text: str, path: str) -> tuple[Sequence[tuple[int, YamlDocument]] | None, dockerfile.Dockerfile | None]:
    if _DOCKERFILE.search(path) and dockerfile.looks_like_one(text):
        return None, dockerfile.parse(text)
    if not _STRUCTURED.search(path) or len(text) > MAX_BYTES:
        return None, None
    try:
        return list(enumerate(load_documents(text))), None
    except YamlProblem:
        return None, None


def _style(path: str) -> Style:
    if _PROSE.search(path):
        return Style.PROSE
    return Style.CODE if _CODE.search(path) else Style.PLAIN


def _line_hits(places: Places, style: Style) -> Iterable[Hit]:
    for offset, line in triggered_lines(places.raw):
        for found in line_hits(line, style):
            row, column = places.at_byte(offset)
            yield Hit(CREDENTIAL, row, column + found.start, found.value, found.detail)
    for offset, name, value in pair_hits(places.raw):
        yield Hit(CREDENTIAL, *places.at_byte(offset), value, f"a literal value for {name[:60]}")


def _comment_hits(places: Places) -> Iterable[Hit]:
    """Yield the secrets of comments: they are as lost as those in values."""
    for offset, line in triggered_lines(places.raw):
        comment = _COMMENT.search(line)
        if comment is None:
            continue
        for found in line_hits(comment.group(1), Style.PROSE):
            row, column = places.at_byte(offset)
            yield Hit(CREDENTIAL, row, column + comment.start(1) + found.start, found.value, found.detail)


def _each_once(hits: Iterable[Hit]) -> list[Hit]:
    """Keep the strongest rule for each place: a token under a credential's name is one secret, not two."""
    kept: list[Hit] = []
    near: dict[int | tuple[int, str], list[Hit]] = {}
    for hit in sorted(hits, key=lambda each: (STRENGTH[each.rule], -len(each.value))):
        here = [near.setdefault(hit.line, [])]
        if hit.pointer:
            here.append(near.setdefault((hit.index, hit.pointer), []))
        if not any(_same(hit, other) for few in here for other in few[:_MOST_COMPARED]):
            kept.append(hit)
            for few in here:
                few.append(hit)
    return sorted(kept, key=lambda each: (each.line, each.column, each.rule))


def _same(hit: Hit, other: Hit) -> bool:
    if hit.value == other.value and hit.index == other.index and hit.line == other.line:
        return True
    near = hit.line == other.line or (bool(hit.pointer) and hit.pointer == other.pointer)
    return near and (hit.value in other.value or other.value in hit.value)
