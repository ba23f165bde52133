"""The simulated GitHub limits, redirects and fails as GitHub and the networks before it do.

Documents meant: "Rate limits for the REST API", "Best practices for using the REST API" (conditional requests,
redirects), "Troubleshooting". What is carried out although no answer came is looked up in git itself.
"""

from __future__ import annotations

import asyncio
import json
import time

import aiohttp
import pytest
from fakes.github_actions import (
    COMMIT_MUTATION,
    REF_UPDATE,
    apply_then_drop,
    drop,
    error,
    graphql_error,
    html,
    meanwhile,
    primary_limit,
    secondary_limit,
    server_trouble,
    silent,
    somebody_pushes,
    truncated,
)
from fakes.github_process import SimulatedGitHub, simulated_github
from github_asking import Asking, as_app, asking, entry

FILES = {"app.py": "print()\n"}
PLACE = "/repos/acme/shop"


def test_every_answer_counts_down_the_hourly_limit(github: SimulatedGitHub):
    """Rate limits: x-ratelimit-*; each answer has an id of its own."""
    github.repository("acme/shop", FILES)
    ask = asking(github)
    first, second = ask("GET", PLACE), ask("GET", PLACE)
    assert first.headers["x-ratelimit-limit"] == "5000"
    assert [int(each.headers["x-ratelimit-remaining"]) for each in (first, second)] == [4999, 4998]
    assert (second.headers["x-ratelimit-used"], second.headers["x-ratelimit-resource"]) == ("2", "core")
    assert 3500 < int(second.headers["x-ratelimit-reset"]) - time.time() <= 3600
    assert first.headers["x-github-request-id"] != second.headers["x-github-request-id"]
    assert [call.request_id for call in github.calls()] == [
        each.headers["x-github-request-id"] for each in (first, second)
    ]
    assert (
        ask.graphql('{ repository(owner: "acme", name: "shop") { id } }').headers["x-ratelimit-resource"] == "graphql"
    )
    assert Asking(github.url, None)("GET", PLACE).headers["x-ratelimit-limit"] == "60"


def test_a_used_up_limit_refuses_all_calls_of_an_installation_until_it_is_reset(github: SimulatedGitHub):
    shop = github.repository("acme/shop", FILES)
    app = github.app(on="acme")
    one, other = as_app(github, app), as_app(github, app)
    github.change("limit_installation", installation=app.installation, remaining=1, reset_in=30)
    assert one("GET", PLACE).headers["x-ratelimit-remaining"] == "0"
    refused = other.move(shop, str(shop.first))
    assert refused.said == (403, f"API rate limit exceeded for installation ID {app.installation}.")
    assert refused.headers["x-ratelimit-remaining"] == "0"
    assert 0 < int(refused.headers["x-ratelimit-reset"]) - time.time() <= 30
    assert asking(github)("GET", PLACE).status == 200
    github.change("limit_installation", installation=app.installation, remaining=1, reset_in=0)
    assert one("GET", PLACE).status == 200


def test_changes_that_come_too_fast_meet_the_secondary_limit_and_readers_do_not(github: SimulatedGitHub):
    """Secondary rate limits: content-creating requests a minute."""
    shop = github.repository("acme/shop", FILES)
    ask = asking(github)
    github.change("pace", changes_per_minute=2)
    answers = [ask.tree(shop, shop.first, entry("a", str(number))) for number in range(3)]
    assert [each.status for each in answers] == [201, 201, 403]
    assert answers[2].json["message"].startswith("You have exceeded a secondary rate limit")
    assert 0 < int(answers[2].headers["retry-after"]) <= 60
    assert ask("GET", PLACE).status == 200


def test_an_unchanged_answer_is_304_and_costs_nothing(github: SimulatedGitHub):
    """Conditional requests: ETag, If-None-Match."""
    github.repository("acme/shop", FILES)
    ask = asking(github)
    first = ask("GET", f"{PLACE}/git/ref/heads/main")
    again = ask("GET", f"{PLACE}/git/ref/heads/main", if_none_match=first.headers["etag"])
    assert (again.status, again.text) == (304, "")
    assert again.headers["x-ratelimit-remaining"] == first.headers["x-ratelimit-remaining"]
    github.change("push", repository="acme/shop", branch="main", files={"b": "b"})
    assert ask("GET", f"{PLACE}/git/ref/heads/main", if_none_match=first.headers["etag"]).status == 200


def test_a_renamed_repository_redirects_readers_with_301_and_writers_with_307(github: SimulatedGitHub):
    shop = github.repository("acme/shop", FILES)
    ask = asking(github)
    github.change("rename", repository="acme/shop", to="acme/store")
    moved = ask("GET", f"{PLACE}/commits?sha=main")
    assert moved.status == 301
    assert moved.headers["location"] == f"{github.url}/repositories/{shop.id}/commits?sha=main"
    assert ask("GET", moved.headers["location"].removeprefix(github.url)).json[0]["sha"] == shop.first
    assert ask("POST", f"{PLACE}/git/trees", {"tree": []}).status == 307
    assert ask("GET", "/repos/acme/store").json["full_name"] == "acme/store"
    assert Asking(github.url, None)("GET", PLACE).status == 404


def test_github_enterprise_has_the_same_below_api_v3(github: SimulatedGitHub):
    """GitHub Enterprise Server: /api/v3 for REST, /api/graphql beside it, no rate limits unless its owner sets them."""
    shop = github.repository("acme/shop", FILES)
    token = github.token()
    told = Asking(github.enterprise_url, token)("GET", PLACE).json
    assert told["url"] == f"{github.enterprise_url}/repos/acme/shop"
    headers = Asking(github.enterprise_url, token)("GET", PLACE).headers
    assert [name for name in headers if name.startswith("x-ratelimit")] == []
    assert "x-github-enterprise-version" in headers
    heard = Asking(f"{github.url}/api", token).commit_on_branch(shop, str(shop.first), new="new")
    assert heard.json["data"]["createCommitOnBranch"]["commit"]["oid"] == shop.head()
    github.script(error(f"GET {PLACE}$", 500))
    assert Asking(github.enterprise_url, token)("GET", PLACE).status == 500


def test_a_request_names_its_program_and_holds_an_object(github: SimulatedGitHub):
    github.repository("acme/shop", FILES)
    ask = asking(github)
    assert ask("POST", f"{PLACE}/git/trees", ["no object"]).said == (400, "Body should be a JSON object")
    assert ask("GET", "/nowhere").said == (404, "Not Found")

    async def nameless() -> int:
        async with (
            aiohttp.ClientSession(skip_auto_headers=["user-agent"]) as session,
            session.get(github.url + PLACE) as answer,
        ):
            return answer.status

    assert asyncio.run(nameless()) == 403


@pytest.mark.parametrize("by", ["reset", "close"])
def test_apply_then_drop_moves_the_branch_and_says_nothing(github: SimulatedGitHub, by: str):
    shop = github.repository("acme/shop", FILES)
    ask = asking(github)
    mine = ask.commit(shop, str(shop.first), new="new")
    github.script(apply_then_drop(REF_UPDATE, by=by))
    with pytest.raises(aiohttp.ClientConnectionError):
        ask.move(shop, mine)
    assert shop.head() == mine
    assert (github.calls()[-1].status, github.actions_left) == (None, 0)
    assert ask("GET", f"{PLACE}/compare/{mine}...main").json["status"] == "identical"


def test_a_dropped_call_changes_nothing_and_a_502_may_have(github: SimulatedGitHub):
    shop = github.repository("acme/shop", FILES)
    ask = asking(github)
    mine = ask.commit(shop, str(shop.first), new="new")
    github.script(drop(REF_UPDATE), server_trouble(REF_UPDATE), server_trouble(REF_UPDATE, 503, apply=True))
    with pytest.raises(aiohttp.ClientConnectionError):
        ask.move(shop, mine)
    assert ask.move(shop, mine).said == (502, "Server Error")
    assert shop.head() == shop.first
    assert ask.move(shop, mine).status == 503
    assert shop.head() == mine


@pytest.mark.parametrize(
    ("action", "applied"),
    [
        (silent(REF_UPDATE), False),
        (silent(REF_UPDATE, applied=True), True),
        ({"match": REF_UPDATE, "delay": 60}, False),
        ({"match": REF_UPDATE, "delay_after": 60}, True),
    ],
    ids=["held", "applied and held", "late", "applied and late"],
)
def test_a_silent_or_late_call_ends_by_the_clients_timeout_alone(github: SimulatedGitHub, action, *, applied: bool):
    shop = github.repository("acme/shop", FILES)
    ask = asking(github)
    mine = ask.commit(shop, str(shop.first), new="new")
    github.script(action)
    with pytest.raises(TimeoutError):
        Asking(github.url, ask.token, patience=0.4).move(shop, mine)
    call = github.calls()[-1]
    assert (call.client_left, call.status) == (True, None)
    assert (shop.head() == mine) is applied


def test_cut_json_and_a_proxys_page_come_with_status_200(github: SimulatedGitHub):
    shop = github.repository("acme/shop", FILES)
    ask = asking(github)
    mine = ask.commit(shop, str(shop.first), new="new")
    github.script(truncated(REF_UPDATE), html(PLACE), truncated(PLACE, by="close"))
    cut = ask.move(shop, mine)
    assert (cut.status, len(cut.text)) == (200, 20)
    with pytest.raises(json.JSONDecodeError):
        _ = cut.json
    assert shop.head() == mine
    page = ask("GET", PLACE)
    assert (page.status, page.headers["content-type"], page.text[:6]) == (200, "text/html", "<html>")
    with pytest.raises(aiohttp.ClientPayloadError):
        ask("GET", PLACE)


def test_limits_on_request_look_like_the_documented_ones(github: SimulatedGitHub):
    """Rate limits: 403 or 429; primary by remaining 0, secondary by retry-after or by its message alone."""
    github.repository("acme/shop", FILES)
    ask = asking(github)
    github.script(
        primary_limit(reset_in=30), secondary_limit(retry_after=7, status=429), secondary_limit(retry_after=None),
        graphql_error("RATE_LIMITED", "API rate limit exceeded for installation ID 7."),
    )  # fmt: skip
    primary, secondary, wordless = (ask("GET", PLACE) for _ in range(3))
    assert (primary.status, primary.headers["x-ratelimit-remaining"], "retry-after" in primary.headers) == (
        403,
        "0",
        False,
    )
    assert (secondary.status, secondary.headers["retry-after"]) == (429, "7")
    assert int(secondary.headers["x-ratelimit-remaining"]) > 0
    assert (wordless.status, "retry-after" in wordless.headers) == (403, False)
    assert wordless.json["message"].startswith("You have exceeded a secondary rate limit")
    by_graph = ask.graphql('{ repository(owner: "acme", name: "shop") { id } }')
    assert (by_graph.status, by_graph.json["errors"][0]["type"]) == (200, "RATE_LIMITED")


def test_somebody_pushes_just_before_and_just_after_a_call(github: SimulatedGitHub):
    shop = github.repository("acme/shop", FILES)
    ask = asking(github)
    mine = ask.commit(shop, str(shop.first), new="new")
    github.script(
        somebody_pushes(REF_UPDATE, "acme/shop", {"theirs": "1"}),
        somebody_pushes(REF_UPDATE, "acme/shop", {"theirs": "2"}, when="after"),
        somebody_pushes(COMMIT_MUTATION, "acme/shop", {"theirs": "3"}, holding="createCommitOnBranch"),
    )
    assert ask.move(shop, mine).said == (422, "Update is not a fast forward")
    rebuilt = ask.commit(shop, shop.head(), new="new")
    assert ask.move(shop, rebuilt).status == 200
    assert shop.log()[1] == rebuilt
    assert ask.commit_on_branch(shop, shop.head(), other="x").json["errors"][0]["type"] == "STALE_DATA"
    assert shop.files() == {**FILES, "new": "new", "theirs": "3"}
    shop.fsck()


def test_the_world_changes_between_two_calls_of_one_delivery(github: SimulatedGitHub):
    shop = github.repository("acme/shop", FILES)
    ask = asking(github)
    protect = {"do": "protect", "repository": "acme/shop", "branch": "main"}
    github.script(meanwhile("POST .*/git/commits", protect, {"do": "expire_tokens"}, when="after"))
    mine = ask.commit(shop, str(shop.first), new="new")
    assert ask.move(shop, mine).said == (401, "Bad credentials")
    assert asking(github).move(shop, mine).said == (422, "Changes must be made through a pull request.")


def test_an_action_waits_for_its_turn_and_lasts_as_long_as_it_says(github: SimulatedGitHub):
    github.repository("acme/shop", FILES)
    ask = asking(github)
    github.script(error(f"GET {PLACE}$", 500, skip=2, times=2), then=error("GET .*/compare/", 504))
    assert [ask("GET", PLACE).status for _ in range(5)] == [200, 200, 500, 500, 200]
    assert [ask("GET", f"{PLACE}/compare/main...main").status for _ in range(2)] == [504, 504]


def test_a_mistyped_script_or_change_is_refused(github: SimulatedGitHub):
    for wrong in ({"mtch": "x"}, {"match": "("}, {"hold": "ever"}, {"cut": {"how": "maybe"}}, {"answer": {"code": 1}}):
        with pytest.raises(ValueError, match=r"unknown key|hold is|cut\.how|match:"):
            github.script(wrong)
    with pytest.raises(ValueError, match="unknown change 'psh'"):
        github.change("psh")
    with pytest.raises(ValueError, match="there is no repository acme/none"):
        github.change("push", repository="acme/none", branch="main", files={})


def test_it_keeps_what_it_received(github: SimulatedGitHub):
    shop = github.repository("acme/shop", FILES)
    asking(github).tree(shop, shop.first, entry("a", "canary é"))
    (call,) = github.calls()
    assert (call.method, call.path, call.status) == ("POST", f"{PLACE}/git/trees", 201)
    assert "canary é" in github.wire()
    github.reset()
    assert (github.calls(), shop.path.exists()) == ([], False)


def test_a_process_that_is_killed_answers_nobody():
    with simulated_github() as own:
        own.repository("acme/shop", FILES)
        ask = asking(own)
        assert ask("GET", PLACE).status == 200
        own.kill()
        with pytest.raises(aiohttp.ClientConnectionError):
            ask("GET", PLACE)
