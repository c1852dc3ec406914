"""Payouts and the book tell the same; where they do not, the payout or the transfer is named."""

from typing import Any

import pytest
from sqlalchemy import bindparam, update

from artel.app import CHECKS
from artel.db import Command, Write
from artel.ledger.book import model as places
from artel.ledger.book.model import Intent, Posting
from artel.orders.payouts.checks import check
from artel.orders.payouts.tables import payouts
from tests.orders.orders.accounts import RUB, Accounts, post
from tests.orders.orders.till import Till
from tests.orders.payouts.test_service import ran, sold


@pytest.fixture
def payout(till: Till) -> dict[str, Any]:
    """A payout of two."""
    sold(till, till.seller)
    sold(till, till.shop())
    return ran(till)[0]


def found(till: Till) -> list[tuple[str, str]]:
    return [(each.invariant, each.row) for each in till.run(till.db.read(check))]


async def change(tx: Write, payout_id: int, **changed: int) -> None:
    await tx.run(Command(update(payouts).where(payouts.c.id == bindparam("of_id")).values(**changed)), of_id=payout_id)


def test_payouts_agree_with_the_book(till: Till, payout: dict[str, Any]) -> None:
    assert payout["amount_minor"] == 10_000
    assert found(till) == []
    assert check in CHECKS


def test_a_payout_of_another_amount_or_shop_is_found(till: Till, payout: dict[str, Any]) -> None:
    for changed in ({"amount_minor": 9_999}, {"amount_minor": 10_000, "shop_id": till.shop().shop_id}):
        till.run(till.db.write(change, payout["id"], **changed))
        assert found(till) == [("payouts.paid", f"payout/{payout['id']}")]


@pytest.mark.parametrize("reference", ["payout/999", "payout/", "payout/x"])
def test_a_transfer_whose_payout_is_not_there_is_found(till: Till, accounts: Accounts, reference: str) -> None:
    postings = (Posting(places.world(RUB), -1), Posting(places.payouts(RUB), 1))
    till.run(till.db.write(post, Intent("test", reference, "test/1", postings)))
    assert [invariant for invariant, _ in found(till)] == ["payouts.known"]
