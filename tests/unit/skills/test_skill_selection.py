"""Which skills make a pipeline, and why."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import pytest

from penstock.domain.facts import CiFile, Fact, RepositoryFacts, ServiceFacts, Source
from penstock.domain.pipelines import Options
from penstock.domain.skills import Selection, SkillMetadata
from penstock.errors import InvalidConfiguration, SkillNotFound
from penstock.skills.library_store import LibrarySkills
from penstock.skills.selection import select, target_of

PUBLISHED = asyncio.run(LibrarySkills(Path(str(files("penstock") / "library" / "skills"))).list("org"))
SENTENCE = "Create the delivery for payment-api"


def service(language: str | None, path: str = ".", **more: object) -> ServiceFacts:
    fact = Fact(language, Source(f"{path}/manifest", 3, "their own words")) if language else None
    return ServiceFacts(path=path, name=path, kind="web", ecosystem="none", language=fact, **more)  # type: ignore[arg-type]  # built by hand


def repository(*services: ServiceFacts, **more: object) -> RepositoryFacts:
    return RepositoryFacts(name="shop", deployable=True, primary=services[0], services=services, **more)  # type: ignore[arg-type]  # built by hand


def chosen(selection: Selection) -> list[str]:
    return [each.skill.name for each in selection.chosen]


def skill(name: str, role: str, **more: tuple[str, ...]) -> SkillMetadata:
    return SkillMetadata(name, "1.0.0", "d", "sha256:0", role, **more)


@pytest.mark.parametrize(
    ("language", "name"),
    [
        ("javascript", "gcp-nodejs-cicd"),
        ("typescript", "gcp-nodejs-cicd"),
        ("python", "gcp-python-cicd"),
        ("kotlin", "gcp-java-cicd"),
        ("go", "gcp-go-cicd"),
        ("ruby", "container-image"),
        (None, "container-image"),
    ],
)
def test_a_service_gets_the_skill_of_its_language_or_of_its_image(language: str | None, name: str):
    selection = select(SENTENCE, repository(service(language)), Options(), PUBLISHED)
    assert chosen(selection) == ["gcp-foundation", name, "cloud-run-deploy", "supply-chain"]
    assert all(each.score > 0 and each.reasons for each in selection.chosen)


def test_several_languages_are_composed_in_the_order_of_their_services():
    shop = repository(service("typescript", "web"), service("go", "catalog"), service("javascript", "admin"))
    selection = select(SENTENCE, shop, Options(target="gke"), PUBLISHED)
    assert chosen(selection) == ["gcp-foundation", "gcp-nodejs-cicd", "gcp-go-cicd", "gke-deploy", "supply-chain"]
    node = selection.chosen[1]
    assert node.reasons[0] == "typescript in web/manifest:3"
    assert "javascript in admin/manifest:3" in node.reasons


def test_a_foreign_service_among_known_ones_brings_the_image_skill():
    dockerfile = Fact("legacy/Dockerfile", Source("legacy/Dockerfile"))
    shop = repository(service("python", "api"), service("php", "legacy", dockerfile=dockerfile))
    selection = select(SENTENCE, shop, Options(), PUBLISHED)
    assert chosen(selection)[1:3] == ["gcp-python-cicd", "container-image"]
    assert "legacy/Dockerfile" in selection.chosen[2].reasons[0]


def test_what_came_near_is_told_with_its_reason():
    selection = select(SENTENCE, repository(service("go")), Options(target="gke"), PUBLISHED)
    near = {each.skill.name: each for each in selection.runners_up}
    assert set(near) == {"cloud-run-deploy", "container-image"}
    assert "asked for in options.target" in near["cloud-run-deploy"].reasons[0]
    assert max(each.score for each in near.values()) < min(each.score for each in selection.chosen)


def test_keywords_and_a_name_in_the_sentence_decide_between_skills_of_one_language():
    house = skill("acme-node", "language", languages=("javascript",), requires=("gcp-foundation",))
    express = Fact("express", Source("package.json", 12))
    shop = repository(service("javascript", framework=express))
    usual = select(SENTENCE, shop, Options(), [*PUBLISHED, house])
    assert "gcp-nodejs-cicd" in chosen(usual)
    assert any("express (package.json:12)" in reason for reason in usual.chosen[1].reasons)
    assert "acme-node" in [each.skill.name for each in usual.runners_up]
    named = select("Use acme-node for this", shop, Options(), [*PUBLISHED, house])
    assert chosen(named)[1] == "acme-node"
    assert "named in the sentence" in named.chosen[1].reasons


def test_required_skills_come_along_before_those_that_require_them():
    house = skill("acme-node", "language", languages=("javascript",), requires=("zebra",))
    published = [
        skill("foundation", "foundation"),
        house,
        skill("zebra", "language"),
        skill("run", "runtime", targets=("cloud-run",)),
    ]
    selection = select("acme-node", repository(service("javascript")), Options(), published)
    assert chosen(selection) == ["foundation", "zebra", "acme-node", "run"]
    assert selection.chosen[1].reasons == ("acme-node requires it",)


def test_skills_that_require_each_other_come_to_an_end():
    one = skill("one", "language", languages=("go",), requires=("two",))
    two = skill("two", "supply-chain", requires=("one",))
    assert chosen(select("x", repository(service("go")), Options(target="none"), [one, two])) == ["one", "two"]


def test_without_a_target_there_is_no_runtime():
    selection = select(SENTENCE, repository(service("go")), Options(target="none"), PUBLISHED)
    assert chosen(selection) == ["gcp-foundation", "gcp-go-cicd", "supply-chain"]


@pytest.mark.parametrize(
    ("published", "said"),
    [
        ([], "language: go"),
        ([skill("go", "language", languages=("go",))], "target cloud-run"),
        (
            [
                skill("go", "language", languages=("go",), requires=("gone",)),
                skill("run", "runtime", targets=("cloud-run",)),
            ],
            "requires gone",
        ),
    ],
)
def test_when_nothing_fits_the_answer_names_what_is_missing(published: list[SkillMetadata], said: str):
    with pytest.raises(SkillNotFound, match=said):
        select(SENTENCE, repository(service("go")), Options(), published)


def test_an_unknown_target_is_refused_with_the_choices():
    with pytest.raises(InvalidConfiguration, match=r"target 'mainframe' .* cloud-run, gke, none") as caught:
        select(SENTENCE, repository(service("go")), Options(target="mainframe"), PUBLISHED)
    assert caught.value.extra["fields"] == ["options.target"]


def test_a_request_wins_over_the_repository():
    helm = repository(service("go"), ci_files=(CiFile("chart/Chart.yaml", "helm"),))
    place, origin = target_of(helm, Options())
    assert (place, origin.ref, origin.because) == ("gke", "chart/Chart.yaml", ("existing helm file",))
    assert target_of(helm, Options(target="none"))[0] == "none"


def test_a_target_chosen_before_stays_until_somebody_says_otherwise():
    written = ("deploy/api/k8s/base/kustomization.yaml", "deploy/api/k8s/base/deployment.yaml")
    own = tuple(CiFile(path, "kustomize") for path in written)
    before = repository(service("go"), ci_files=own, managed_files=written)
    assert target_of(before, Options())[0] == "gke"
    only_run = replace(
        before, managed_files=("deploy/api/run/staging.yaml",), ci_files=(CiFile("k8s/x", "kubernetes"),)
    )
    place, origin = target_of(only_run, Options())
    assert (place, origin.kind) == ("cloud-run", "request")
    assert "deploy/api/run/staging.yaml" in origin.ref
    nothing = replace(before, managed_files=("cloudbuild.yaml", "docs/cicd/README.md"), ci_files=())
    assert target_of(nothing, Options())[0] == "none"


def test_a_target_that_is_kept_and_would_be_taken_anyway_has_its_first_reason():
    first = repository(service("go"))
    again = replace(first, managed_files=("deploy/api/run/staging.yaml",))
    assert target_of(again, Options()) == target_of(first, Options())
    helm = repository(service("go"), ci_files=(CiFile("chart/Chart.yaml", "helm"),))
    kept = replace(helm, managed_files=("deploy/api/k8s/base/deployment.yaml",))
    assert target_of(kept, Options()) == target_of(helm, Options())


def test_selection_is_pure():
    shop = repository(service("python", "api"), service("go", "web"))
    first = select(SENTENCE, shop, Options(), PUBLISHED)
    assert first == select(SENTENCE, shop, Options(), list(reversed(PUBLISHED)))
