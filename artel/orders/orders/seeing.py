"""Who sees an order, and what of it the asker may move."""

from collections.abc import Sequence

from msgspec import Struct

from artel.db import Query, Read
from artel.kernel.actor import PLATFORM, Actor
from artel.kernel.clock import iso
from artel.orders.orders import queries, rules
from artel.orders.orders.model import MoveIllegal, MoveName, OrderUnknown, Standing, TimeOver
from artel.orders.orders.rows import EventRow, OrderRow, PartRow
from artel.shop.shops import service as shops


class Seen(Struct, frozen=True):
    """An order, what the asker is to it, and the shops whose parts the asker may move."""

    order: OrderRow
    parts: Sequence[PartRow]
    asker: frozenset[Standing]
    own: frozenset[int]

    @property
    def whole(self) -> bool:
        """Whether the asker sees every part."""
        return rules.sees_all(self.asker)

    @property
    def shop_ids(self) -> list[int]:
        """The shops of the order."""
        return [part.shop_id for part in self.parts]

    @property
    def own_parts(self) -> list[PartRow]:
        """The parts that the asker may move."""
        return [part for part in self.parts if part.shop_id in self.own]

    def legal(self, now_us: int) -> list[MoveName]:
        """What the asker may do with the order now."""
        return rules.legal(self.order, self.parts, self.own, self.asker, now_us)


async def see(tx: Read, who: Actor, order_id: int) -> Seen:
    """The order, for its customer, the members of its shops, and the staff. Raises OrderUnknown for all others.

    Two statements, three for who is neither the customer nor staff.
    """
    return await _seen(tx, who, order_id, queries.BY_ID)


async def hold(tx: Read, who: Actor, order_id: int) -> Seen:
    """The same in a transaction that will move the order: nobody else moves it meanwhile. Raises OrderUnknown."""
    return await _seen(tx, who, order_id, queries.BY_ID_LOCKED)


async def _seen(tx: Read, who: Actor, order_id: int, query: Query[OrderRow]) -> Seen:
    order = await tx.one(query, order_id=order_id)
    if order is None:
        raise OrderUnknown(order_id=order_id)
    parts = await tx.all(queries.PARTS, order_id=order_id)
    shop_ids = [part.shop_id for part in parts]
    platform = who.is_any(PLATFORM)
    members = frozenset() if platform else frozenset(await shops.shop_ids_of(tx, who.account_id))
    asker = rules.standings(who.account_id, platform, members, order.account_id, shop_ids)
    if not asker:
        raise OrderUnknown(order_id=order_id)
    return Seen(order, parts, asker, frozenset(shop_ids if platform else members.intersection(shop_ids)))


async def check(tx: Read, who: Actor, seen: Seen, move: MoveName) -> None:
    """Refuse a move that the asker may not make now. Raises TimeOver, or MoveIllegal, which says what came before."""
    legal = seen.legal(tx.now_us)
    if move in legal:
        return
    if move in ("confirm", "pay") and rules.is_over(seen.order, tx.now_us):
        raise TimeOver(order_id=seen.order.id, at=iso(seen.order.expires_us))
    last = await tx.one(queries.LAST_EVENT, order_id=seen.order.id)
    assert last is not None, "the first event is written with the order"
    raise MoveIllegal(
        move=move,
        order_id=seen.order.id,
        status=seen.order.status,
        at=iso(last.at_us),
        by=_by(last, who, seen.order),
        legal=", ".join(legal) or "nothing",
    )


def _by(event: EventRow, who: Actor, order: OrderRow) -> str:
    """Who made the last move, in words that tell no other account."""
    if event.account_id is None:
        return "Artel"
    if event.account_id == who.account_id:
        return "you"
    return "the customer" if event.account_id == order.account_id else "the seller"
