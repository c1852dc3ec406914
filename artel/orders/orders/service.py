"""Orders: placing one, and looking at them. What happens to an order afterwards is in moves.py."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from artel.db import Database, Read, Write, numbers
from artel.kernel.actor import PLATFORM, Actor
from artel.kernel.clock import US
from artel.kernel.moments import span_us
from artel.kernel.page import NEWEST, Cut, Page, page
from artel.orders.carts import service as carts
from artel.orders.delivery import service as delivery
from artel.orders.delivery.model import Chosen
from artel.orders.orders import amounts, history, money, queries, rules, seeing, views
from artel.orders.orders.amounts import Delivery, Priced, Sums
from artel.orders.orders.model import (
    AllOrdersDenied,
    CurrenciesMixed,
    Happened,
    Listed,
    NothingOrdered,
    Order,
    OrderFilter,
    Placing,
    Purchase,
    SheetFilter,
    Terms,
    TotalChanged,
)
from artel.orders.orders.queries import Scope
from artel.orders.orders.rows import LineRow, OrderRow, PartRow, SheetRow
from artel.orders.orders.seeing import Seen
from artel.orders.vouchers import service as vouchers
from artel.payments import service as payments
from artel.shop.offers import service as offers
from artel.shop.offers.model import OfferForSale
from artel.shop.shops import service as shops
from artel.shop.shops.model import NotYourShop

SHEET_PAGE: Final = 500  # rows of one statement of an export

# --- placing


async def place(tx: Write, who: Actor, body: Placing, terms: Terms) -> Order:
    """Order the given lines, or what is in the cart: prices are frozen, copies taken, and held for a while.

    All of it happens or nothing. Raises NothingOrdered, OfferTwice, CurrenciesMixed, TotalChanged, TotalTooLarge, and
    what offers, vouchers and delivery methods refuse.
    """
    wanted = await _wanted(tx, who, body)
    sold = await offers.take(tx, wanted)
    currency = _one_currency(sold)
    lines = [_priced(sold[offer_id], quantity) for offer_id, quantity in wanted]
    chosen = await _chosen(tx, body, lines, currency)
    deliveries = await _taxed(tx, chosen)
    sums = amounts.of_parts(lines, deliveries)
    confirms = any(offer.confirms for offer in sold.values())
    draft = _draft(tx, who, body, terms, currency, amounts.together(sums.values()), confirms=confirms)
    order_id = await tx.one(queries.PLACE, **_inserted(draft))
    assert order_id is not None, "an insert answers with its row"
    order = msgspec.structs.replace(draft, id=order_id)
    if body.voucher:
        goods = [(line.shop_id, line.price_minor * line.quantity) for line in lines]
        each = await vouchers.redeem(tx, body.voucher, who.account_id, order_id, currency, goods)
        lines = [msgspec.structs.replace(line, discount_minor=minor) for line, minor in zip(lines, each, strict=True)]
        sums = amounts.of_parts(lines, deliveries)
        order = await _discounted(tx, order, amounts.together(sums.values()))
    if body.expect_total_minor not in (None, order.total_minor):
        raise TotalChanged(
            total_minor=order.total_minor, expected_minor=body.expect_total_minor, currency=order.currency
        )
    of_shop = {offer.shop_id: offer for offer in sold.values()}
    kept = {shop_id: _commission(of_shop[shop_id], each, deliveries.get(shop_id)) for shop_id, each in sums.items()}
    part_rows = [
        _part(order, of_shop[shop_id], each, chosen.get(shop_id), kept[shop_id]) for shop_id, each in sums.items()
    ]
    line_rows = [_line(order, sold[offer_id], line) for (offer_id, _), line in zip(wanted, lines, strict=True)]
    await tx.many(queries.ADD_PART, [msgspec.structs.asdict(row) for row in part_rows])
    await tx.many(queries.ADD_LINE, [_inserted(row) for row in line_rows])
    await history.begin(tx, order, list(sums), who)
    order = await history.pay_nothing(tx, order, list(sums))
    # What else the customer may be to the order, a member of its shop perhaps, is not looked up for this answer.
    seen = Seen(order, part_rows, frozenset({"customer"}), frozenset())
    return views.order(seen, line_rows, [], tx.now_us)


async def _wanted(tx: Write, who: Actor, body: Placing) -> list[tuple[int, int]]:
    if body.lines is None:
        lines = await carts.take_lines(tx, who.account_id)
        if not lines:
            raise NothingOrdered
        return [(line.offer_id, line.quantity) for line in lines]
    rules.refuse_twice(line.offer_id for line in body.lines)
    return [(line.offer_id, line.quantity) for line in body.lines]


def _one_currency(sold: Mapping[int, OfferForSale]) -> str:
    currencies = sorted({offer.currency for offer in sold.values()})
    if len(currencies) > 1:
        raise CurrenciesMixed(currencies=", ".join(currencies))
    return currencies[0]


def _priced(offer: OfferForSale, quantity: int) -> Priced:
    return Priced(offer.shop_id, quantity, offer.price_minor, offer.tax_bp, offer.tax_included)


async def _chosen(tx: Read, body: Placing, lines: Sequence[Priced], currency: str) -> dict[int, Chosen]:
    goods: Counter[int] = Counter()
    for line in lines:
        goods[line.shop_id] += line.price_minor * line.quantity
    return await delivery.chosen(tx, body.deliveries, goods, currency)


async def _taxed(tx: Read, chosen: Mapping[int, Chosen]) -> dict[int, Delivery]:
    """The deliveries that cost something, with the rate of their shop."""
    costly = {shop_id: each.price_minor for shop_id, each in chosen.items() if each.price_minor}
    if not costly:
        return {}
    terms = await shops.terms_of(tx, costly)
    return {
        shop_id: Delivery(price_minor, terms[shop_id].tax_bp, terms[shop_id].tax_included)
        for shop_id, price_minor in costly.items()
    }


def _draft(tx: Read, who: Actor, body: Placing, terms: Terms, currency: str, sums: Sums, *, confirms: bool) -> OrderRow:
    """The order's row but for its id."""
    hold_s = terms.confirm_s if confirms else terms.hold_s
    return OrderRow(
        id=0,
        account_id=who.account_id,
        status="check_availability" if confirms else "awaiting_payment",
        currency=currency,
        goods_minor=sums.goods_minor,
        discount_minor=sums.discount_minor,
        delivery_minor=sums.delivery_minor,
        tax_minor=sums.tax_minor,
        tax_added_minor=sums.tax_added_minor,
        total_minor=sums.total_minor,
        refunded_minor=0,
        address=body.address,
        note=body.note,
        voucher_code=body.voucher or "",
        placed_us=tx.now_us,
        expires_us=tx.now_us + hold_s * US,
        paid_us=0,
        completed_us=0,
        updated_us=tx.now_us,
        version=1,
    )


def _inserted(row: OrderRow | LineRow) -> dict[str, Any]:
    """The row's columns without the id, which the database gives."""
    columns = msgspec.structs.asdict(row)
    del columns["id"]
    return columns


async def _discounted(tx: Write, order: OrderRow, sums: Sums) -> OrderRow:
    """The order's row with what the voucher takes off: a use of it needs the order to be there first."""
    await tx.run(
        queries.DISCOUNT,
        order_id=order.id,
        new_discount_minor=sums.discount_minor,
        new_tax_minor=sums.tax_minor,
        new_tax_added_minor=sums.tax_added_minor,
        new_total_minor=sums.total_minor,
    )
    return msgspec.structs.replace(
        order,
        discount_minor=sums.discount_minor,
        tax_minor=sums.tax_minor,
        tax_added_minor=sums.tax_added_minor,
        total_minor=sums.total_minor,
    )


def _commission(offer: OfferForSale, sums: Sums, costs: Delivery | None) -> int:
    """What the platform keeps of the part of the offer's shop."""
    delivery_minor = amounts.of_delivery(costs).total_minor if costs else 0
    return money.commission(sums.total_minor - delivery_minor, offer.commission_bp)


def _part(order: OrderRow, offer: OfferForSale, sums: Sums, how: Chosen | None, commission_minor: int) -> PartRow:
    """The part of a shop that one of its offers tells the terms of."""
    return PartRow(
        order_id=order.id,
        shop_id=offer.shop_id,
        shop_name=offer.shop_name,
        delivery_method_id=how.method_id if how else None,
        delivery_name=how.name if how else "",
        goods_minor=sums.goods_minor,
        discount_minor=sums.discount_minor,
        delivery_minor=sums.delivery_minor,
        tax_minor=sums.tax_minor,
        tax_added_minor=sums.tax_added_minor,
        total_minor=sums.total_minor,
        refunded_minor=0,
        confirmed_us=0 if offer.confirms else order.placed_us,
        shipped_us=0,
        tracking="",
        commission_bp=offer.commission_bp,
        commission_minor=commission_minor,
        commission_refunded_minor=0,
    )


def _line(order: OrderRow, offer: OfferForSale, line: Priced) -> LineRow:
    return LineRow(
        id=0,
        order_id=order.id,
        shop_id=offer.shop_id,
        offer_id=offer.id,
        title=offer.title,
        quantity=line.quantity,
        price_minor=line.price_minor,
        discount_minor=line.discount_minor,
        tax_bp=line.tax_bp,
        tax_minor=amounts.of_line(line).tax_minor,
        refunded_quantity=0,
    )


# --- looking


async def get(tx: Read, who: Actor, order_id: int) -> Order:
    """An order, or the asker's parts of it. At most five statements. Raises OrderUnknown."""
    seen = await seeing.see(tx, who, order_id)
    lines = await tx.all(queries.LINES, order_id=order_id)
    paid = await payments.brief_of_order(tx, order_id) if seen.whole else []
    return views.order(seen, lines, paid, tx.now_us)


async def list_orders(tx: Read, who: Actor, query: OrderFilter) -> Page[Listed]:
    """Orders, the newest first: three statements at most.

    Raises ShopUnknown, NotYourShop, AllOrdersDenied.
    """
    scope, given = await _scope(tx, who, query)
    cut = Cut(query.limit, query.after)
    rows = await tx.all(queries.LISTS[scope], **given, before_id=cut.key(NEWEST), row_limit=cut.limit + 1)
    return page([views.listed(row) for row in rows], cut, "id")


async def purchases(tx: Read, who: Actor, query: Cut) -> Page[Purchase]:
    """The orders that the asker placed, with what was bought, the newest first. Two statements."""
    _, given = await _scope(tx, who, OrderFilter())
    rows = await tx.all(queries.LISTS["mine"], **given, before_id=query.key(NEWEST), row_limit=query.limit + 1)
    cut = page(rows, query, "id")
    lines = await tx.all(queries.LINES_OF_ORDERS, order_ids=numbers(row.id for row in cut.items))
    return Page([views.purchase(row, lines) for row in cut.items], cut.next)


async def happened(tx: Read, who: Actor, order_id: int, query: Cut) -> Page[Happened]:
    """The order's history, the oldest first. Of other shops' parts nothing is told. Raises OrderUnknown."""
    seen = await seeing.see(tx, who, order_id)
    rows = await tx.all(queries.HISTORY, order_id=order_id, after_id=query.key(0), row_limit=query.limit + 1)
    cut = page(rows, query, "id")
    shown = [
        views.happened(row, whole=seen.whole) for row in cut.items if seen.whole or row.shop_id in (None, *seen.own)
    ]
    return Page(shown, cut.next)


async def sheet(db: Database, who: Actor, query: SheetFilter) -> AsyncIterator[list[SheetRow]]:
    """The orders' parts as rows of a spreadsheet, oldest first, page by page.

    Raises ShopUnknown, NotYourShop, AllOrdersDenied.
    """
    return _pages(db, who, query, await db.read(_page, who, query, None))


async def _pages(db: Database, who: Actor, query: SheetFilter, first: list[SheetRow]) -> AsyncIterator[list[SheetRow]]:
    rows = first
    while rows:
        yield rows
        rows = await db.read(_page, who, query, rows[-1])


async def _page(tx: Read, who: Actor, query: SheetFilter, after: SheetRow | None) -> list[SheetRow]:
    scope, given = await _scope(tx, who, query)
    return await tx.all(
        queries.SHEETS[scope],
        **given,
        after_order_id=after.order_id if after else 0,
        after_shop_id=after.shop_id if after else 0,
        row_limit=SHEET_PAGE,
    )


async def sheet_size(tx: Read, who: Actor, query: SheetFilter) -> int:
    """How many rows there are. Raises ShopUnknown, NotYourShop, AllOrdersDenied."""
    scope, given = await _scope(tx, who, query)
    return await tx.one(queries.SIZES[scope], **given) or 0


async def _scope(tx: Read, who: Actor, query: OrderFilter | SheetFilter) -> tuple[Scope, dict[str, Any]]:
    """Whose orders are meant, and the parameters of the statement. Raises ShopUnknown, NotYourShop, AllOrdersDenied."""
    platform = who.is_any(PLATFORM)
    from_us, to_us = span_us(query.from_at, query.to_at)
    given = {"from_us": from_us, "to_us": to_us, "status": query.status or ""}
    if query.shop is not None:
        if platform:
            await shops.get(tx, query.shop)
        elif query.shop not in await shops.shop_ids_of(tx, who.account_id):
            raise NotYourShop(shop=query.shop)
        return "shop", given | {"shop_id": query.shop}
    if query.whose == "mine":
        return "mine", given | {"account_id": who.account_id}
    if not platform:
        raise AllOrdersDenied
    return "all", given
