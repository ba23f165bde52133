"""What must hold once everything is well again: the record, the repositories, the events and the logs are compared."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from soak_clients import PATIENCE_S, Clients, ask
from soak_git import commits_by_pipeline, wrong_files
from soak_house import ANSWER_S, House

from penstock.domain.pipelines import TRANSITIONS, Status

IN_TIME = f"answers within {ANSWER_S:g} s, faults meanwhile set aside"
_ENDED = {"active", "github_failed", "cancelled"}
_SLACK_S = 2.0
"""What eight clients and three servers on two cores may add to a deadline."""
_REPLAYS = 60


@dataclass
class Findings:
    """Broken things by invariant, and figures beside them."""

    broken: dict[str, list[str]] = field(default_factory=dict)
    figures: dict[str, str] = field(default_factory=dict)

    def check(self, invariant: str, wrong: Sequence[str]) -> None:
        """Note what breaks an invariant: nothing, when it holds."""
        self.broken[invariant] = list(wrong)


async def _rows(house: House, statement: str, *values: Any) -> list[Mapping[str, Any]]:
    import asyncpg

    connection = await asyncpg.connect(house.dsn)
    try:
        return [dict(row) for row in await connection.fetch(statement, *values)]
    finally:
        await connection.close()


def rows(house: House, statement: str, *values: Any) -> list[Mapping[str, Any]]:
    """Ask the database past the servers."""
    return asyncio.run(_rows(house, statement, *values))


_LIVE = """
SELECT pipeline_id::text || ' ' || status AS what FROM pipelines
WHERE status IN ('accepted', 'drafted', 'generated', 'github_pending')
UNION ALL SELECT 'event ' || event_id FROM outbox WHERE published_at IS NULL
UNION ALL SELECT 'unsealed ' || audit_id FROM audit_logs WHERE seal_no IS NULL
"""


def settle(house: House, within_s: float) -> tuple[float, list[str]]:
    """Wait until nothing is under way; return the seconds it took, and what still is."""
    begun = time.monotonic()
    while True:
        house.keep()
        live = [str(row["what"]) for row in rows(house, _LIVE)]
        if not live or time.monotonic() - begun > within_s:
            return time.monotonic() - begun, live
        time.sleep(0.25)


def check(house: House, clients: Clients, left_over: list[str]) -> Findings:
    """Compare everything with everything."""
    found = Findings()
    records = {
        str(row["pipeline_id"]): row for row in rows(house, "SELECT *, terminal_at - created_at AS took FROM pipelines")
    }
    found.check("everything under way came to an end", left_over)
    _check_promises(found, clients, records)
    _check_audit(found, house, records)
    _check_usage(found, house, records)
    _check_commits(found, house, records)
    _check_events(found, house)
    _check_replays(found, house, clients)
    _check_answers(found, house, clients)
    _check_secrets(found, house, clients)
    verified = house.penstock("audit", "verify")
    found.check("audit log's chain is whole", [] if verified.returncode == 0 else [verified.stdout + verified.stderr])
    return found


def _check_promises(found: Findings, clients: Clients, records: Mapping[str, Mapping[str, Any]]) -> None:
    acknowledged = [sent for sent in clients.sent if sent.acknowledged]
    found.check("some pipelines were acknowledged", [] if acknowledged else ["none was"])
    lost = [sent for sent in acknowledged if sent.acknowledged not in records]
    found.check("acknowledged pipelines lost: 0", [f"{sent.key} {sent.acknowledged}" for sent in lost])
    unkept = [
        f"{sent.key} {sent.acknowledged} {records[sent.acknowledged]['status']}"
        for sent in acknowledged
        if sent.acknowledged in records and records[sent.acknowledged]["status"] not in _ENDED
    ]
    found.check("every acknowledged pipeline is active or github_failed", unkept)
    keys = Counter((row["org_id"], row["principal_id"], row["idem_key"]) for row in records.values())
    twice = [str(key) for key, count in keys.items() if count > 1]
    twice += [f"{sent.key} {sorted(sent.pipelines)}" for sent in clients.sent if len(sent.pipelines) > 1]
    found.check("one pipeline for each key", twice)
    silent = [sent.key for sent in clients.sent if not sent.left and not sent.final]
    found.check("every client that stayed has a final answer", silent)
    statuses = Counter(row["status"] for row in records.values())
    found.figures["records"] = f"{len(records)}: " + ", ".join(f"{count} {name}" for name, count in statuses.items())
    found.figures["pipelines acknowledged (201, 202)"] = str(len(acknowledged))


def _check_audit(found: Findings, house: House, records: Mapping[str, Mapping[str, Any]]) -> None:
    told: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows(house, "SELECT * FROM audit_logs WHERE pipeline_id IS NOT NULL ORDER BY audit_id"):
        told.setdefault(str(row["pipeline_id"]), []).append(row)
    wrong = []
    for pipeline_id, record in records.items():
        problem = _broken_story(told.get(pipeline_id, []), record["status"])
        if problem:
            wrong.append(f"{pipeline_id}: {problem}")
    found.check("one audit row for each change of state", wrong)


def _broken_story(story: Sequence[Mapping[str, Any]], status: str) -> str:
    """Return what is wrong with the audit rows of one pipeline, in order; nothing when they tell one life."""
    if not story or story[0]["action"] != "pipeline.claimed":
        return "it does not begin with a claim"
    now = "accepted"
    for row in story[1:]:
        after = row["after"]
        if row["before"] is not None and row["before"] != now:
            return f"{row['action']} tells of {row['before']}, and it was {now}"
        stays = row["action"] == "pipeline.resumed" or after == now == "drafted"
        if after == now and not stays:
            return f"{after} is told twice"
        if after != now and Status(after) not in TRANSITIONS[Status(now)]:
            return f"{now} became {after}"
        now = after
    return "" if now == status else f"it ends with {now}, and the record is {status}"


def _check_usage(found: Findings, house: House, records: Mapping[str, Mapping[str, Any]]) -> None:
    promised = Counter(
        str(row["pipeline_id"])
        for row in rows(house, "SELECT pipeline_id FROM audit_logs WHERE action = 'pipeline.promised'")
    )
    used = Counter(
        str(row["pipeline_id"]) for row in rows(house, "SELECT pipeline_id FROM usage_events WHERE kind = 'pipeline'")
    )
    found.check("usage is one for each promise", [str(each) for each in (used - promised) + (promised - used)])
    found.check("no pipeline is promised twice", [each for each, count in promised.items() if count > 1])
    unkept = [f"{each} {records[each]['status']}" for each in promised if records[each]["status"] not in _ENDED]
    found.check("every promised record ended", unkept)
    waits = sorted(records[each]["took"].total_seconds() for each in promised if records[each]["took"] is not None)
    if waits:
        p50, p99 = waits[len(waits) // 2], waits[min(len(waits) - 1, int(len(waits) * 0.99))]
        found.figures["claim to end, p50, p99, longest"] = f"{p50:.1f} s, {p99:.1f} s, {waits[-1]:.1f} s"
    pending = [each for each in promised if records[each]["audit_state"] == "pending"]
    found.figures["archive copies pending"] = str(len(pending))


def _check_commits(found: Findings, house: House, records: Mapping[str, Mapping[str, Any]]) -> None:
    double, missing, unequal, total = [], [], [], 0
    commits = commits_by_pipeline(house.repositories)
    for pipeline_id, made in commits.items():
        total += len(made)
        if len(made) > 1:
            double.append(f"{pipeline_id} {made}")
    for pipeline_id, record in records.items():
        if record["status"] != "active" or record["commit_sha"] is None or record["no_changes"]:
            continue
        shas = [sha for _, sha in commits.get(pipeline_id, [])]
        if record["commit_sha"] not in shas:
            missing.append(f"{pipeline_id} {record['commit_sha']} is in no branch of {record['repo']}; {shas}")
    promised = [str(row["pipeline_id"]) for row in rows(house, "SELECT DISTINCT pipeline_id FROM pipeline_artifacts")]
    strangers = [each for each in commits if each not in promised]
    for pipeline_id, made in commits.items():
        kept = rows(house, "SELECT path, content FROM pipeline_artifacts WHERE pipeline_id = $1::uuid", pipeline_id)
        unequal += [f"{pipeline_id} {path}" for path in wrong_files(house.repositories, made[0], kept)]
    found.check("second commits of a pipeline: 0", double)
    found.check("every active pipeline's commit is in a branch", missing)
    found.check("no commit without a promise", strangers)
    found.check("committed files are the promised ones", unequal)
    whole = []
    for repository in house.repositories.values():
        try:
            repository.fsck()
        except AssertionError as problem:
            whole.append(str(problem))
    found.check("git fsck finds nothing", whole)
    found.figures["commits in branches"] = str(total)


def _check_events(found: Findings, house: House) -> None:
    kept = {str(row["event_id"]) for row in rows(house, "SELECT event_id FROM outbox")}
    told = Counter(
        json.loads(line)["event_id"]
        for file in house.folder.glob("server-*/events/events.jsonl*")
        if file.suffix != ".lock"
        for line in file.read_text().splitlines()
        if line.endswith("}")
    )
    found.check("every event was told", sorted(kept - set(told)))
    found.check("no event is told that is none", sorted(set(told) - kept))
    found.figures["events, told more than once"] = f"{len(kept)}, {sum(1 for count in told.values() if count > 1)}"


def _check_replays(found: Findings, house: House, clients: Clients) -> None:
    first = [sent for sent in clients.sent if sent.first][:: max(1, len(clients.sent) // _REPLAYS)]
    wrong = []
    for sent in first:
        status, headers, content = ask(house, sent, PATIENCE_S)
        if (status, headers.get("idempotency-replayed"), content) != (201, "true", sent.first):
            wrong.append(f"{sent.key} {status}")
    found.check("the same key gets the same bytes again", wrong)
    found.figures["answers asked for again"] = str(len(first))


def _check_answers(found: Findings, house: House, clients: Clients) -> None:
    answers = [(sent.key, *answer) for sent in clients.sent for answer in sent.answers]
    late, longest, net = [], 0.0, 0.0
    still = _merged(house.pauses)
    for key, begun, ended, said in answers:
        if not said[:1].isdigit():
            continue
        paused = sum(max(0.0, min(ended, until) - max(begun, since)) for since, until in still)
        longest, net = max(longest, ended - begun), max(net, ended - begun - paused)
        if ended - begun > ANSWER_S + paused + _SLACK_S:
            late.append(f"{key} {ended - begun:.1f} s, {paused:.1f} s of it without a server or database: {said}")
    found.check(IN_TIME, late)
    bugs = [f"{key} {said}" for key, _, _, said in answers if said.endswith(" internal")]
    found.check("no answer is a bug of ours (internal)", bugs)
    found.figures["requests sent, answered"] = f"{len(answers)}, {sum(1 for *_, said in answers if said[:1].isdigit())}"
    found.figures["longest answer, without faults that stop"] = f"{longest:.1f} s, {net:.1f} s"
    kinds = Counter(said for *_, said in answers)
    found.figures["answers"] = ", ".join(f"{count} x {name}" for name, count in kinds.most_common())
    finals = Counter(sent.final for sent in clients.sent if sent.final)
    reasons = Counter(sent.detail for sent in clients.sent if sent.final and not sent.acknowledged)
    found.figures["most frequent refusal"] = reasons.most_common(1)[0][0] if reasons else "none"
    found.figures["final answers"] = ", ".join(f"{count} x {name}" for name, count in finals.most_common())


def _merged(spans: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return spans of time in which no moment is counted twice."""
    merged: list[tuple[float, float]] = []
    for since, until in sorted(spans):
        if merged and since <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(until, merged[-1][1]))
        else:
            merged.append((since, until))
    return merged


def _check_secrets(found: Findings, house: House, clients: Clients) -> None:
    logs = [file for file in house.folder.glob("**/*") if file.is_file() and _told(file.name)]
    leaks = []
    for file in logs:
        text = file.read_text(errors="replace")
        leaks += [f"{name} in {file.name}" for name, secret in house.secrets.items() if secret in text]
    for sent in clients.sent:
        text = sent.first.decode()
        leaks += [f"{name} in the answer to {sent.key}" for name, secret in house.secrets.items() if secret in text]
    found.check("no secret in logs, events, answers", sorted(set(leaks)))
    rescued = sum(file.read_text(errors="replace").count('"recovery.rescued"') for file in logs)
    found.figures["finished by the reconciler"] = str(rescued)
    found.figures["log lines read"] = str(sum(file.read_bytes().count(b"\n") for file in logs))


def _told(name: str) -> bool:
    return name.endswith(".log") or name.startswith("events.jsonl")
