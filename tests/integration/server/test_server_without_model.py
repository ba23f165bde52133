"""A server that has no model: templates, and a clear word to who demands one."""

from __future__ import annotations

from server_process import BODY, GENERATE, Server


def test_a_model_that_is_demanded_where_there_is_none_is_refused_with_what_to_do(running_server: Server):
    refused = running_server.call("POST", GENERATE, {**BODY, "options": {"mode": "ai"}})
    assert (refused.status, refused.json["retryable"]) == (422, False)
    assert "no model is configured" in refused.json["detail"]
    assert refused.json["fields"] == ["options.mode"]
    assert any("PENSTOCK_MODEL__API_KEY" in each for each in refused.json["next"])
    made = running_server.call("POST", GENERATE, BODY)
    assert (made.json["mode"], made.json["degraded"], made.json["model"]) == ("template", False, None)
