"""The version of a language's runtime: Node 22, on Python 3.12, Java 21."""

from __future__ import annotations

import re

from penstock.generation.intent.wishes import Wishes

_LANGUAGES = {
    "node": ("node.js", "nodejs", "node"),
    "python": ("python", "cpython", "py"),
    "jvm": ("java", "jdk", "openjdk", "jre", "temurin"),
    "go": ("golang", "go"),
    "ruby": ("ruby",),
    "php": ("php",),
    "dotnet": (".net core", ".net", "dotnet"),
    "rust": ("rust",),
    "elixir": ("elixir",),
    "deno": ("deno",),
    "bun": ("bun",),
}
_ECOSYSTEM = {word: ecosystem for ecosystem, words in _LANGUAGES.items() for word in words}
_SHOWN = {
    "node": "Node.js", "python": "Python", "jvm": "Java", "go": "Go", "ruby": "Ruby", "php": "PHP", "dotnet": ".NET",
    "rust": "Rust", "elixir": "Elixir", "deno": "Deno", "bun": "Bun",
}  # fmt: skip
_WORDS = "|".join(sorted(map(re.escape, _ECOSYSTEM), key=len, reverse=True))
_RUNTIME = re.compile(
    rf"(?<![\w.])({_WORDS})(?: (?:version|runtime|lts|v))? ?[-:=@]?v?"
    rf"([0-9]{{1,3}}(?:\.[0-9]{{1,4}}){{0,2}})(?:\.x)?\+?(?: lts)?(?![\w%]|\.[0-9])"
)
_DIGIT = re.compile(r"[0-9]")
_OTHER = re.compile(
    r"\s*(?:,|/|and|or|und|oder|et|ou|y|o)\s*v?([0-9]{1,3}(?:\.[0-9]{1,4}){0,2})(?![\w%.-])(?! (?:instances?"
    r"|replicas?|cpus?|min))"
)
_PLAIN = re.compile(rf"(?<![\w.-])({_WORDS})(?![\w.-])")


def read(wishes: Wishes) -> None:
    """Read runtime versions; one for a language that no service has is a question."""
    sentence = wishes.sentence
    for found in sentence.find(_RUNTIME, _DIGIT, 40):
        ecosystem, version = _ECOSYSTEM[found.group(1)], found.group(2)
        if found.group(1) == "go" and "." not in version:
            continue
        several = _OTHER.match(sentence.low, found.end())
        if several is not None and ("." in version) == ("." in several.group(1)):
            words = sentence.take((found.start(), several.end()))
            wishes.ask(
                f"Which version shall it run on? The sentence names more than one: {words}. A pipeline builds for one."
            )
            continue
        words = sentence.take(found)
        names = _with(wishes, ecosystem)
        for name in names:
            wishes.of_service(name, "runtime_version", version, words)
        if not names:
            wishes.ask(f"What shall run on {words}? No service here is made with {_SHOWN[ecosystem]}.")
    known = {each for facts in wishes.names.values() for each in (facts.ecosystem, _manager(facts))}
    for found in sentence.find(_PLAIN) if known & set(_LANGUAGES) and sentence.any(*_ECOSYSTEM) else ():
        if _ECOSYSTEM[found.group(1)] in known:
            sentence.take(found)


def _with(wishes: Wishes, ecosystem: str) -> list[str]:
    """Return the services of an ecosystem; Bun is a manager of Node projects."""
    if ecosystem == "bun":
        return [name for name, facts in wishes.names.items() if _manager(facts) == "bun"]
    return [name for name, facts in wishes.names.items() if facts.ecosystem == ecosystem and _manager(facts) != "bun"]


def _manager(facts: object) -> str:
    manager = getattr(facts, "package_manager", None)
    return "bun" if manager is not None and manager.value == "bun" else ""
