"""Wishes of every kind, laid over an example, for the tests of what becomes of them."""

from __future__ import annotations

from typing import Any

from laying import Laid, laid

E2E = {"id": "e2e", "title": "Run the end-to-end tests", "kind": "test", "script": "npm test -- e2e"}
NIGHTLY = {"event": "schedule", "lane": "scheduled", "schedule": "0 2 * * *"}
STAGES = [{"name": "dev"}, {"name": "staging"}, {"name": "production"}]
WISHES: dict[str, dict[str, Any]] = {
    "target": {"intent": "on the cluster shop-cluster", "target": "gke", "cluster": "shop-cluster"},
    "no deployment": {"target": "none"},
    "region and project": {
        "intent": "in europe-west12, project acme-shop",
        "region": "europe-west12",
        "project": "acme-shop",
    },
    "release branch": {"intent": "release from release/next", "release_branch": "release/next"},
    "runtime": {"services": [{"name": "payment-api", "runtime_version": "22"}]},
    "port and health": {"services": [{"name": "payment-api", "port": 9000, "health_path": "/ready"}]},
    "size": {"services": [{"name": "payment-api", "cpu": "2", "memory": "2Gi", "concurrency": 20}]},
    "scaling": {"services": [{"name": "payment-api", "min_instances": 1, "max_instances": 30}]},
    "public": {"intent": "make it public", "services": [{"name": "payment-api", "public": True}]},
    "secrets": {
        "intent": "it needs DATABASE_URL",
        "services": [{"name": "payment-api", "secrets": [{"env": "DATABASE_URL"}]}],
    },
    "variables": {"services": [{"name": "payment-api", "env": [{"name": "CURRENCY", "value": "EUR: $5 # x"}]}]},
    "environments": {"environments": STAGES},
    "approval everywhere": {"environments": [{"name": "staging", "require_approval": True}, {"name": "production"}]},
    "canary": {"environments": [{"name": "staging"}, {"name": "production", "canary": [10, 50]}]},
    "scaling of one environment": {"environments": [{"name": "staging", "max_instances": 2}, {"name": "production"}]},
    "a step in the lanes": {"add_steps": [{**E2E, "lanes": ["check", "main"]}]},
    "a nightly step": {"add_steps": [{**E2E, "lanes": ["scheduled"]}], "add_triggers": [NIGHTLY]},
    "tests at night too": {
        "change_steps": [{"id": "test", "lanes": ["check", "main", "scheduled"]}],
        "add_triggers": [NIGHTLY],
    },
    "no lint": {"remove_steps": ["lint"]},
    "another test command": {"change_steps": [{"id": "test", "script": "npm test -- --coverage", "timeout_s": 600}]},
    "a step with a secret": {
        "intent": "needs STAGING_URL",
        "add_steps": [{**E2E, "lanes": ["main"], "secret_env": ["STAGING_URL"]}],
    },
    "a step after the release": {
        "add_steps": [{"id": "tell", "title": "Tell", "kind": "notify", "lanes": ["release"], "script": "echo done"}]
    },
    "tags": {"add_triggers": [{"event": "tag", "lane": "main", "tag": "v*"}], "remove_triggers": ["main"]},
    "another branch": {"add_triggers": [{"event": "push", "lane": "check", "branch": "develop"}]},
    "by hand": {"add_triggers": [{"event": "manual", "lane": "main"}]},
    "larger machine": {"machine_type": "E2_HIGHCPU_32", "build_timeout_s": 3600},
    "notifications": {
        "intent": "tell #builds",
        "notifications": [{"channel": "slack", "to": "#builds"}, {"channel": "email", "on": "always"}],
    },
    "notes": {"notes": ["Ask the payments team before a release."]},
    "an extra file": {"extra_files": [{"path": "docs/cicd/runbook.md", "content": "# Runbook\nCall us.\n"}]},
}


def wish(name: str, example: str = "payment-api") -> Laid:
    return laid(example, **WISHES[name])
