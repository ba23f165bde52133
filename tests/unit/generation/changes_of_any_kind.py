"""Changes as Hypothesis makes them: valid by themselves, whether or not they fit a pipeline."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from penstock.domain.changes import Changes

_IDS = ["install", "lint", "test", "image", "scan", "source", "release", "e2e", "smoke", "nothing", "secret-scan"]
_ENVS = ["PAYMENT_PROVIDER_KEY", "PORT", "STRIPE_KEY", "CURRENCY", "DB_PASSWORD"]
_LANES = ["check", "main", "release", "scheduled"]
_TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), min_size=1, max_size=40)
_SCRIPTS = (
    st.sampled_from(["npm test", "npm run e2e", "#!/bin/sh\necho hi", "make seed", "echo '{{ 7*7 }}' $HOME"]) | _TEXT
)
_ENV = st.sampled_from(_ENVS)
_VALUES = st.dictionaries(_ENV, _TEXT, max_size=2)
_NAMES = st.sampled_from(["payment-api", "web", "staging", "production", "dev", "prod", "live"])


def _maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


def _some(strategy: st.SearchStrategy[Any], most: int = 2) -> st.SearchStrategy[list[Any]]:
    return st.lists(strategy, max_size=most)


_INSTANCES = {"min_instances": _maybe(st.integers(0, 5)), "max_instances": _maybe(st.integers(1, 5))}
_SERVICE = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["payment-api", "payment-api", "web"]),
        "runtime_version": _maybe(st.sampled_from(["22", "24"])),
        "port": _maybe(st.integers(1, 65_535)),
        "health_path": _maybe(st.just("/up")),
        "cpu": _maybe(st.sampled_from(["1", "2", "500m", "3"])),
        "memory": _maybe(st.sampled_from(["256Mi", "8Gi"])),
        "concurrency": _maybe(st.integers(1, 100)),
        "public": _maybe(st.booleans()),
        "secrets": _some(st.fixed_dictionaries({"env": _ENV, "at": st.sampled_from(["build", "runtime"])})),
        "env": _some(st.fixed_dictionaries({"name": _ENV, "value": _TEXT})),
        **_INSTANCES,
    }
)
_ENVIRONMENT = st.fixed_dictionaries(
    {
        "name": _NAMES,
        "production": _maybe(st.booleans()),
        "require_approval": _maybe(st.booleans()),
        "verify": _maybe(st.booleans()),
        "canary": _maybe(st.lists(st.integers(1, 99), max_size=3)),
        **_INSTANCES,
    }
)
_STEP = {
    "id": st.sampled_from(_IDS),
    "lanes": st.lists(st.sampled_from(_LANES), min_size=1, max_size=4, unique=True),
    "after": _some(st.sampled_from(_IDS)),
    "script": _SCRIPTS,
    "env": _VALUES,
    "secret_env": _some(_ENV, 1),
    "timeout_s": _maybe(st.integers(1, 7200)),
}
_ADD = st.fixed_dictionaries(
    {
        **_STEP,
        "title": _TEXT,
        "service": _maybe(st.sampled_from(["payment-api", "web"])),
        "kind": st.sampled_from(["lint", "test", "build", "scan", "verify", "notify", "custom"]),
        "image": _maybe(st.sampled_from(["gcloud", "node:24.21.0", "node:latest", "bad image"])),
    }
)
_CHANGE = st.fixed_dictionaries({"id": _STEP["id"], "title": _maybe(_TEXT)}).flatmap(
    lambda known: st.fixed_dictionaries(
        {name: st.just(value) for name, value in known.items()}
        | {name: _maybe(each) for name, each in _STEP.items() if name != "id"}
    )
)
_TRIGGER = st.fixed_dictionaries(
    {
        "event": st.sampled_from(["push", "pull_request", "tag", "schedule", "manual"]),
        "lane": st.sampled_from(_LANES),
        "branch": _maybe(st.sampled_from(["main", "release/x"])),
        "tag": _maybe(st.sampled_from(["v*", "*"])),
        "schedule": _maybe(st.sampled_from(["0 2 * * *", "*/0 2 * * *", "0 25 * * *"])),
    }
)
_FILE = st.fixed_dictionaries(
    {"path": st.sampled_from(["docs/cicd/a.md", "k8s/a.yaml", "deploy/x.yaml", "LICENSE"]), "content": _TEXT}
)
_NOTICE = st.fixed_dictionaries(
    {
        "channel": st.sampled_from(["slack", "email", "chat", "pubsub", "webhook"]),
        "on": st.sampled_from(["failure", "success", "always"]),
        "to": _maybe(st.sampled_from(["#builds", "team@example.com"])),
    }
)
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "target": st.sampled_from(["cloud-run", "gke", "none"]),
        "region": st.just("europe-west12"),
        "project": st.just("acme-shop"),
        "cluster": st.just("apps"),
        "release_branch": st.just("release/x"),
        "only_service": st.sampled_from(["payment-api", "web"]),
        "environments": st.lists(_ENVIRONMENT, max_size=3),
        "services": _some(_SERVICE),
        "add_steps": _some(_ADD),
        "change_steps": _some(_CHANGE),
        "remove_steps": _some(st.sampled_from(_IDS)),
        "add_triggers": _some(_TRIGGER),
        "remove_triggers": _some(st.sampled_from(["check", "main", "nightly"])),
        "machine_type": st.just("E2_HIGHCPU_8"),
        "build_timeout_s": st.integers(60, 7200),
        "notifications": _some(_NOTICE),
        "notes": _some(_TEXT),
        "extra_files": _some(_FILE),
        "assumptions": _some(_TEXT),
        "questions": _some(_TEXT),
        "not_understood": _some(_TEXT),
    },
).map(Changes.model_validate)

_KNOWN = ["install", "lint", "test", "secret-scan"]
_FITTING_STEP = {
    **_STEP,
    "lanes": st.lists(st.sampled_from(_LANES[1:]), min_size=1, max_size=3, unique=True),
    "after": _some(st.sampled_from(_KNOWN)),
    "script": st.sampled_from(["npm test", "#!/bin/sh\necho hi", "echo '{{ 7*7 }}' $HOME"]),
    "env": st.dictionaries(st.just("CURRENCY"), _TEXT, max_size=1),
    "secret_env": _some(st.sampled_from(["STRIPE_KEY", "PAYMENT_PROVIDER_KEY"]), 1),
}
_FITTING_ADDS = st.lists(
    st.fixed_dictionaries(
        {
            **_FITTING_STEP,
            "id": st.sampled_from(["e2e", "smoke", "seed"]),
            "title": _TEXT,
            "service": _maybe(st.just("payment-api")),
            "kind": st.sampled_from(["test", "verify", "notify", "custom"]),
        }
    ),
    max_size=3,
    unique_by=lambda step: step["id"],
)
_WAYS = ["production"], ["staging", "production"], ["dev", "qa", "live"]
FITTING = st.fixed_dictionaries(
    {},
    optional={
        "target": st.sampled_from(["cloud-run", "gke"]),
        "environments": st.sampled_from(_WAYS).flatmap(
            lambda names: st.tuples(
                *(
                    st.fixed_dictionaries(
                        {
                            "name": st.just(name),
                            "verify": _maybe(st.booleans()),
                            "canary": _maybe(st.lists(st.integers(1, 99), max_size=3, unique=True)),
                            "max_instances": _maybe(st.integers(1, 5)),
                        }
                    )
                    for name in names
                )
            )
        ),
        "services": st.lists(
            st.fixed_dictionaries(
                {
                    "name": st.just("payment-api"),
                    "port": _maybe(st.integers(1, 65_535)),
                    "cpu": _maybe(st.sampled_from(["1", "500m", "3"])),
                    "min_instances": _maybe(st.integers(0, 30)),
                    "public": _maybe(st.booleans()),
                    "secrets": _some(st.fixed_dictionaries({"env": st.just("STRIPE_KEY")}), 1),
                    "env": _some(st.fixed_dictionaries({"name": st.just("CURRENCY"), "value": _TEXT}), 1),
                }
            ),
            max_size=1,
        ),
        "add_steps": _FITTING_ADDS,
        "change_steps": _some(
            st.fixed_dictionaries(
                {"id": st.sampled_from(_KNOWN[:-1])},
                optional={name: _FITTING_STEP[name] for name in ("script", "lanes", "env", "timeout_s")},
            )
            | st.fixed_dictionaries({"id": st.just("secret-scan"), "timeout_s": st.integers(1, 7200)})
        ),
        "remove_steps": _some(st.just("lint"), 1),
        "add_triggers": _some(st.fixed_dictionaries({"event": st.just("manual"), "lane": st.just("main")}), 1),
        "notifications": _some(_NOTICE, 1),
        "notes": _some(_TEXT, 1),
    },
).map(Changes.model_validate)
