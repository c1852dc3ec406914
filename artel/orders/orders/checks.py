"""Whether orders and the book tell the same: an order has its money in the book, and its transfers have an order."""

from collections.abc import Iterator, Sequence
from typing import Final

from artel.db import Read
from artel.ledger.book import ties
from artel.ledger.book.model import Broken
from artel.ledger.book.ties import Nets
from artel.orders.orders import money, queries
from artel.orders.orders.rows import DueRow
from artel.payments import service as payments
from artel.payments.model import Owed

PAGE: Final = 500  # orders of one step: three statements
ORDER: Final = money.reference(0).removesuffix("0")


async def check(tx: Read) -> list[Broken]:
    """What does not agree. It reads every order and every transfer, a page at a time."""
    return [*await _orders(tx), *await ties.strays(tx, "orders.known", ORDER, queries.KNOWN)]


async def _orders(tx: Read) -> list[Broken]:
    broken: list[Broken] = []
    after_id = 0
    while dues := await tx.all(queries.DUES, after_id=after_id, row_limit=PAGE):
        owed = await payments.owed(tx, (due.id for due in dues))
        references = [
            *(money.reference(due.id) for due in dues),
            *(payments.reference(each.payment_id) for each in owed),
        ]
        broken += compare(dues, owed, await ties.nets(tx, references))
        after_id = dues[-1].id
    return broken


def compare(dues: Sequence[DueRow], owed: Sequence[Owed], nets: Nets) -> Iterator[Broken]:
    """Where the book has something else than these orders and their payments."""
    for due in dues:
        own = [each for each in owed if each.order_id == due.id]
        reference = money.reference(due.id)
        given = [reference, *(payments.reference(each.payment_id) for each in own)]
        earned = nets[reference, "revenue", due.currency] + nets[reference, "fees", due.currency]
        kept = due.total_minor - due.refunded_minor if due.paid_us else 0
        commission = due.commission_minor if due.paid_us else 0
        waits = sum(each.owed_minor for each in own)
        waiting = sum(minor for (of, purpose, _), minor in nets.items() if purpose == "refunds" and of in given)
        for invariant, has, should in (
            ("orders.earned", earned, kept),
            ("orders.commission", nets[reference, "fees", due.currency], commission),
            ("orders.owed", waiting, waits),
        ):
            if has != should:
                yield Broken(invariant, reference, f"the book has {has} minor units, the order {should}")
