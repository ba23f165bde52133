"""The simulated GitHub's Git database is git: its facts are asked through the API and from the bare repository.

Documents meant: REST "Git trees", "Git commits", "Git references", "Commits" (compare), "Contents", "Branches", "Rules";
what they leave open is marked in `fakes/github/refusals.py` with where it comes from.
"""

from __future__ import annotations

import asyncio
import base64
import subprocess

import pytest
from fakes.github_process import SimulatedGitHub
from github_asking import AUTHOR, WHEN, asking, entry

FILES = {"app.py": "print()\n", "k8s/base.yaml": "kind: Pod\n", "docs/read me.md": "Größe 🚰\n"}


def test_a_repository_says_its_default_branch_and_what_the_token_may(github: SimulatedGitHub):
    shop = github.repository("acme/shop", FILES, default_branch="trunk")
    ask = asking(github)
    told = ask("GET", "/repos/Acme/Shop").json
    assert (told["full_name"], told["default_branch"], told["private"]) == ("acme/shop", "trunk", True)
    assert (told["permissions"]["push"], told["archived"], told["size"] > 0) == (True, False, True)
    github.change("archive", repository="acme/shop")
    assert ask("GET", "/repos/acme/shop").json["archived"]
    refused = ask("POST", "/repos/acme/shop/git/refs", {"ref": "refs/heads/x", "sha": shop.first})
    assert refused.said == (403, "Repository was archived so is read-only.")


def test_an_empty_repository_answers_409_wherever_git_is_asked(github: SimulatedGitHub):
    """Create a tree, Get a reference: 409; Get a branch and Get contents: 404."""
    shop = github.repository("acme/shop")
    ask = asking(github)
    empty = (409, "Git Repository is empty.")
    assert ask("GET", "/repos/acme/shop").json["size"] == 0
    assert ask("GET", "/repos/acme/shop/git/ref/heads/main").said == empty
    assert ask("GET", "/repos/acme/shop/commits").said == empty
    assert ask.tree(shop, None, entry("a", "a")).said == empty
    assert ask("GET", "/repos/acme/shop/branches/main").said == (404, "Branch not found")
    assert ask("GET", "/repos/acme/shop/contents/a").said == (404, "This repository is empty.")


def test_a_branch_is_the_one_git_has(github: SimulatedGitHub):
    shop = github.repository("acme/shop", FILES)
    ask = asking(github)
    github.change("push", repository="acme/shop", branch="penstock/7", files={"a": "a"})
    for branch in ("main", "penstock/7"):
        assert ask("GET", f"/repos/acme/shop/git/ref/heads/{branch}").json["object"]["sha"] == shop.head(branch)
        assert ask("GET", f"/repos/acme/shop/branches/{branch}").json["commit"]["sha"] == shop.head(branch)
    assert ask("GET", "/repos/acme/shop/git/ref/heads/penstock").said == (404, "Not Found")
    old_form = ask("GET", "/repos/acme/shop/git/refs/heads/penstock").json
    assert [each["ref"] for each in old_form] == ["refs/heads/penstock/7"]
    assert ask("GET", "/repos/acme/shop/git/matching-refs/heads/none").json == []


def test_a_tree_shows_every_file_and_says_when_it_is_cut(github: SimulatedGitHub):
    """Get a tree: recursive, truncated."""
    shop = github.repository("acme/shop", FILES)
    ask = asking(github)
    told = ask("GET", "/repos/acme/shop/git/trees/main?recursive=1").json
    assert {each["path"]: each["type"] for each in told["tree"]} == {
        **dict.fromkeys(FILES, "blob"), "k8s": "tree", "docs": "tree",
    }  # fmt: skip
    assert told["truncated"] is False
    assert told["sha"] == shop.git("rev-parse", "main^{tree}").strip()
    flat = ask("GET", f"/repos/acme/shop/git/trees/{shop.first}").json
    assert [each["path"] for each in flat["tree"]] == ["app.py", "docs", "k8s"]
    github.change("tree_limit", repository="acme/shop", entries=2)
    cut = ask("GET", "/repos/acme/shop/git/trees/main?recursive=1").json
    assert (len(cut["tree"]), cut["truncated"]) == (2, True)
    assert ask("GET", f"/repos/acme/shop/git/trees/{'0' * 40}").status == 404


def test_a_file_comes_as_blob_and_as_contents(github: SimulatedGitHub):
    """Get a blob, Get repository content: base64 in lines, or raw by media type."""
    shop = github.repository("acme/shop", {**FILES, "large.txt": "x" * 1_048_577})
    ask = asking(github)
    told = ask("GET", "/repos/acme/shop/contents/docs/read%20me.md?ref=main").json
    assert (told["type"], told["encoding"], told["size"]) == ("file", "base64", len(FILES["docs/read me.md"].encode()))
    assert base64.b64decode(told["content"]).decode() == FILES["docs/read me.md"]
    blob = ask("GET", f"/repos/acme/shop/git/blobs/{told['sha']}").json
    assert (blob["sha"], blob["content"]) == (told["sha"], told["content"])
    raw = ask("GET", "/repos/acme/shop/contents/app.py", accept="application/vnd.github.raw+json")
    assert raw.text == FILES["app.py"]
    folder = ask("GET", "/repos/acme/shop/contents/k8s").json
    assert [(each["type"], each["path"]) for each in folder] == [("file", "k8s/base.yaml")]
    large = ask("GET", "/repos/acme/shop/contents/large.txt").json
    assert (large["content"], large["encoding"], large["size"]) == ("", "none", 1_048_577)
    assert ask("GET", "/repos/acme/shop/contents/none").said == (404, "Not Found")
    assert ask("GET", "/repos/acme/shop/contents/app.py?ref=none").status == 404
    shop.fsck()


def test_a_tree_is_laid_over_its_base_in_one_call(github: SimulatedGitHub):
    """Create a tree: base_tree, inline content, modes, sha null removes."""
    shop = github.repository("acme/shop", FILES)
    ask = asking(github)
    gone = {"path": "k8s/base.yaml", "mode": "100644", "type": "blob", "sha": None}
    assert ask.tree(shop, "0" * 40, entry("a", "a")).said == (422, "base_tree is not a valid tree oid")
    made = ask.tree(shop, shop.first, entry("deploy/run.sh", "#!/bin/sh\n", "100755"), entry("app.py", "new\n"), gone)
    assert made.status == 201
    body = {"message": "m", "tree": made.json["sha"], "parents": [shop.first], "author": AUTHOR}
    commit = ask("POST", "/repos/acme/shop/git/commits", body).json
    assert ask.move(shop, commit["sha"]).status == 200
    assert shop.files() == {
        "app.py": "new\n", "deploy/run.sh": "#!/bin/sh\n", "docs/read me.md": FILES["docs/read me.md"],
    }  # fmt: skip
    assert shop.modes()["deploy/run.sh"] == "100755"
    shop.fsck()


def test_the_same_files_make_the_same_tree(github: SimulatedGitHub):
    shop = github.repository("acme/shop", FILES)
    ask = asking(github)
    unchanged = ask.tree(shop, shop.first, entry("app.py", FILES["app.py"])).json["sha"]
    assert unchanged == shop.git("rev-parse", "main^{tree}").strip()


@pytest.mark.parametrize(
    ("given", "status", "message"),
    [
        ({"path": "none", "mode": "100644", "sha": None}, 422, "GitRPC::BadObjectState"),
        ({"path": "/a", "mode": "100644", "content": ""}, 422, "tree.path cannot start with a slash"),
        ({"path": "a/../b", "mode": "100644", "content": ""}, 422, "tree.path contains a malformed path component"),
        (
            {"path": ".git/config", "mode": "100644", "content": ""},
            422,
            "tree.path contains a malformed path component",
        ),
        ({"path": "a", "mode": "100600", "content": ""}, 422, "Must supply a valid tree.mode"),
        ({"path": "a", "mode": "100644"}, 422, "Must supply either tree.sha or tree.content"),
    ],
)
def test_a_tree_that_cannot_be_is_refused_whole(github: SimulatedGitHub, given, status: int, message: str):
    shop = github.repository("acme/shop", FILES)
    assert asking(github).tree(shop, shop.first, entry("good", "good"), given).said == (status, message)


def test_the_same_commit_has_the_same_sha_as_git_gives_it(github: SimulatedGitHub):
    """Create a commit: tree, parents, author with date; the committer is the author when not given."""
    shop = github.repository("acme/shop", FILES)
    ask = asking(github)
    message = "Add a pipeline\n\nSkills-Pipeline-Id: 7"
    tree = shop.git("rev-parse", "main^{tree}").strip()
    body = {"message": message, "tree": tree, "parents": [shop.first], "author": AUTHOR}
    made = [ask("POST", "/repos/acme/shop/git/commits", body) for _ in range(2)]
    assert made[0].status == 201
    who = {
        f"GIT_{role}_{part}": value
        for role in ("AUTHOR", "COMMITTER")
        for part, value in (("NAME", AUTHOR["name"]), ("EMAIL", AUTHOR["email"]), ("DATE", WHEN))
    }
    command = ["git", f"--git-dir={shop.path}", "commit-tree", tree, "-p", str(shop.first)]
    by_git = subprocess.run(command, input=message, text=True, capture_output=True, check=True, env=who)
    assert {each.json["sha"] for each in made} == {by_git.stdout.strip()}
    assert made[0].json["committer"] == AUTHOR
    assert made[0].json["verification"]["verified"] is False


def test_a_commit_needs_a_tree_and_parents_that_are_there(github: SimulatedGitHub):
    shop = github.repository("acme/shop", FILES)
    ask = asking(github)
    tree, nowhere = shop.git("rev-parse", "main^{tree}").strip(), "0" * 40
    for body, message in [
        ({"message": "m", "tree": nowhere, "parents": []}, "Tree SHA does not exist"),
        ({"message": "m", "tree": tree, "parents": [nowhere]}, "Parent SHA does not exist or is not a commit object"),
    ]:
        assert ask("POST", "/repos/acme/shop/git/commits", body).said == (422, message)
    assert ask("POST", "/repos/acme/shop/git/commits", {"tree": tree}).status == 422


def test_a_branch_moves_forward_only(github: SimulatedGitHub):
    """Update a reference: force false."""
    shop = github.repository("acme/shop", FILES)
    ask = asking(github)
    mine = ask.commit(shop, str(shop.first), **{"cloudbuild.yaml": "steps: []\n"})
    theirs = github.change("push", repository="acme/shop", branch="main", files={"b": "b"})
    refused = ask.move(shop, mine)
    assert refused.said == (422, "Update is not a fast forward")
    assert refused.json["status"] == "422"
    assert shop.head() == theirs
    rebuilt = ask.commit(shop, theirs, **{"cloudbuild.yaml": "steps: []\n"})
    moved = ask.move(shop, rebuilt)
    assert (moved.status, moved.json["object"]["sha"]) == (200, rebuilt)
    assert shop.log() == [rebuilt, theirs, shop.first]
    assert ask.move(shop, rebuilt).status == 200
    assert ask.move(shop, theirs).said == (422, "Update is not a fast forward")
    assert ask.move(shop, theirs, force=True).status == 200
    shop.fsck()


def test_a_branch_that_moved_under_the_update_is_not_overwritten(github: SimulatedGitHub):
    """Six updates at once on one branch: one is answered 200, and only its commit is in the history."""
    shop = github.repository("acme/shop", FILES)
    ask = asking(github)
    made = [ask.commit(shop, str(shop.first), **{f"f{number}": "x"}) for number in range(6)]

    async def all_at_once() -> list[int]:
        paths = [("PATCH", "/repos/acme/shop/git/refs/heads/main", {"sha": sha, "force": False}) for sha in made]
        return [heard.status for heard in await asyncio.gather(*(ask.ask(*path) for path in paths))]

    answered = asyncio.run(all_at_once())
    assert sorted(answered) == [200, *[422] * 5]
    assert shop.log() == [made[answered.index(200)], shop.first]


def test_a_reference_is_made_once(github: SimulatedGitHub):
    """Create a reference, Delete a reference."""
    shop = github.repository("acme/shop", FILES)
    ask = asking(github)
    refs, sha = "/repos/acme/shop/git/refs", shop.first
    made = ask("POST", refs, {"ref": "refs/heads/penstock/7", "sha": sha})
    assert (made.status, made.json["ref"]) == (201, "refs/heads/penstock/7")
    assert ask("POST", refs, {"ref": "refs/heads/penstock/7", "sha": sha}).said == (422, "Reference already exists")
    assert ask("POST", refs, {"ref": "refs/heads/penstock", "sha": sha}).said == (422, "Reference update failed")
    assert ask("POST", refs, {"ref": "refs/heads/y", "sha": "0" * 40}).said == (422, "Object does not exist")
    assert ask("POST", refs, {"ref": "heads/y", "sha": sha}).status == 422
    assert ask.move(shop, str(sha), branch="none").said == (422, "Reference does not exist")
    assert ask("DELETE", f"{refs}/heads/penstock/7").status == 204
    assert ask("DELETE", f"{refs}/heads/penstock/7").said == (422, "Reference does not exist")
    assert shop.branches() == ["main"]


def test_a_comparison_says_where_the_head_stands(github: SimulatedGitHub):
    """Compare two commits: status, ahead_by, behind_by."""
    shop = github.repository("acme/shop", FILES)
    ask = asking(github)
    mine = ask.commit(shop, str(shop.first), mine="m")
    theirs = github.change("push", repository="acme/shop", branch="main", files={"b": "b"})

    def compared(base: str | None, head: str) -> tuple[str, int, int]:
        told = ask("GET", f"/repos/acme/shop/compare/{base}...{head}").json
        return told["status"], told["ahead_by"], told["behind_by"]

    assert compared(shop.first, mine) == ("ahead", 1, 0)
    assert compared("main", str(shop.first)) == ("behind", 0, 1)
    assert compared("main", theirs) == ("identical", 0, 0)
    assert compared("main", mine) == ("diverged", 1, 1)
    told = ask("GET", f"/repos/acme/shop/compare/main...{mine}").json
    assert told["merge_base_commit"]["sha"] == shop.first
    assert [(each["filename"], each["status"]) for each in told["files"]] == [("mine", "added")]
    assert ask("GET", f"/repos/acme/shop/compare/main...{'0' * 40}").said == (404, "Not Found")


def test_a_history_is_listed_page_by_page(github: SimulatedGitHub):
    """List commits: sha, path, per_page, Link."""
    shop = github.repository("acme/shop", FILES)
    for number in range(3):
        github.change("push", repository="acme/shop", branch="main", files={"n": str(number)})
    ask = asking(github)
    first = ask("GET", "/repos/acme/shop/commits?sha=main&per_page=3")
    assert [each["sha"] for each in first.json] == shop.log()[:3]
    assert 'rel="next"' in first.headers["link"]
    second = ask("GET", "/repos/acme/shop/commits?sha=main&per_page=3&page=2")
    assert [each["sha"] for each in second.json] == shop.log()[3:]
    assert "link" not in second.headers
    touched = ask("GET", f"/repos/acme/shop/commits?sha={shop.first}&path=app.py").json
    assert [each["commit"]["message"] for each in touched] == ["First commit"]
