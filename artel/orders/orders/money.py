"""An order's money in the book: what its shops earn, what the platform keeps of that, and what goes back. Pure.

The commission is a share of what a shop's goods cost: after the discount, with the tax that comes on top, and without
their delivery. It is rounded half to even once, when the order is placed. Of what is paid back the same share goes
back, rounded on the whole of what went back, so that a part paid back whole takes back all its commission.
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from artel.kernel.money import half_even, share_bp
from artel.ledger.book import model as book
from artel.ledger.book.model import Intent, Place, Posting, moving
from artel.orders.orders.rows import OrderRow, PartRow


class Returned(Struct, frozen=True):
    """What goes back of a shop's part, and how much of that the platform had kept."""

    shop_id: int
    amount_minor: int
    commission_minor: int


def reference(order_id: int) -> str:
    """What the book calls an order."""
    return f"order/{order_id}"


def commission(goods_minor: int, rate_bp: int) -> int:
    """What the platform keeps of goods that cost so much."""
    return share_bp(goods_minor, rate_bp)


def returned(parts: Sequence[PartRow], shares: Mapping[int, int]) -> list[Returned]:
    """What goes back of each part when so much of it is paid back."""
    return [
        Returned(part.shop_id, shares[part.shop_id], _commission_back(part, shares[part.shop_id]))
        for part in parts
        if shares.get(part.shop_id)
    ]


def _commission_back(part: PartRow, amount_minor: int) -> int:
    due_minor = half_even(part.commission_minor * (part.refunded_minor + amount_minor), part.total_minor)
    return due_minor - part.commission_refunded_minor


def sold(order: OrderRow, parts: Sequence[PartRow], source: Place, by: int | None) -> Intent:
    """The order's total, from where it was paid to its shops, less the commission."""
    earned = [Posting(_revenue(order, part.shop_id), part.total_minor - part.commission_minor) for part in parts]
    kept = Posting(book.fees(order.currency), sum(part.commission_minor for part in parts))
    return Intent(
        kind="order.paid",
        reference=reference(order.id),
        key=f"order/{order.id}/paid",
        postings=moving(Posting(source, -order.total_minor), *earned, kept),
        by=by,
    )


def paid_back(order: OrderRow, back: Sequence[Returned], reason: str, by: int | None) -> Intent:
    """What goes back is owed to the customer from now on. The order is as it was left by the move that pays back."""
    lost = [Posting(_revenue(order, each.shop_id), each.commission_minor - each.amount_minor) for each in back]
    clawed = Posting(book.fees(order.currency), -sum(each.commission_minor for each in back))
    owed = Posting(book.refunds(order.currency), sum(each.amount_minor for each in back))
    return Intent(
        kind="order.refunded",
        reference=reference(order.id),
        key=f"order/{order.id}/refund/{order.version}",
        postings=moving(*lost, clawed, owed),
        note=reason,
        by=by,
    )


def _revenue(order: OrderRow, shop_id: int) -> Place:
    return book.revenue(shop_id, order.currency)
