"""What starts a build besides the usual: the release branch, tags, by hand."""

from __future__ import annotations

import re

from penstock.generation.intent.stages import NAMED, STAGE
from penstock.generation.intent.wishes import Wishes

_BRANCHES = r"(?:main|master|develop|development|trunk|release|production|stable|next|mainline|default)"
_NAME = r"[\"'`]?([A-Za-z0-9_][A-Za-z0-9._/-]{0,99})(?<![.])[\"'`]?"
_SAID = re.compile(
    r"\b(?:(?:release|releases|production|deploy|deployment|default|target) branch|(?:from|on|to|into|off|of"
    r"|the|vom|von|auf|de|depuis|sur|desde"
    r"|en|der|la|al|du|dem) (?:the |our |la |der )?(?:branch|zweig|branche|rama)|branch)(?: (?:is|called|named"
    r"|namens|nommée?|llamada)\b|:|=)?\s?" + _NAME + r"(?![\w/])"
)
_BEHIND = re.compile(
    r"\b(?:from|on|to|into|off|of|use|using|vom|auf|depuis|desde|de|sur|en)(?: (?:the|our|its|la|le|el|den|dem))? "
    + _NAME
    + r"(?: branch(?:es)?\b|-branch\b)"
)
_FROM = re.compile(
    r"\b(?:deploys?|deployed|deploying|releases?|released|releasing|ships?|rollouts?|push(?:es|ed)?|merges?"
    r"|merged|merging|commits?|deploye|déploie"
    r"|despliega|lands?|landing)(?: (?:it|is|are|everything|code|changes))? (?:from|on|to|into|in|off|auf"
    r"|depuis|desde|vers|nach)(?: the)? "
    rf"[\"'`]?({_BRANCHES}(?:/[a-z0-9._-]{{1,40}})?|(?:release|releases|feature"
    rf"|hotfix)/[a-z0-9._-]{{1,60}})(?<![.])[\"'`]?(?![\w-])"
    r"(?! (?:environment|env|stage|cluster|project|region|and then|first))"
)
_BRANCH_WORD, _TAG_WORD = re.compile("branch|zweig|rama"), re.compile("tag|etiqueta")
_LINK = re.compile("(?:from|on|to|into|in|off|auf|depuis|desde|vers|nach) ")
_HAND = re.compile("manu|hand|demand|main|mano|dispatch|button")
_REQUEST = re.compile("pull|prs?")
_MAPPED = re.compile(
    rf"\b(?:main|master|develop|development|trunk)(?: branch)? (?:is )?(?:for|to"
    rf"|goes to|deploys to|into|nach|für|pour|para)(?: the)? {STAGE}"
)
_MAPPERS = ("main", "master", "develop", "trunk")
_TO_STAGE = re.compile(r"\bto (?:the )?(?:production|development|release)$")
_NO_BRANCH = frozenset(
    [
        "is",
        "are",
        "and",
        "or",
        "for",
        "with",
        "in",
        "on",
        "to",
        "of",
        "the",
        "a",
        "that",
        "which",
        "protection",
        "protections",
        "builds",
        "build",
        "deploys",
        "name",
        "names",
        "strategy",
        "policy",
        "rules",
        "from",
        "as",
        "when",
        "should",
        "will",
        "must",
        "there",
        "it",
        "per",
        "only",
        "also",
        "has",
        "have",
        "then",
        "feature",
        "each",
        "every",
        "any",
        "by",
        "at",
        "into",
        "gets",
        "environments",
        "environment",
        "previews",
        "preview",
        "pushes",
        "push",
    ]
)
_TAG = re.compile(
    r"\b(?:(?:on|for|when|from|with|by|bei|von|sur|con|per|every|each|a|the|new|any|push(?:ing|ed)?|release|git"
    r"|version|semver|via|only) )*"
    r"(?:git )?(?:version |release |semver )?(?:tags?|etiquetas?)\b(?:(?: (?:like|matching|named|called|wie"
    r"|comme|como|of the form|starting with|pattern))*"
    r"\s[\"'`]?([A-Za-z0-9_*][A-Za-z0-9._/*-]{0,60}[*0-9]|\*|v)[\"'`]?(?![\w*]))?(?: (?:is|are) (?:pushed|created))?"
)
_TAG_BEFORE = re.compile(r"(?<![\w*])[\"'`]?([A-Za-z0-9_][A-Za-z0-9._/-]{0,40}\*[A-Za-z0-9._*-]{0,20})[\"'`]? tags?\b")
_NO_TAGS = re.compile(
    r"\b(?:image|docker|container|git sha|with the|no|latest)\s+tags?\b|\btags? (?:the|images?|it|with|docker)\b"
)
_ONLY = re.compile(r"\b(?:only|nur|seulement|uniquement|s[óo]lo|solamente|instead of|exclusively)\b")
_BY_HAND = re.compile(
    r"\b(?:manual(?:ly)?(?: (?:triggers?|triggered|starts?|started|runs?|deploy(?:s|ed|ment|ments)?|builds?"
    r"|only))?|by hand|on demand|on-demand|per hand"
    r"|von hand|manuell\w*|à la main|manuellement|a mano|manualmente|workflow_dispatch|from the button)\b"
)
_CHECKS = re.compile(
    r"\b(?:no|without|skip|don't (?:build|check|run on|test)|ohne|sans|sin)(?: (?:any|the"
    r"|on))* (?:pull requests?|prs?)(?: (?:checks?|builds?|triggers?))?\b"
)


def read(wishes: Wishes) -> None:
    """Read tags and starts by hand."""
    _tags(wishes)
    sentence = wishes.sentence
    if sentence.any("manu", "hand", "demand", "à la main", "a mano", "workflow_dispatch", "button"):
        for found in sentence.find(_BY_HAND, _HAND):
            _by_hand(wishes, found)
    for found in sentence.find(_CHECKS, _REQUEST):
        sentence.take(found)
        wishes.assume("Pull requests stay checked: what is merged is built and released without another look.")


def read_branch(wishes: Wishes) -> None:
    """Read the branch that is released: before environments, since both are called develop."""
    sentence = wishes.sentence
    for pattern, near in ((_BEHIND, _BRANCH_WORD), (_SAID, _BRANCH_WORD), (_FROM, _LINK)):
        for found in sentence.find(pattern, near, 110):
            name = sentence.original(found, 1)
            if name.lower() in _NO_BRANCH or (pattern is _FROM and _TO_STAGE.search(found.group())):
                continue
            if pattern is not _FROM and name.lower() == "production" and "branch" not in found.group():
                continue
            if "feature" in found.group() or ".." in name:
                continue
            wishes.set("release_branch", name, sentence.take(found))
    mapped = [sentence.take(found) for found in sentence.find(_MAPPED)] if sentence.any(*_MAPPERS) else []
    if mapped:
        wishes.ask(
            f"Which branch is released? One goes through every environment, production last; that each branch has its"
            f' own ("{mapped[0]}") was not followed.'
        )


def _tags(wishes: Wishes) -> None:
    sentence = wishes.sentence
    if not sentence.any("tag", "etiqueta"):
        return
    for pattern in (_TAG_BEFORE, _TAG):
        for found in sentence.find(pattern, _TAG_WORD, 80):
            around = sentence.low[max(0, found.start() - 12) : found.end() + 8]
            if pattern is _TAG and _NO_TAGS.search(around):
                continue
            name = sentence.original(found, 1) if found.group(1) else None
            only = _ONLY.search(
                sentence.before(found.start(), 50) + found.group()
            ) is not None or sentence.low.startswith(" only", found.end())
            words = sentence.take(found)
            entry = {"event": "tag", "lane": "main"}
            first, last = sentence.clause(found.start())
            if NAMED.search(sentence.low, first, last):
                wishes.assume(f'What "{words}" starts goes the whole way: through every environment, production last.')
            wishes.add("add_triggers", {**entry, "tag": "v*" if name == "v" else name} if name else entry, words)
            _instead(wishes, words, only=only)


def _by_hand(wishes: Wishes, found: re.Match[str]) -> None:
    sentence = wishes.sentence
    first, last = sentence.clause(found.start())
    clause = sentence.low[first:last]
    deploys = re.search(r"deploy|release|push|despl|déploi|ausroll|ausliefer", clause) is not None
    only = _ONLY.search(clause) is not None
    words = sentence.take(found)
    wishes.add("add_triggers", {"event": "manual", "lane": "main" if deploys else "scheduled"}, words)
    if deploys:
        _instead(wishes, words, only=only)


def _instead(wishes: Wishes, words: str, *, only: bool) -> None:
    if only:
        wishes.add("remove_triggers", "main", words)
    else:
        wishes.assume(f'Pushes to the release branch are still built and released, besides "{words}".')
