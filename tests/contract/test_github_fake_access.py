"""The simulated GitHub lets in whom GitHub lets in.

Documents meant: "Authenticating as a GitHub App", "Generating a JSON Web Token", REST "Apps" (access tokens, repository
installation), "Permissions required for GitHub Apps", "Troubleshooting the REST API" (404 instead of 403).
"""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
from fakes.github_process import SimulatedGitHub
from github_asking import AUTHOR, Asking, as_app, asking, entry, jwt

FILES = {"app.py": "print()\n"}
WORKFLOW = entry(".github/workflows/penstock-ci.yml", "on: push\n")


def test_an_app_gets_a_token_for_an_hour_and_no_more_than_it_holds(github: SimulatedGitHub):
    """Create an installation access token: 201, expires_at, permissions, repositories."""
    for name in ("acme/shop", "acme/other", "else/where"):
        github.repository(name, FILES)
    app = github.app(on="acme")
    knock = Asking(github.url, jwt(app))
    assert knock("GET", "/repos/acme/shop/installation").json["id"] == app.installation
    assert knock("GET", "/repos/else/where/installation").said == (404, "Not Found")
    place = f"/app/installations/{app.installation}/access_tokens"
    minted = knock("POST", place, {"repositories": ["shop"], "permissions": {"contents": "read"}})
    assert minted.status == 201
    assert minted.json["permissions"] == {"contents": "read", "metadata": "read"}
    ends = datetime.strptime(minted.json["expires_at"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    assert 3590 < ends.timestamp() - time.time() <= 3600
    ask = Asking(github.url, minted.json["token"])
    assert ask("GET", "/repos/acme/shop").json["permissions"]["push"] is False  # whatever it holds
    assert ask("GET", "/repos/acme/other").said == (404, "Not Found")
    assert knock("POST", place, {"permissions": {"administration": "write"}}).status == 422
    assert knock("POST", place, {"repositories": ["none"]}).status == 422
    assert knock("POST", "/app/installations/1/access_tokens").said == (404, "Not Found")
    github.change("suspend", installation=app.installation)
    assert knock("POST", place).said == (403, "This installation has been suspended")


@pytest.mark.parametrize(
    ("claims", "status", "message"),
    [
        ({"exp": 3600}, 401, "'Expiration time' claim ('exp') is too far in the future"),
        ({"exp": -5}, 401, "'Expiration time' claim ('exp') must be a numeric value"),
        ({"iat": 600}, 401, "'Issued at' claim ('iat') must be an Integer"),
        ({"iss": "1"}, 404, "Integration not found"),
        ({"algorithm": "HS256"}, 401, "A JSON web token could not be decoded"),
    ],
)
def test_a_wrong_jwt_is_told_what_is_wrong(github: SimulatedGitHub, claims, status: int, message: str):
    github.repository("acme/shop", FILES)
    told = {name: int(time.time()) + value if isinstance(value, int) else value for name, value in claims.items()}
    heard = Asking(github.url, jwt(github.app(on="acme"), **told))("GET", "/app")
    assert heard.status == status
    assert heard.json["message"].startswith(message)


def test_a_jwt_of_another_key_and_a_token_instead_of_one_are_no_jwt(github: SimulatedGitHub):
    github.repository("acme/shop", FILES)
    app = github.app(on="acme")
    forged = jwt(app)[:-8] + "AAAAAAAA"
    for token in (forged, github.token(), as_app(github, app).token):
        assert Asking(github.url, token)("GET", "/app").said == (401, "A JSON web token could not be decoded")
    assert Asking(github.url, jwt(app, iss=app.client_id))("GET", "/app").json["id"] == app.id


def test_a_token_that_ended_or_never_was_is_a_bad_credential(github: SimulatedGitHub):
    shop = github.repository("acme/shop", FILES)
    app = github.app(on="acme")
    ask = as_app(github, app)
    assert ask("GET", "/repos/acme/shop").status == 200
    github.change("expire_tokens")
    bad = (401, "Bad credentials")
    assert ask("GET", "/repos/acme/shop").said == bad
    assert ask.move(shop, str(shop.first)).said == bad
    assert ask.graphql('{ repository(owner: "acme", name: "shop") { id } }').said == bad
    assert Asking(github.url, "ghp_unknown")("GET", "/repos/acme/shop").said == bad
    assert as_app(github, app)("GET", "/repos/acme/shop").status == 200
    github.change("token_seconds", seconds=0)
    assert as_app(github, app)("GET", "/repos/acme/shop").said == bad


def test_what_a_token_may_not_see_is_not_found_and_what_it_may_not_do_is_forbidden(github: SimulatedGitHub):
    shop = github.repository("acme/shop", FILES)
    github.repository("acme/open", FILES, private=False)
    reader = as_app(github, github.app(on="acme", permissions={"metadata": "read", "contents": "read"}))
    refused = reader.tree(shop, shop.first, entry("a", "a"))
    assert refused.said == (403, "Resource not accessible by integration")
    assert refused.headers["x-accepted-github-permissions"] == "contents=write"
    assert "retry-after" not in refused.headers
    assert int(refused.headers["x-ratelimit-remaining"]) > 0
    pull = reader("POST", "/repos/acme/shop/pulls", {"title": "t", "head": "a", "base": "main"})
    assert pull.said == (403, "Resource not accessible by integration")
    stranger = as_app(github, github.app(on="acme", repositories=[]))
    assert stranger("GET", "/repos/acme/shop").said == (404, "Not Found")
    assert stranger("GET", "/repos/acme/open").status == 200
    nobody = Asking(github.url, None)
    assert nobody("GET", "/repos/acme/shop").said == (404, "Not Found")
    assert nobody("GET", "/repos/acme/open").status == 200
    fine = asking(github, token="github_pat_1", kind="fine", permissions={"metadata": "read"})
    assert fine.tree(shop, None).said == (403, "Resource not accessible by personal access token")


def test_a_right_taken_away_works_on_the_tokens_that_are_out(github: SimulatedGitHub):
    shop = github.repository("acme/shop", FILES)
    app = github.app(on="acme")
    ask = as_app(github, app)
    assert ask.tree(shop, shop.first, entry("a", "a")).status == 201
    github.change("permissions", installation=app.installation, permissions={"metadata": "read", "contents": "read"})
    assert ask.tree(shop, shop.first, entry("a", "a")).status == 403


def test_workflow_files_need_a_right_of_their_own(github: SimulatedGitHub):
    """Recorded: an App hears 403 when it makes the tree, a classic token 404."""
    shop = github.repository("acme/shop", {**FILES, ".github/workflows/old.yml": "on: push\n"})
    plain = as_app(github, github.app(on="acme"))
    assert plain.tree(shop, shop.first, WORKFLOW).said == (403, "Resource not accessible by integration")
    assert plain.tree(shop, shop.first, entry("a", "a")).status == 201
    refused = plain.commit_on_branch(shop, str(shop.first), **{WORKFLOW["path"]: "on: push\n"})
    assert (refused.status, refused.json["errors"][0]["type"]) == (200, "FORBIDDEN")
    assert asking(github).tree(shop, shop.first, WORKFLOW).said == (404, "Not Found")
    assert asking(github, scopes=["repo", "workflow"]).tree(shop, shop.first, WORKFLOW).status == 201
    allowed = {"metadata": "read", "contents": "write", "workflows": "write"}
    assert as_app(github, github.app(on="acme", permissions=allowed)).tree(shop, shop.first, WORKFLOW).status == 201
    assert shop.log() == [shop.first]


def test_a_commit_with_a_new_workflow_file_does_not_reach_a_branch_without_the_right(github: SimulatedGitHub):
    shop = github.repository("acme/shop", FILES)
    made = asking(github, scopes=["repo", "workflow"]).commit(shop, str(shop.first), **{WORKFLOW["path"]: "on: push\n"})
    plain = as_app(github, github.app(on="acme"))
    path = WORKFLOW["path"]
    text = f"refusing to allow a GitHub App to create or update workflow `{path}` without `workflows` permission"
    assert plain.move(shop, made).said == (422, text)
    github.change("push", repository="acme/shop", branch="other", files={path: "on: push\n"})
    assert plain.move(shop, made).status == 200


def test_only_a_commit_without_an_author_of_its_own_is_signed_for_an_app(github: SimulatedGitHub):
    """About commit signature verification: bots."""
    shop = github.repository("acme/shop", FILES)
    tree = shop.git("rev-parse", "main^{tree}").strip()
    body = {"message": "m", "tree": tree, "parents": [shop.first]}
    app = as_app(github, github.app(on="acme"))
    signed = [app("POST", "/repos/acme/shop/git/commits", body).json for _ in range(2)]
    assert [each["verification"]["verified"] for each in signed] == [True, True]
    assert signed[0]["sha"] != signed[1]["sha"]
    own = app("POST", "/repos/acme/shop/git/commits", {**body, "author": AUTHOR}).json
    assert own["verification"]["verified"] is False
    person = asking(github)("POST", "/repos/acme/shop/git/commits", body).json
    assert person["verification"]["verified"] is False
    shop.fsck()
