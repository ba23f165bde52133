"""Names of repositories and branches: nothing that leads to another host or means something else (H37-H42)."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.delivery.github_client import place
from penstock.delivery.ports import RepositoryName, checked_branch
from penstock.errors import InvalidConfiguration

HOSTILE_NAMES = [
    "http://169.254.169.254/computeMetadata/v1/",
    "http://[::ffff:169.254.169.254]/",
    "http://2852039166/",
    "http://0xA9FEA9FE/",
    "http://127.1:8181/v1/policies",
    "https://github.com@evil.tld/a/b",
    "https://github.com.evil.tld/",
    "git@github.com:a/b;id",
    "file:///etc/passwd",
    "gopher://x/y",
    "ssh://-oProxyCommand=id/x",
    "../x",
    "a/..",
    "a/.",
    "a/.git",
    "a/b.git",
    "a/b/../../orgs/x",
    "a/b/c",
    "a",
    "",
    "/",
    "a/",
    "/b",
    "-a/b",
    "a/b?x",
    "a/b#x",
    "a/b%2f..",
    "a/b\n",
    "a\u200b/b",
    "ä/b",
    "a/" + "b" * 101,
]
HOSTILE_REFS = [
    "-u origin",
    "refs/heads/../../x",
    "main..evil",
    "@{-1}",
    "a b",
    "x.lock",
    "a\u202egnp",
    "--upload-pack=id",
    "b" * 300,
    "refs/pull/1/head",
    "HEAD",
    "0" * 40,
    "",
    "main\n",
]


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_what_is_no_name_of_a_repository_is_refused_with_the_next_step(name: str):
    with pytest.raises(InvalidConfiguration) as caught:
        RepositoryName.parse(name)
    assert caught.value.extra["fields"] == ["repository"]
    assert "owner/name" in caught.value.steps[0]


@pytest.mark.parametrize("name", ["acme/payment-api", "a/b", "acme/.github", "octo_corp/x.y_z", "acme/x..y"])
def test_names_people_have_are_taken(name: str):
    assert str(RepositoryName.parse(name)) == name


@pytest.mark.parametrize("name", HOSTILE_REFS)
def test_what_is_no_name_of_a_branch_is_refused(name: str):
    with pytest.raises(InvalidConfiguration, match="not the name of a branch"):
        checked_branch(name)


@given(st.text(max_size=60) | st.text(alphabet="ab/.-_@:%\\?# \n", max_size=20))
def test_whatever_is_taken_stays_two_plain_segments_of_a_path(text: str):
    try:
        name = RepositoryName.parse(text)
    except InvalidConfiguration:
        return
    assert re.fullmatch(r"/repos/[A-Za-z0-9_-]+/[A-Za-z0-9._-]+/x", place(name, "/x", {}))
    assert name.name not in {".", "..", ".git"}


@given(st.text(max_size=60) | st.text(alphabet="ab/.-_@{}~^: \n", max_size=20))
def test_whatever_branch_is_taken_stays_below_its_place(text: str):
    try:
        branch = checked_branch(text)
    except InvalidConfiguration:
        return
    path = place(RepositoryName("a", "b"), f"/git/refs/heads/{branch}", {})
    assert re.fullmatch(r"/repos/a/b/git/refs/heads/[A-Za-z0-9._/-]+", path)
    assert not {"..", ".", ""} & set(path.split("/")[1:])
