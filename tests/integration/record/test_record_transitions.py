"""domain/pipelines.py TRANSITIONS and the database's trigger are twins."""

from __future__ import annotations

import asyncpg
import pytest
from record_parts import Tables, records, request, run

from penstock.domain.pipelines import TRANSITIONS, Status

PAIRS = [(old, new) for old in Status for new in Status if old is not new]


@pytest.fixture(scope="module")
def accepted(postgres_dsn: str) -> tuple[str, str]:
    """Return a database and the id of a record in it, in the state accepted."""

    async def make() -> str:
        async with records(postgres_dsn) as record:
            return (await record.claim(request())).pipeline_id

    return postgres_dsn, run(make())


async def _moves(dsn: str, pipeline_id: str, old: Status, new: Status) -> bool:
    connection = await asyncpg.connect(dsn)
    try:
        async with connection.transaction():
            await connection.execute("SET LOCAL session_replication_role = replica")  # triggers rest: any state
            await connection.execute("UPDATE pipelines SET status = $2 WHERE pipeline_id = $1", pipeline_id, old.value)
        await connection.execute("UPDATE pipelines SET status = $2 WHERE pipeline_id = $1", pipeline_id, new.value)
    except asyncpg.CheckViolationError:
        return False
    finally:
        await connection.close()
    return True


@pytest.mark.parametrize(("old", "new"), PAIRS, ids=lambda status: status.value)
def test_the_database_moves_a_record_exactly_where_the_domain_says(accepted: tuple[str, str], old: Status, new: Status):
    assert run(_moves(*accepted, old, new)) == (new in TRANSITIONS[old])


def test_every_state_has_its_row_in_the_table_of_transitions():
    assert set(TRANSITIONS) == set(Status)


def test_the_database_knows_no_other_state(accepted: tuple[str, str]):
    with pytest.raises(asyncpg.CheckViolationError):
        run(Tables(accepted[0]).fetch("UPDATE pipelines SET status = 'lost'"))


@pytest.mark.parametrize("status", [each for each in Status if each is not Status.ACCEPTED])
def test_a_record_is_born_accepted(accepted: tuple[str, str], status: Status):
    copy = (
        "INSERT INTO pipelines (pipeline_id, org_id, principal_id, idem_key, fingerprint, request, status)"
        " VALUES (gen_random_uuid(), 'acme', 'ann', $1, 'f', '{}', $1)"
    )
    with pytest.raises(asyncpg.CheckViolationError):
        run(Tables(accepted[0]).fetch(copy, status.value))
