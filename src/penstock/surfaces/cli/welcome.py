"""What `penstock serve` says when it is ready: where it listens, the first key, and a command to try it with."""

from __future__ import annotations

import json
import shlex

_PACKAGE = {
    "name": "payment-api",
    "version": "1.0.0",
    "private": True,
    "engines": {"node": ">=22"},
    "scripts": {"start": "node server.js", "test": "node --test"},
    "dependencies": {"express": "^5.1.0"},
}
_LOCK = {"name": "payment-api", "version": "1.0.0", "lockfileVersion": 3, "requires": True, "packages": {}}
_SERVER = (
    'const express = require("express");\n'
    "const app = express();\n"
    'app.get("/healthz", (request, response) => response.send("ok"));\n'
    "app.listen(process.env.PORT || 8080);\n"
)


def ready_lines(url: str, first_key: str | None) -> list[str]:
    """Return the lines printed once the server takes requests; ``first_key`` is shown this once."""
    lines = [f"Penstock listens on {url}  (stop it with Ctrl-C)"]
    if first_key is None:
        return [*lines, "Keys: `penstock keys create --name NAME` makes one, also while the server runs."]
    return [
        *lines,
        "",
        "Your first API key. It is shown this once; keep it safe:",
        f"  {first_key}",
        "",
        "Try it:",
        "",
        first_request(url, first_key),
        "",
    ]


def first_request(url: str, key: str) -> str:
    """Return a curl command that generates a pipeline for a small Node service."""
    files = {"package.json": _text(_PACKAGE), "package-lock.json": _text(_LOCK), "server.js": _SERVER}
    body = {
        "intent": "Create CI/CD pipeline for payment-api",
        "service_context": {"service_name": "payment-api", "files": files},
    }
    here = url.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:")
    parts = [
        f"curl -sS {shlex.quote(here + '/api/v1/pipelines/generate')}",
        f"-H {shlex.quote('Authorization: Bearer ' + key)}",
        "-H 'Content-Type: application/json'",
        f"--data {shlex.quote(json.dumps(body))}",
    ]
    return " \\\n  ".join(parts)


def _text(document: object) -> str:
    return json.dumps(document, indent=2) + "\n"
