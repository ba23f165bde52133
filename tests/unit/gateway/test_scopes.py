from __future__ import annotations

import pytest

from penstock.errors import InvalidConfiguration
from penstock.gateway.scopes import SCOPES, USUAL, checked_scopes


def test_a_key_without_named_scopes_may_do_the_main_job_and_nothing_else():
    assert checked_scopes(()) == USUAL
    assert set(USUAL) == {"pipelines:generate", "pipelines:validate", "pipelines:read", "pipelines:commit"}


def test_scopes_are_kept_once_each_and_in_their_order():
    assert checked_scopes(["pipelines:read", "pipelines:generate", "pipelines:read"]) == (
        "pipelines:generate",
        "pipelines:read",
    )


@pytest.mark.parametrize("scope", ["*", "pipelines:*", "pipelines", "", "PIPELINES:READ", "pipelines:read "])
def test_wildcards_and_unknown_scopes_are_refused_with_the_list_of_those_there_are(scope: str):
    with pytest.raises(InvalidConfiguration) as refused:
        checked_scopes(["pipelines:read", scope])
    assert all(known in refused.value.steps[0] for known in SCOPES)
