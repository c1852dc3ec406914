"""Whether orders and the book tell the same: an order has its money in the book, and its transfers have an order."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from artel.db import Read, numbers
from artel.ledger.book import model as book
from artel.ledger.book import ties
from artel.ledger.book.model import Broken
from artel.ledger.book.ties import Moved, Nets
from artel.orders.orders import money, queries
from artel.orders.orders.rows import DueRow, EarnedRow
from artel.payments import service as payments
from artel.payments.model import Owed

PAGE: Final = 500  # orders of one step: four statements
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
        earned = await tx.all(queries.EARNED, order_ids=numbers(due.id for due in dues))
        moved = await ties.moved(tx, references)
        broken += [*compare(dues, owed, ties.together(moved)), *compare_shops(dues, earned, moved)]
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


def compare_shops(dues: Sequence[DueRow], earned: Iterable[EarnedRow], moved: Moved) -> Iterator[Broken]:
    """Where the book gave a shop something else than its part of these orders."""
    of = {due.id: due for due in dues}
    for each in earned:
        due, reference = of[each.order_id], money.reference(each.order_id)
        has = moved[reference, book.revenue(each.shop_id, due.currency)]
        should = each.earned_minor if due.paid_us else 0
        if has != should:
            problem = f"the book has {has} minor units for shop {each.shop_id}, its part of the order {should}"
            yield Broken("orders.shop", reference, problem)
