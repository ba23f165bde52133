"""Pull requests on the simulated GitHub, ``auto``, and reading a repository without a clone."""

from __future__ import annotations

import asyncio

import pytest
from fakes.github_actions import REF_UPDATE, apply_then_drop, drop, meanwhile, server_trouble, truncated
from fakes.github_process import BareRepository, SimulatedGitHub
from github_parts import NAME, TEXT, TRAILER, Delivering, delivering, pipeline

from penstock.delivery.ports import HostAway, HostRefused, PullRequestText
from penstock.detection import detect
from penstock.detection.tree import SKIPPED_FOLDERS

OWN = "penstock/shop"


@pytest.fixture
def shop(github: SimulatedGitHub) -> BareRepository:
    return github.repository("acme/shop", {"app.py": "print()\n"})


@pytest.fixture
def protected(github: SimulatedGitHub, shop: BareRepository) -> BareRepository:
    github.change("protect", repository="acme/shop", branch="main")
    return shop


def pulls(github: SimulatedGitHub) -> list[str]:
    return [call.path for call in github.calls() if call.method == "POST" and call.path.endswith("/pulls")]


async def next_pipeline(deliver: Delivering, content: str, **how: object) -> object:
    deliver.plans.saved.clear()  # every pipeline has plans of its own
    return await deliver(pipeline_id=f"another-{content}", artifacts=pipeline({"Dockerfile": content}), **how)


def test_auto_opens_a_pull_request_where_the_branch_is_protected(github: SimulatedGitHub, protected: BareRepository):
    async def run() -> None:
        async with delivering(github) as deliver:
            done = await deliver()
            assert done.mode == "pull_request"
            assert done.committed.branch == OWN
            assert done.pull_request is not None
            assert done.pull_request.url.endswith("/acme/shop/pull/1")
            assert not done.pull_request.updated

    asyncio.run(run())
    assert protected.log() == [protected.first]
    assert protected.log(OWN)[1:] == [protected.first]
    protected.fsck()


def test_auto_commits_directly_where_it_may(github: SimulatedGitHub, shop: BareRepository):
    async def run() -> None:
        async with delivering(github) as deliver:
            assert (await deliver()).pull_request is None

    asyncio.run(run())
    assert shop.branches() == ["main"]


def test_auto_turns_to_a_pull_request_when_the_push_is_refused(github: SimulatedGitHub, shop: BareRepository):
    protect = {"do": "protect", "repository": "acme/shop", "branch": "main"}
    github.script(meanwhile("POST .*/git/commits", protect))

    async def run() -> None:
        async with delivering(github) as deliver:
            done = await deliver()
            assert done.mode == "pull_request"
            assert done.pull_request is not None

    asyncio.run(run())
    assert shop.log() == [shop.first]
    assert shop.commits_with(TRAILER) == 1


def test_a_second_pipeline_goes_into_the_same_branch_and_pull_request(
    github: SimulatedGitHub, protected: BareRepository
):
    async def run() -> None:
        async with delivering(github) as deliver:
            await deliver()
            newer = PullRequestText("Update", "Newer words.\n")
            done = await next_pipeline(deliver, "FROM newer\n", text=newer)
            assert done.pull_request.number == 1
            assert done.pull_request.updated

    asyncio.run(run())
    assert len(pulls(github)) == 1
    assert len(protected.log(OWN)) == 3
    (patched,) = [call for call in github.calls() if call.method == "PATCH" and "/pulls/" in call.path]
    assert patched.json == {"body": "Newer words.\n"}


@pytest.mark.parametrize("call", ["POST .*/git/trees", "POST .*/git/commits", "POST .*/git/refs$", "POST .*/pulls$"])
@pytest.mark.parametrize("fault", [apply_then_drop, drop, truncated, lambda match: server_trouble(match, apply=True)])
def test_one_commit_and_one_pull_request_whatever_becomes_of_an_answer(
    github: SimulatedGitHub, protected: BareRepository, call: str, fault: object
):
    github.script(fault(call))  # type: ignore[operator]

    async def run() -> None:
        async with delivering(github) as deliver:
            done = await deliver()
            assert done.pull_request is not None
            assert done.pull_request.number == 1

    asyncio.run(run())
    assert github.actions_left == 0
    assert protected.commits_with(TRAILER) == 1
    assert len(protected.log(OWN)) == 2
    protected.fsck()


@pytest.mark.parametrize("number", range(13))
def test_one_commit_and_one_pull_request_whichever_call_loses_its_answer(
    github: SimulatedGitHub, protected: BareRepository, number: int
):
    github.script(apply_then_drop("", skip=number))

    async def run() -> None:
        async with delivering(github) as deliver:
            done = await deliver()
            assert done.pull_request is not None
            assert done.pull_request.number == 1

    asyncio.run(run())
    assert github.actions_left == 0
    assert protected.commits_with(TRAILER) == 1
    assert len(protected.log(OWN)) == 2
    protected.fsck()


def test_a_pull_request_that_could_not_be_opened_is_opened_later(github: SimulatedGitHub, protected: BareRepository):
    github.script(then=drop("POST .*/pulls$"))

    async def run() -> None:
        async with delivering(github) as deliver:
            with pytest.raises(HostAway):
                await deliver()
            github.script()
            done = await deliver()
            assert done.committed.contained
            assert done.pull_request is not None

    asyncio.run(run())
    assert protected.commits_with(TRAILER) == 1


def test_after_a_merge_the_same_pipeline_is_done_and_the_next_begins_at_main(
    github: SimulatedGitHub, protected: BareRepository
):
    async def run() -> None:
        async with delivering(github) as deliver:
            await deliver()
            merged = github.change("merge_pull", repository="acme/shop", number=1)
            again = await deliver()
            assert again.committed.contained
            done = await next_pipeline(deliver, "FROM newer\n")
            assert done.pull_request.number == 2
            assert protected.git("rev-parse", f"{OWN}^").strip() == merged

    asyncio.run(run())
    assert protected.commits_with(TRAILER) == 1


def test_a_merged_pull_request_whose_branch_is_gone_makes_no_second_commit(
    github: SimulatedGitHub, protected: BareRepository
):
    async def run() -> None:
        async with delivering(github) as deliver:
            await deliver()
            github.change("merge_pull", repository="acme/shop", number=1)
            github.change("delete_branch", repository="acme/shop", branch=OWN)
            again = await deliver()
            assert again.committed.contained
            assert again.committed.branch == "main"
            assert again.pull_request is None

    asyncio.run(run())
    assert protected.branches() == ["main"]
    assert protected.commits_with(TRAILER) == 1


def test_a_commit_left_on_its_own_branch_is_not_made_again_when_protection_is_lifted(
    github: SimulatedGitHub, protected: BareRepository
):
    github.script(then=drop("POST .*/pulls$"))

    async def run() -> None:
        async with delivering(github) as deliver:
            with pytest.raises(HostAway):
                await deliver()
            github.script()
            github.change("unprotect", repository="acme/shop")
            done = await deliver()
            assert done.committed.contained
            assert done.pull_request is not None

    asyncio.run(run())
    assert protected.commits_with(TRAILER) == 1


def test_what_is_merged_already_needs_no_pull_request(github: SimulatedGitHub, protected: BareRepository):
    async def run() -> None:
        async with delivering(github) as deliver:
            await deliver()
            github.change("merge_pull", repository="acme/shop", number=1)
            deliver.plans.saved.clear()
            done = await deliver(pipeline_id="another")
            assert done.committed.no_changes
            assert done.pull_request is None
            assert await deliver.host.pull_request(NAME, head=OWN, base="main", text=TEXT) is None

    asyncio.run(run())


def test_a_colleagues_commit_on_our_branch_is_kept(github: SimulatedGitHub, protected: BareRepository):
    async def run() -> None:
        async with delivering(github) as deliver:
            await deliver()
            github.change("push", repository="acme/shop", branch=OWN, files={"theirs.txt": "1\n"})
            await next_pipeline(deliver, "FROM newer\n")

    asyncio.run(run())
    assert protected.files(OWN)["theirs.txt"] == "1\n"
    assert protected.files(OWN)["Dockerfile"] == "FROM newer\n"


def test_a_pull_request_needs_the_right_to_open_one(github: SimulatedGitHub, protected: BareRepository):
    app = github.app(on="acme", permissions={"metadata": "read", "contents": "write", "pull_requests": "read"})

    async def run() -> None:
        async with delivering(github, app) as deliver:
            with pytest.raises(HostRefused) as caught:
                await deliver()
            assert caught.value.kind == "permission"

    asyncio.run(run())


def test_detection_reads_a_repository_through_the_api_in_few_rounds(github: SimulatedGitHub):
    files = {
        "package.json": '{"name": "shop", "scripts": {"test": "jest", "start": "node index.js"}}',
        "package-lock.json": "{}",
        "index.js": "require('express')().listen(3000)\n",
        "node_modules/x/package.json": "{}",
    }
    shop = github.repository("acme/shop", files)

    async def run() -> None:
        async with delivering(github) as deliver:
            tree = await deliver.host.files(NAME, shop.head(), skipped_folders=SKIPPED_FOLDERS)
            assert tree.paths == ("index.js", "package-lock.json", "package.json")
            facts = detect(tree, name="shop")
            rounds = 0
            while await tree.fetch_missed():
                rounds += 1
                facts = detect(tree, name="shop")
            assert rounds <= 3
            assert facts.primary is not None
            assert facts.primary.language is not None
            assert facts.primary.language.value == "javascript"

    asyncio.run(run())
    blobs = [call.path for call in github.calls() if "/git/blobs/" in call.path]
    assert len(blobs) == len(set(blobs)) <= 3


def test_a_list_of_files_that_is_cut_says_so(github: SimulatedGitHub, shop: BareRepository):
    github.change("push", repository="acme/shop", branch="main", files={f"f{n}": "x" for n in range(9)})
    github.change("tree_limit", repository="acme/shop", entries=5)

    async def run() -> None:
        async with delivering(github) as deliver:
            tree = await deliver.host.files(NAME, shop.head())
            assert tree.truncated
            assert len(tree.paths) == 5
            github.script(then=server_trouble("GET .*/git/blobs/"))
            with pytest.raises(HostAway):
                await tree.load(tree.paths)

    asyncio.run(run())


def test_a_ref_update_on_our_own_branch_may_be_lost_too(github: SimulatedGitHub, protected: BareRepository):
    async def run() -> None:
        async with delivering(github) as deliver:
            await deliver()
            github.script(apply_then_drop(REF_UPDATE))
            await next_pipeline(deliver, "FROM newer\n")

    asyncio.run(run())
    assert len(protected.log(OWN)) == 3
