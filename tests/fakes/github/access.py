"""Who asks, and what they may: tokens, JWTs of Apps, permissions (documents "Authenticating with a GitHub App")."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from .refusals import (
    ARCHIVED,
    BAD_CREDENTIALS,
    JWT_EARLY,
    JWT_EXPIRED,
    JWT_TOO_LONG,
    NO_APP,
    NO_JWT,
    NOT_FOR_APP,
    NOT_FOR_TOKEN,
    NOT_FOUND,
    Refused,
)
from .world import App, Caller, Repository, World

JWT_SECONDS = 600  # documented: the longest a JWT may live
CLOCK_SKEW_SECONDS = 60  # an `iat` this far in the future passes


def credential(headers: dict[str, str]) -> str:
    """Return the token of an `Authorization: Bearer` or `token` header, or nothing."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() in {"bearer", "token"} else ""


def caller_of(world: World, headers: dict[str, str]) -> Caller:
    """Find out who asks; raises Refused 401 for a token GitHub does not (or no longer) know."""
    if "authorization" not in headers:
        return Caller("anonymous")
    token = credential(headers)
    if token.count(".") == 2 and not token.startswith("gh"):
        return Caller("app", whom="app")
    found = world.tokens.get(token)
    if found is None or found.expires <= time.time():
        raise Refused(401, BAD_CREDENTIALS)
    return found


def app_of(world: World, headers: dict[str, str]) -> App:
    """Return the App whose JWT this is."""
    try:
        head, claims, signature = (_decoded(part) for part in credential(headers).split("."))
        header, payload = json.loads(head), json.loads(claims)
        algorithm, issuer = header["alg"], str(payload["iss"])
    except (ValueError, KeyError, TypeError) as problem:
        raise Refused(401, NO_JWT) from problem
    app = next((each for each in world.apps if issuer in {str(each.id), each.client_id}), None)
    if app is None:
        raise Refused(404, NO_APP)
    key = load_pem_public_key(app.public_key.encode())
    assert isinstance(key, RSAPublicKey)
    signed = credential(headers).rpartition(".")[0].encode()
    try:
        key.verify(signature, signed, PKCS1v15(), SHA256())
    except InvalidSignature as problem:
        raise Refused(401, NO_JWT) from problem
    if algorithm != "RS256":
        raise Refused(401, NO_JWT)
    _check_times(payload)
    return app


def _check_times(payload: dict[str, Any]) -> None:
    now, issued, ends = time.time(), payload.get("iat"), payload.get("exp")
    if not isinstance(issued, int) or issued > now + CLOCK_SKEW_SECONDS:
        raise Refused(401, JWT_EARLY)
    if not isinstance(ends, int | float) or ends <= now:
        raise Refused(401, JWT_EXPIRED)
    if ends > now + JWT_SECONDS:
        raise Refused(401, JWT_TOO_LONG)


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def check(caller: Caller, repository: Repository, name: str, level: str) -> None:
    """Refuse what the caller may not do: 404 for what they may not see, 403 for what they see but may not do."""
    if caller.kind == "app":
        raise Refused(401, BAD_CREDENTIALS)
    held = caller.kind != "anonymous" and caller.holds(repository)
    if repository.private and not (held and caller.allows("metadata", "read")):
        raise Refused(404, NOT_FOUND)
    reading = level == "read" and name != "administration"
    if not (reading and not repository.private) and not (held and caller.allows(name, level)):
        if caller.kind == "anonymous":
            raise Refused(401, "Requires authentication")
        if caller.kind == "classic":
            raise Refused(404, NOT_FOUND)
        raise Refused(
            403,
            NOT_FOR_APP if caller.kind == "installation" else NOT_FOR_TOKEN,
            headers={"x-accepted-github-permissions": f"{name}={level}"},
        )
    if level == "write" and repository.archived:
        raise Refused(403, ARCHIVED)


def check_workflow_files(caller: Caller, paths: list[str]) -> None:
    """Refuse a tree that holds workflow files to a caller without the right; an App hears 403, a classic token 404."""
    if any(path.startswith(".github/workflows/") for path in paths) and not caller.allows("workflows", "write"):
        if caller.kind == "classic":
            raise Refused(404, NOT_FOUND)
        raise Refused(
            403,
            NOT_FOR_APP if caller.kind == "installation" else NOT_FOR_TOKEN,
            headers={"x-accepted-github-permissions": "contents=write,workflows=write"},
        )
