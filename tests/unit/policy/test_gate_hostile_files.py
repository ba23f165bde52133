"""Hostile paths, YAML and contents (POLICY.md §4: H01 to H21, H57 to H60, H64 to H66) at the gate's door."""

from __future__ import annotations

import pytest
from gate_stand_ins import found, judged
from secret_material import GITHUB, PASSWORD, VALUES

from penstock.domain.policy import FileToJudge, Profile
from penstock.errors import InvalidConfiguration
from penstock.policy.finding import Finding
from penstock.policy.reading import read

BUILD = "steps:\n- name: gcr.io/cloud-builders/docker:24.0.9\n  args: [build, .]\n"
SERVICE = "apiVersion: v1\nkind: Service\nmetadata:\n  name: a\nspec:\n  ports:\n  - port: 80\n"
PATHS = "compliance.change.protected_paths"

HOSTILE_PATHS = {
    "H01": ["../../etc/passwd", "..", "a/../../b.yaml"],
    "H02": ["k8s/../../.github/workflows/x.yml", "k8s/./a.yaml", "k8s//a.yaml"],
    "H03": ["/abs/cloudbuild.yaml", "//host/cloudbuild.yaml", "~/cloudbuild.yaml"],
    "H04": ["C:\\x\\cloudbuild.yaml", "..\\..\\x", "k8s\\a.yaml"],
    "H05": ["k8s/%2e%2e%2fCODEOWNERS"],
    "H06": ["k8s/..%c0%af..", "\uff0e\uff0e/x", "k8s/\u2024\u2024/x", "k8s/caf\u00e9.yaml", "k8s/cafe\u0301.yaml"],
    "H07": ["cloudbuild.yaml\0.md", "cloudbuild.yaml\n", "k8s/a\r.yaml", " k8s/a.yaml", "k8s/a .yaml"],
    "H08": [".github/workflows/deploy.yml", ".github/workflows/penstock.yml"],
    "H09": [".github/CODEOWNERS", "docs/CODEOWNERS", "CODEOWNERS", "docs/cicd/codeowners"],
    "H10": [".git/hooks/pre-commit", ".GIT/config", ".git\u200c/config", "k8s/.git/config", ".gitattributes"],
    "H11": ["CLAUDE.md", ".cursorrules", "AGENTS.md", "k8s/agents.md", ".clinerules/a.md", ".windsurfrules"],
    "H12": [".gitmodules", "k8s/.gitmodules"],
    "H14": ["con.yaml", "k8s/con.yaml", "k8s/aux", "Dockerfile.", "k8s/a.yaml.", "k8s/COM1.yaml"],
    "outside": ["src/app.py", "README.md", "package.json", "LICENSE", "SECURITY.md", "", "k8s", "a" * 201],
    "policy files": ["k8s/rules.rego", "policies/a.yaml"],
    "too deep": ["k8s/" + "a/" * 8 + "b.yaml"],
}


@pytest.mark.parametrize("path", [path for paths in HOSTILE_PATHS.values() for path in paths])
def test_a_path_that_may_not_be_written_is_denied(path: str) -> None:
    decision = judged({path: BUILD}, origin="generated")
    assert [each.file for each in found(decision, PATHS)] == [path]
    assert not decision.allow


@pytest.mark.parametrize("other", ["dockerfile", "DOCKERFILE"])
def test_two_names_of_one_file_are_denied(other: str) -> None:
    decision = judged({"Dockerfile": "FROM alpine:3.22\n", other: "FROM alpine:3.22\n"}, origin="generated")
    assert other in [each.file for each in found(decision, PATHS)]


@pytest.mark.parametrize(
    "path",
    ["cloudbuild.yaml", "cloudbuild-release.yaml", "clouddeploy.yaml", "k8s/base/a.yaml", "deploy/a/k8s/b.yaml",
     "Dockerfile", "services/a/Dockerfile", ".dockerignore", "services/a/.dockerignore", "docs/cicd/README.md"],
)  # fmt: skip
def test_the_usual_paths_may_be_written(path: str) -> None:
    assert found(judged({path: BUILD, "k8s/x.yaml": SERVICE}, origin="generated"), PATHS) == []


def test_files_that_were_there_may_stand_anywhere() -> None:
    assert found(judged({".github/x/build.yaml": BUILD}, origin="existing"), PATHS) == []


def test_an_organisation_may_allow_more_but_not_what_is_protected() -> None:
    files = {"ops/a.yaml": SERVICE, ".github/workflows/a.yml": "on: push\njobs: {a: {runs-on: x, steps: [{run: a}]}}\n"}
    decision = judged(files, origin="generated", write_allow=("ops/**", ".github/**"))
    assert [each.file for each in found(decision, PATHS)] == [".github/workflows/a.yml"]


def bomb() -> str:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    lines += [
        f"{name}: &{name} [{', '.join(f'*{before}' for _ in range(9))}]"
        for before, name in zip("abcdefgh", "bcdefghi", strict=True)
    ]
    return "\n".join(lines) + "\n"


UNREADABLE = {
    "H15 alias bomb": bomb(),
    "H16 recursion": "a: &a [*a]\n",
    "H17 nesting": "[" * 20_000,
    "H17 compact nesting": "- " * 5_000 + "x\n",
    "H17 braces": "{a: " * 300 + "1" + "}" * 300,
    "H18 python tag": '!!python/object/apply:os.system ["id"]\n',
    "H18 custom tag": "a: !secret db\n",
    "H21 digits": "a: " + "9" * 5_000 + "\n",
    "H21 infinity": "a: .inf\n",
    "H21 key of a list": "? [1, 2]\n: x\n",
    "H21 NUL": "a: x\0y\n",
    "many aliases": "a: &a x\nb: [" + ", ".join(["*a"] * 200) + "]\n",
    "undefined alias": "a: *b\n",
    "tab": "a:\n\t- b\n",
    "unclosed": "a: [1, 2\n",
    "half a document": 'a: "unterminated\n',
}


@pytest.mark.parametrize("what", UNREADABLE)
@pytest.mark.parametrize("path", ["cloudbuild.yaml", "k8s/a.yaml"])
def test_yaml_that_must_not_be_read_is_denied_with_a_place(what: str, path: str) -> None:
    decision = judged({path: UNREADABLE[what]}, origin="generated")
    assert not decision.allow
    assert all(each.line >= 1 and each.column >= 1 for each in decision.violations)
    assert {each.file for each in found(decision)} == {path}


def test_h21_a_utf16_file_is_not_read_as_something_else() -> None:
    decision = judged({"cloudbuild.yaml": BUILD.encode("utf-16")}, origin="generated")
    assert not decision.allow


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (SERVICE.replace("spec:", "spec:\n  type: ClusterIP\n  type: NodePort"), 7),
        (SERVICE.replace("metadata:", "metadata:\n  name: b"), 5),
    ],
)
def test_h19_a_key_given_twice_is_denied_where_it_stands_again(text: str, line: int) -> None:
    decision = judged({"k8s/a.yaml": text}, profile=Profile.ADVISORY)
    assert not decision.allow
    assert [each.line for each in found(decision, "integrity.yaml.ambiguous") if each.severity == "deny"] == [line]


def hints(text: str, rule: str) -> list[Finding]:
    """Return what the reader hands to the rules that only warn."""
    [reading] = read([FileToJudge("k8s/a.yaml", text.encode())])
    return [each for part in reading.parts for each in part.findings if each.rule == rule]


@pytest.mark.parametrize(
    ("scalar", "rule"),
    [("yes", "boolean"), ("NO", "boolean"), ("on", "boolean"), ("010", "number"), ("22:22", "60"), ("1.10", "zero")],
)
def test_h20_what_parsers_read_differently_is_said(scalar: str, rule: str) -> None:
    text = f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata:\n  a: {scalar}\n"
    told = hints(text, "integrity.yaml.ambiguous_scalar")
    assert [(each.line, each.column) for each in told] == [(5, 6)]
    assert rule in told[0].detail


def test_h20_the_on_of_a_workflow_is_a_key_and_no_boolean() -> None:
    text = "on: push\npermissions: {contents: read}\njobs: {a: {runs-on: x, steps: [{run: make}]}}\n"
    assert found(judged({".github/workflows/a.yml": text}, profile=Profile.ADVISORY), "integrity") == []


def test_h21_a_merge_key_is_said_and_what_it_brings_is_judged() -> None:
    text = (
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nbase: &base {privileged: true}\n"
        "spec:\n  containers:\n  - name: a\n    image: a\n    securityContext:\n      <<: *base\n      privileged: 1\n"
    )
    decision = judged({"k8s/a.yaml": text}, profile=Profile.ADVISORY)
    assert [each.line for each in hints(text, "integrity.yaml.ambiguous_merge")] == [10]
    assert {each.line for each in found(decision, "security.k8s.schema")} >= {4, 11}


def test_h21_a_second_document_of_another_kind_is_judged_as_what_it_is() -> None:
    text = f"{SERVICE}---\nsteps:\n- name: a\n  env: [DB_PASSWORD={PASSWORD}]\n"
    decision = judged({"k8s/a.yaml": text}, profile=Profile.ADVISORY)
    assert [each.line for each in found(decision, "security.secrets")] == [11]


def test_h21_a_separator_inside_a_block_is_text() -> None:
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  a: |\n    one\n    ---\n    two\n"
    assert judged({"k8s/a.yaml": text}, profile=Profile.ADVISORY).allow


@pytest.mark.parametrize("character", ["\u202e", "\u2066", "\u200b", "\U000e0041", "\x1b", "\x08", "\ufeff", "\u2028"])
def test_h32_a_hidden_character_is_denied_where_it_stands(character: str) -> None:
    text = f"# build{character}\n" if character == "\u2028" else f"# x\n# build {character} it\n"
    decision = judged({"docs/cicd/README.md": text, "cloudbuild.yaml": BUILD}, profile=Profile.ADVISORY)
    told = found(decision, "integrity.text.hidden_characters")
    assert [(each.file, each.line) for each in told] == [
        ("docs/cicd/README.md", text.partition(character)[0].count("\n") + 1)
    ]


@pytest.mark.parametrize(
    "text",
    ["\ufeff# x\n", "# \U0001f468\u200d\U0001f469\u200d\U0001f467\n", "# \u0645\u06cc\u200c\u0634\u0648\u062f\n"],
)
def test_a_leading_mark_emoji_and_scripts_that_join_are_no_hidden_characters(text: str) -> None:
    assert found(judged({"docs/cicd/README.md": text, "cloudbuild.yaml": BUILD}), "integrity.text") == []


def test_h57_a_comment_approves_nothing() -> None:
    text = (
        "apiVersion: deploy.cloud.google.com/v1\nkind: Target\nmetadata: {name: prod}\n"
        "requireApproval: false # approved by security\nrun: {location: projects/a/locations/b}\n"
    )
    assert not judged({"clouddeploy.yaml": text}).allow


def h60(name: str, more: str = "") -> str:
    return (
        f"apiVersion: deploy.cloud.google.com/v1\nkind: Target\nmetadata: {{name: {name}{more}}}\n"
        "run: {location: projects/a/locations/b}\n"
    )


@pytest.mark.parametrize(
    ("target", "denied"),
    [
        (h60("prod"), True),
        (h60("production-eu"), True),
        (h60("p1", ", labels: {env: prod}"), True),
        (h60("staging"), False),
        (h60("production-like-dev"), False),
        (h60("product-catalog"), False),
    ],
)
def test_h60_a_production_target_is_known_by_name_or_label(target: str, denied: bool) -> None:
    decision = judged({"clouddeploy.yaml": target})
    assert bool(found(decision, "compliance.approval.prod_target")) is denied


@pytest.mark.parametrize(
    "text",
    [
        f"{BUILD}  env: ['A={GITHUB[::-1]}']\n",
        f"{BUILD}  env: ['A={VALUES['GITHUB_BASE64']}']\n",
        f"{BUILD}# {GITHUB}\n",
        f"{BUILD}substitutions:\n  _API_TOKEN: {GITHUB}\n",
        f"steps:\n- name: a\n  args: ['{GITHUB[:15]}', '{GITHUB[15:]}']\n",
        f"steps:\n- name: a\n  env:\n  - >-\n    A={GITHUB[:15]}\n    {GITHUB[15:]}\n",
    ],
    ids=["backwards", "base64", "comment", "substitution", "split", "folded"],
)
def test_h59_a_hidden_secret_is_denied(text: str) -> None:
    assert found(judged({"cloudbuild.yaml": text}), "security.secrets.provider_token")


def test_h59_a_secret_in_the_documents_is_denied() -> None:
    decision = judged({"docs/cicd/README.md": f"Use {GITHUB}.\n", "cloudbuild.yaml": BUILD})
    assert [each.file for each in found(decision, "security.secrets")] == ["docs/cicd/README.md"]


WORKFLOW = "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n    - run: make\n"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("cloudbuild.yaml", SERVICE),
        ("cloudbuild.yaml", WORKFLOW),
        ("cloudbuild.yaml", ""),
        ("cloudbuild.yaml", "# nothing\n---\n# here\n"),
        ("cloudbuild.yaml", "just a sentence\n"),
        ("cloudbuild.yaml", "[]\n"),
        ("clouddeploy.yaml", BUILD),
        ("Dockerfile", BUILD),
        ("Dockerfile", "\n\n# only comments\n"),
        ("k8s/a.yaml", "greeting: hello\n"),
        ("k8s/a.yaml", ""),
        ("deploy/a.bin", "\x7fELF\n"),
    ],
)
def test_h65_content_that_is_not_what_the_name_promises_is_denied(path: str, text: str) -> None:
    decision = judged({path: text, "k8s/other.yaml": SERVICE}, origin="generated")
    assert path in {each.file for each in decision.violations}


def test_h65_a_workflow_under_another_name_is_judged_as_a_workflow() -> None:
    text = WORKFLOW.replace("run: make", f"run: docker login -u a -p {PASSWORD}").replace("runs-on: x", "runs_on: x")
    decision = judged({"k8s/a.yaml": text}, origin="generated")
    assert {each.rule for each in decision.violations} >= {
        "security.secrets.hardcoded_credential",
        "security.pipeline.schema",
    }


def test_h65_json_under_a_yaml_name_is_read() -> None:
    text = '{"steps": [{"name": "a", "env": ["DB_PASSWORD=' + PASSWORD + '"]}]}'
    assert found(judged({"cloudbuild.yaml": text}), "security.secrets.hardcoded_credential")


@pytest.mark.parametrize("files", [{}, {"docs/cicd/README.md": "# x\n"}, {"notes.yaml": "a: b\n"}])
def test_h66_nothing_to_validate_is_no_pass(files: dict[str, str]) -> None:
    with pytest.raises(InvalidConfiguration, match="nothing to validate"):
        judged(files, origin="existing")
