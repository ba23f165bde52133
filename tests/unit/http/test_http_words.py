"""What callers over HTTP are told to do: fields and headers, never options of the command line."""

from __future__ import annotations

import asyncio
import inspect
import re
import subprocess

import pytest
from http_stand_ins import BODY, House
from pydantic import ValidationError

from penstock import errors
from penstock.errors import PenstockError
from penstock.kit.git_names import is_branch_name, is_ref_name
from penstock.surfaces.http.problems import STATUS_BY_ERROR, describe
from penstock.surfaces.http.requests import ValidateBody

GENERATE = "/api/v1/pipelines/generate"
KEYS = "penstock keys create --name NAME"
"""The one command that callers are told: only the server's own machine can do it."""


@pytest.mark.parametrize("kind", STATUS_BY_ERROR, ids=lambda kind: kind.__name__)
def test_no_remedy_is_an_option_of_the_command_line(kind: type[PenstockError]):
    needed = {
        name: 1 if name == "retry_after_s" else None
        for name, each in inspect.signature(kind.__init__).parameters.items()
        if each.kind is inspect.Parameter.KEYWORD_ONLY and each.default is inspect.Parameter.empty
    }
    if issubclass(kind, errors.PolicyViolations):
        from http_stand_ins import decision

        needed["decision"] = decision(denied=True)
    steps = " ".join(describe(kind(**needed), "t").document["next"]).replace(KEYS, "")
    assert steps
    assert not re.search(r"(^|\s)--[a-z]|penstock [a-z]+ ", steps)


def test_an_error_that_says_what_next_by_itself_is_passed_on():
    problem = errors.NothingToBuild("nothing", next_steps=("Ask Ann.",))
    assert describe(problem, "t").document["next"] == ["Ask Ann."]


FORBIDDEN = (
    "a//b", "/a", "a/", "a.lock", "a.lock/b", "a/.b", ".a", "a..b", "a.", "-a", "a@{1}", "a b", "a~1", "a^", "a:b",
    "a?b", "a*b", "a[b", "a\\b", "a\x7fb", "a\n",
)  # fmt: skip
ALLOWED = (
    "main",
    "release/1.2",
    "feature/a-b_c",
    "v1.0.0",
    "_x",
    "a/b.c/d",
    "4bf92f3577b34da6a3ce929d0e0e4736aaaaaaaa",
)


def git_takes(name: str) -> bool:
    return (
        subprocess.run(["git", "check-ref-format", "--branch", name], check=False, capture_output=True).returncode == 0
    )


@pytest.mark.parametrize("name", FORBIDDEN)
def test_a_ref_that_git_forbids_is_422_and_names_its_field(name: str):
    assert not git_takes(name)
    for field, body in (
        ("service_context.ref", {"service_context": {**BODY["service_context"], "ref": name}}),
        ("options.branch", {"options": {"branch": name}}),
    ):
        reply = asyncio.run(House().call("POST", GENERATE, {**BODY, **body}))
        assert (reply.status, reply.json["fields"]) == (422, [field])


@pytest.mark.parametrize("name", ALLOWED)
def test_a_ref_that_is_plain_is_taken(name: str):
    assert git_takes(name)
    assert is_ref_name(name)
    body = {**BODY, "service_context": {**BODY["service_context"], "ref": name}, "options": {"branch": name}}
    assert asyncio.run(House().call("POST", GENERATE, body)).status == 201


def test_head_is_a_ref_and_no_branch():
    assert not git_takes("HEAD")
    assert (is_ref_name("HEAD"), is_branch_name("HEAD")) == (True, False)


@pytest.mark.parametrize(
    ("path", "taken"),
    [
        ("package.json", True), ("a/b.c/.env", True), (".github/workflows/a b.yml", True), ("...", True), ("a/..b", True),
        ("", False), ("/a", False), ("a/", False), ("a//b", False), ("../a", False), ("a/../b", False), ("a/.", False),
        (".", False), ("..", False), ("a\\b", False), ("a\nb", False), ("a" * 513, False),
    ],
)  # fmt: skip
def test_the_contract_says_which_paths_are_taken(path: str, taken: bool):
    document = asyncio.run(House().call("GET", "/openapi.json")).json
    context = document["components"]["schemas"]["ServiceContext"]["properties"]["files"]
    for rule in (
        document["components"]["schemas"]["ValidateBody"]["properties"]["files"]["propertyNames"],
        document["components"]["schemas"]["ValidateBody"]["properties"]["repo_paths"]["items"],
        context["anyOf"][0]["propertyNames"],
    ):
        allowed = len(path) <= rule["maxLength"] and re.search(rule["pattern"].removesuffix("$") + r"\Z", path)
        assert bool(allowed) == taken
    try:
        ValidateBody.model_validate({"files": {path: ""}, "repo_paths": [path]})
    except ValidationError:
        assert not taken
    else:
        assert taken
