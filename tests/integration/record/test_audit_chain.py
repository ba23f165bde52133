"""The audit log's chain over a real PostgreSQL: what was sealed cannot be changed unseen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest
from record_parts import Tables, run
from trail_parts import Objects, database, finished, tampered

from penstock.archive.chain_heads import ChainHeads
from penstock.database.audit import AuditLog
from penstock.domain.audit import ChainReport
from penstock.errors import NotFound, Unavailable
from penstock.pipelines.sealing import Exporter, Sealer
from penstock.pipelines.verifying import Verifier
from penstock.telemetry.service import Telemetry, open_telemetry

ACME = "acme"


@pytest.fixture
def dsn(new_database: Callable[[], str]) -> str:
    from penstock.database.migrations import migrate

    made = new_database()
    run(migrate(made))
    return made


async def sealed(dsn: str) -> None:
    async with database(dsn) as opened:
        while await Sealer(AuditLog(opened), Telemetry()).round():
            pass


async def exported(dsn: str, objects: Objects, telemetry: Telemetry | None = None) -> None:
    async with database(dsn) as opened:
        exporter = Exporter(AuditLog(opened), ChainHeads(objects), telemetry or Telemetry(), every_rows=1)
        await exporter.round()


async def verified(dsn: str, objects: Objects | None = None, org: str | None = None) -> Sequence[ChainReport]:
    async with database(dsn) as opened:
        return await Verifier(AuditLog(opened), ChainHeads(objects or Objects())).verify(org)


async def made(dsn: str, pipelines: int = 3) -> None:
    """Make a chain of nine rows, or three for each pipeline."""
    for _ in range(pipelines):
        await finished(dsn)
    await sealed(dsn)


def broken(dsn: str, statement: str, *, objects: Objects | None = None) -> ChainReport:
    async def walk() -> ChainReport:
        await made(dsn)
        if objects is not None:
            await exported(dsn, objects)
        await tampered(dsn, statement)
        (report,) = await verified(dsn, objects)
        return report

    return run(walk())


def test_rows_are_sealed_in_their_order_and_the_chain_closes(dsn: str):
    async def walk():
        await made(dsn)
        return await verified(dsn), await Tables(dsn).fetch("SELECT audit_id, seal_no FROM audit_logs ORDER BY seal_no")

    (report,), rows = run(walk())
    assert report == ChainReport(ACME, rows=9, unsealed=0, exports=0)
    assert [row["seal_no"] for row in rows] == list(range(1, 10))
    assert [row["audit_id"] for row in rows] == sorted(row["audit_id"] for row in rows)


def test_each_organisation_has_a_chain_of_its_own(dsn: str):
    async def walk():
        await finished(dsn)
        await finished(dsn, org_id="globex")
        await sealed(dsn)
        return await verified(dsn), await verified(dsn, org="globex")

    both, one = run(walk())
    assert [(report.org_id, report.rows) for report in both] == [(ACME, 3), ("globex", 3)]
    assert [report.org_id for report in one] == ["globex"]


def test_sealing_goes_on_where_it_stopped_and_a_late_row_is_no_gap(dsn: str):
    async def walk():
        await made(dsn, 1)
        await Tables(dsn).fetch(
            "INSERT INTO audit_logs (audit_id, org_id, principal_id, action) OVERRIDING SYSTEM VALUE"
            " VALUES (-5, 'acme', 'ann', 'committed.late')"
        )
        await made(dsn, 1)
        return await verified(dsn)

    (report,) = run(walk())
    assert (report.rows, report.problem) == (7, None)


def test_of_many_sealers_at_once_none_breaks_the_chain(dsn: str):
    async def walk():
        for _ in range(6):
            await finished(dsn)
        await asyncio.gather(*(sealed(dsn) for _ in range(5)))
        await sealed(dsn)
        return await verified(dsn)

    (report,) = run(walk())
    assert (report.rows, report.unsealed, report.problem) == (18, 0, None)


def test_rows_that_wait_for_their_seal_are_counted_and_break_nothing(dsn: str):
    async def walk():
        await made(dsn, 1)
        await finished(dsn)
        return await verified(dsn)

    (report,) = run(walk())
    assert (report.rows, report.unsealed, report.problem) == (3, 3, None)


@pytest.mark.parametrize(
    "change",
    [
        "principal_id = 'mallory'", "action = 'nothing.happened'", "after = NULL", "detail = '{\"a\": 1}'",
        "at = at + interval '1 microsecond'", "trace_id = ''", "pipeline_id = NULL", "before = 'failed'",
    ],
)  # fmt: skip
def test_a_changed_field_is_found_at_its_row(dsn: str, change: str):
    report = broken(dsn, f"UPDATE audit_logs SET {change} WHERE seal_no = 5")  # noqa: S608 -- our own text
    assert (report.rows, report.problem) == (4, "its content is not what was sealed")
    assert report.bad_audit_id == 5


def test_a_deleted_row_is_found_at_the_next_one(dsn: str):
    report = broken(dsn, "DELETE FROM audit_logs WHERE seal_no = 4")
    assert report.problem == "link 4 is missing before this row, which is link 5"
    assert (report.rows, report.bad_audit_id) == (3, 5)


def test_two_rows_that_changed_places_are_found(dsn: str):
    report = broken(
        dsn,
        "WITH pair AS (SELECT seal_no, previous_hash, hash FROM audit_logs WHERE seal_no IN (4, 5))"
        " UPDATE audit_logs SET principal_id = 'mallory', previous_hash = pair.previous_hash, hash = pair.hash"
        " FROM pair WHERE audit_logs.seal_no IN (4, 5) AND pair.seal_no = 9 - audit_logs.seal_no",
    )
    assert report.problem == "it does not follow the row before it: one of them was replaced or moved"
    assert (report.rows, report.bad_audit_id) == (3, 4)


def test_a_forged_row_at_the_end_is_found(dsn: str):
    report = broken(
        dsn,
        "INSERT INTO audit_logs (org_id, principal_id, action, seal_no, previous_hash, hash)"
        " SELECT org_id, principal_id, 'forged', 10, hash, decode(repeat('00', 32), 'hex') FROM audit_logs"
        " WHERE seal_no = 9",
    )
    assert report.rows == 9
    assert report.problem == "its content is not what was sealed"


def test_a_chain_cut_off_at_its_end_is_missed_by_its_head(dsn: str):
    report = broken(dsn, "DELETE FROM audit_logs WHERE seal_no > 6")
    assert report.problem == "the chain ends with link 6, and its head knows link 9"


def test_a_chain_cut_off_together_with_its_head_is_missed_by_the_archive(dsn: str):
    report = broken(
        dsn,
        "WITH gone AS (DELETE FROM audit_logs WHERE seal_no > 6)"
        " UPDATE audit_heads SET seal_no = 6, hash = (SELECT hash FROM audit_logs WHERE seal_no = 6)",
        objects=Objects(),
    )
    assert report.problem == "the chain ends with link 6, and the archive knows link 9"


def test_an_organisation_whose_whole_log_is_gone_is_missed_by_the_archive(dsn: str):
    report = broken(
        dsn, "WITH gone AS (DELETE FROM audit_logs) DELETE FROM audit_heads WHERE org_id = 'acme'", objects=Objects()
    )
    assert (report.org_id, report.rows) == (ACME, 0)
    assert report.problem == "the chain ends with link 0, and the archive knows link 9"


def test_a_chain_computed_anew_is_found_by_the_archive(dsn: str):
    objects = Objects()

    async def walk():
        await made(dsn)
        await exported(dsn, objects)
        await tampered(
            dsn,
            "WITH anew AS (UPDATE audit_heads SET seal_no = 0, hash = '')"
            " UPDATE audit_logs SET principal_id = 'mallory', seal_no = NULL, hash = NULL, previous_hash = NULL",
        )
        await sealed(dsn)
        return await verified(dsn), await verified(dsn, objects)

    (without,), (with_archive,) = run(walk())
    assert without.problem is None  # the limit: the database alone cannot tell
    assert with_archive.problem == "the archive has another hash for this link: the chain was computed anew"
    assert with_archive.bad_audit_id == 9


def test_the_archive_is_told_after_so_many_rows_and_never_twice_the_same(dsn: str):
    objects = Objects()

    async def walk():
        await made(dsn, 1)
        async with database(dsn) as opened:
            few = Exporter(AuditLog(opened), ChainHeads(objects), Telemetry(), every_rows=4)
            await few.round()
            before = len(objects.kept)
            await made(dsn, 1)
            await few.round()
            await few.round()
            after = len(objects.kept)
            await made(dsn, 1)
            await tampered(dsn, "UPDATE audit_heads SET exported_at = now() - interval '25 hours'")
            await few.round()
        return before, after, len(objects.kept)

    assert run(walk()) == (0, 1, 2)


def test_an_archive_that_is_away_is_told_later(dsn: str):
    objects = Objects(away=True)

    async def walk():
        await made(dsn, 1)
        await exported(dsn, objects)
        objects.away = False
        await exported(dsn, objects)

    run(walk())
    assert len(objects.kept) == 1


def test_another_hash_under_a_number_the_archive_has_is_an_alarm(dsn: str):
    objects = Objects()
    telemetry = open_telemetry(redact=lambda text: text, version="0")

    async def walk():
        await made(dsn, 1)
        await exported(dsn, objects)
        await tampered(dsn, "UPDATE audit_heads SET exported_no = 0, hash = '\\x00'")
        await exported(dsn, objects, telemetry)

    run(walk())
    assert telemetry.metrics is not None
    assert 'what="audit_chain_conflicts"} 1.0' in telemetry.metrics.exposition().decode()


def test_an_organisation_without_a_log_and_an_archive_that_is_away_prove_nothing(dsn: str):
    with pytest.raises(NotFound):
        run(verified(dsn, org="nobody"))
    with pytest.raises(Unavailable):
        run(verified(dsn, Objects(away=True)))


def test_a_long_chain_is_sealed_and_proven_in_pages(dsn: str):
    async def walk():
        await Tables(dsn).fetch(
            "INSERT INTO audit_logs (org_id, principal_id, action) SELECT 'acme', 'ann', 'n' FROM generate_series(1, 1203)"
        )
        await sealed(dsn)
        return await verified(dsn)

    (report,) = run(walk())
    assert (report.rows, report.problem) == (1203, None)


def test_exports_are_due_once_a_day(dsn: str):
    async def walk():
        await made(dsn, 1)
        async with database(dsn) as opened:
            audit = AuditLog(opened)
            early = await audit.to_export(1_000, timedelta(days=1))
            return early, await audit.to_export(1_000, timedelta(0))

    early, late = run(walk())
    assert early == []
    assert [head.seal_no for head in late] == [3]
