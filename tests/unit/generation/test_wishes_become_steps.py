"""Wishes about steps, triggers and words: the files come out right and pass the gate."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest
from kinds_of_wishes import E2E, NIGHTLY, wish
from laying import by_sentence, complaints, laid


def test_an_added_step_runs_where_the_services_own_steps_run():
    made = wish("a step in the lanes")
    step, like = made.step("e2e"), made.step("test")
    assert (step.image, step.dir, step.wait_for, step.env) == (like.image, like.dir, ("install",), like.env)
    assert step.script == "#!/usr/bin/env bash\nset -euo pipefail\nnpm test -- e2e\n"
    assert by_sentence(step.origin)
    assert "e2e" in made.build("cloudbuild-pr.yaml")


def test_the_package_managers_first_lines_stand_before_an_added_command():
    made = laid(
        "inventory", add_steps=[{**E2E, "script": "pytest tests/e2e", "lanes": ["main"]}], intent="run the e2e tests"
    )
    assert made.step("e2e").script.splitlines()[-2:] == ['export PATH="$VIRTUAL_ENV/bin:$PATH"', "pytest tests/e2e"]
    assert "VIRTUAL_ENV" in made.step("e2e").env


def test_what_runs_by_the_clock_has_its_own_build_with_what_it_needs():
    made = wish("a nightly step")
    assert list(made.build("cloudbuild-scheduled.yaml")) == ["install", "e2e"]
    assert "e2e" not in made.build("cloudbuild.yaml")
    document = made.document("cloudbuild-scheduled.yaml")
    assert document["serviceAccount"].endswith("/payment-api-scheduled@acme-prod.iam.gserviceaccount.com")
    assert "images" not in document
    readme = made.files()["docs/cicd/README.md"]
    assert "gcloud builds triggers create manual --name=payment-api-scheduled" in readme
    assert "--schedule='0 2 * * *' --time-zone=Etc/UTC" in readme
    assert "roles/cloudbuild.builds.editor" in readme
    assert "cloudbuild-scheduled.yaml" not in laid().files()


def test_a_step_of_the_skills_can_run_by_the_clock_too():
    made = wish("tests at night too")
    assert list(made.build("cloudbuild-scheduled.yaml")) == ["install", "test"]
    assert by_sentence(made.step("install").origin)
    assert any("gcp-nodejs-cicd" in reason for reason in made.step("install").origin.because)


def test_scheduled_steps_without_a_time_get_a_start_by_hand_and_a_question():
    made = laid(add_steps=[{**E2E, "lanes": ["scheduled"]}])
    (trigger,) = [each for each in made.spec.triggers if each.lane == "scheduled"]
    assert trigger.event == "manual"
    assert any("scheduled steps" in question for question in made.spec.questions)


def test_a_removed_step_is_waited_for_by_nobody():
    made = laid(remove_steps=["install", "install"], change_steps=[{"id": "lint", "after": ["test"]}])
    assert made.problems == []
    assert "install" not in {step.id for step in made.spec.steps}
    assert made.step("test").wait_for == ()
    assert made.step("lint").wait_for == ("test",)


def test_a_changed_step_keeps_what_was_not_said():
    made = wish("another test command")
    step, former = made.step("test"), next(each for each in made.draft.steps if each.id == "test")
    assert step.script == former.script.replace("npm test", "npm test -- --coverage")
    assert step.timeout_s == 600
    assert (step.image, step.env, step.lanes, step.wait_for) == (
        former.image,
        former.env,
        former.lanes,
        former.wait_for,
    )


def test_one_name_means_the_step_of_every_service():
    made = laid("shop", change_steps=[{"id": "test", "timeout_s": 300}])
    assert [step.timeout_s for step in made.spec.steps if step.id in {"web-test", "catalog-test"}] == [300, 300]


def test_a_secret_of_a_step_is_created_for_the_build_that_reads_it_alone():
    made = wish("a step with a secret")
    document = made.document("cloudbuild.yaml")
    assert document["availableSecrets"]["secretManager"] == [
        {"versionName": "projects/$PROJECT_ID/secrets/payment-api-staging-url/versions/1", "env": "STAGING_URL"}
    ]
    assert made.build("cloudbuild.yaml")["e2e"]["secretEnv"] == ["STAGING_URL"]
    night = laid(
        intent="STAGING_URL",
        add_steps=[{**E2E, "lanes": ["scheduled"], "secret_env": ["STAGING_URL"]}],
        add_triggers=[NIGHTLY],
    )
    block = night.files()["docs/cicd/README.md"].partition("Secret of the build")[2].partition("### Triggers")[0]
    assert "payment-api-scheduled@" in block
    assert "payment-api-build@" not in block


def test_a_secret_of_the_build_that_no_step_reads_is_asked_about():
    wanted = [{"name": "payment-api", "secrets": [{"env": "NPM_TOKEN", "at": "build"}]}]
    made = laid(intent="NPM_TOKEN for the build", services=wanted)
    assert made.problems == []
    assert any("Which step of payment-api reads NPM_TOKEN?" in question for question in made.spec.questions)
    read = laid(intent="NPM_TOKEN", services=wanted, change_steps=[{"id": "scan", "secret_env": ["NPM_TOKEN"]}])
    assert not any("NPM_TOKEN" in question for question in read.spec.questions)
    assert complaints(read) == []


def test_a_step_of_the_release_waits_for_what_it_follows():
    made = wish("a step after the release")
    assert "release" in made.build("cloudbuild-release.yaml")["tell"]["waitFor"]
    early = laid(
        add_steps=[
            {
                "id": "migrate",
                "title": "Migrate",
                "lanes": ["release"],
                "script": "echo migrate",
                "service": "payment-api",
            }
        ],
        change_steps=[{"id": "release", "after": ["migrate"]}],
    )
    assert early.problems == []
    waits = early.build("cloudbuild-release.yaml")
    assert waits["migrate"]["waitFor"] == ["source", "provenance", "digest-scan"]
    assert waits["release"]["waitFor"] == ["migrate"]


def test_triggers_are_created_as_they_were_asked_for():
    readme = wish("tags").files()["docs/cicd/README.md"]
    assert "--tag-pattern='^v.*$' --build-config=cloudbuild.yaml" in readme
    assert "--branch-pattern" not in readme
    assert "### A tag `v*` is pushed" in readme
    readme = wish("another branch").files()["docs/cicd/README.md"]
    assert "--branch-pattern='^develop$' --build-config=cloudbuild-pr.yaml" in readme
    assert "triggers create manual" in wish("by hand").files()["docs/cicd/README.md"]


def test_machine_and_timeout_reach_every_build():
    made = wish("larger machine")
    for path in ("cloudbuild-pr.yaml", "cloudbuild.yaml", "cloudbuild-release.yaml"):
        document = made.document(path)
        assert (document["options"]["machineType"], document["timeout"]) == ("E2_HIGHCPU_32", "3600s")


def test_a_build_may_take_as_long_as_its_longest_step():
    made = laid(change_steps=[{"id": "test", "timeout_s": 7200}])
    assert made.document("cloudbuild.yaml")["timeout"] == "7200s"
    assert any("7200 seconds" in each.text for each in made.spec.assumptions)


def test_notifications_are_commands_and_a_question_and_nothing_is_wired():
    made = wish("notifications")
    readme = made.files()["docs/cicd/README.md"]
    assert "kind: SlackNotifier" in readme
    assert "incoming webhook for \\#builds" in readme
    assert "value: projects/acme-prod/secrets/payment-api-notify-slack/versions/1" in readme
    assert "Until these commands have run, nobody is told" in readme
    assert any("Notifications in docs/cicd/README.md" in question for question in made.spec.questions)


def test_the_readmes_commands_are_read_by_bash():
    made = laid(
        add_steps=[{**E2E, "lanes": ["scheduled"]}],
        add_triggers=[NIGHTLY, {"event": "tag", "lane": "main"}],
        notifications=[{"channel": name} for name in ("slack", "email", "chat", "pubsub", "webhook")],
    )
    blocks = made.files()["docs/cicd/README.md"].split("```sh\n")[1:]
    assert len(blocks) > 10
    for block in blocks:
        subprocess.run(["bash", "-n"], input=block.partition("```")[0], text=True, check=True)


def test_notes_files_and_words_reach_the_reader():
    assert "Ask the payments team before a release." in wish("notes").files()["docs/cicd/README.md"]
    assert wish("an extra file").files()["docs/cicd/runbook.md"] == "# Runbook\nCall us.\n"
    made = laid(assumptions=["Nightly means two o'clock."], questions=["Which bucket?"], not_understood=["with sugar"])
    assert "Which bucket?" in made.spec.questions
    texts = [each.text for each in made.spec.assumptions]
    assert "Nightly means two o'clock." in texts
    assert "Nothing was made of: with sugar. Say it in other words, or change the files by hand." in texts


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"services": [{"name": "payment-api", "memory": "8Gi"}]}, "2 CPUs would do"),
        ({"services": [{"name": "payment-api", "cpu": "3"}]}, "Cloud Run takes 1, 2, 4, 6, 8"),
        ({"target": "gke", "services": [{"name": "payment-api", "concurrency": 5}]}, "concurrency is not set"),
        ({"target": "gke", "services": [{"name": "payment-api", "public": True}]}, "Which host name"),
        ({"target": "gke", "services": [{"name": "payment-api", "min_instances": 1}]}, "at least 2 instances"),
        ({"target": "none", "services": [{"name": "payment-api", "memory": "1Gi"}]}, "Nothing is deployed"),
        ({"target": "gke", "environments": [{"name": "dev", "min_instances": 1}, {"name": "prod"}]}, "at least 2"),
    ],
)
def test_what_a_target_cannot_do_becomes_a_question(changes: dict[str, Any], words: str):
    assert any(words in question for question in laid(**changes).spec.questions)


def test_the_requests_options_win_over_the_sentence_and_it_is_said():
    made = laid(
        asked={"region": "us-central1", "environments": ("qa", "prod"), "port": 7000},
        region="europe-west3",
        environments=[{"name": "staging"}, {"name": "prod", "canary": [5]}],
        services=[{"name": "payment-api", "port": 9000}],
    )
    assert made.spec.cloud.region == "us-central1"
    assert [each.name for each in made.spec.environments] == ["qa", "prod"]
    assert made.spec.environments[1].canary == (5,)
    assert made.spec.services[0].runtime.port == 7000
    texts = " ".join(each.text for each in made.spec.assumptions)
    assert "The sentence says europe-west3 for the region; options.region of the request says us-central1" in texts
    assert "options.port of the request says 7000" in texts


def test_one_service_of_several_is_taken_alone():
    made = laid("shop", only_service="web", change_steps=[{"id": "web-test", "timeout_s": 60}])
    assert made.problems == []
    assert [service.name for service in made.spec.services] == ["web"]
    assert made.step("test").timeout_s == 60
