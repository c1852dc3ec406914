"""Delivery methods: use cases."""

from collections.abc import Mapping

import msgspec

from artel.db import Query, Read, Write, numbers
from artel.kernel.actor import Actor
from artel.kernel.page import Cut, Page, page
from artel.kernel.versions import changed, refuse_stale
from artel.orders.delivery import queries, rules
from artel.orders.delivery.model import (
    Chosen,
    Method,
    MethodCurrency,
    MethodEdit,
    MethodFilter,
    MethodRow,
    MethodStale,
    MethodUnknown,
    MethodWanted,
    NothingToDeliver,
)
from artel.shop.shops import service as shops

# --- for placing an order


async def chosen(tx: Read, choices: Mapping[int, int], goods: Mapping[int, int], currency: str) -> dict[int, Chosen]:
    """What the chosen method (by shop) costs for the goods (by shop, at their prices, before a voucher).

    One statement for any number; none when nothing is chosen. A shop without a choice delivers nothing: the customer
    fetches the goods there. Raises MethodUnknown, MethodCurrency, NothingToDeliver.
    """
    if not choices:
        return {}
    rows = await tx.all(queries.CHOSEN, method_ids=numbers(sorted(set(choices.values()))))
    methods = {row.id: row for row in rows}
    found = {}
    for shop_id, method_id in sorted(choices.items()):
        if shop_id not in goods:
            raise NothingToDeliver(shop_id=shop_id)
        method = methods.get(method_id)
        if method is None or method.shop_id != shop_id:
            raise MethodUnknown(shop_id=shop_id, method_id=method_id)
        if method.currency != currency:
            raise MethodCurrency(method_id=method_id, currency=method.currency, wanted=currency)
        found[shop_id] = Chosen(method.id, method.name, rules.price(method, goods[shop_id]))
    return found


# --- for everybody


async def methods(tx: Read, who: Actor, shop_id: int, query: MethodFilter) -> Page[Method]:
    """How a shop delivers, oldest method first. The withdrawn ones are shown to who edits the shop.

    Raises ShopUnknown, NotYourShop.
    """
    if query.withdrawn:
        await shops.check_editor(tx, who, shop_id)
    else:
        await shops.get(tx, shop_id)
    cut = Cut(query.limit, query.after)
    rows = await tx.all(
        queries.LIST,
        shop_id=shop_id,
        active=int(not query.withdrawn),
        after_id=cut.key(0),
        row_limit=cut.limit + 1,
    )
    return page([rules.shown(row) for row in rows], cut, "id")


async def get(tx: Read, shop_id: int, method_id: int) -> Method:
    """One delivery method, a withdrawn one too: an order may name it. Raises MethodUnknown."""
    return rules.shown(await _there(tx, queries.BY_ID, shop_id, method_id))


# --- for who edits the shop


async def make(tx: Write, who: Actor, shop_id: int, body: MethodWanted) -> Method:
    """Offer another way to deliver, priced in the shop's currency. Raises ShopUnknown, NotYourShop."""
    shop = await shops.check_editor(tx, who, shop_id)
    row = await tx.one(
        queries.MAKE,
        shop_id=shop_id,
        name=body.name,
        description=body.description,
        price_minor=body.price_minor,
        currency=shop.currency,
        free_from_minor=body.free_from_minor,
        now_us=tx.now_us,
    )
    assert row is not None, "an insert answers with its row"
    return rules.shown(row)


async def edit(tx: Write, who: Actor, shop_id: int, method_id: int, body: MethodEdit, if_match: int | None) -> Method:
    """Change the given fields; `active: false` withdraws the method. Orders that chose it keep its name and price.

    Raises ShopUnknown, NotYourShop, MethodUnknown, MethodStale.
    """
    await shops.check_editor(tx, who, shop_id)
    row = await _there(tx, queries.BY_ID_LOCKED, shop_id, method_id)
    method = rules.shown(row)
    refuse_stale(MethodStale, if_match, method, body)
    changes = changed(method, body)
    if not changes:
        return method
    new = msgspec.structs.replace(method, **changes)
    written = await tx.one(
        queries.EDIT,
        method_id=row.id,
        new_name=new.name,
        new_description=new.description,
        new_price_minor=new.price_minor,
        new_free_from_minor=new.free_from_minor,
        new_active=int(new.active),
        now_us=tx.now_us,
    )
    assert written is not None, "the row is locked since it was read"
    return rules.shown(written)


async def _there(tx: Read, query: Query[MethodRow], shop_id: int, method_id: int) -> MethodRow:
    row = await tx.one(query, shop_id=shop_id, method_id=method_id)
    if row is None:
        raise MethodUnknown(shop_id=shop_id, method_id=method_id)
    return row
