"""What the readers found so far: the Changes in the making, and the words that caused each part of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from penstock.domain.changes import Changes
from penstock.domain.facts import RepositoryFacts, ServiceFacts
from penstock.generation.intent.sentence import Sentence

_MOST = {
    "add_steps": 20, "change_steps": 40, "remove_steps": 40, "add_triggers": 20, "remove_triggers": 20,
    "notifications": 5, "assumptions": 20, "questions": 10, "not_understood": 20, "environments": 8,
}  # fmt: skip
"""How much of each Changes takes."""
_MOST_VARIABLES = 40
_MAX_SAID = 600
Single = str | int | bool


@dataclass
class Wishes:
    """The readers' common sheet. ``names`` are the pipeline's services by name, ``usual`` its environments."""

    sentence: Sentence
    facts: RepositoryFacts
    names: Mapping[str, ServiceFacts]
    main: str
    usual: tuple[str, ...]
    single: dict[str, Single] = field(default_factory=dict)
    """Fields that hold one value: target, region, release_branch..."""
    services: dict[str, dict[str, Any]] = field(default_factory=dict)
    lists: dict[str, list[Any]] = field(default_factory=dict)
    said: dict[str, str] = field(default_factory=dict)
    stages: list[str] | None = None
    """Environments in order, where the sentence lists them."""
    stage_values: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What the sentence says of one environment."""
    kept_out: dict[str, set[str]] = field(default_factory=dict)
    """Lanes that a step shall not run in."""
    refused: set[str] = field(default_factory=set)
    """Fields about which the sentence contradicts itself."""

    @property
    def several(self) -> bool:
        """Whether the pipeline is for several services."""
        return len(self.names) > 1

    def set(self, path: str, value: Single, words: str) -> None:
        """Set a single field; two different values contradict each other, and none is taken."""
        if path in self.refused:
            return
        before = self.single.get(path)
        if before is not None and before != value:
            self.refused.add(path)
            first = self.said.pop(path)
            del self.single[path]
            what = path.replace("_", " ")
            self.ask(f'Which {what} is meant? The sentence says "{first}" and "{words}", so neither was taken.')
            return
        self.single[path] = value
        self.said.setdefault(path, words)

    def of_service(self, name: str, key: str, value: Any, words: str) -> None:
        """Set one field of a service; two different values contradict each other."""
        path = f"services.{name}.{key}"
        if path in self.refused:
            return
        fields = self.services.setdefault(name, {})
        if key in fields and fields[key] != value:
            self.refused.add(path)
            del fields[key]
            first = self.said.pop(path)
            what = key.replace("_", " ")
            self.ask(f'Which {what} does {name} get? The sentence says "{first}" and "{words}", so neither was taken.')
            return
        fields[key] = value
        self.said.setdefault(path, words)

    def variable(self, name: str, kind: str, entry: Mapping[str, Any], words: str) -> None:
        """Add a secret or a plain variable to a service, each name once."""
        known = self.services.setdefault(name, {}).setdefault(kind, [])
        key = "env" if kind == "secrets" else "name"
        if len(known) < _MOST_VARIABLES and all(each[key] != entry[key] for each in known):
            known.append(dict(entry))
            self.said[f"services.{name}.{kind}.{entry[key]}"] = words

    def add(self, path: str, entry: Any, words: str) -> None:
        """Add to a list of the changes, each entry once."""
        known = self.lists.setdefault(path, [])
        if entry not in known and len(known) < _MOST[path]:
            self.said[f"{path}[{len(known)}]"] = words
            known.append(entry)

    def of_stage(self, stage: str, key: str, value: Any, words: str) -> None:
        """Set one field of an environment."""
        fields = self.stage_values.setdefault(stage, {})
        if key in fields and fields[key] != value:
            self.ask(f'What does {stage} get? The sentence says two different things: "{words}" is one.')
            return
        fields[key] = value
        self.said[f"environments.{stage}.{key}"] = words

    def assume(self, text: str) -> None:
        """Say what was decided in the developer's place."""
        self._tell("assumptions", text)

    def ask(self, text: str) -> None:
        """Ask what cannot be decided."""
        self._tell("questions", text)

    def missed(self, texts: Iterable[str]) -> None:
        """Tell which parts of the sentence nothing was made of."""
        for text in texts:
            self._tell("not_understood", text)

    def keep_scans(self, words: str) -> None:
        """Say that scans stay although the sentence wants them away."""
        self.assume(f'Scans, provenance and policy checks stay: "{words}" was not followed, no pipeline goes without.')

    def unchanged(self, words: str) -> None:
        """Say that nothing was made of a wish that something shall not be."""
        self.assume(f'"{words}" changes nothing: nothing is added for it, and nothing taken away.')

    def _tell(self, where: str, text: str) -> None:
        known = self.lists.setdefault(where, [])
        text = text if len(text) <= _MAX_SAID else f"{text[: _MAX_SAID - 3]}..."
        if text and text not in known and len(known) < _MOST[where]:
            known.append(text)

    def changes(self) -> Changes:
        """Return the changes."""
        document: dict[str, Any] = {**self.single, **{key: tuple(value) for key, value in self.lists.items()}}
        services = [{"name": name, **self.services[name]} for name in self.names if self.services.get(name)]
        if services:
            document["services"] = tuple(services)
        return Changes.model_validate(document)
