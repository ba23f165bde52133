from __future__ import annotations

import re
from pathlib import Path

import asyncpg
import pytest
from record_parts import run

from penstock.database.queries import parse_queries, queries

SOURCE = Path(__file__).parents[3] / "src" / "penstock" / "database"


def test_every_statement_fits_the_schema(postgres_dsn: str):
    async def prepare():
        connection = await asyncpg.connect(postgres_dsn)
        try:
            for statement in queries().values():
                await connection.prepare(statement)
        finally:
            await connection.close()

    run(prepare())


def test_every_statement_is_sent_by_somebody():
    code = "".join(path.read_text() for path in SOURCE.glob("*.py"))
    assert [name for name in queries() if f'"{name}"' not in code] == []


def test_no_other_module_holds_sql():
    sql = re.compile(r"\b(SELECT .* FROM|INSERT INTO|UPDATE \w+ SET|DELETE FROM)\b")
    assert [path.name for path in SOURCE.glob("*.py") if sql.search(path.read_text())] == []


def test_comments_and_the_last_semicolon_are_not_sent():
    text = "-- name: one\n-- What it is for.\nSELECT 1\n-- why\nFROM x;\n\n-- name: two\n-- Another.\nSELECT 2;\n"
    assert parse_queries(text) == {"one": "SELECT 1\nFROM x", "two": "SELECT 2"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("-- name: Bad Name\n-- why\nSELECT 1;", "bad name"),
        ("-- name: a\n-- why\nSELECT 1;\n-- name: a\n-- why\nSELECT 1;", "used twice"),
        ("-- name: a\nSELECT 1;", "no comment"),
        ("-- name: a\n-- why\n;", "not exactly one"),
        ("-- name: a\n-- why\nSELECT 1", "not exactly one"),
        ("-- name: a\n-- why\nSELECT 1; SELECT 2;", "not exactly one"),
    ],
)
def test_a_statement_that_is_not_named_explained_and_single_is_refused(text: str, says: str):
    with pytest.raises(ValueError, match=says):
        parse_queries(text)
