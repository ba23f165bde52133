"""The simulated GitHub in a delivery: protected branches, createCommitOnBranch, pull requests.

Documents meant: REST "Branch protection", "Rules", "Pull requests", GraphQL "createCommitOnBranch", "updateRefs".
"""

from __future__ import annotations

import pytest
from fakes.github_process import SimulatedGitHub
from github_asking import as_app, asking, entry

FILES = {"app.py": "print()\n"}
RULES = "Repository rule violations found\n\n"


@pytest.mark.parametrize(
    ("how", "kind", "message"),
    [
        ("protect", "pull_request", "Changes must be made through a pull request."),
        ("protect", "reviews", "At least 1 approving review is required by reviewers with write access."),
        ("protect", "required_status_checks", 'Required status check "ci" is expected.'),
        ("protect", "required_signatures", "Commits must have verified signatures."),
        (
            "protect",
            "restrictions",
            "You're not authorized to push to this branch. Visit https://docs.github.com/articles/about-protected-branches/ for more information.",
        ),
        ("rule", "pull_request", f"{RULES}Changes must be made through a pull request.\n\n"),
        ("rule", "merge_queue", f"{RULES}Changes must be made through the merge queue\n\n"),
        ("rule", "required_signatures", f"{RULES}Commits must have verified signatures.\n\n"),
        ("rule", "required_status_checks", f'{RULES}Required status check "ci" is expected.\n\n'),
        ("rule", "update", f"{RULES}Cannot update this protected ref.\n\n"),
    ],
)
def test_a_protected_branch_refuses_a_commit_with_422_and_says_why(
    github: SimulatedGitHub, how: str, kind: str, message: str
):
    shop = github.repository("acme/shop", FILES)
    github.change(how, repository="acme/shop", branch="main", kind=kind)
    ask = as_app(github, github.app(on="acme"))
    mine = ask.commit(shop, str(shop.first), new="new")
    assert ask.move(shop, mine).said == (422, message)
    assert shop.log() == [shop.first]
    elsewhere = ask("POST", "/repos/acme/shop/git/refs", {"ref": "refs/heads/penstock/7", "sha": mine})
    assert elsewhere.status == 201


def test_protection_is_told_beforehand_to_who_may_hear_it(github: SimulatedGitHub):
    """Get a branch (protected), Get rules for a branch (metadata), Get branch protection (administration)."""
    github.repository("acme/shop", FILES)
    rights = {"metadata": "read", "contents": "write", "administration": "read"}
    plain, admin = (as_app(github, github.app(on="acme", permissions=each)) for each in (None, rights))
    place = "/repos/acme/shop/branches/main"
    assert plain("GET", place).json["protected"] is False
    assert plain("GET", "/repos/acme/shop/rules/branches/main").json == []
    assert plain("GET", f"{place}/protection").said == (403, "Resource not accessible by integration")
    assert admin("GET", f"{place}/protection").said == (404, "Branch not protected")
    github.change("rule", repository="acme/shop", branch="main", kind="merge_queue")
    told = plain("GET", place).json
    assert (told["protected"], told["protection"]["enabled"]) == (True, False)
    rules = plain("GET", "/repos/acme/shop/rules/branches/main").json
    assert [each["type"] for each in rules] == ["merge_queue"]
    github.change("protect", repository="acme/shop", branch="main")
    assert plain("GET", place).json["protection"]["enabled"] is True
    assert "required_pull_request_reviews" in admin("GET", f"{place}/protection").json


def test_who_is_on_the_bypass_list_passes_a_rule_that_still_shows(github: SimulatedGitHub):
    shop = github.repository("acme/shop", FILES)
    github.change("rule", repository="acme/shop", branch="main", bypass=True)
    ask = asking(github)
    assert ask("GET", "/repos/acme/shop/branches/main").json["protected"] is True
    assert ask.move(shop, ask.commit(shop, str(shop.first), new="new")).status == 200


def test_a_rule_over_all_branches_stands_in_the_way_of_a_new_one(github: SimulatedGitHub):
    shop = github.repository("acme/shop", FILES)
    ask = asking(github)
    body = {"ref": "refs/heads/penstock/7", "sha": shop.first}
    github.change("rule", repository="acme/shop", branch="penstock/*", kind="creation")
    refused = ask("POST", "/repos/acme/shop/git/refs", body)
    assert refused.said == (422, f"{RULES}Cannot create ref due to creations being restricted.\n\n")
    github.change("unprotect", repository="acme/shop")
    github.change("protect", repository="acme/shop", branch="penstock/*")
    assert ask("POST", "/repos/acme/shop/git/refs", body).said == (422, "Reference update failed")


def test_a_commit_by_mutation_is_signed_and_moves_the_branch(github: SimulatedGitHub):
    """createCommitOnBranch: fileChanges, message, commit, ref; required signatures are satisfied."""
    shop = github.repository("acme/shop", {**FILES, "old.txt": "old"})
    github.change("rule", repository="acme/shop", branch="main", kind="required_signatures")
    ask = as_app(github, github.app(on="acme"))
    heard = ask.commit_on_branch(shop, str(shop.first), deletions=("old.txt",), **{"k8s/pod.yaml": "kind: Pod\n"})
    told = heard.json["data"]["createCommitOnBranch"]
    assert heard.status == 200
    assert told["commit"] == {"oid": shop.head(), "signature": {"isValid": True, "wasSignedByGitHub": True}}
    assert told["ref"]["target"]["oid"] == shop.head()
    assert shop.files() == {**FILES, "k8s/pod.yaml": "kind: Pod\n"}
    assert shop.message(shop.head()) == "Add a pipeline\n\nSkills-Pipeline-Id: 7"
    assert shop.log() == [shop.head(), shop.first]
    shop.fsck()


def test_a_stale_head_is_status_200_with_a_typed_error(github: SimulatedGitHub):
    shop = github.repository("acme/shop", FILES)
    theirs = github.change("push", repository="acme/shop", branch="main", files={"b": "b"})
    heard = asking(github).commit_on_branch(shop, str(shop.first), new="new")
    (error,) = heard.json["errors"]
    assert (heard.status, error["type"], error["path"]) == (200, "STALE_DATA", ["createCommitOnBranch"])
    assert error["message"] == f'Expected branch to point to "{shop.first}" but it did not.  Pull and try again.'
    assert heard.json["data"] == {"createCommitOnBranch": None}
    assert shop.log() == [theirs, shop.first]


@pytest.mark.parametrize("how", ["protect", "rule"])
def test_a_protected_branch_refuses_a_mutation_with_its_own_type(github: SimulatedGitHub, how: str):
    shop = github.repository("acme/shop", FILES)
    github.change(how, repository="acme/shop", branch="main")
    heard = asking(github).commit_on_branch(shop, str(shop.first), new="new")
    (error,) = heard.json["errors"]
    assert (heard.status, error["type"]) == (200, "BRANCH_PROTECTION_RULE_VIOLATION")
    assert "Changes must be made through a pull request." in error["message"]
    assert shop.log() == [shop.first]


def test_a_mutation_may_fail_for_branch_file_right_or_document(github: SimulatedGitHub):
    shop = github.repository("acme/shop", FILES)
    ask, head = asking(github), str(shop.first)
    assert ask.commit_on_branch(shop, head, branch="none", a="a").json["errors"][0]["type"] == "NOT_FOUND"
    missing = ask.commit_on_branch(shop, head, deletions=("none",)).json["errors"][0]
    assert (missing["type"], "does not exist" in missing["message"]) == ("UNPROCESSABLE", True)
    reader = as_app(github, github.app(on="acme", permissions={"metadata": "read", "contents": "read"}))
    forbidden = reader.commit_on_branch(shop, head, a="a").json["errors"][0]
    assert (forbidden["type"], forbidden["message"]) == ("FORBIDDEN", "Resource not accessible by integration")
    unknown = ask.graphql('{ repository(owner: "acme", name: "none") { id } }').json
    assert unknown["data"] == {"repository": None}
    assert unknown["errors"][0]["type"] == "NOT_FOUND"
    wrong = ask.graphql('{ repository(owner: "acme", name: "shop") { nonsense } }')
    assert (wrong.status, "data" in wrong.json, "nonsense" in wrong.json["errors"][0]["message"]) == (200, False, True)
    assert shop.log() == [shop.first]


def test_a_query_reads_head_history_and_files_in_one_trip(github: SimulatedGitHub):
    shop = github.repository("acme/shop", FILES)
    query = """query($file: String!) { repository(owner: "acme", name: "shop") { id isEmpty viewerPermission
      defaultBranchRef { name target { oid ... on Commit { history(first: 5) { nodes { oid message } } } } }
      ref(qualifiedName: "refs/heads/none") { name }
      object(expression: $file) { oid ... on Blob { text } } } }"""
    told = asking(github).graphql(query, file="main:app.py").json["data"]["repository"]
    target = told["defaultBranchRef"]["target"]
    assert target["history"]["nodes"] == [{"oid": shop.first, "message": "First commit"}]
    assert (told["isEmpty"], told["viewerPermission"], told["ref"]) == (False, "WRITE", None)
    assert told["object"]["text"] == FILES["app.py"]


def test_references_are_made_and_moved_by_compare_and_set(github: SimulatedGitHub):
    """updateRefs: beforeOid of zeros makes a branch; createRef."""
    shop = github.repository("acme/shop", FILES)
    ask = asking(github)
    document = "mutation($input: UpdateRefsInput!) { updateRefs(input: $input) { clientMutationId } }"

    def update(**one: str) -> list[str]:
        given = {"repositoryId": f"R_{shop.id}", "refUpdates": [{"name": "refs/heads/penstock/7", **one}]}
        return [each["type"] for each in ask.graphql(document, input=given).json.get("errors", [])]

    mine = ask.commit(shop, str(shop.first), new="new")
    assert update(beforeOid="0" * 40, afterOid=str(shop.first)) == []
    assert update(beforeOid="0" * 40, afterOid=mine) == ["STALE_DATA"]
    assert update(beforeOid=str(shop.first), afterOid=mine) == []
    assert update(afterOid=str(shop.first)) == ["UNPROCESSABLE"]
    assert shop.head("penstock/7") == mine
    made = ask.graphql(
        "mutation($input: CreateRefInput!) { createRef(input: $input) { ref { name } } }",
        input={"repositoryId": f"R_{shop.id}", "name": "refs/heads/x", "oid": mine},
    )
    assert made.json["data"]["createRef"]["ref"] == {"name": "x"}


def test_a_pull_request_is_made_once_found_by_its_head_and_changed(github: SimulatedGitHub):
    """Create, list, get and update a pull request; a second one is 422 with the reason in `errors`."""
    shop = github.repository("acme/shop", FILES)
    ask = as_app(github, github.app(on="acme"))
    mine = ask.commit(shop, str(shop.first), new="new")
    ask("POST", "/repos/acme/shop/git/refs", {"ref": "refs/heads/penstock/7", "sha": mine})
    body = {"title": "A pipeline", "head": "penstock/7", "base": "main", "body": "Files: 3"}
    made = ask("POST", "/repos/acme/shop/pulls", body)
    assert (made.status, made.json["number"], made.json["head"]["sha"]) == (201, 1, mine)
    assert made.json["user"]["login"] == "penstock[bot]"
    again = ask("POST", "/repos/acme/shop/pulls", body)
    assert again.said == (422, "Validation Failed")
    assert again.json["errors"] == [
        {"resource": "PullRequest", "code": "custom", "message": "A pull request already exists for acme:penstock/7."}
    ]
    found = ask("GET", "/repos/acme/shop/pulls?head=acme:penstock/7&state=open").json
    assert [each["number"] for each in found] == [1]
    assert ask("GET", "/repos/acme/shop/pulls?head=acme:none&state=open").json == []
    assert len(ask("GET", "/repos/acme/shop/pulls?head=none&state=open").json) == 1  # not owner:branch: no filter
    next_one = ask.commit(shop, mine, new="newer")
    ask.move(shop, next_one, branch="penstock/7")
    changed = ask("PATCH", "/repos/acme/shop/pulls/1", {"body": "Files: 4", "title": "Still a pipeline"})
    assert (changed.json["body"], changed.json["title"], changed.json["head"]["sha"]) == (
        "Files: 4", "Still a pipeline", next_one,
    )  # fmt: skip
    github.change("merge_pull", repository="acme/shop", number=1)
    told = ask("GET", "/repos/acme/shop/pulls/1").json
    assert (told["state"], told["merged"], told["merge_commit_sha"]) == ("closed", True, shop.head())
    assert ask("GET", "/repos/acme/shop/pulls?state=open").json == []
    assert ask("GET", "/repos/acme/shop/pulls/2").said == (404, "Not Found")
    shop.fsck()


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"head": "same"}, {"code": "custom", "message": "No commits between main and same"}),
        ({"head": "none"}, {"code": "invalid", "field": "head"}),
        ({"base": "none"}, {"code": "invalid", "field": "base"}),
        ({"body": "x" * 65_537}, {"code": "custom", "field": "body"}),
    ],
)
def test_a_pull_request_that_cannot_be_names_the_field_or_the_reason(github: SimulatedGitHub, change, error):
    shop = github.repository("acme/shop", FILES)
    ask = asking(github)
    ask("POST", "/repos/acme/shop/git/refs", {"ref": "refs/heads/same", "sha": shop.first})
    github.change("push", repository="acme/shop", branch="ahead", files={"a": "a"})
    refused = ask("POST", "/repos/acme/shop/pulls", {"title": "t", "head": "ahead", "base": "main", **change})
    assert refused.said == (422, "Validation Failed")
    assert error.items() <= refused.json["errors"][0].items()


def test_existing_files_below_a_new_file_are_replaced(github: SimulatedGitHub):
    """A file that becomes a folder: git's own rule, not an error."""
    shop = github.repository("acme/shop", {"deploy": "file"})
    ask = asking(github)
    assert ask.tree(shop, shop.first, entry("deploy/run", "x")).status == 201
    assert ask.move(shop, ask.commit(shop, str(shop.first), **{"deploy/run": "x"})).status == 200
    assert shop.files() == {"deploy/run": "x"}
