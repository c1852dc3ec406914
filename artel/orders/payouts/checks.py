"""Whether payouts and the book tell the same: each left its shop's account, each of their transfers has a payout."""

from collections.abc import Iterator, Sequence
from typing import Final

from artel.db import Read
from artel.ledger.book import model as book
from artel.ledger.book import ties
from artel.ledger.book.model import Broken
from artel.ledger.book.ties import Moved
from artel.orders.payouts import queries, rules
from artel.orders.payouts.model import PayoutRow

PAGE: Final = 500  # payouts of one step: two statements
PAYOUT: Final = rules.reference(0).removesuffix("0")


async def check(tx: Read) -> list[Broken]:
    """What does not agree. It reads every payout and every transfer of one, a page at a time."""
    return [*await _payouts(tx), *await ties.strays(tx, "payouts.known", PAYOUT, queries.KNOWN)]


async def _payouts(tx: Read) -> list[Broken]:
    broken: list[Broken] = []
    after_id = 0
    while found := await tx.all(queries.AFTER, after_id=after_id, row_limit=PAGE):
        broken += compare(found, await ties.moved(tx, (rules.reference(row.id) for row in found)))
        after_id = found[-1].id
    return broken


def compare(found: Sequence[PayoutRow], moved: Moved) -> Iterator[Broken]:
    """Where the book took something else from the shop than these payouts say."""
    for row in found:
        reference = rules.reference(row.id)
        taken_minor = -moved[reference, book.revenue(row.shop_id, row.currency)]
        if taken_minor != row.amount_minor:
            problem = f"the book took {taken_minor} minor units from its shop, the payout says {row.amount_minor}"
            yield Broken("payouts.paid", reference, problem)
