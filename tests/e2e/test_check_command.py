"""penstock check on whole folders: exit codes, formats, and what it says when there is nothing to judge."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

BUILD = "steps:\n- name: gcr.io/cloud-builders/docker:24.0.9\n  args: [build, .]\ntimeout: 60s\n"


@pytest.fixture
def repo(tmp_path: Path):
    def write(**files: str | bytes) -> Path:
        for name, content in files.items():
            path = tmp_path / name.replace("__", "/").replace("_dot_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        return tmp_path

    return write


def test_a_clean_repository_is_exit_0_and_the_files_are_counted(command_line, repo):
    done = command_line.run("check", repo(cloudbuild_dot_yaml=BUILD))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "clean: 0 denials" in done.stdout
    assert "in 1 files" in done.stdout


@pytest.mark.parametrize("form", [[], ["--json"], ["--sarif"]])
def test_a_repository_without_delivery_files_is_exit_0_and_says_so(command_line, repo, form):
    done = command_line.run("check", repo(README_dot_md="# x\n"), *form)
    assert done.returncode == 0
    assert "nothing to judge" in done.stdout
    if form:
        json.loads(done.stdout)


def test_secrets_are_looked_for_even_where_nothing_is_delivered(command_line, repo):
    secret = "hunter2" + "hunter2"
    done = command_line.run("check", repo(_dot_env=f"DB_PASSWORD={secret}\n"))
    assert done.returncode == 1
    assert "no delivery files" in done.stdout
    assert ".env:1:13" in done.stdout
    assert secret not in done.stdout + done.stderr


def test_broken_files_are_findings_or_skipped_with_the_reason(command_line, repo):
    files = {
        "cloudbuild_dot_yaml": "steps: [\n",
        "k8s__a_dot_yaml": b"apiVersion: v1\nkind: Pod\n\xff\xfe\n",
        "k8s__template_dot_yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: {{ .Values.name }}}\n",
        "Dockerfile": b"\x00\x01\x02",
        "skaffold_dot_yaml": "",
    }
    done = command_line.run("check", repo(**files))
    words = done.stdout + done.stderr
    assert done.returncode == 1
    assert "Traceback" not in words
    assert "deny  cloudbuild.yaml:2" in words or "deny  cloudbuild.yaml:1" in words
    assert "skip  k8s/template.yaml: a template" in words
    assert "deny  Dockerfile:1" in words


def test_a_delivery_file_that_is_too_large_is_exit_2_and_named(command_line, repo):
    done = command_line.run("check", repo(cloudbuild_dot_yaml=BUILD, Dockerfile="FROM a:1\n" + "#" * 1_100_000))
    assert done.returncode == 2, done.stdout + done.stderr
    assert "skip  Dockerfile: it cannot be read, or is larger than 1 MiB" in done.stdout


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file_is_exit_2_and_named(command_line, repo):
    path = repo(cloudbuild_dot_yaml=BUILD)
    (path / "cloudbuild.yaml").chmod(0)
    done = command_line.run("check", path)
    assert done.returncode == 2
    assert "cloudbuild.yaml" in done.stdout + done.stderr


def test_one_file_can_be_judged(command_line, repo):
    path = repo(build_dot_yaml=BUILD)
    assert command_line.run("check", path / "build.yaml").returncode == 0
    (path / "notes.txt").write_text("nothing\n")
    done = command_line.run("check", path / "notes.txt")
    assert done.returncode == 2
    assert "nothing to validate" in done.stdout + done.stderr


def test_json_and_sarif_say_the_same_as_the_words(command_line, repo):
    secret = "hunter2" + "hunter2"
    path = repo(cloudbuild_dot_yaml=BUILD.replace("  args", f"  env: [DB_PASSWORD={secret}]\n  args"))
    answer = command_line.json("check", path)
    sarif = json.loads(command_line.run("check", path, "--sarif").stdout)
    denied = [result for result in sarif["runs"][0]["results"] if result["level"] == "error"]
    assert [each["rule"] for each in answer["details"]] == [each["ruleId"] for each in denied]
    assert [each["line"] for each in answer["details"]] == [3]
    assert answer["allow"] is False
    assert secret not in json.dumps([answer, sarif])


def test_json_and_sarif_together_are_refused(command_line, repo):
    done = command_line.run("check", repo(cloudbuild_dot_yaml=BUILD), "--json", "--sarif")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--json and --sarif together are not possible" in " ".join(done.stderr.replace("│", " ").split())


SOPS = """apiVersion: v1
kind: Secret
metadata: {name: db}
stringData:
    password: ENC[AES256_GCM,data:xUSm7cmZ8ZxY,iv:4Vd4yTSTaCZhvFk9JZ0lIJWTxLXHCe9Vs7hkhKUlOqY=,tag:vQ==,type:str]
    token: ENC[AES256_GCM,data:9s8Zt2M0aQpLw7k1,iv:Hq3hQm7pZkV0mJ6k1n2b3v4c5x6z7l8k9j0h1g2f3d4=,tag:aA==,type:str]
sops:
    kms:
        - arn: arn:aws:kms:eu-west-1:123456789012:key/4a1c6f1e-2b3d-4c5e-8f90-a1b2c3d4e5f6
          enc: AQICAHhJ9rW2kq3vL0pXc8Yd5mN7tB1sG4fZ6hQ0wE2yU8iO5AGt3xV7nK1jR9lD4cS6bPmA
    age:
        - recipient: age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p
          enc: |
            -----BEGIN AGE ENCRYPTED FILE-----
            YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSBqRm5vN3l0S1Z6c0F3bXpT
            -----END AGE ENCRYPTED FILE-----
    lastmodified: "2026-01-01T00:00:00Z"
    mac: ENC[AES256_GCM,data:Q2hlY2tzdW1PZkl0QWxsMTIzNDU2Nzg5MA==,iv:Zm9yQUxsT2ZJdA==,tag:bWFj,type:str]
    version: 3.9.0
"""
SOPS_DOTENV = """DB_PASSWORD=ENC[AES256_GCM,data:xUSm7cmZ8ZxY,iv:4Vd4yTSTaCZhvFk9JZ0lIJWTxLXHCe9Vs7hkhKUlOqY=,tag:vQ==,type:str]
sops_age__list_0__map_enc=-----BEGIN AGE ENCRYPTED FILE-----\\nYWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+\\n-----END AGE ENCRYPTED FILE-----
sops_age__list_0__map_recipient=age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p
sops_mac=ENC[AES256_GCM,data:Q2hlY2tzdW1PZkl0QWxsMTIzNDU2Nzg5MA==,iv:Zm9yQUxsT2ZJdA==,tag:bWFj,type:str]
"""
SOPS_JSON = json.dumps(
    {"private_key": "ENC[AES256_GCM,data:Zm9yQUxsT2ZJdA,iv:Hq3hQm7pZkV0,tag:aA==,type:str]", "client_email": "a@b.c"}
)


def test_what_sops_encrypted_is_no_secret_but_a_plain_value_beside_it_is(command_line, repo):
    secrets = ("security.secrets", "integrity")
    path = repo(
        k8s__secret_dot_enc_dot_yaml=SOPS,
        _dot_env=SOPS_DOTENV,
        values_dot_yaml=SOPS,
        service_account_dot_json=SOPS_JSON,
    )
    found = command_line.json("check", path)
    assert [each for each in (*found["details"], *found["warnings"]) if each["rule"].startswith(secrets)] == []
    plain = "hunter2" + "hunter2"
    repo(_dot_env=SOPS_DOTENV + f"OTHER_PASSWORD={plain}\n")
    assert [(each["file"], each["line"]) for each in command_line.json("check", path)["details"]] == [(".env", 5)]


def test_a_stricter_profile_denies_what_advisory_warns_of(command_line, repo):
    path = repo(cloudbuild_dot_yaml=BUILD.replace("[build, .]", "[push, r/a]") + "images: [r/a]\n")
    assert command_line.run("check", path).returncode == 0
    assert command_line.run("check", path, "--profile", "standard").returncode == 1


def test_nothing_is_written_to_the_repository(command_line, repo):
    path = repo(cloudbuild_dot_yaml=BUILD)
    before = sorted(each.name for each in path.iterdir())
    command_line.run("check", path)
    assert sorted(each.name for each in path.iterdir()) == before
