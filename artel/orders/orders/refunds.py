"""What a refund comes to: money of each part, and copies of lines. Pure, like the rules."""

from collections.abc import Sequence

from msgspec import Struct

from artel.kernel.money import split
from artel.orders.orders import amounts, rules
from artel.orders.orders.model import CopiesBack, CopiesNotThere, Refunding, RefundTooLarge, RefundUnclear
from artel.orders.orders.rows import LineRow, OrderRow, PartRow


class Back(Struct, frozen=True):
    """What goes back: minor units by shop, and copies by line."""

    shares: dict[int, int]
    copies: list[tuple[LineRow, int]]


def decide(order: OrderRow, parts: Sequence[PartRow], lines: Sequence[LineRow], body: Refunding) -> Back:
    """What the request comes to, out of these parts of the order.

    Raises RefundUnclear, OfferTwice, RefundTooLarge, CopiesNotThere.
    """
    left = {part.shop_id: part.total_minor - part.refunded_minor for part in parts}
    if [body.lines is None, body.amount_minor is None, not body.everything].count(False) != 1:
        raise RefundUnclear(problem="give lines, amount_minor, or everything: true")
    if body.amount_minor is not None:
        if body.restock:
            raise RefundUnclear(problem="an amount brings no copies back, name the lines to restock")
        return Back(_shares(order, left, body.amount_minor), [])
    if body.lines is None:
        return Back(left, [(line, _copies_left(line)) for line in lines if line.shop_id in left and _copies_left(line)])
    rules.refuse_twice(each.offer_id for each in body.lines)
    copies = [(_line(order, left, lines, each), each.quantity) for each in body.lines]
    of_shop = {part.shop_id: part for part in parts}
    worth = dict.fromkeys((line.shop_id for line, _ in copies), 0)
    for line, count in copies:
        worth[line.shop_id] += _worth(line, of_shop[line.shop_id], count)
    # What was paid back as an amount before cannot be paid back again for a copy.
    return Back({shop_id: min(minor, left[shop_id]) for shop_id, minor in worth.items()}, copies)


def _shares(order: OrderRow, left: dict[int, int], amount_minor: int) -> dict[int, int]:
    """The amount, divided over the parts by what is left of each."""
    whole = sum(left.values())
    if amount_minor > whole:
        raise RefundTooLarge(order_id=order.id, amount_minor=amount_minor, left_minor=whole)
    return dict(zip(left, split(amount_minor, list(left.values())), strict=True))


def _line(order: OrderRow, left: dict[int, int], lines: Sequence[LineRow], wanted: CopiesBack) -> LineRow:
    found = next((line for line in lines if line.offer_id == wanted.offer_id and line.shop_id in left), None)
    there = _copies_left(found) if found else 0
    if found is None or wanted.quantity > there:
        raise CopiesNotThere(order_id=order.id, offer_id=wanted.offer_id, left=there, wanted=wanted.quantity)
    return found


def _worth(line: LineRow, part: PartRow, copies: int) -> int:
    """What the next copies of the line are worth, so that all of them together are worth exactly the line."""
    total_minor = amounts.line_total(line, part)
    before = amounts.due_for(line.refunded_quantity, total_minor, line.quantity)
    return amounts.due_for(line.refunded_quantity + copies, total_minor, line.quantity) - before


def _copies_left(line: LineRow) -> int:
    return line.quantity - line.refunded_quantity
