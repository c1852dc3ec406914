"""Carts: pure decisions."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from artel.kernel.clock import US
from artel.orders.carts.model import (
    LINES_MAX,
    QUANTITY_MAX,
    Cart,
    CartLine,
    CartTotal,
    Change,
    LineShown,
    ShopTotal,
    TooManyCopies,
    TooManyLines,
    VoucherLook,
)
from artel.shop.offers.model import OfferForSale

GUEST_TTL_US: Final = 30 * 86_400 * US  # after its last change a guest's cart is kept so long
GUEST_CARTS_MAX: Final = 1_000  # of one address in an hour: anybody may open one, and each takes room for 30 days
GUEST_CARTS_WINDOW_US: Final = 3_600 * US

Offers = Mapping[int, OfferForSale]


# --- lines


def with_line(lines: Sequence[CartLine], line: CartLine) -> list[CartLine]:
    """The lines with this one in its place, or at their end. Raises TooManyCopies, TooManyLines."""
    if line.quantity > QUANTITY_MAX:
        raise TooManyCopies(limit=QUANTITY_MAX, wanted=line.quantity)
    kept = {each.offer_id: each for each in lines}
    had = kept.get(line.offer_id, line)
    kept[line.offer_id] = msgspec.structs.replace(line, added_us=had.added_us)
    if len(kept) > LINES_MAX:
        raise TooManyLines(limit=LINES_MAX)
    return list(kept.values())


def merge(mine: Sequence[CartLine], guests: Sequence[CartLine]) -> tuple[list[CartLine], list[CartLine]]:
    """The account's lines with the guest's added, and what found no room: together exactly what there was.

    Quantities of one offer add up to `QUANTITY_MAX` at most; new lines fill the cart up to `LINES_MAX`, the oldest
    first. The guest's price is the one that the customer has seen last.
    """
    merged, cut = {each.offer_id: each for each in mine}, []
    for line in guests:
        had = merged.get(line.offer_id)
        if had is None and len(merged) >= LINES_MAX:
            cut.append(line)
            continue
        there = had.quantity if had else 0
        room = min(line.quantity, max(0, QUANTITY_MAX - there))
        if room:
            added_us = had.added_us if had else line.added_us
            merged[line.offer_id] = CartLine(line.offer_id, there + room, line.seen_price_minor, added_us)
        if room < line.quantity:
            cut.append(msgspec.structs.replace(line, quantity=line.quantity - room))
    return sorted(merged.values(), key=lambda line: (line.added_us, line.offer_id)), cut


# --- the cart as it is shown


def changes(line: CartLine, offer: OfferForSale) -> list[Change]:
    """What happened to the offer since the customer last changed the line, and what stands against ordering it."""
    if not offer.active:
        return ["withdrawn"]
    found: list[Change] = []
    if offer.price_minor != line.seen_price_minor:
        found.append("price_changed")
    if offer.stock < line.quantity:
        found.append("not_enough")
    return found


def goods(lines: Sequence[CartLine], offers: Offers) -> list[tuple[int, int]]:
    """The shop and the worth of each line, in minor units; a withdrawn one is worth nothing."""
    return [(offers[each.offer_id].shop_id, _worth(each, offers[each.offer_id])) for each in lines]


def currencies(lines: Sequence[CartLine], offers: Offers) -> list[str]:
    """The currencies of what can be bought, in one order."""
    bought = (offers[each.offer_id] for each in lines)
    return sorted({offer.currency for offer in bought if offer.active})


def shown(
    lines: Sequence[CartLine],
    offers: Offers,
    discounts: Sequence[int] | None = None,
    voucher: VoucherLook | None = None,
) -> Cart:
    """The cart as an answer; `discounts` are those of the lines, none by default."""
    each = zip(lines, discounts or [0] * len(lines), strict=True)
    found = [_line(line, offers[line.offer_id], discount_minor) for line, discount_minor in each]
    bought = [line for line in found if "withdrawn" not in line.changed]
    blocked = any({"withdrawn", "not_enough"}.intersection(line.changed) for line in found)
    kinds = currencies(lines, offers)
    return Cart(
        lines=found,
        shops=[_of_shop(key, bought) for key in dict.fromkeys(map(_shop, bought))],
        totals=[CartTotal(each, *_sums([line for line in bought if line.currency == each])) for each in kinds],
        voucher=voucher,
        orderable=len(kinds) == 1 and not blocked,
    )


def _worth(line: CartLine, offer: OfferForSale) -> int:
    return offer.price_minor * line.quantity if offer.active else 0


def _line(line: CartLine, offer: OfferForSale, discount_minor: int) -> LineShown:
    changed = changes(line, offer)
    return LineShown(
        offer_id=line.offer_id,
        product_id=offer.product_id,
        shop_id=offer.shop_id,
        shop_name=offer.shop_name,
        title=offer.title,
        quantity=line.quantity,
        price_minor=offer.price_minor,
        seen_price_minor=line.seen_price_minor,
        currency=offer.currency,
        goods_minor=_worth(line, offer),
        discount_minor=discount_minor,
        changed=changed,
        left=offer.stock if "not_enough" in changed else None,
    )


def _shop(line: LineShown) -> tuple[int, str, str]:
    return line.shop_id, line.shop_name, line.currency


def _of_shop(key: tuple[int, str, str], lines: Sequence[LineShown]) -> ShopTotal:
    return ShopTotal(*key, *_sums([line for line in lines if _shop(line) == key]))


def _sums(lines: Sequence[LineShown]) -> tuple[int, int, int]:
    """Goods, discount, and what is left to pay."""
    goods_minor = sum(line.goods_minor for line in lines)
    discount_minor = sum(line.discount_minor for line in lines)
    return goods_minor, discount_minor, goods_minor - discount_minor
