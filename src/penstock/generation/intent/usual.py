"""What every pipeline does anyway: heard and nothing to change. What it will not leave out is said."""

from __future__ import annotations

import re

from penstock.generation.intent.wishes import Wishes

_SCANS = (
    r"(?:(?:security|vulnerabilit(?:y|ies)|secrets?|dependency|dependencies|image|container|code|cve|sast|trivy"
    r"|license|sicherheits|supply[ -]chain)[ -]?)*"
    r"(?:scan(?:s|ner|ning|ned)?|sicherheitsscans?|sicherheitsprüfung|security checks?|analyse de sécurité"
    r"|escaneo(?: de seguridad)?)"
)
_REFUSED = re.compile(
    rf"\b(?:skip|skipping|no|without|disable|drop|remove|omit|turn off|leave out|ignore|don't|do not|never|ohne"
    rf"|keine?|sans|sin|pas de)(?: (?:the|any|all|a|do|run|image|use|tests?|lint|linting|testing|and|or|,))* "
    rf"(?P<what>{_SCANS}|sbom|provenance|(?:binary )?attestations?|(?:policy|policies)(?: checks?| gates?)?"
    rf"|security)\b(?: (?:step|steps|check|checks))?"
)
_DONE = re.compile(
    rf"\b(?:{_SCANS}(?: (?:for|the|of|code|image|images|dependencies|for (?:secrets|vulnerabilities)"
    rf"|vulnerabilities|secrets))*|sbom|software bill of materials|(?:slsa )?provenance|signed (?:images?|builds?)"
    r"|secure(?:ly)?|security(?: best practices)?|hardened|least privilege|non-root|artifact registry"
    r"|container registry|docker images?|container images?"
    r"|health[ -]?checks?|cloud build|cloud deploy|secret manager|skaffold|(?:on|for|in) (?:every|each"
    r"|all)? ?(?:pull requests?|prs?|push(?:es)?|commits?|merges?)"
    r"|(?:every|each) (?:pull request|pr|push|commit|merge)|(?:bei|pro|für) (?:jedem?|jeden) (?:pull request"
    r"|push|commit|merge)|à chaque (?:push|commit|pull request|merge)|en cada (?:push|commit|pull request)"
    r"|not (?:only|just|merely)|(?:don't|do not|never) forget(?: to)?|n'oubliez? pas|no (?:te |se )?olvid\w+"
    r"|after (?:every |each |a |the )?merges?|open(?:ed)? pull requests?|roll(?:s|ed|ing)? (?:it |everything "
    r"|them )?out|immutable|by digest|private (?:repo|repository|registry|packages?)|verif(?:y|ies|ied"
    r"|ication)(?: (?:of|the|each|every|a))* (?:deploy(?:ment)?|rollout|release)s?)\b"
)
_SCAN_WORD = re.compile("scan|sbom|provenance|attest|polic|secur|sicherheit|seguridad|sécurité")
_DONE_WORD = re.compile(
    "scan|sbom|verif|private|bill of"
    "|provenance|sign|secur|sécurité|sicher|harden|privilege|root|registry|docker|container"
    "|health|cloud|secret|skaffold|pull"
    "|not |forget|oubli|olvid|prs?|push|commit|merg|out|immut|digest|produktion"
)
_GATED = re.compile(
    r"\b(?:(?:don't|do not|never|no) (?:deploy\w*|releas\w*|ship)(?: (?:it|anything|to [a-z-]+))?"
    r" (?:until|unless|before|without|if|when|while)(?: (?:all|the|our))* (?:unit )?tests?"
    r"(?: (?:have|has|are|is|do|pass\w*|fail\w*|green|red|run|passing|failing|not))*"
    r"|(?:deploy\w*|releas\w*|ship) only (?:if|when|after|once)(?: (?:all|the|our))* (?:unit )?tests?"
    r"(?: (?:have|has|are|is|pass\w*|green|succeed\w*))*"
    r"(?:,? (?:and |but )?(?:no deploy\w*|don't deploy|do not deploy|never) otherwise)?)(?![\w-])"
)
_TESTS = re.compile("test")
_RUNNERS = re.compile(
    r"\b(?:jest|mocha|vitest|pytest|junit|go test|go vet|eslint|ruff|npm (?:ci|install)|maven|gradle|mvn|npm"
    r"|yarn|pnpm|poetry|uv|pip|buildpacks?)\b"
)


def read_gates(wishes: Wishes) -> None:
    """Take "deploy only if the tests pass" before the target and the tests are read: it is so anyway."""
    for found in wishes.sentence.find(_GATED, _TESTS, 80, negated=True):
        words = wishes.sentence.take(found)
        wishes.assume(f'"{words}" is how it is: what is deployed was built from a commit whose tests have passed.')


def read(wishes: Wishes) -> None:
    """Take what is there anyway, and say what stays although the sentence wants it away."""
    sentence = wishes.sentence
    for found in sentence.find(_REFUSED, _SCAN_WORD, 110):
        words = sentence.take(found)
        wishes.keep_scans(words)
    for found in sentence.find(_DONE, _DONE_WORD):
        sentence.take(found)
    known = _tools(wishes)
    for found in sentence.find(_RUNNERS):
        if found.group() in known:
            sentence.take(found)


def _tools(wishes: Wishes) -> set[str]:
    """Return the tools the repository's own commands name."""
    words: set[str] = set()
    for facts in wishes.names.values():
        for fact in (
            facts.package_manager,
            facts.test_command,
            facts.lint_command,
            facts.install_command,
            facts.build_command,
        ):
            if fact is not None:
                words |= set(fact.value.lower().split()) | {" ".join(fact.value.lower().split()[:2])}
        if facts.dockerfile is None:
            words |= {"buildpacks", "buildpack"}
    return words
