"""Jobs: what the database itself keeps anybody from doing."""

from typing import Any

import pytest
from sqlalchemy import bindparam, delete, insert, update

from artel.db import Command, Database, Write
from artel.jobs.tables import job_events, jobs
from tests.conftest import Run
from tests.jobs.board import Board, history_of

EDIT = Command(update(job_events).where(job_events.c.job_id == bindparam("of_id")).values(reason="nothing"))
EDIT_ALL = Command(update(job_events).values(at_us=bindparam("then_us")))
ERASE = Command(delete(job_events).where(job_events.c.job_id == bindparam("of_id")))
ADD = Command(
    insert(job_events).inline().values(job_id=bindparam("of_id"), at_us=1, kind="posted", reason="", changes="{}")
)
RETOUCH = Command(update(jobs).where(jobs.c.id == bindparam("of_id")).values(title="by hand"))


async def run_one(tx: Write, command: Command, **params: int) -> int:
    return await tx.run(command, **params)


@pytest.mark.parametrize("edit", [EDIT, EDIT_ALL, ERASE])
def test_a_history_is_neither_edited_nor_erased(board: Board, run: Run, db: Database, edit: Command) -> None:
    job_id = board.posted(board.customer())["id"]
    before = run(db.read(history_of, job_id))
    with pytest.raises(Exception, match="append-only"):
        run(db.write(run_one, edit, of_id=job_id, then_us=1))
    assert run(db.read(history_of, job_id)) == before


def test_a_history_can_be_added_to_and_the_row_beside_it_changed(board: Board, run: Run, db: Database) -> None:
    """The canary: it is the trigger that refuses, and only there."""
    job_id = board.posted(board.customer())["id"]
    assert run(db.write(run_one, ADD, of_id=job_id)) == 1
    assert run(db.write(run_one, RETOUCH, of_id=job_id)) == 1
    assert len(run(db.read(history_of, job_id))) == 2


@pytest.mark.parametrize(
    "changed",
    [
        {"status": "cancelled"},  # and nobody knows since when
        {"closed_us": 5},
        {"status": "fulfilled", "closed_us": 5},  # by nobody
        {"executor_id": 1, "status": "fulfilled", "closed_us": 5},  # and not paid
        {"status": "refunded", "closed_us": 5},
        {"refunded_us": 5},
        {"proposed_by": 1},
        {"fee_minor": 10_001},
        {"fee_minor": -1},
        {"value_minor": 0, "fee_minor": 0},
    ],
)
def test_a_row_that_contradicts_itself_is_not_taken(
    board: Board, run: Run, db: Database, changed: dict[str, Any]
) -> None:
    job_id = board.posted(board.customer())["id"]
    command = Command(update(jobs).where(jobs.c.id == bindparam("of_id")).values(**changed))
    with pytest.raises(Exception, match="_ck"):
        run(db.write(run_one, command, of_id=job_id))
