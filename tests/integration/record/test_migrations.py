from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from record_parts import Tables, run

from penstock.database.migrations import Migration, migrate, read_migrations, shipped
from penstock.errors import DatabaseFailed

FIRST = Migration(1, "0001_first", "CREATE TABLE first (a integer)")
SECOND = Migration(2, "0002_second", "CREATE TABLE second (a integer); INSERT INTO first VALUES (1);")


@pytest.fixture
def empty(new_database: Callable[[], str]) -> str:
    return new_database()


def tables(dsn: str) -> set[str]:
    query = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    return {row["tablename"] for row in run(Tables(dsn).fetch(query))}


def test_an_empty_database_gets_the_schema_and_a_second_run_changes_nothing(empty: str):
    assert run(migrate(empty)) == tuple(each.name for each in shipped())
    made = tables(empty)
    assert {"pipelines", "pipeline_artifacts", "audit_logs", "usage_events", "outbox", "api_keys"} <= made
    assert run(migrate(empty)) == ()
    assert tables(empty) == made


def test_what_is_missing_is_applied_and_nothing_else(empty: str):
    assert run(migrate(empty, [FIRST])) == ("0001_first",)
    assert run(migrate(empty, [FIRST, SECOND])) == ("0002_second",)
    assert [row["a"] for row in run(Tables(empty).fetch("SELECT a FROM first"))] == [1]


def test_of_many_that_start_at_once_one_does_the_work(empty: str):
    async def together():
        return await asyncio.gather(*(migrate(empty) for _ in range(5)))

    assert sorted(run(together()), key=len)[:-1] == [()] * 4
    assert run(migrate(empty)) == ()


def test_a_database_newer_than_this_penstock_is_refused_and_left_alone(empty: str):
    run(migrate(empty, [FIRST, SECOND]))
    with pytest.raises(DatabaseFailed, match="newer than this Penstock: it has the migration 0002_second") as told:
        run(migrate(empty, [FIRST]))
    assert any("newer Penstock" in step for step in told.value.steps)
    assert tables(empty) == {"first", "second", "schema_migrations"}


def test_a_migration_changed_after_it_was_applied_is_refused(empty: str):
    run(migrate(empty, [FIRST]))
    changed = Migration(1, "0001_first", FIRST.text + " -- and more")
    with pytest.raises(DatabaseFailed, match="another text of the migration 0001_first") as told:
        run(migrate(empty, [changed, SECOND]))
    assert any("new migration" in step for step in told.value.steps)
    assert tables(empty) == {"first", "schema_migrations"}


def test_a_migration_that_fails_leaves_nothing_of_itself(empty: str):
    broken = Migration(2, "0002_broken", "CREATE TABLE second (a integer); CREATE TABLE first (a integer);")
    with pytest.raises(DatabaseFailed, match="0002_broken cannot be applied"):
        run(migrate(empty, [FIRST, broken]))
    assert tables(empty) == {"first", "schema_migrations"}
    assert run(migrate(empty, [FIRST, SECOND])) == ("0002_second",)


def test_a_migration_that_cannot_be_recorded_leaves_nothing_of_itself(empty: str):
    text = "CREATE TABLE second (a integer); INSERT INTO schema_migrations VALUES (2, 'mine', 'x');"
    with pytest.raises(DatabaseFailed, match="0002_second cannot be applied"):
        run(migrate(empty, [FIRST, Migration(2, "0002_second", text)]))
    assert tables(empty) == {"first", "schema_migrations"}


def test_tables_of_somebody_else_are_not_touched(empty: str):
    run(Tables(empty).fetch("CREATE TABLE pipelines (theirs text)"))
    with pytest.raises(DatabaseFailed, match="0001_initial cannot be applied") as told:
        run(migrate(empty))
    assert any("database of its own" in step for step in told.value.steps)
    assert tables(empty) == {"pipelines", "schema_migrations"}


def test_a_database_that_may_not_be_written_is_told(empty: str):
    run(Tables(empty).fetch("CREATE ROLE reader LOGIN"))
    try:
        with pytest.raises(DatabaseFailed):
            run(migrate(empty.replace("//penstock@", "//reader@")))
    finally:
        run(Tables(empty).fetch("DROP ROLE reader"))
    assert tables(empty) == set()


@pytest.mark.parametrize(
    ("names", "says"),
    [(["0001_a.sql", "0003_c.sql"], "numbered"), (["1_a.sql"], "no name"), (["0001_A.sql"], "no name")],
)
def test_a_gap_or_a_bad_name_among_the_files_is_refused(tmp_path: Path, names: list[str], says: str):
    for name in names:
        (tmp_path / name).write_text("SELECT 1;")
    with pytest.raises(ValueError, match=says):
        read_migrations(tmp_path)


def test_what_was_applied_is_recorded_with_its_checksum(empty: str):
    run(migrate(empty, [FIRST]))
    (row,) = run(Tables(empty).fetch("SELECT version, name, checksum FROM schema_migrations"))
    assert tuple(row) == (1, "0001_first", FIRST.checksum)
