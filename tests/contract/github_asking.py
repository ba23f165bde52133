"""Ask the simulated GitHub by a plain HTTP client, as any program would."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from dataclasses import dataclass
from typing import Any

import aiohttp
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from fakes.github_process import AppCredentials, BareRepository, SimulatedGitHub

PLENTY = 10.0  # seconds no answer of these tests needs
WHEN = "2026-01-02T03:04:05Z"
AUTHOR = {"name": "Penstock", "email": "penstock@example.com", "date": WHEN}
COMMIT = "mutation($input: CreateCommitOnBranchInput!) { createCommitOnBranch(input: $input) { commit { oid signature { isValid wasSignedByGitHub } } ref { target { oid } } } }"


@dataclass(frozen=True)
class Heard:
    """A whole answer."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def said(self) -> tuple[int, str]:
        return self.status, self.json["message"]


@dataclass(frozen=True)
class Asking:
    """Somebody with a token, at one base URL."""

    url: str
    token: str | None
    patience: float = PLENTY

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Heard:
        return asyncio.run(self.ask(method, path, body, **headers))

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Heard:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token is not None:
            named["authorization"] = f"Bearer {self.token}"
        limit = aiohttp.ClientTimeout(total=self.patience)
        async with (
            aiohttp.ClientSession(timeout=limit) as session,
            session.request(method, self.url + path, json=body, headers=named, allow_redirects=False) as answer,
        ):
            found = {name.lower(): value for name, value in answer.headers.items()}
            return Heard(answer.status, found, await answer.text())

    def graphql(self, query: str, **variables: Any) -> Heard:
        return self("POST", "/graphql", {"query": query, "variables": variables})

    def commit_on_branch(
        self,
        repository: BareRepository,
        head: str,
        *,
        branch: str = "main",
        deletions: tuple[str, ...] = (),
        **files: str,
    ) -> Heard:
        additions = [
            {"path": path, "contents": base64.b64encode(text.encode()).decode()} for path, text in files.items()
        ]
        changes = {"additions": additions, "deletions": [{"path": path} for path in deletions]}
        where = {"repositoryNameWithOwner": repository.name, "branchName": branch}
        message = {"headline": "Add a pipeline", "body": "Skills-Pipeline-Id: 7"}
        given = {"branch": where, "expectedHeadOid": head, "fileChanges": changes, "message": message}
        return self.graphql(COMMIT, input=given)

    def tree(self, repository: BareRepository, base: str | None, *entries: dict[str, Any]) -> Heard:
        told = {} if base is None else {"base_tree": base}
        return self("POST", f"/repos/{repository.name}/git/trees", {**told, "tree": list(entries)})

    def commit(self, repository: BareRepository, parent: str, **files: str) -> str:
        """Make a commit over a parent, by an author of its own, and return its SHA."""
        tree = self.tree(repository, parent, *(entry(path, text) for path, text in files.items())).json["sha"]
        body = {"message": "Add a pipeline", "tree": tree, "parents": [parent], "author": AUTHOR}
        return str(self("POST", f"/repos/{repository.name}/git/commits", body).json["sha"])

    def move(self, repository: BareRepository, sha: str, *, branch: str = "main", force: bool = False) -> Heard:
        return self("PATCH", f"/repos/{repository.name}/git/refs/heads/{branch}", {"sha": sha, "force": force})


def entry(path: str, content: str, mode: str = "100644") -> dict[str, Any]:
    return {"path": path, "mode": mode, "type": "blob", "content": content}


def asking(github: SimulatedGitHub, **how: Any) -> Asking:
    """Ask with a personal token that may write everywhere; make the repositories first."""
    return Asking(github.url, github.token(**how))


def as_app(github: SimulatedGitHub, app: AppCredentials, **narrowed: Any) -> Asking:
    """Ask as an installation of an App."""
    minted = Asking(github.url, jwt(app))("POST", f"/app/installations/{app.installation}/access_tokens", narrowed)
    return Asking(github.url, minted.json["token"])


def jwt(app: AppCredentials, *, algorithm: str = "RS256", **claims: Any) -> str:
    now = int(time.time())
    payload = {"iat": now - 60, "exp": now + 540, "iss": str(app.id), **claims}
    parts = [json.dumps(each).encode() for each in ({"alg": algorithm, "typ": "JWT"}, payload)]
    signed = b".".join(_encoded(part) for part in parts)
    key = load_pem_private_key(app.private_key.encode(), None)
    assert isinstance(key, RSAPrivateKey)
    return (signed + b"." + _encoded(key.sign(signed, PKCS1v15(), SHA256()))).decode()


def _encoded(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")
