"""Jobs and the book tell the same; where they do not, the row is named."""

from typing import Any

import pytest
from sqlalchemy import bindparam, update

from artel.db import Command, Database, Write
from artel.jobs.checks import check
from artel.jobs.tables import jobs
from artel.ledger.book import service as book
from artel.ledger.book.model import Intent, Posting, escrow, fees, wallet
from tests.conftest import Run
from tests.jobs.board import Board


async def change(tx: Write, job_id: int, **changed: Any) -> None:
    await tx.run(Command(update(jobs).where(jobs.c.id == bindparam("of_id")).values(**changed)), of_id=job_id)


async def move(tx: Write, reference: str, *postings: Posting) -> None:
    await book.post(tx, Intent("test.planted", reference, f"planted/{reference}", postings))


@pytest.fixture
def done(board: Board) -> tuple[int, int, int]:
    """Two fulfilled jobs and their customer's account."""
    anna, eric = board.customer(), board.executor()
    first, second = (board.posted(anna)["id"] for _ in range(2))
    for job_id in (first, second):
        board.moved(eric, job_id, "fulfilment")
    return first, second, anna.account_id


def found(board: Board, run: Run) -> list[tuple[str, str]]:
    return [(each.invariant, each.row) for each in run(board.db.read(check))]


def test_jobs_in_every_state_agree_with_the_book(board: Board, run: Run, done: tuple[int, int, int]) -> None:
    anna, staff = board.customer(), board.people.person("staff")
    board.posted(anna)
    board.posted(anna, policy="on_fulfil")
    board.moved(anna, board.posted(anna)["id"], "cancellation")
    board.moved(staff, done[0], "refund", {"reason": "x"})
    assert found(board, run) == []


def test_a_fee_that_is_not_in_the_book_is_found(
    board: Board, run: Run, db: Database, done: tuple[int, int, int]
) -> None:
    run(db.write(change, done[0], fee_minor=999))
    assert found(board, run) == [("jobs.fee", f"job/{done[0]}"), ("jobs.executor", f"job/{done[0]}")]


def test_a_value_that_nobody_gave_is_found(board: Board, run: Run, db: Database, done: tuple[int, int, int]) -> None:
    run(db.write(change, done[0], value_minor=10_001))
    assert found(board, run) == [("jobs.customer", f"job/{done[0]}"), ("jobs.executor", f"job/{done[0]}")]


@pytest.mark.parametrize("side", ["customer", "executor"])
def test_a_job_whose_money_is_somebody_elses_is_found(
    board: Board, run: Run, db: Database, done: tuple[int, int, int], side: str
) -> None:
    run(db.write(change, done[0], **{f"{side}_id": board.customer().account_id}))
    assert found(board, run) == [(f"jobs.{side}", f"job/{done[0]}")]


def test_a_state_that_the_money_does_not_have_is_found(
    board: Board, run: Run, db: Database, done: tuple[int, int, int]
) -> None:
    opened = {"status": "open", "closed_us": 0, "executor_id": None, "transfer_id": None}
    run(db.write(change, done[0], **opened))
    assert found(board, run) == [(f"jobs.{of}", f"job/{done[0]}") for of in ("escrow", "fee")]


def test_a_job_that_was_paid_by_another_ones_transfer_is_found(
    board: Board, run: Run, db: Database, done: tuple[int, int, int]
) -> None:
    first, second, _ = done
    theirs, kept = (
        board.row(second).transfer_id,
        run(db.read(book.of_reference, f"job/{second}"))[0].id,
    )
    run(db.write(change, second, transfer_id=kept))
    run(db.write(change, first, transfer_id=theirs))
    assert found(board, run) == [("jobs.paid", f"job/{first}")]


def test_money_that_moved_beside_the_job_is_found(
    board: Board, run: Run, db: Database, done: tuple[int, int, int]
) -> None:
    job_id, _, customer_id = done
    run(db.write(move, f"job/{job_id}", Posting(wallet(customer_id, "RUB"), -1), Posting(escrow(job_id, "RUB"), 1)))
    assert found(board, run) == [(f"jobs.{of}", f"job/{job_id}") for of in ("escrow", "customer")]


@pytest.mark.parametrize("reference", ["job/999", "job/x", "job/"])
def test_a_transfer_whose_job_is_not_there_is_found(
    board: Board, run: Run, db: Database, done: tuple[int, int, int], reference: str
) -> None:
    run(db.write(move, reference, Posting(wallet(done[2], "RUB"), -1), Posting(fees("RUB"), 1)))
    ((invariant, row),) = found(board, run)
    assert invariant == "jobs.known" and row.startswith("transfer/")
