"""Which nodes of a pipeline stand behind a violation, and how to change those and no other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from penstock.domain.artifacts import Artifact
from penstock.domain.policy import Violation
from penstock.domain.spec import PipelineSpec, ServiceSpec, Step
from penstock.kit.guarded_yaml import YamlDocument, escape, load_documents

if TYPE_CHECKING:
    import yaml

Key = tuple[str, str]
"""Kind and name of a node: (step, e2e), (environment, production), (service, api), (extra_file, path), (words, "")."""
_SCANS = frozenset({"scan", "sbom"})
_README = "docs/cicd/README.md"


@dataclass(frozen=True)
class Behind:
    """The files of one pipeline, read back to the nodes that they were made of."""

    spec: PipelineSpec
    artifacts: Sequence[Artifact]

    @cached_property
    def _documents(self) -> dict[str, tuple[YamlDocument, ...]]:
        """YAML files by path; files that do not parse have no documents."""
        found: dict[str, tuple[YamlDocument, ...]] = {}
        for artifact in self.artifacts:
            if artifact.path.endswith((".yaml", ".yml")):
                try:
                    found[artifact.path] = load_documents(artifact.content)
                except ValueError:
                    found[artifact.path] = ()
        return found

    def keys(self, violation: Violation) -> frozenset[Key]:
        """Return the nodes behind a violation; none when it points at nothing that a node decides."""
        return frozenset(self._keys(self._pointed(violation)))

    def value(self, violation: Violation) -> Any:
        """Return what stands at the violation's place, None when nothing does."""
        pointed = self._pointed(violation)
        return _at(self._document(pointed), pointed.pointer)

    def parent(self, violation: Violation) -> Any:
        """Return what holds the value at the violation's place."""
        pointed = self._pointed(violation)
        return _at(self._document(pointed), pointed.pointer.rpartition("/")[0])

    def _pointed(self, violation: Violation) -> Violation:
        """Return the violation with its pointer; what was found in the text, such as a secret, has only a line."""
        if violation.pointer:
            return violation
        for index, document in enumerate(self._documents.get(violation.file, ())):
            found = pointer_at(document.root, violation.line - 1)
            if found:
                return replace(violation, index=index, pointer=found)
        return violation

    def _keys(self, violation: Violation) -> Iterator[Key]:
        path, parts = violation.file, violation.pointer.split("/")[1:]
        name = path.rpartition("/")[2]
        if any(path == file.path for file in self.spec.extra_files):
            yield ("extra_file", path)
        elif name.startswith("cloudbuild"):
            yield from self._of_build(violation, parts)
        elif name == "clouddeploy.yaml":
            yield from self._of_delivery(violation, parts)
        elif path == _README:
            yield ("words", "")
        else:
            yield from self._of_services(path)

    def _of_build(self, violation: Violation, parts: list[str]) -> Iterator[Key]:
        document = self._document(violation)
        steps = document.get("steps") if isinstance(document, Mapping) else None
        if parts[:1] == ["steps"] and len(parts) > 1 and isinstance(steps, list):
            step = _at(steps, "/" + parts[1])
            if isinstance(step, Mapping) and step.get("id"):
                yield ("step", str(step["id"]))
            return
        if violation.policy == "security.scans":
            yield from (("step", step.id) for step in self.spec.steps if step.kind in _SCANS)
        elif parts[:1] == ["availableSecrets"]:
            yield from (("service", each.name) for each in self.spec.services if each.secrets)

    def _of_delivery(self, violation: Violation, parts: list[str]) -> Iterator[Key]:
        document = self._document(violation)
        if not isinstance(document, Mapping):
            return
        target = str((document.get("metadata") or {}).get("name") or "")
        if document.get("kind") == "DeliveryPipeline":
            stages = (document.get("serialPipeline") or {}).get("stages") or []
            place = parts[2] if parts[:2] == ["serialPipeline", "stages"] and len(parts) > 2 else ""  # noqa: PLR2004 -- /serialPipeline/stages/N
            stage = _at(stages, f"/{place}") if place else None
            target = str(stage.get("targetId") or "") if isinstance(stage, Mapping) else ""
        for environment in self.spec.environments:
            if target == environment.name or target.endswith(f"-{environment.name}"):
                yield ("environment", environment.name)

    def _of_services(self, path: str) -> Iterator[Key]:
        for service in self.spec.services:
            if path == service.image.dockerfile or path.startswith(f"deploy/{service.name}/"):
                yield ("service", service.name)

    def _document(self, violation: Violation) -> Any:
        documents = self._documents.get(violation.file, ())
        return documents[violation.index].value if violation.index < len(documents) else None


def pointer_at(node: yaml.Node | None, line: int) -> str | None:
    """Return the JSON pointer of the value written on a line (from 0), None when there is none, as on a comment's."""
    import yaml

    if isinstance(node, yaml.ScalarNode):
        # A block ends where the next line begins.
        last = node.end_mark.line - (1 if node.style in {"|", ">"} else 0)
        return "" if node.start_mark.line <= line <= last else None
    parts: list[tuple[str, yaml.Node, yaml.Node]] = []
    if isinstance(node, yaml.MappingNode):
        parts = [(escape(key.value), key, value) for key, value in node.value if isinstance(key, yaml.ScalarNode)]
    elif isinstance(node, yaml.SequenceNode):
        parts = [(str(index), item, item) for index, item in enumerate(node.value)]
    for token, begins, value in parts:
        if begins.start_mark.line <= line <= value.end_mark.line:
            below = pointer_at(value, line)
            if below is not None:
                return f"/{token}{below}"
    return None


def grafted(before: PipelineSpec, after: PipelineSpec, keys: frozenset[Key]) -> PipelineSpec:
    """Return ``before`` with just the nodes of ``keys`` as ``after`` has them; one that is gone there is taken out.

    Raises ValidationError when the parts do not fit together.
    """
    parts: dict[str, Any] = {name: getattr(before, name) for name in PipelineSpec.model_fields}
    parts["environments"] = _grafted(before.environments, after.environments, keys, "environment", keep=True)
    parts["services"] = _grafted(before.services, after.services, keys, "service", keep=True)
    parts["extra_files"] = tuple(
        kept
        for file in before.extra_files
        for kept in (
            [each for each in after.extra_files if each.path == file.path]
            if ("extra_file", file.path) in keys
            else [file]
        )
    )
    parts["steps"] = _steps(before, after, keys)
    parts["services"] = _with_secrets(parts["services"], after.services, parts["steps"], keys)
    parts["services"] = _without_secrets(parts["services"], before.steps, parts["steps"], keys)
    if ("words", "") in keys:
        parts["notes"] = after.notes
    return PipelineSpec(**parts)


def _with_secrets(
    services: Sequence[ServiceSpec], after: Sequence[ServiceSpec], steps: Sequence[Step], keys: frozenset[Key]
) -> tuple[ServiceSpec, ...]:
    """Return the services with the secrets that changed steps read in the build: a step cannot bring its own."""
    others = {each.name: each for each in after}
    kept = []
    for service in services:
        known = {secret.env for secret in service.secrets if secret.at == "build"}
        read = {env for step in steps if ("step", step.id) in keys for env in step.secret_env} - known
        theirs = others[service.name].secrets if service.name in others else ()
        more = tuple(secret for secret in theirs if secret.at == "build" and secret.env in read)
        kept.append(service.model_copy(update={"secrets": (*service.secrets, *more)}) if more else service)
    return tuple(kept)


def _without_secrets(
    services: Sequence[ServiceSpec], before: Sequence[Step], after: Sequence[Step], keys: frozenset[Key]
) -> tuple[ServiceSpec, ...]:
    """Return the services without the secrets that came with a changed step and that no step reads any more."""
    origins = [step.origin for step in before if ("step", step.id) in keys]
    read = {env for step in after for env in step.secret_env}
    kept = []
    for service in services:
        left = tuple(
            each for each in service.secrets if each.at != "build" or each.env in read or each.origin not in origins
        )
        kept.append(service if left == service.secrets else service.model_copy(update={"secrets": left}))
    return tuple(kept)


def _grafted(before: Sequence[Any], after: Sequence[Any], keys: frozenset[Key], kind: str, *, keep: bool) -> Any:
    others = {each.name: each for each in after}
    return tuple(
        others.get(each.name, each if keep else None) if (kind, each.name) in keys else each for each in before
    )


def _steps(before: PipelineSpec, after: PipelineSpec, keys: frozenset[Key]) -> tuple[Step, ...]:
    others = {step.id: step for step in after.steps}
    gone = {step.id: step.wait_for for step in before.steps if ("step", step.id) in keys and step.id not in others}
    kept: list[Step] = []
    for former in before.steps:
        if former.id in gone:
            continue
        step = others[former.id] if ("step", former.id) in keys else former
        earlier = {each.id for each in kept}
        waits = [wanted for each in step.wait_for for wanted in (gone.get(each, (each,)))]
        waits = [each for each in dict.fromkeys(waits) if each in earlier]
        kept.append(step if tuple(waits) == step.wait_for else step.model_copy(update={"wait_for": tuple(waits)}))
    return tuple(kept)


def _at(value: Any, pointer: str) -> Any:
    for part in pointer.split("/")[1:]:
        token = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, Mapping) and token in value:
            value = value[token]
        elif isinstance(value, list) and token.isdigit() and int(token) < len(value):
            value = value[int(token)]
        else:
            return None
    return value
