"""What GitHub refuses, limits and hides, at its simulation (BEHAVIOUR.md §5 rows 73-84, C17, C22)."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

import pytest
from fakes.github_actions import REF_UPDATE, error, html, meanwhile, primary_limit, secondary_limit, truncated
from fakes.github_process import BareRepository, SimulatedGitHub
from github_parts import NAME, QUICK, TRAILER, delivering, pipeline

from penstock.delivery.github import Access, GitHub
from penstock.delivery.github_gate import Pace
from penstock.delivery.hosting import check
from penstock.delivery.ports import HostAway, HostRefused, Preflight, RepositoryName
from penstock.errors import InvalidConfiguration
from penstock.kit.clock import SystemClock
from penstock.telemetry.service import Telemetry

WORKFLOW = {".github/workflows/ci.yml": "on: push\n"}
READ_ONLY = {"metadata": "read", "contents": "read"}


@pytest.fixture
def shop(github: SimulatedGitHub) -> BareRepository:
    return github.repository("acme/shop", {"app.py": "print()\n"})


def refused(
    github: SimulatedGitHub, mode: str = "commit", files: dict[str, str] | None = None, **how: object
) -> HostRefused:
    """Try a delivery that must be refused for good."""

    async def run() -> HostRefused:
        async with delivering(github, **how) as deliver:
            with pytest.raises(HostRefused) as caught:
                await deliver(mode, artifacts=pipeline(files))
            return caught.value

    return asyncio.run(run())


def looked_at(github: SimulatedGitHub, branch: str | None = None, **how: object) -> Preflight:
    async def run() -> Preflight:
        async with delivering(github, **how) as deliver:
            return await deliver.host.preflight(NAME, branch)

    return asyncio.run(run())


def test_a_preflight_tells_branch_rights_and_protection(github: SimulatedGitHub, shop: BareRepository):
    found = looked_at(github)
    assert found == Preflight(NAME, "main", "main", shop.head(), may_write_workflows=False)
    github.change("protect", repository="acme/shop", branch="main")
    assert looked_at(github).protected
    github.change("unprotect", repository="acme/shop")
    github.change("rule", repository="acme/shop", branch="main", kind="non_fast_forward")
    assert not looked_at(github).protected
    github.change("rule", repository="acme/shop", branch="main", kind="merge_queue")
    assert looked_at(github).protected


def test_a_preflight_tells_what_bars_a_delivery(github: SimulatedGitHub, shop: BareRepository):
    reader = looked_at(github, app=github.app(on="acme", permissions=READ_ONLY))
    assert (reader.may_write, reader.may_open_pull_request, reader.may_write_workflows) == (False, False, False)
    with pytest.raises(HostRefused, match="may not write"):
        check(reader, "auto")
    token = looked_at(github, token=github.token(scopes=["repo", "workflow"]))
    assert token.may_write
    assert token.may_open_pull_request
    github.change("archive", repository="acme/shop")
    with pytest.raises(HostRefused, match="archived"):
        check(looked_at(github), "auto")


def test_an_empty_repository_is_told_apart_from_a_missing_branch(github: SimulatedGitHub, shop: BareRepository):
    github.repository("acme/new")

    async def run() -> None:
        async with delivering(github) as deliver:
            empty = await deliver.host.preflight(RepositoryName("acme", "new"))
            assert empty.empty
            with pytest.raises(HostRefused, match="no commit yet"):
                check(empty, "auto")
            with pytest.raises(HostRefused) as caught:
                await deliver(repository=RepositoryName("acme", "new"))
            assert caught.value.kind == "empty"
            with pytest.raises(HostRefused, match="no branch other") as caught:
                await deliver.host.preflight(NAME, "other")
            assert caught.value.kind == "not_found"

    asyncio.run(run())


@pytest.mark.parametrize("name", ["acme/hidden", "elsewhere/none"])
def test_a_repository_that_cannot_be_seen_says_both_causes(github: SimulatedGitHub, shop: BareRepository, name: str):
    app = github.app(on="acme", repositories=["acme/shop"])
    github.repository("acme/hidden", {"x": "1"})
    host = GitHub(
        Access(str(app.id), app.private_key, install_url="https://github.com/apps/penstock"),
        SystemClock(), Telemetry(), base_url=github.url, manner=QUICK,
    )  # fmt: skip

    async def run() -> HostRefused:
        with pytest.raises(HostRefused) as caught:
            await host.preflight(RepositoryName.parse(name))
        await host.close()
        return caught.value

    problem = asyncio.run(run())
    assert problem.kind == "not_found"
    assert "may not see it" in problem.message
    assert "https://github.com/apps/penstock" in " ".join(problem.next_steps)


@pytest.mark.parametrize(
    ("how", "kind", "expected"),
    [
        ("protect", "pull_request", "protected"),
        ("protect", "reviews", "protected"),
        ("protect", "required_status_checks", "protected"),
        ("protect", "restrictions", "protected"),
        ("protect", "lock_branch", "protected"),
        ("rule", "pull_request", "protected"),
        ("rule", "merge_queue", "merge_queue"),
        ("rule", "update", "protected"),
        ("rule", "required_status_checks", "protected"),
        ("rule", "secrets", "conflict"),
    ],
)
def test_protection_met_at_the_push_is_a_refusal_in_its_own_words(
    github: SimulatedGitHub, shop: BareRepository, how: str, kind: str, expected: str
):
    github.change(how, repository="acme/shop", branch="main", kind=kind)
    problem = refused(github)
    assert problem.kind == expected
    assert "GitHub says: " in problem.message
    assert problem.next_steps
    assert problem.customer_fault
    assert shop.log() == [shop.first]


def test_an_archived_repository_and_missing_rights_are_refusals(github: SimulatedGitHub, shop: BareRepository):
    assert refused(github, app=github.app(on="acme", permissions=READ_ONLY)).kind == "permission"
    assert refused(github, token=github.token(kind="fine", permissions=READ_ONLY)).kind == "permission"
    github.change("archive", repository="acme/shop")
    assert refused(github).kind == "archived"


def test_workflow_files_need_their_own_right(github: SimulatedGitHub, shop: BareRepository):
    problem = refused(github, files=WORKFLOW)
    assert problem.kind == "workflows"
    with pytest.raises(HostRefused, match=r"ci\.yml"):
        check(looked_at(github), "auto", pipeline(WORKFLOW))
    rights = {"contents": "write", "metadata": "read", "workflows": "write"}

    async def run() -> None:
        async with delivering(github, github.app(on="acme", permissions=rights)) as deliver:
            await deliver("commit", artifacts=pipeline(WORKFLOW))

    github.reset()
    again = github.repository("acme/shop", {"app.py": "print()\n"})
    asyncio.run(run())
    assert ".github/workflows/ci.yml" in again.files()


@pytest.mark.parametrize("limit", [primary_limit, secondary_limit], ids=["primary", "secondary"])
@pytest.mark.parametrize("status", [403, 429])
@pytest.mark.parametrize("call", ["GET .*/shop/branches/main$", "POST .*/git/trees", REF_UPDATE])
def test_a_limit_closes_the_gate_of_the_whole_installation(
    github: SimulatedGitHub, shop: BareRepository, limit: object, status: int, call: str
):
    github.repository("acme/other", {"x": "1"})
    github.script(limit(call, status=status))  # type: ignore[operator]

    async def run() -> None:
        async with delivering(github) as deliver:
            await deliver.host.preflight(RepositoryName("acme", "other"))
            with pytest.raises(HostAway) as away:
                await deliver("commit")
            assert away.value.gated
            assert away.value.retry_at_s is not None
            assert 50 < away.value.retry_at_s - time.time() < 70
            before = len(github.calls())
            for name in (NAME, RepositoryName("acme", "other")):
                with pytest.raises(HostAway) as away:
                    await deliver.host.preflight(name)
                assert away.value.gated
            assert len(github.calls()) == before

    asyncio.run(run())
    assert shop.log() == [shop.first]


def test_a_limit_without_a_time_holds_a_minute_and_afterwards_one_commit_is_made(
    github: SimulatedGitHub, shop: BareRepository
):
    quick = replace(QUICK, waits=replace(QUICK.waits, least_limit_s=0.3))
    github.script(secondary_limit(REF_UPDATE, retry_after=None))

    async def run() -> None:
        async with delivering(github, manner=quick) as deliver:
            with pytest.raises(HostAway) as away:
                await deliver("commit")
            assert away.value.retry_at_s is not None
            await asyncio.sleep(max(0.0, away.value.retry_at_s - time.time()))
            await deliver("commit")

    asyncio.run(run())
    assert shop.commits_with(TRAILER) == 1


def test_changes_beyond_the_pace_are_sent_away_with_a_time(github: SimulatedGitHub, shop: BareRepository):
    slow = replace(QUICK, pace=Pace(pause_s=30, burst=2, longest_s=1))

    async def run() -> None:
        async with delivering(github, manner=slow) as deliver:
            with pytest.raises(HostAway, match="Too many changes") as away:
                await deliver("commit")
            assert away.value.gated

    asyncio.run(run())
    assert [call.method for call in github.calls() if "/git/" in call.path and call.method != "GET"] == ["POST", "POST"]
    assert shop.log() == [shop.first]


def test_a_token_that_ends_in_the_middle_is_renewed_once(github: SimulatedGitHub, shop: BareRepository):
    github.script(meanwhile("POST .*/git/commits", {"do": "expire_tokens"}))

    async def run() -> None:
        async with delivering(github) as deliver:
            await deliver("commit")

    asyncio.run(run())
    made = [call for call in github.calls() if call.path.endswith("/access_tokens")]
    assert [call.status for call in made] == [201, 201]
    assert shop.commits_with(TRAILER) == 1


def test_a_token_near_its_end_is_renewed_before_it_ends_and_once_for_all(github: SimulatedGitHub, shop: BareRepository):
    github.change("token_seconds", seconds=200)

    async def run() -> None:
        async with delivering(github) as deliver:
            await asyncio.gather(*(deliver.host.preflight(NAME) for _ in range(5)))
            early = len([call for call in github.calls() if call.path.endswith("/access_tokens")])
            assert early > 1
            github.change("token_seconds", seconds=3600)
            await deliver.host.preflight(NAME)
            before = len([call for call in github.calls() if call.path.endswith("/access_tokens")])
            await asyncio.gather(*(deliver.host.preflight(NAME) for _ in range(5)))
            assert len([call for call in github.calls() if call.path.endswith("/access_tokens")]) == before

    asyncio.run(run())


def test_many_at_once_fetch_one_token(github: SimulatedGitHub, shop: BareRepository):
    async def run() -> None:
        async with delivering(github) as deliver:
            await asyncio.gather(*(deliver.host.preflight(NAME) for _ in range(8)))

    asyncio.run(run())
    assert len([call for call in github.calls() if call.path.endswith("/access_tokens")]) == 1


def test_a_plain_token_that_is_refused_is_a_matter_for_later(github: SimulatedGitHub, shop: BareRepository):
    async def run() -> None:
        async with delivering(github, token="ghp_unknown_to_github") as deliver:
            with pytest.raises(HostAway, match="does not take") as away:
                await deliver.host.preflight(NAME)
            assert "ghp_unknown" not in str(away.value)

    asyncio.run(run())


def test_a_key_that_is_none_is_refused_without_showing_it():
    with pytest.raises(InvalidConfiguration) as caught:
        GitHub(Access("1", "-----BEGIN secret"), SystemClock(), Telemetry())
    assert "secret" not in caught.value.message
    with pytest.raises(InvalidConfiguration, match="App id"):
        GitHub(Access(), SystemClock(), Telemetry())


def test_a_renamed_repository_is_followed_by_readers_and_writers(github: SimulatedGitHub, shop: BareRepository):
    async def run() -> None:
        async with delivering(github) as deliver:
            github.change("rename", repository="acme/shop", to="acme/store")
            assert str((await deliver.host.preflight(NAME)).repository) == "acme/store"
            github.script(
                meanwhile("POST .*/git/trees", {"do": "rename", "repository": "acme/store", "to": "acme/mall"})
            )
            await deliver("commit")

    asyncio.run(run())
    assert shop.commits_with(TRAILER) == 1


def test_a_redirect_to_another_host_is_not_followed(github: SimulatedGitHub, shop: BareRepository):
    away = error(
        "GET /repos/acme/shop$", 302, headers={"location": "http://metadata.google.internal/computeMetadata/v1/"}
    )
    github.script(away)

    async def run() -> None:
        async with delivering(github) as deliver:
            with pytest.raises(HostRefused, match="another host") as caught:
                await deliver.host.preflight(NAME)
            assert caught.value.kind == "misconfigured"
            assert not caught.value.customer_fault

    asyncio.run(run())


def test_a_proxys_page_and_a_cut_answer_are_asked_for_again(github: SimulatedGitHub, shop: BareRepository):
    github.script(html("GET /repos/acme/shop$"), truncated("GET .*/branches/main$"))
    assert looked_at(github).head_sha == shop.head()
    github.script(then=html(""))

    async def run() -> None:
        async with delivering(github) as deliver:
            with pytest.raises(HostAway, match="no JSON"):
                await deliver.host.preflight(NAME)

    asyncio.run(run())


@pytest.mark.parametrize(
    "junk", [[], {}, 1, None, "x", {"tree": [1]}, {"commit": {"sha": 1}}, {"id": "x"}, {"object": 3}]
)
@pytest.mark.parametrize(
    "call",
    [
        "/installation$",
        "/access_tokens$",
        "GET /repos/acme/shop$",
        "/branches/",
        "/rules/",
        "GET .*/git/trees/",
        "POST .*/git/trees$",
        "POST .*/git/commits",
        REF_UPDATE,
    ],
)
def test_json_that_says_nothing_is_no_answer(github: SimulatedGitHub, shop: BareRepository, call: str, junk: object):
    github.script(then={"match": call, "answer": {"status": 200, "json": junk}})

    async def run() -> None:
        async with delivering(github) as deliver:
            try:
                await deliver("commit")
            except HostAway:
                return
            assert call == "/rules/"

    asyncio.run(run())
    shop.fsck()


def test_github_enterprise_is_a_matter_of_the_address(github: SimulatedGitHub, shop: BareRepository):
    async def run() -> None:
        async with delivering(github, base_url=github.enterprise_url) as deliver:
            await deliver()

    asyncio.run(run())
    assert all(call.path.startswith("/api/v3/") for call in github.calls())
    assert shop.commits_with(TRAILER) == 1


def test_no_token_is_sent_but_in_its_header_and_the_key_never(github: SimulatedGitHub, shop: BareRepository):
    app = github.app(on="acme")

    async def run() -> None:
        async with delivering(github, app) as deliver:
            await deliver()

    asyncio.run(run())
    assert "PRIVATE KEY" not in github.wire()
    assert all("ghs_" not in call.path + call.body for call in github.calls())
