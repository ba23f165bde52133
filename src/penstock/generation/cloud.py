"""Where the pipeline runs and where it deploys to: project, region, registry, identities, environments, triggers."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from penstock.domain.pipelines import Options
from penstock.domain.spec import Assumption, BuildSettings, CloudProject, Environment, Origin, Trigger
from penstock.generation.composing import Composition
from penstock.generation.problems import in_words
from penstock.generation.regions import KNOWN_ON, REGIONS, nearest_regions
from penstock.generation.words import fitted, listed

PLACEHOLDER_PROJECT = "your-project-id"
DEFAULT_REGION = "europe-west1"
_DEFAULT = "the repository's default branch"
_MAX_ACCOUNT_STEM = 22
"""Service account ids have 30 characters; the longest ending is ``-release``."""
_PRODUCTION = frozenset({"prod", "production", "prd"})
_ALONE = frozenset({"live"})
"""Means production only at the end of a name."""
_LOWER = frozenset(
    {
        "dev", "develop", "development", "test", "tests", "testing", "staging", "stage", "stg", "qa", "uat", "sandbox",
        "preview", "ephemeral", "temp", "tmp", "ci", "e2e", "integration", "nonprod", "preprod", "preproduction",
    }
)  # fmt: skip
_BEFORE = frozenset({"non", "pre", "not", "no", "sub"})
_AFTER = frozenset({"like"})
"""Words around it after which a name does not mean production; the policy's data/environments has the same words."""


def cloud_of(name: str, options: Options, target: str) -> CloudProject:
    """Return where it runs: what was asked for, else a placeholder project and the default region."""
    asked = [f"options.{field}" for field in ("project", "region", "cluster") if getattr(options, field)]
    origin = Origin(kind="request", ref=", ".join(asked)) if asked else Origin(kind="default", ref="cloud")
    return CloudProject(
        project=options.project or PLACEHOLDER_PROJECT,
        region=options.region or DEFAULT_REGION,
        repository=name,
        cluster=options.cluster if target == "gke" else None,
        origin=origin,
    )


def said_about_cloud(cloud: CloudProject, options: Options, target: str) -> tuple[list[Assumption], list[str]]:
    """Return assumptions and questions about the place: only where nobody named it."""
    origin = Origin(kind="default", ref="cloud")
    assumptions, questions = [], []
    if not options.project:
        text = (
            f"The project is called {cloud.project}, a placeholder: run it again with --project (options.project),"
            " or set PENSTOCK_CLOUD__PROJECT."
        )
        assumptions.append(Assumption(text=text, origin=origin))
        questions.append("Which Google Cloud project does it deploy to? Say it with --project (options.project).")
    if not options.region:
        text = f"Everything runs in {cloud.region}; --region (options.region) changes that."
        assumptions.append(Assumption(text=text, origin=origin))
    elif options.region not in REGIONS:
        text = (
            f"The region {options.region} is not among those Penstock knows (list of {KNOWN_ON}); it is taken as a new"
            f" one. Known ones of such a name: {listed(nearest_regions(options.region))}."
        )
        assumptions.append(Assumption(text=text, origin=Origin(kind="request", ref="options.region")))
    if target == "gke" and not options.cluster:
        text = (
            "The GKE cluster is the one called apps, which docs/cicd/README.md creates; --cluster (options.cluster)"
            " names another."
        )
        assumptions.append(Assumption(text=text, origin=origin))
    return assumptions, questions


def said_about_target(target: str, origin: Origin) -> list[Assumption]:
    """Return the assumption about the target when neither the request nor the sentence named one."""
    if origin.kind in {"request", "intent"}:
        return []
    words = {"cloud-run": "Cloud Run", "gke": "Google Kubernetes Engine", "none": "the registry only"}[target]
    why = f"because of {origin.ref}" if origin.kind == "fact" else "since nothing says otherwise"
    other = "cloud-run" if target == "gke" else "gke"
    text = f"It deploys to {words}, {why}; --target {other} (options.target) changes that."
    return [Assumption(text=text, origin=origin)]


def build_of(composition: Composition) -> BuildSettings:
    """Return the options of the build files. Raises InvalidConfiguration for a skill's impossible ones."""
    values: dict[str, Any] = {}
    place = "default"
    for part in composition.by_weight:
        for index, rule in enumerate(part.rules.build):
            names = part.names()
            if part.holds(f"build[{index}]", rule.when, names):
                given = rule.model_dump(exclude={"when"}, exclude_none=True)
                values |= part.value(f"build[{index}]", given, names)
                place = f"{part.name} assets/defaults.yaml build[{index}]"
    project = composition.cloud.project
    account = f"{fitted(composition.named.name, _MAX_ACCOUNT_STEM)}-build@{project}.iam.gserviceaccount.com"
    origin = Origin(kind="skill", ref=place) if values else Origin(kind="default", ref="build settings")
    try:
        return BuildSettings(service_account=account, origin=origin, **values)
    except ValidationError as problem:
        raise composition.parts[0].broken("build", in_words(problem)) from problem


def environments_of(composition: Composition) -> tuple[Environment, ...]:
    """Return the stages on the way to production: the skills', or those asked for, with production last.

    A stage that was asked for by the name of a skill's stage is that one. Raises InvalidConfiguration.
    """
    if composition.target == "none":
        return ()
    known: dict[str, Environment] = {}
    for part in composition.parts:
        for rule in part.rules.environments:
            place = f"environments[{rule.name}]"
            if not part.holds(place, rule.when, part.names()):
                continue
            try:
                given = rule.model_dump(exclude={"when"})
                known.setdefault(rule.name, Environment(**given, origin=part.origin(place)))
            except ValidationError as problem:
                raise part.broken(place, in_words(problem)) from problem
    asked = composition.options.environments
    if not asked:
        return tuple(known.values())
    production = {name for name in asked if says_production(name)} or {asked[-1]}
    return tuple(_asked_environment(name, known.get(name), production=name in production) for name in asked)


def says_production(name: str) -> bool:
    """Whether an environment's name says production, in the words of the gate: prod-eu does, pre-prod does not."""
    told = name.split("-")
    if _LOWER & set(told):
        return False
    for at, word in enumerate(told):
        says = word in _PRODUCTION or (word in _ALONE and at == len(told) - 1)
        if says and not (set(told[:at][-1:]) & _BEFORE or set(told[at + 1 :][:1]) & _AFTER):
            return True
    return False


def _asked_environment(name: str, known: Environment | None, *, production: bool) -> Environment:
    origin = Origin(kind="request", ref="options.environments")
    if known is not None and known.production == production:
        return known.model_copy(update={"origin": origin})
    return Environment(name=name, production=production, require_approval=production, verify=True, origin=origin)


def triggers_of(composition: Composition) -> tuple[Trigger, ...]:
    """Return what starts the lanes. Raises InvalidConfiguration for a skill's impossible trigger."""
    found: dict[str, Trigger] = {}
    known = composition.own_branch
    for part in composition.parts:
        for rule in part.rules.triggers:
            place, names = f"triggers[{rule.name}]", part.names()
            if not part.holds(place, rule.when, names):
                continue
            given = part.value(place, rule.model_dump(exclude={"when"}), names)
            origin = part.origin(place)
            if composition.options.branch and given["branch"] == composition.options.branch:
                origin = origin.model_copy(update={"because": ("options.branch",)})
            elif known is not None and given["branch"] == known:
                origin = origin.model_copy(update={"because": (_DEFAULT,)})
            try:
                found.setdefault(rule.name, Trigger(**given, origin=origin))
            except ValidationError as problem:
                raise part.broken(place, in_words(problem)) from problem
    return tuple(found.values())


def said_about_branch(composition: Composition, triggers: tuple[Trigger, ...]) -> list[Assumption]:
    """Return the assumption about the branch when nobody named it."""
    branches = sorted({trigger.branch for trigger in triggers if trigger.branch})
    if composition.options.branch or not branches:
        return []
    known = composition.own_branch
    told = known is not None and branches == [known]
    origin = Origin(kind="fact", ref=_DEFAULT) if told else Origin(kind="default", ref="branch")
    why = f", {_DEFAULT}" if told else ""
    text = (
        f"Changes are released from the branch {listed(branches)}{why}; --release-branch (options.branch) changes that."
    )
    return [Assumption(text=text, origin=origin)]


def said_about_name(composition: Composition) -> list[Assumption]:
    """Return the assumption about what a pipeline of several services is called, where nobody named it.

    It does not say where the name was found: a second run finds it in the lock file, and changes no page.
    """
    named, source = composition.named, composition.facts.name_from
    if named.asked or len(named.services) < 2 or not source:  # noqa: PLR2004 -- one service has a name of its own
        return []
    text = (
        f"The pipeline is called {named.name}, like the repository, and docs/cicd/penstock.lock.json keeps that in"
        " every clone; --service-name (service_name) changes it."
    )
    return [Assumption(text=text, origin=Origin(kind="default", ref="name"))]
