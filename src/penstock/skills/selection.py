"""Which skills make the pipeline: pure, and every choice says why.

Composition goes foundation, language (one per language of the services), image (for services without a language skill),
runtime (for the target), supply-chain; what a chosen skill requires comes with it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from penstock.domain.facts import RepositoryFacts, ServiceFacts, Source
from penstock.domain.pipelines import Options
from penstock.domain.skills import Candidate, Selection, SkillMetadata
from penstock.domain.spec import Origin
from penstock.errors import SkillNotFound
from penstock.skills.frontmatter import ROLES
from penstock.skills.targets import NONE, target_of

__all__ = ["select", "target_of"]

_FITS = 100
_NAMED = 50
_KEYWORD = 5
_MAX_KEYWORDS = 5
_REQUIRED = 60
_NEAR = 20
"""Points: fits by role, language or target; is named in the sentence; each keyword; is required; would also do."""
_WORD = re.compile(r"[a-z0-9][a-z0-9.+#-]*")


def select(
    intent: str,
    facts: RepositoryFacts,
    options: Options,
    published: Sequence[SkillMetadata],
    *,
    target: tuple[str, Origin] | None = None,
) -> Selection:
    """Return the skills in order of composition, with scores, reasons and what came near.

    ``target`` is where to deploy to and what decided it, when that is known already. Raises InvalidConfiguration for an
    unknown target, SkillNotFound when a service or the target has no skill or a required skill is not published.
    """
    decided, origin = target or target_of(facts, options)
    return _Choice(_Question(intent.lower(), facts, decided, origin), published).answer()


@dataclass(frozen=True)
class _Question:
    """What is asked; ``intent`` in small letters."""

    intent: str
    facts: RepositoryFacts
    target: str
    origin: Origin

    @property
    def services(self) -> tuple[ServiceFacts, ...]:
        return self.facts.services or ((self.facts.primary,) if self.facts.primary else ())

    @cached_property
    def words(self) -> dict[str, str]:
        """Return the words that may hit a keyword, each with where it was found."""
        found = dict.fromkeys(_WORD.findall(self.intent), "the sentence")
        for service in self.services:
            for fact in (service.framework, service.package_manager, service.language):
                if fact is not None:
                    found[fact.value.lower()] = _place(fact.source)
        return found


@dataclass
class _Choice:
    """One answer in the making."""

    question: _Question
    published: Sequence[SkillMetadata]
    chosen: dict[str, Candidate] = field(default_factory=dict)
    near: dict[str, Candidate] = field(default_factory=dict)

    def answer(self) -> Selection:
        """Choose role by role; see the module's docstring for the order."""
        self._of_every_pipeline("foundation", "every pipeline needs it")
        self._languages()
        self._runtime()
        self._of_every_pipeline("supply-chain", "scans and provenance for every pipeline")
        ordered = self._with_requirements()
        runners_up = [each for name, each in self.near.items() if name not in self.chosen]
        return Selection(tuple(ordered), tuple(sorted(runners_up, key=_best_first)))

    def _of_every_pipeline(self, role: str, reason: str) -> None:
        target = self.question.target
        self._take(self._weighed(role, _FITS, reason, lambda skill: not skill.targets or target in skill.targets))

    def _languages(self) -> None:
        """Take the best skill of each language; services whose language has none go by their image."""
        alone: list[ServiceFacts] = []
        for service in self.question.services:
            language = _language(service)
            reason = f"{language} in {_where(service)}"
            if not self._take(self._weighed("language", _FITS, reason, _speaks(language))):
                alone.append(service)
        if not alone:
            takes_any = "would take any language, by its Dockerfile or by buildpacks"
            self._keep_near(self._weighed("image", _NEAR, takes_any, _any_skill))
            return
        reason = "; ".join(f"no skill for {_language(each)} in {_where(each)}, so {_how(each)}" for each in alone)
        if not self._take(self._weighed("image", _FITS, reason, _any_skill)):
            languages = ", ".join(sorted({_language(each) for each in alone}))
            raise SkillNotFound(f"No published skill fits this repository's language: {languages}.")

    def _runtime(self) -> None:
        target = self.question.target
        reason = f"target {target}: {_why(self.question.origin)}"
        if target != NONE and not self._take(
            self._weighed("runtime", _FITS, reason, lambda skill: target in skill.targets)
        ):
            raise SkillNotFound(f"No published skill deploys to the target {target}.")
        elsewhere = f"deploys elsewhere; {reason}"
        self._keep_near(self._weighed("runtime", _NEAR, elsewhere, lambda skill: target not in skill.targets))

    def _with_requirements(self) -> list[Candidate]:
        """Add what is required, and put all in order: by role, and within a role behind what they require."""
        by_name = {skill.name: skill for skill in self.published}
        ordered: dict[str, Candidate] = {}

        def place(candidate: Candidate) -> None:
            skill = candidate.skill
            if skill.name in ordered or skill.name in placing:
                return
            placing.add(skill.name)
            for name in skill.requires:
                if name not in by_name:
                    raise SkillNotFound(f"The skill {skill.name} requires {name}, which is not published.")
                place(self.chosen.get(name) or Candidate(by_name[name], _REQUIRED, (f"{skill.name} requires it",)))
            ordered[skill.name] = candidate

        placing: set[str] = set()
        for candidate in list(self.chosen.values()):
            place(candidate)
        self.chosen = ordered
        return sorted(ordered.values(), key=lambda each: _rank(each.skill))

    def _weighed(self, role: str, points: int, reason: str, fits: Callable[[SkillMetadata], bool]) -> list[Candidate]:
        """Return the fitting skills of a role, best first; the name decides between equals."""
        skills = [skill for skill in self.published if skill.role == role and fits(skill)]
        return sorted((self._candidate(skill, points, reason) for skill in skills), key=_best_first)

    def _candidate(self, skill: SkillMetadata, points: int, reason: str) -> Candidate:
        reasons = [reason]
        if re.search(rf"(?<![a-z0-9-]){re.escape(skill.name)}(?![a-z0-9-])", self.question.intent):
            points += _NAMED
            reasons.append("named in the sentence")
        hits = [f"{word} ({self.question.words[word]})" for word in skill.keywords if word in self.question.words]
        if hits:
            points += _KEYWORD * min(len(hits), _MAX_KEYWORDS)
            reasons.append(f"keywords {', '.join(hits[:_MAX_KEYWORDS])}")
        return Candidate(skill, points, tuple(reasons))

    def _take(self, candidates: Sequence[Candidate]) -> bool:
        """Choose the first candidate, remember the others; tell whether there was one."""
        if not candidates:
            return False
        best = candidates[0]
        taken = self.chosen.get(best.skill.name)
        if taken is None:
            self.chosen[best.skill.name] = best
        elif best.reasons[0] not in taken.reasons:
            reasons = (*taken.reasons, best.reasons[0])
            self.chosen[best.skill.name] = Candidate(best.skill, max(taken.score, best.score), reasons)
        self._keep_near(candidates[1:])
        return True

    def _keep_near(self, candidates: Sequence[Candidate]) -> None:
        for candidate in candidates:
            self.near.setdefault(candidate.skill.name, candidate)


def _best_first(candidate: Candidate) -> tuple[int, str]:
    return -candidate.score, candidate.skill.name


def _rank(skill: SkillMetadata) -> int:
    return ROLES.index(skill.role) if skill.role in ROLES else len(ROLES)


def _any_skill(_: SkillMetadata) -> bool:
    return True


def _speaks(language: str) -> Callable[[SkillMetadata], bool]:
    return lambda skill: language in skill.languages


def _language(service: ServiceFacts) -> str:
    """Return what skills are asked for: the language, but Deno's programs are no Node ones."""
    known = service.language is not None and service.ecosystem != "deno"
    return service.language.value.lower() if service.language and known else service.ecosystem


def _where(service: ServiceFacts) -> str:
    if service.language is not None:
        return _place(service.language.source)
    return service.name if service.path == "." else service.path


def _place(source: Source) -> str:
    return f"{source.path}:{source.line}" if source.line else source.path


def _how(service: ServiceFacts) -> str:
    return f"its own {service.dockerfile.value} builds it" if service.dockerfile else "buildpacks build it"


def _why(origin: Origin) -> str:
    if origin.kind == "request":
        return f"asked for in {origin.ref}"
    if origin.kind == "intent":
        return f"{origin.ref} in the sentence"
    if origin.kind == "fact":
        return f"{', '.join(origin.because)} {origin.ref}"
    return "nothing says otherwise"
