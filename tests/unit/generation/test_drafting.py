"""What skills, facts and options make of each other."""

from __future__ import annotations

import pytest
from drafting import IMAGE, STEP, drafted, fact, language, repository, service, skill, variable

from penstock.domain.facts import Gap
from penstock.domain.spec import Origin
from penstock.errors import InvalidConfiguration, SkillNotFound
from penstock.rendering.lanes import lane_view


def ids(spec):
    return {step.id: step.wait_for for step in spec.steps}


def texts(spec):
    return "\n".join(each.text for each in spec.assumptions)


def test_a_step_runs_the_command_of_the_repository_and_names_its_place():
    facts = repository(service(test_command=fact("npm test", line=12, detail="scripts.test")))
    script = "#!/bin/sh\n{{ service.test_command }}\n"
    spec = drafted(facts, language(steps=[{**STEP, "script": script, "because": ["service.test_command"]}]))
    step = spec.steps[0]
    assert step.script == "#!/bin/sh\nnpm test\n"
    assert step.origin.kind == "skill"
    assert step.origin.ref == "node@1.2.0 assets/defaults.yaml steps[test]"
    assert step.origin.because == ("package.json:12 scripts.test",)


def test_what_a_fact_holds_is_never_evaluated():
    facts = repository(service(test_command="echo {{ 7*7 }} $(id)"))
    spec = drafted(facts, language(steps=[{**STEP, "script": "#!/bin/sh\n{{ service.test_command }}\n"}]))
    assert spec.steps[0].script == "#!/bin/sh\necho {{ 7*7 }} $(id)\n"


def test_an_entry_whose_condition_is_false_is_left_out():
    steps = [{**STEP, "when": "service.test_command"}, {**STEP, "id": "lint", "when": "not service.test_command"}]
    assert list(ids(drafted(None, language(steps=steps)))) == ["lint"]


def test_steps_wait_for_ids_and_kinds_of_their_lane_and_stand_behind_them():
    steps = [
        {**STEP, "id": "image", "kind": "image", "after": ["kind:test", "nothing-of-that-name"]},
        {**STEP, "id": "release", "kind": "release", "lanes": ["release"], "after": ["image"]},
        {**STEP, "after": ["install"]},
        {**STEP, "id": "install", "kind": "install"},
    ]
    assert ids(drafted(None, language(steps=steps))) == {
        "install": (),
        "test": ("install",),
        "image": ("test",),
        "release": (),
    }


def test_a_step_of_another_lane_is_not_waited_for():
    steps = [{**STEP, "id": "lint", "lanes": ["check"]}, {**STEP, "after": ["lint"]}]
    spec = drafted(None, language(steps=steps))
    assert lane_view(spec, "check").waits(spec.steps[1]) == ("lint",)
    assert lane_view(spec, "main").waits(spec.steps[1]) == ("-",)


def test_with_several_services_steps_are_told_apart_and_wait_for_their_own():
    facts = repository(service("web", "web"), service("api", "api"))
    steps = [
        {**STEP, "id": "prepare", "per": "pipeline", "kind": "custom"},
        {**STEP, "after": ["prepare"]},
        {**STEP, "id": "image", "kind": "image", "after": ["test"]},
        {**STEP, "id": "tell", "per": "pipeline", "kind": "notify", "after": ["image"]},
    ]
    assert ids(drafted(facts, language(steps=steps))) == {
        "prepare": (),
        "web-test": ("prepare",),
        "api-test": ("prepare",),
        "web-image": ("web-test",),
        "api-image": ("api-test",),
        "tell": ("web-image", "api-image"),
    }


def test_steps_that_wait_in_a_circle_are_an_error_of_the_skill():
    steps = [{**STEP, "id": "a", "after": ["b"]}, {**STEP, "id": "b", "after": ["a"]}]
    with pytest.raises(InvalidConfiguration, match=r"node@1\.2\.0 .*circle"):
        drafted(None, language(steps=steps))


@pytest.mark.parametrize(
    ("broken", "place"),
    [
        ({"steps": [{**STEP, "stepz": 1}]}, r"steps\[0\]\.stepz"),
        ({"steps": [{**STEP, "script": "{{ nothing }}"}]}, r"steps\[test\]\.script.*'nothing' is undefined"),
        ({"steps": [{**STEP, "script": "{{ service. }}"}]}, r"steps\[test\]\.script"),
        ({"steps": [{**STEP, "when": "service.nothing == 1"}]}, r"steps\[test\]\.when.*nothing"),
        ({"steps": [{**STEP, "script": "{{ 'x' * 1000000000 }}"}]}, r"for numbers"),
        ({"steps": [{**STEP, "script": "{{ 9 ** 9 ** 9 }}"}]}, r"for numbers"),
        ({"steps": [{**STEP, "script": "{{ service.__class__.__mro__ }}"}]}, r"steps\[test\]\.script"),
        ({"steps": [{**STEP, "args": ["x"]}]}, "exactly one of script and args"),
        ({"steps": [{**STEP, "because": ["test_command"]}]}, "service.FACT"),
        ({"let": {"one": "{{ two }}"}}, r"let\.one"),
        ({"image": [{**IMAGE, "params": {"base": {"nested": 1}}}]}, r"image\[0\].*params"),
        ({"runtime": {"memory": "lots"}}, "memory"),
        ({"secrets": [{"env": "A B", "secret": "x"}]}, r"secrets\[0\].*env"),
    ],
)
def test_a_broken_skill_is_named_with_the_place(broken: dict, place: str):
    with pytest.raises(InvalidConfiguration, match=place) as caught:
        drafted(None, language(**broken))
    assert "node@1.2.0" in caught.value.message or "memory" in caught.value.message


def test_a_let_is_the_first_case_that_holds_and_later_ones_may_use_it():
    let = {
        "tool": [{"when": "service.has('pnp')", "value": "yarn"}, {"value": "npm"}],
        "words": ["{{ tool }}", "ci"],
        "nothing": [{"when": "false", "value": 1}],
    }
    let["words"] = "{{ [tool, 'ci'] }}"
    steps = [{**STEP, "script": None, "args": "{{ words + ([] if nothing is none else ['x']) }}"}]
    assert drafted(None, language(let=let, steps=steps)).steps[0].args == ("npm", "ci")


def test_options_win_over_facts():
    facts = repository(service(runtime_version=">=20", port=3000))
    steps = [{**STEP, "title": "{{ service.runtime_version }} {{ service.port }} {{ cloud.region }}"}]
    triggers = [{"name": "main", "event": "push", "lane": "main", "branch": "{{ options.branch or 'main' }}"}]
    asked = {"runtime": "22", "port": 8081, "region": "us-central1", "branch": "trunk", "public": True}
    spec = drafted(facts, language(steps=steps, triggers=triggers), **asked)
    assert spec.steps[0].title == "22 8081 us-central1"
    assert (spec.services[0].runtime.port, spec.services[0].runtime.public) == (8081, True)
    assert spec.services[0].runtime_version == "22"
    assert spec.triggers[0].branch == "trunk"
    assert spec.services[0].runtime.port_origin == Origin(kind="request", ref="options.port")


def test_runtime_and_port_are_asked_for_the_main_service_alone():
    facts = repository(service("web", "web", port=3000), service("api", "api", port=4000))
    spec = drafted(facts, port=9000)
    assert [each.runtime.port for each in spec.services] == [9000, 4000]


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"port": 0}, "options.port"), ({"port": 70_000}, "options.port"), ({"target": "mainframe"}, "options.target"),
        ({"project": "x; rm"}, "options.project"), ({"region": "mars"}, "options.region"),
        ({"cluster": "My Cluster", "target": "gke"}, "options.cluster"), ({"branch": "-u origin"}, "options.branch"),
        ({"branch": "a b"}, "options.branch"), ({"runtime": "22; id"}, "options.runtime"),
        ({"environments": ("dev", "dev")}, "options.environments"),
        ({"environments": ("$(id)",)}, "options.environments"),
        ({"environments": tuple("abcdefghi")}, "options.environments"),
    ],
)  # fmt: skip
def test_an_option_that_cannot_be_granted_is_refused_by_name(asked: dict, field: str):
    with pytest.raises(InvalidConfiguration) as caught:
        drafted(None, language(), **asked)
    assert caught.value.extra["fields"] == [field]
    assert any(words in caught.value.message for words in ("takes", "no target", "no region", "twice"))


HOSTILE = [
    'a"b', "a'b", "a\nb", "{{7*7}}", "{{ 7*7 }}", "$(id)", "`id`", "a b", "x\n  - name: evil", "-rf", "A" * 80, "", "ü",
    "1a",
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_service_name_that_is_no_label_is_refused_with_the_rule(name: str):
    with pytest.raises(InvalidConfiguration, match="small letters") as caught:
        drafted(None, language(), name=name)
    assert caught.value.extra["fields"] == ["service_name"]
    assert "\n" not in caught.value.message


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_from_a_repository_becomes_a_label(name: str):
    spec = drafted(repository(service(name), name=name))
    assert spec.name == spec.services[0].name
    assert spec.name.replace("-", "").isalnum()
    assert len(spec.name) <= 63
    assert "49" not in spec.name


def test_names_stay_apart_when_labels_collide():
    facts = repository(service("My App", "a"), service("my-app", "b"), service("my_app", "c"))
    names = [each.name for each in drafted(facts).services]
    assert len(set(names)) == 3
    assert names[0] == "my-app"


def test_naming_one_of_several_services_takes_that_one_alone():
    facts = repository(service("web", "web"), service("api", "api"))
    spec = drafted(facts, name="api")
    assert (spec.name, [each.name for each in spec.services]) == ("api", ["api"])
    whole = drafted(facts, name="platform")
    assert (whole.name, [each.name for each in whole.services]) == ("platform", ["web", "api"])


def test_secrets_are_names_and_never_values():
    facts = repository(service(env=(variable("STRIPE_API_KEY", secret=True), variable("LOG_LEVEL"))))
    spec = drafted(facts, target="cloud-run")
    secret = spec.services[0].secrets[0]
    assert (secret.env, secret.secret, secret.version, secret.at) == (
        "STRIPE_API_KEY",
        "web-stripe-api-key",
        "1",
        "runtime",
    )
    assert secret.origin.ref == "src/app.js:7"
    assert "STRIPE_API_KEY" in texts(spec)


def test_a_skill_may_take_a_secret_for_the_build():
    rule = {"env": "NPM_TOKEN", "secret": "{{ service.name }}-npm-token", "at": "build"}
    rule["when"] = "service.env_named('NPM_TOKEN')"
    facts = repository(service(env=(variable("NPM_TOKEN", secret=True),)))
    secrets = drafted(facts, language(secrets=[rule])).services[0].secrets
    assert [(each.env, each.at, each.secret) for each in secrets] == [("NPM_TOKEN", "build", "web-npm-token")]


def test_the_port_is_told_by_its_variable_where_the_platform_does_not():
    def told(target: str, port_env: str | None = "PORT"):
        spec = drafted(repository(service(port_env=port_env)), target=target)
        return {each.name: each.value for each in spec.services[0].env}

    assert told("cloud-run") == {}
    assert told("gke") == {"PORT": "3000"}
    assert told("cloud-run", "HTTP_PORT") == {"HTTP_PORT": "3000"}
    assert told("gke", None) == {}


def test_variables_that_nobody_sets_are_asked_for():
    facts = repository(
        service(
            env=(
                variable("CATALOG_URL", default="http://localhost:8090"),
                variable("MODE", default="fast"),
                variable("REGION_NAME"),
            )
        )
    )
    asked = "\n".join(drafted(facts, target="cloud-run").questions)
    assert "CATALOG_URL (src/app.js:7) and REGION_NAME (src/app.js:7)" in asked
    assert "MODE" not in asked


def test_environments_asked_for_replace_the_usual_ones_and_production_is_approved():
    usual = [{"name": "staging", "verify": True}, {"name": "production", "production": True, "require_approval": True}]
    frame = language(environments=usual)
    assert [each.name for each in drafted(None, frame).environments] == ["staging", "production"]
    asked = drafted(None, frame, environments=("dev", "staging", "live")).environments
    assert [(each.name, each.production, each.require_approval) for each in asked] == [
        ("dev", False, False),
        ("staging", False, False),
        ("live", True, True),
    ]
    named = drafted(None, frame, environments=("prod", "canary")).environments
    assert [(each.name, each.require_approval) for each in named] == [("prod", True), ("canary", False)]
    assert drafted(None, frame, target="none").environments == ()


def test_what_nobody_said_is_an_assumption_with_the_place_to_change_it():
    spec = drafted(None, language(), project=None)
    assert "--project" in texts(spec)
    assert "--region" in texts(spec)
    assert spec.questions[0].startswith("Which Google Cloud project")
    assert spec.cloud.project == "your-project-id"
    told = texts(drafted(None, language(), region="europe-west4", target="cloud-run"))
    assert "--region" not in told
    assert "--target" not in told


def test_a_server_without_a_port_gets_the_usual_one_and_says_so():
    facts = repository(service(port=None, gaps=(Gap("port", "neither code nor Dockerfile names a port"),)))
    spec = drafted(facts)
    assert spec.services[0].runtime.port == 8080
    assert "8080" in texts(spec)


def test_the_language_has_the_last_word_on_what_a_service_gets():
    target = skill("run", "runtime", (), runtime={"memory": "512Mi", "cpu": "1", "max_instances": 7})
    spec = drafted(None, language(runtime={"memory": "1Gi"}), target)
    runtime = spec.services[0].runtime
    assert (runtime.memory, runtime.cpu, runtime.max_instances) == ("1Gi", "1", 7)


def test_a_language_skill_speaks_for_its_language_and_an_image_skill_for_the_rest():
    facts = repository(service("web", "web"), service("jobs", "jobs", language="ruby", ecosystem="ruby"))
    packs = skill("container-image", "image", (), image=[{"method": "buildpacks"}], steps=[{**STEP, "id": "rspec"}])
    spec = drafted(facts, language(steps=[STEP]), packs)
    assert [step.id for step in spec.steps] == ["web-test", "jobs-rspec"]
    assert [each.image.method for each in spec.services] == ["dockerfile", "buildpacks"]
    assert spec.services[0].image.write_dockerfile
    assert spec.services[0].image.dockerfile == "web/Dockerfile"


def test_a_service_that_nothing_builds_is_left_out_and_said_so():
    facts = repository(service("web", "web"), service("jobs", "jobs", language="ruby", ecosystem="ruby"))
    spec = drafted(facts)
    assert [each.name for each in spec.services] == ["web"]
    assert "jobs (jobs) is left out" in texts(spec)
    with pytest.raises(SkillNotFound, match="jobs"):
        drafted(repository(service("jobs", "jobs", language="ruby", ecosystem="ruby")))


def test_a_repository_keeps_its_own_dockerfile():
    own = service("web", "apps/web", dockerfile=fact("docker/web.Dockerfile", "docker/web.Dockerfile", None))
    image = drafted(repository(own), language(image=[{**IMAGE, "when": "not service.dockerfile"}])).services[0].image
    assert (image.dockerfile, image.context, image.write_dockerfile) == ("docker/web.Dockerfile", ".", False)
    near = service("web", "apps/web", dockerfile=fact("apps/web/Dockerfile", "apps/web/Dockerfile", None))
    assert drafted(repository(near), language(image=[])).services[0].image.context == "apps/web"


def test_the_same_sentence_is_said_once():
    facts = repository(service("web", "web"), service("api", "api"))
    said = [{"text": "The same for all."}, {"text": "{{ service.name }} alone.", "when": "service.name == 'api'"}]
    spec = drafted(facts, language(assumptions=said, questions=said, notes=said))
    assert texts(spec).count("The same for all.") == 1
    assert "api alone." in spec.notes
    assert list(spec.questions).count("The same for all.") == 1


def test_a_draft_is_the_same_every_time():
    facts = repository(service("web", "web", env=(variable("B_KEY"), variable("A_TOKEN", secret=True))))
    assert drafted(facts) == drafted(facts)


def test_too_many_services_are_refused_with_the_way_out():
    facts = repository(*(service(f"s{number}", f"s{number}") for number in range(41)))
    with pytest.raises(InvalidConfiguration, match="41 services"):
        drafted(facts)


@pytest.mark.parametrize(
    ("asked", "approved"),
    [
        (("staging", "prod-eu", "prod-us"), {"prod-eu", "prod-us"}),
        (("dev", "prod", "live"), {"prod", "live"}),
        (("dev", "prd", "production"), {"prd", "production"}),
        (("nonprod", "pre-prod", "production-like-dev", "prod"), {"prod"}),
        (("dev", "staging"), {"staging"}),
    ],
)
def test_each_environment_whose_name_says_production_waits_for_an_approval(asked: tuple[str, ...], approved: set[str]):
    usual = [{"name": "staging"}, {"name": "production", "production": True, "require_approval": True}]
    found = drafted(None, language(environments=usual), environments=asked).environments
    assert {each.name for each in found if each.require_approval} == approved
    assert {each.name for each in found if each.production} == approved
