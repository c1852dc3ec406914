"""Orders: pure decisions. The states and the moves between them are data."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

import msgspec

from artel.kernel.clock import iso
from artel.orders.orders.model import MoveName, OfferTwice, Standing
from artel.orders.orders.rows import OrderRow, PartRow

# From which state each move leads, and who may make it. What else it needs of the order's parts is in `possible`.
_ANY_SIDE: Final = frozenset[Standing]({"customer", "seller", "staff"})
_SELLERS: Final = frozenset[Standing]({"seller", "staff"})
_SHOPS: Final = frozenset[Standing]({"shop", "staff"})
_CUSTOMER: Final = frozenset[Standing]({"customer"})
_SYSTEM: Final = frozenset[Standing]({"system"})
MOVES: Final[Mapping[MoveName, Mapping[str, frozenset[Standing]]]] = {
    "confirm": {"check_availability": _SHOPS},
    "pay": {"awaiting_payment": _CUSTOMER},
    "cancel": {
        "check_availability": _ANY_SIDE | _SHOPS,  # a shop that cannot deliver says no for the whole order
        "awaiting_payment": _ANY_SIDE,
        "paid": _ANY_SIDE,
        "shipped": _SELLERS,
    },
    "expire": {"check_availability": _SYSTEM, "awaiting_payment": _SYSTEM},
    "ship": {"paid": _SHOPS, "partly_refunded": _SHOPS},
    "complete": {"shipped": _ANY_SIDE, "partly_refunded": _ANY_SIDE},
    "refund": {"paid": _SHOPS, "shipped": _SHOPS, "completed": _SHOPS, "partly_refunded": _SHOPS},
}


def number(order_id: int, placed_us: int) -> str:
    """The order's number for people: `2026-000123`."""
    return f"{iso(placed_us)[:4]}-{order_id:06d}"


def standings(
    account_id: int, platform: bool, own_shops: Collection[int], customer_id: int, shop_ids: Iterable[int]
) -> frozenset[Standing]:
    """What the asker is to the order; empty for a stranger, to whom the order does not exist."""
    theirs = [shop_id in own_shops for shop_id in shop_ids]
    found: set[Standing] = set()
    if account_id == customer_id:
        found.add("customer")
    if platform:
        found.add("staff")
    if any(theirs):
        found.add("shop")
    if theirs and all(theirs):
        found.add("seller")
    return frozenset(found)


def sees_all(asker: frozenset[Standing]) -> bool:
    """Whether the asker sees every part of the order, and its payments."""
    return not asker.isdisjoint(("customer", "seller", "staff", "system"))


def legal(
    order: OrderRow, parts: Sequence[PartRow], own: Collection[int], asker: frozenset[Standing], now_us: int
) -> list[MoveName]:
    """The moves that the asker may make now; `own` are the shops whose parts the asker may move."""
    return [
        move
        for move, sources in MOVES.items()
        if not asker.isdisjoint(sources.get(order.status, ())) and possible(move, order, parts, own, asker, now_us)
    ]


def possible(
    move: MoveName,
    order: OrderRow,
    parts: Sequence[PartRow],
    own: Collection[int],
    asker: frozenset[Standing],
    now_us: int,
) -> bool:
    """Whether the order's parts, its money and the time allow the move that its state and the asker allow."""
    match move:
        case "confirm":
            return not is_over(order, now_us) and any(not part.confirmed_us for part in parts if part.shop_id in own)
        case "pay":
            return not is_over(order, now_us)
        case "expire":
            return is_over(order, now_us)
        case "cancel":  # by the customer until something is on its way
            return not asker.isdisjoint(_SELLERS) or not any(part.shipped_us for part in parts)
        case "ship":
            return not order.completed_us and any(not part.shipped_us for part in parts if part.shop_id in own)
        case "complete":
            return not order.completed_us and not any(map(is_awaited, parts))
        case "refund":
            return any(part.refunded_minor < part.total_minor for part in parts if part.shop_id in own)


def is_awaited(part: PartRow) -> bool:
    """Whether the customer waits for the part: it is not on its way, and not all of its money went back."""
    return not part.shipped_us and not 0 < part.total_minor == part.refunded_minor


def is_over(order: OrderRow, now_us: int) -> bool:
    """Whether the time is over for which its stock is held."""
    return 0 < order.expires_us <= now_us


def after_refund(order: OrderRow, refunded_minor: int) -> OrderRow:
    """The order after so much more of it was promised back."""
    refunded = order.refunded_minor + refunded_minor
    status = "refunded" if refunded == order.total_minor else "partly_refunded"
    return msgspec.structs.replace(order, status=status, refunded_minor=refunded)


def refuse_twice(offer_ids: Iterable[int]) -> None:
    """Raises OfferTwice."""
    seen: set[int] = set()
    for offer_id in offer_ids:
        if offer_id in seen:
            raise OfferTwice(offer_id=offer_id)
        seen.add(offer_id)
