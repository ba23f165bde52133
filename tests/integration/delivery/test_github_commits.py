"""Commits on the simulated GitHub: one each, whatever goes wrong (BEHAVIOUR.md §2.2, §5 rows 74-84)."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable

import pytest
from fakes.github_actions import (
    REF_UPDATE,
    Action,
    apply_then_drop,
    drop,
    html,
    meanwhile,
    server_trouble,
    silent,
    somebody_pushes,
    truncated,
)
from fakes.github_process import BareRepository, SimulatedGitHub
from github_parts import NAME, TRAILER, KeptPlans, LostLease, delivering, pipeline

from penstock.delivery.decide import LOCK_FILE
from penstock.delivery.ports import HostAway, HostRefused
from penstock.errors import DeliveryConflict, PathProblem

WRITES = {"tree": "POST .*/git/trees", "commit": "POST .*/git/commits", "ref": REF_UPDATE}


@pytest.fixture
def shop(github: SimulatedGitHub) -> BareRepository:
    return github.repository("acme/shop", {"app.py": "print()\n"})


def test_files_are_committed_once_with_their_modes_and_trailers(github: SimulatedGitHub, shop: BareRepository):
    async def run() -> None:
        async with delivering(github) as deliver:
            done = await deliver()
            assert done.mode == "commit"
            assert done.committed.commit_sha == shop.head()
            assert set(done.committed.written) == {"Dockerfile", "deploy/shop/run.yaml", "run.sh", LOCK_FILE}

    asyncio.run(run())
    assert shop.files()["deploy/shop/run.yaml"] == "a: 1\n"
    assert shop.files()["app.py"] == "print()\n"
    assert shop.modes()["run.sh"] == "100755"
    assert shop.message(shop.head()).splitlines()[-3] == TRAILER
    assert re.search(r"^Skills-Artifact-Digest: [0-9a-f]{64}$", shop.message(shop.head()), re.MULTILINE)
    assert len(shop.log()) == 2
    shop.fsck()


def test_the_same_order_makes_the_same_sha(github: SimulatedGitHub, shop: BareRepository):
    async def run() -> list[str]:
        shas = []
        for _ in range(2):
            github.change("rewind", repository="acme/shop", branch="main", to=shop.first)
            async with delivering(github) as deliver:
                shas.append((await deliver()).committed.commit_sha)
        return shas

    first, second = asyncio.run(run())
    assert first == second


def test_what_is_there_already_makes_no_commit(github: SimulatedGitHub, shop: BareRepository):
    async def run() -> None:
        async with delivering(github) as deliver:
            first = await deliver()
            deliver.plans.saved.clear()
            again = await deliver(pipeline_id="another")
            assert again.committed.no_changes
            assert again.committed.commit_sha == first.committed.commit_sha
            assert again.committed.written == ()

    asyncio.run(run())
    assert len(shop.log()) == 2


@pytest.mark.parametrize("call", WRITES)
@pytest.mark.parametrize(
    "fault",
    [
        apply_then_drop,
        drop,
        lambda match: apply_then_drop(match, "close"),
        lambda match: server_trouble(match, apply=True),
        lambda match: server_trouble(match, times=2),
        truncated,
        lambda match: truncated(match, by="close"),
        lambda match: html(match, apply=True),
        lambda match: silent(match, applied=True),
    ],
    ids=["applied+reset", "reset", "applied+closed", "applied+502", "502x2", "cut", "cut+closed", "html", "silent"],
)
def test_one_commit_whatever_becomes_of_an_answer(
    github: SimulatedGitHub, shop: BareRepository, call: str, fault: Callable[[str], Action]
):
    github.script(fault(WRITES[call]))

    async def run() -> None:
        async with delivering(github) as deliver:
            done = await deliver()
            assert done.committed.commit_sha == shop.head()

    asyncio.run(run())
    assert github.actions_left == 0
    assert shop.commits_with(TRAILER) == 1
    assert len(shop.log()) == 2
    shop.fsck()


def test_a_lost_answer_with_a_foreign_push_on_top_makes_no_second_commit(github: SimulatedGitHub, shop: BareRepository):
    theirs = {"do": "push", "repository": "acme/shop", "branch": "main", "files": {"Dockerfile": "FROM theirs\n"}}
    github.script({**apply_then_drop(REF_UPDATE), "after": [theirs]})

    async def run() -> None:
        async with delivering(github) as deliver:
            done = await deliver()
            assert done.committed.contained
            assert done.committed.commit_sha == shop.log()[1]

    asyncio.run(run())
    assert shop.commits_with(TRAILER) == 1
    assert shop.files()["Dockerfile"] == "FROM theirs\n"


def test_foreign_work_is_kept_and_the_commit_made_anew_on_top(github: SimulatedGitHub, shop: BareRepository):
    github.script(somebody_pushes(REF_UPDATE, "acme/shop", {"theirs.py": "1\n"}, times=3))

    async def run() -> None:
        async with delivering(github) as deliver:
            done = await deliver()
            assert done.committed.commit_sha == shop.head()

    asyncio.run(run())
    assert shop.files()["theirs.py"] == "1\n"
    assert shop.commits_with(TRAILER) == 1


def test_a_branch_that_never_stands_still_is_left_for_later(github: SimulatedGitHub, shop: BareRepository):
    github.script(then=somebody_pushes(REF_UPDATE, "acme/shop", {"theirs.py": "1\n"}))

    async def run() -> None:
        async with delivering(github) as deliver:
            with pytest.raises(HostAway, match="kept moving"):
                await deliver()
            github.script()
            await deliver()

    asyncio.run(run())
    assert shop.commits_with(TRAILER) == 1


def test_a_host_away_for_minutes_gets_its_one_commit_later(github: SimulatedGitHub, shop: BareRepository):
    plans = KeptPlans()

    async def run() -> None:
        for trouble in (server_trouble("POST .*/git/trees"), server_trouble(REF_UPDATE), drop(REF_UPDATE)):
            async with delivering(github, plans=plans) as deliver:
                github.script(then=trouble)
                with pytest.raises(HostAway) as away:
                    await deliver()
                assert not away.value.gated
        github.script()
        async with delivering(github, plans=plans) as deliver:
            assert (await deliver()).committed.commit_sha == shop.head()

    asyncio.run(run())
    assert shop.commits_with(TRAILER) == 1


def test_a_worker_that_lost_its_lease_moves_nothing(github: SimulatedGitHub, shop: BareRepository):
    async def run() -> None:
        async with delivering(github, plans=KeptPlans(fenced=True)) as deliver:
            with pytest.raises(LostLease):
                await deliver()

    asyncio.run(run())
    assert shop.log() == [shop.first]


def test_the_plan_is_saved_before_the_branch_moves(github: SimulatedGitHub, shop: BareRepository):
    github.script(then=drop(REF_UPDATE))

    async def run() -> None:
        async with delivering(github) as deliver:
            with pytest.raises(HostAway, match="stayed unknown"):
                await deliver()
            ((base, sha, repo, branch),) = set(deliver.plans.saved)
            assert (base, repo, branch) == (shop.first, "acme/shop", "main")
            assert shop.git("cat-file", "-t", sha).strip() == "commit"

    asyncio.run(run())
    assert shop.log() == [shop.first]


@pytest.mark.parametrize(
    ("present", "reason"),
    [
        ({"Dockerfile": "FROM theirs\n"}, "no lock file says"),
        ({"Dockerfile": "FROM theirs\n", LOCK_FILE: '{"files": {}}'}, "no lock file says"),
        ({"Dockerfile": "FROM theirs\n", LOCK_FILE: '{"files": {"x": {"sha256": "0"}}}'}, "not Penstock's"),
        ({"Dockerfile": "FROM theirs\n", LOCK_FILE: '{"files": {"Dockerfile": {"sha256": "0"}}}'}, "edited since"),
    ],
    ids=["no lock", "empty lock", "foreign", "edited"],
)
def test_a_file_in_the_way_is_listed_and_nothing_is_written(
    github: SimulatedGitHub, present: dict[str, str], reason: str
):
    repository = github.repository("acme/shop", present)

    async def run() -> None:
        async with delivering(github) as deliver:
            with pytest.raises(DeliveryConflict, match=reason) as caught:
                await deliver()
            assert caught.value.extra["paths"] == ["Dockerfile"]

    asyncio.run(run())
    assert repository.log() == [repository.first]


def test_a_managed_file_that_nobody_edited_is_renewed(github: SimulatedGitHub, shop: BareRepository):
    async def run() -> None:
        async with delivering(github) as deliver:
            await deliver()
            deliver.plans.saved.clear()  # the next pipeline has plans of its own
            newer = pipeline({"Dockerfile": "FROM newer\n", "run.sh": "true\n"})
            done = await deliver(pipeline_id="second", artifacts=newer)
            assert set(done.committed.written) == {"Dockerfile", LOCK_FILE}
            assert done.committed.unchanged == ("run.sh",)

    asyncio.run(run())
    assert shop.files()["Dockerfile"] == "FROM newer\n"
    assert len(shop.log()) == 3


@pytest.mark.parametrize(
    ("mode", "path", "words"),
    [
        ("120000", "deploy", "symbolic link"),
        ("120000", "Dockerfile", "symbolic link"),
        ("160000", "deploy", "submodule"),
        ("100644", "deploy", "in the way"),
        ("040000", "Dockerfile", "in the way"),
    ],
)
def test_links_submodules_and_misplaced_folders_are_refused(
    github: SimulatedGitHub, shop: BareRepository, mode: str, path: str, words: str
):
    plant(shop, mode, path)

    async def run() -> None:
        async with delivering(github) as deliver:
            with pytest.raises(PathProblem, match=words):
                await deliver()

    before = shop.log()
    asyncio.run(run())
    assert shop.log() == before


def plant(shop: BareRepository, mode: str, path: str) -> None:
    """Put an entry of any kind into the repository, as a push can."""
    kinds = {"120000": "blob", "100644": "blob", "160000": "commit", "040000": "tree"}
    found = {
        "blob": shop.git("rev-parse", "main:app.py"),
        "commit": shop.head(),
        "tree": shop.git("rev-parse", "main^{tree}"),
    }
    listing = shop.git("ls-tree", "main") + f"{mode} {kinds[mode]} {found[kinds[mode]].strip()}\t{path}\n"
    listed = shop.path / "listing"
    listed.write_text(listing)
    tree = shop.git("-c", f"alias.made=!git mktree < {listed}", "made").strip()
    commit = shop.git(
        "-c", "user.name=A", "-c", "user.email=a@b.c", "commit-tree", tree, "-p", "main", "-m", "x"
    ).strip()
    shop.git("update-ref", "refs/heads/main", commit)


def test_signed_commits_are_made_where_the_branch_wants_them(github: SimulatedGitHub, shop: BareRepository):
    github.change("rule", repository="acme/shop", branch="main", kind="required_signatures")
    github.script(apply_then_drop(REF_UPDATE))

    async def run() -> None:
        async with delivering(github) as deliver:
            assert (await deliver.host.preflight(NAME)).needs_signatures
            done = await deliver()
            assert done.mode == "commit"
            assert done.committed.commit_sha == shop.head()

    asyncio.run(run())
    assert shop.commits_with(TRAILER) == 1


def test_a_demand_for_signatures_met_only_at_the_push_is_met_too(github: SimulatedGitHub, shop: BareRepository):
    demand = {"do": "rule", "repository": "acme/shop", "branch": "main", "kind": "required_signatures"}
    github.script(meanwhile("POST .*/git/trees", demand))

    async def run() -> None:
        async with delivering(github) as deliver:
            await deliver("commit")
            assert len(deliver.plans.saved) == 2

    asyncio.run(run())
    assert shop.commits_with(TRAILER) == 1


def test_a_token_cannot_sign_and_says_so(github: SimulatedGitHub, shop: BareRepository):
    github.change("rule", repository="acme/shop", branch="main", kind="required_signatures")

    async def run() -> None:
        async with delivering(github, token=github.token()) as deliver:
            with pytest.raises(HostRefused) as caught:
                await deliver("commit")
            assert caught.value.kind == "signatures"
            assert "GitHub App" in " ".join(caught.value.next_steps)

    asyncio.run(run())


def test_a_commit_that_landed_before_the_branch_was_protected_is_recognised(
    github: SimulatedGitHub, shop: BareRepository
):
    plans = KeptPlans()

    async def run() -> None:
        async with delivering(github, plans=plans) as deliver:
            github.script(apply_then_drop(REF_UPDATE), server_trouble("GET .*/branches/main$", skip=2, times=9))
            with pytest.raises(HostAway):
                await deliver()
            github.script()
            github.change("protect", repository="acme/shop", branch="main")
            done = await deliver()
            assert done.committed.contained
            assert done.pull_request is None

    asyncio.run(run())
    assert shop.commits_with(TRAILER) == 1
    assert shop.branches() == ["main"]
    assert TRAILER in shop.message(shop.head())
