"""The steps of one commit, carried out on GitHub by its Git database: tree, commit, ref (docs/decisions/0008)."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from typing import Any

from penstock.delivery import committing as steps
from penstock.delivery.github_client import Client, Overtaken, Unanswered
from penstock.delivery.github_messages import explained
from penstock.delivery.github_tree import decided
from penstock.delivery.ports import CommitOrder, CommitPlans, HostAway, HostRefused
from penstock.domain.artifacts import Artifact
from penstock.kit.clock import Clock, rfc3339
from penstock.kit.crash_points import crash_point


@dataclass(frozen=True, slots=True)
class Author:
    """Who stands in the commits; the date is the record's, so that the same order gives the same SHA."""

    name: str = "Penstock"
    email: str = "penstock@noreply.invalid"


@dataclass
class CommitActs:
    """One order on its way."""

    client: Client
    order: CommitOrder
    plans: CommitPlans
    clock: Clock
    author: Author
    _trees: dict[str, str] = field(default_factory=dict)
    """Tree of each commit seen at a branch."""

    async def act(self, step: steps.Step) -> Any:
        """Carry one step out and return its answer, as committing.py says."""
        answer: Any = None
        match step:
            case steps.LookAtHeads():
                answer = await self._heads()
            case steps.RecallPlans():
                answer = await self.plans.known()
            case steps.FindPlan(plans, heads):
                answer = await self._found(plans, heads)
            case steps.LayTree(parent):
                answer = await self._laid(parent)
            case steps.MakeCommit(tree, parent, signed):
                answer = await self._made(tree, parent, signed=signed)
            case steps.SavePlan(base, commit):
                await self.plans.save(base, commit, str(self.order.repository), self.order.branch)
            case steps.MoveBranch(commit, make):
                answer = await self._moved(commit, make=make)
            case steps.Pause(seconds):
                await self.clock.sleep(seconds * random.uniform(0.5, 1.0))  # noqa: S311 -- jitter, no secret
        return answer

    async def _heads(self) -> steps.Heads:
        order = self.order
        names = list(dict.fromkeys((order.branch, order.start, *order.elsewhere)))
        found = dict(zip(names, await asyncio.gather(*(self._head(name) for name in names)), strict=True))
        tip, start = found[order.branch], found[order.start]
        if tip is None and start is None:
            raise await self._no_branch()
        parent = tip or start
        if tip and start and tip != start and await self._compared(start, tip) in {"behind", "identical"}:
            parent = start  # merged or never used: go on from where the branch is merged to
        others = tuple((name, sha) for name, sha in found.items() if sha and name != order.branch)
        return steps.Heads(tip, str(parent), others)

    async def _head(self, branch: str) -> str | None:
        try:
            told = (await self.client.get(self.order.repository, f"/branches/{branch}")).json
        except HostRefused as refusal:
            if refusal.kind != "not_found":
                raise
            return None
        try:
            sha = str(told["commit"]["sha"])
            self._trees[sha] = str(told["commit"]["commit"]["tree"]["sha"])
        except (KeyError, TypeError):
            raise HostAway("GitHub's answer about a branch is none.") from None
        return sha

    async def _no_branch(self) -> HostRefused:
        """Return why there is no branch to start from: an empty repository says so, and one that is gone does."""
        await self.client.get(self.order.repository, f"/git/ref/heads/{self.order.start}")
        return HostRefused("not_found", f"There is no branch {self.order.start}.", ("Name a branch that exists.",))

    async def _found(self, plans: tuple[str, ...], heads: steps.Heads) -> tuple[str, str] | None:
        """Look for plans in the branches, the latest first."""
        own = ((self.order.branch, heads.tip),) if heads.tip else ()
        for plan in reversed(plans):
            for branch, tip in (*own, *heads.others):
                if plan == tip or await self._compared(plan, tip) in {"ahead", "identical"}:
                    return plan, branch
        return None

    async def _compared(self, base: str, head: str) -> str:
        """Return where ``head`` stands seen from ``base``; nothing when one of them is not there."""
        try:  # the second page has no list of files, which may be long
            reply = await self.client.get(self.order.repository, f"/compare/{base}...{head}", per_page="1", page="2")
        except HostRefused as refusal:
            if refusal.kind != "not_found":
                raise
            return ""
        told = reply.json
        if not isinstance(told, dict) or not isinstance(told.get("status"), str):
            raise HostAway("GitHub's answer about two commits is none.")
        return str(told["status"])

    async def _laid(self, parent: str) -> steps.Laid:
        order, base = self.order, self._trees[parent]
        choice = await decided(self.client, order.repository, base, order.artifacts, overwrite=order.overwrite)
        if not choice.to_write:
            return steps.Laid(None, unchanged=choice.unchanged)
        body = {"base_tree": base, "tree": [_entry(artifact) for artifact in choice.to_write]}
        tree = _sha(await self.client.change(order.repository, "POST", "/git/trees", body))
        written = tuple(artifact.path for artifact in choice.to_write)
        return steps.Laid(None if tree == base else tree, written, choice.unchanged)

    async def _made(self, tree: str, parent: str, *, signed: bool) -> str:
        order = self.order
        body: dict[str, Any] = {"message": steps.message_of(order), "tree": tree, "parents": [parent]}
        if not signed:
            date = rfc3339(order.created_at)
            body["author"] = body["committer"] = {"name": self.author.name, "email": self.author.email, "date": date}
        elif not getattr(await self.client.credentials.grant(order.repository), "signs", False):
            message, next_steps = explained("signatures")
            raise HostRefused("signatures", message, next_steps)
        return _sha(await self.client.change(order.repository, "POST", "/git/commits", body))

    async def _moved(self, commit: str, *, make: bool) -> steps.Moved:
        """Move the branch, sent once: what became of it when nobody answers is looked up by the steps."""
        order = self.order
        method, path, body = (
            ("POST", "/git/refs", {"ref": f"refs/heads/{order.branch}", "sha": commit})
            if make
            else ("PATCH", f"/git/refs/heads/{order.branch}", {"sha": commit, "force": False})
        )
        try:
            told = await self.client.change(order.repository, method, path, body, repeat=False)
            crash_point("K11")
            return steps.Moved.DONE if told["object"]["sha"] == commit else steps.Moved.UNKNOWN
        except Overtaken:
            return steps.Moved.BEHIND
        except (Unanswered, KeyError, TypeError):
            return steps.Moved.UNKNOWN


def _entry(artifact: Artifact) -> dict[str, str]:
    mode = "100755" if artifact.executable else "100644"
    return {"path": artifact.path, "mode": mode, "type": "blob", "content": artifact.text}


def _sha(told: Any) -> str:
    sha = told.get("sha") if isinstance(told, dict) else None
    if not isinstance(sha, str):
        raise HostAway("GitHub's answer names no object.")
    return sha
