"""Wallets and the book tell the same; where they do not, the row is named."""

from typing import Any

import pytest
from sqlalchemy import bindparam, update

from artel.db import Command, Write
from artel.ledger.book import service as book
from artel.ledger.book.model import Intent, Posting, payouts, refunds, wallet, world
from artel.ledger.wallets.checks import check
from artel.ledger.wallets.tables import withdrawals
from artel.payments.tables import payments
from tests.ledger.wallets.purse import Purse


async def change(tx: Write, table: Any, row_id: int, **changed: Any) -> None:
    await tx.run(Command(update(table).where(table.c.id == bindparam("of_id")).values(**changed)), of_id=row_id)


async def move(tx: Write, reference: str, *postings: Posting) -> None:
    await book.post(tx, Intent("test.planted", reference, f"planted/{reference}", postings))


def found(purse: Purse) -> list[tuple[str, str]]:
    return [(each.invariant, each.row) for each in purse.run(purse.db.read(check))]


@pytest.fixture
def used(purse: Purse) -> Purse:
    """A wallet with a withdrawal (1 to 4) and a top-up (1 to 4) in every state."""
    purse.credit(50_000)
    paid, refused, cancelled, _ = (purse.withdrawn(100) for _ in range(4))
    purse.post(f"/withdrawals/{paid}/paid", None, purse.staff)
    purse.post(f"/withdrawals/{refused}/refusal", {"note": "x"}, purse.staff)
    purse.post(f"/wallet/withdrawals/{cancelled}/cancellation")
    purse.topped_up(1_000)
    purse.topped_up(1_000, "declined")
    purse.topped_up(1_000, "wrong_amount")
    purse.topped_up(1_000, "", "manual")
    return purse


def test_withdrawals_and_top_ups_in_every_state_agree_with_the_book(used: Purse) -> None:
    assert found(used) == []
    for _ in range(3):
        used.later(10_000_000)
        assert found(used) == []
    assert [each["status"] for each in used.top_ups()] == ["pending", "succeeded", "failed", "succeeded"]


def test_a_withdrawal_that_left_twice_or_never_is_found(used: Purse) -> None:
    again = (Posting(wallet(used.owner.account_id, "RUB"), -100), Posting(payouts("RUB"), 100))
    used.run(used.db.write(move, "withdrawal/1", *again))
    used.run(used.db.write(change, withdrawals, 2, status="requested"))
    assert found(used) == [("wallets.withdrawn", "withdrawal/1"), ("wallets.held", "withdrawal/2")]


@pytest.mark.parametrize("changed", [{"hold_id": 4}, {"hold_id": None}, {"settled_us": 1}, {"created_us": 1}])
def test_a_withdrawal_whose_hold_is_not_its_own_or_of_another_time_is_found(
    used: Purse, changed: dict[str, int | None]
) -> None:
    used.run(used.db.write(change, withdrawals, 2, **changed))
    assert found(used) == [("wallets.held", "withdrawal/2")]


def test_a_transfer_of_a_withdrawal_that_is_not_there_is_found(used: Purse) -> None:
    lost = (Posting(wallet(used.owner.account_id, "RUB"), -1), Posting(world("RUB"), 1))
    used.run(used.db.write(move, "withdrawal/99", *lost))
    used.run(used.db.write(move, "withdrawal/x", *lost))
    assert [invariant for invariant, _ in found(used)] == ["wallets.known", "wallets.known"]


def test_a_top_up_that_came_twice_or_is_owed_and_was_given_back_is_found(used: Purse) -> None:
    again = (Posting(world("RUB"), -1_000), Posting(wallet(used.owner.account_id, "RUB"), 1_000))
    used.run(used.db.write(move, "payment/1", *again))
    owed = (Posting(world("RUB"), -7), Posting(refunds("RUB"), 7))
    used.run(used.db.write(move, "payment/2", *owed))
    assert found(used) == [("wallets.topped_up", "payment/1"), ("wallets.owed", "payment/2")]


def test_a_top_up_that_is_said_to_be_paid_and_is_not_in_the_book_is_found(used: Purse) -> None:
    taken = {"status": "succeeded", "taken_minor": 1_000, "taken_currency": "RUB"}
    used.run(used.db.write(change, payments, 4, **taken))
    assert found(used) == [("wallets.topped_up", "payment/4")]
