"""Offers: use cases."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from artel.db import Read, Write, emit, emit_all, numbers, violating
from artel.db.listed import rows
from artel.kernel.actor import Actor
from artel.kernel.errors import Refusal
from artel.kernel.page import NEWEST, Cut, Page, page
from artel.kernel.versions import changed, refuse_stale
from artel.shop.offers import facets as counting
from artel.shop.offers import listing, queries, rules
from artel.shop.offers.model import (
    STOCK_MAX,
    CatalogueLine,
    Facets,
    NotEnoughStock,
    Offer,
    OfferEdit,
    OfferExists,
    OfferFilter,
    OfferForSale,
    OfferList,
    OfferPage,
    OfferRow,
    OfferStale,
    OfferUnknown,
    OfferWanted,
    Price,
    PriceChanged,
    Sort,
    StockLow,
    StockTooLarge,
    StockWanted,
    SuggestionQuery,
    Suggestions,
)
from artel.shop.products import service as products
from artel.shop.products.model import ProductUnknown
from artel.shop.search import service as search
from artel.shop.search.model import Found
from artel.shop.shops import service as shops
from artel.shop.shops.model import ShopUnknown

NOTHING: Final = Found([])

# --- one offer


async def get(tx: Read, offer_id: int) -> Offer:
    """One offer, withdrawn or not, with what is shown of its product and shop. One statement. Raises OfferUnknown."""
    return rules.shown(await _there(tx, offer_id))


async def create(tx: Write, who: Actor, shop_id: int, body: OfferWanted) -> Offer:
    """Offer a product in a shop, for its members and the owners.

    Raises ShopUnknown, NotYourShop, ProductUnknown, OfferExists, CompareAtTooLow.
    """
    return await get(tx, (await create_all(tx, who, [(shop_id, body)]))[0])


def check(body: OfferWanted) -> None:
    """Refuse an offer that contradicts itself. Raises CompareAtTooLow."""
    rules.check_compare_at(body.price_minor, body.compare_at_minor)


async def create_all(tx: Write, who: Actor, wanted: Sequence[tuple[int, OfferWanted]]) -> list[int]:
    """Offer products in shops, by their ids; answers the offers' ids. A thousand cost five statements and their rows.

    Raises like `create`.
    """
    terms = await shops.check_editors(tx, who, (shop_id for shop_id, _ in wanted))
    for _, body in wanted:
        check(body)
    offered = [rules.entered(place, terms[shop_id], body) for place, (shop_id, body) in enumerate(wanted)]
    product_ids = [body.product_id for _, body in wanted]
    exists = OfferExists(product_id=product_ids[0] if len(wanted) == 1 else " or ".join(map(str, product_ids)))
    with violating("offers_shop_product_uq", exists):
        ids = sorted(await tx.all(queries.CREATE, wanted=rows(offered), now_us=tx.now_us))
    if len(ids) < len(wanted):
        living = await products.look(tx, product_ids)
        raise ProductUnknown(product=next(each for each in product_ids if each not in living))
    prices = [
        _kept(tx.now_us, who, offer_id, terms[shop_id].currency, body.price_minor, body.compare_at_minor or 0)
        for offer_id, (shop_id, body) in zip(ids, wanted, strict=True)
    ]
    await tx.many(queries.ADD_PRICE, prices)
    return ids


async def edit(tx: Write, who: Actor, offer_id: int, body: OfferEdit, if_match: int | None) -> Offer:
    """Change the given fields, for members of the shop and owners.

    Raises OfferUnknown, NotYourShop, OfferStale, CompareAtTooLow.
    """
    row = await _to_edit(tx, who, offer_id)
    refuse_stale(OfferStale, if_match, rules.shown(row), body)
    await _change(tx, who, [(row, body)])
    return await get(tx, offer_id)


async def edit_all(tx: Write, who: Actor, edits: Mapping[int, OfferEdit], stocks: Mapping[int, int]) -> None:
    """Change offers, and set the stock of offers, by their ids. A thousand cost eight statements and their rows.

    Raises OfferUnknown, NotYourShop, CompareAtTooLow.
    """
    offer_ids = sorted({*edits, *stocks})
    if not offer_ids:
        return
    await tx.all(queries.LOCK_ALL, offer_ids=numbers(offer_ids))
    there = {row.id: row for row in await tx.all(queries.AMONG, offer_ids=numbers(offer_ids))}
    for offer_id in offer_ids:
        if offer_id not in there:
            raise OfferUnknown(offer_id=offer_id)
    await shops.check_editors(tx, who, {row.shop_id for row in there.values()})
    await _change(tx, who, [(there[offer_id], body) for offer_id, body in edits.items()])
    await tx.many(queries.SET_STOCK, [{"offer_id": each, "new_stock": stock} for each, stock in stocks.items()])


async def _change(tx: Write, who: Actor, edits: Iterable[tuple[OfferRow, OfferEdit]]) -> None:
    """Write what really changes of offers that are locked, and tell of new prices. Raises CompareAtTooLow."""
    written: list[dict[str, int]] = []
    kept: list[dict[str, Any]] = []
    told: list[PriceChanged] = []
    for row, body in edits:
        offer = rules.shown(row)
        changes = changed(offer, body)
        if not changes:
            continue
        new = msgspec.structs.replace(offer, **changes)
        rules.check_compare_at(new.price_minor, new.compare_at_minor)
        price_minor, compare_at_minor = new.price_minor, new.compare_at_minor or 0
        prices = {"new_price_minor": price_minor, "new_compare_at_minor": compare_at_minor}
        # A change that waited for another began before it, and did not happen before it.
        at_us = max(tx.now_us, row.updated_us + 1)
        written.append({"offer_id": row.id, "new_active": int(new.active), "now_us": at_us, **prices})
        if changes.keys() & {"price_minor", "compare_at_minor"}:
            kept.append(_kept(at_us, who, row.id, row.currency, price_minor, compare_at_minor))
            was = row.price_minor, price_minor, row.compare_at_minor, compare_at_minor
            told.append(PriceChanged(row.id, row.shop_id, who.account_id, row.currency, *was))
    await tx.many(queries.EDIT, written)
    await tx.many(queries.ADD_PRICE, kept)
    await emit_all(tx, told)


async def withdraw(tx: Write, who: Actor, offer_id: int) -> None:
    """Sell an offer no more; it can be made active again. Raises OfferUnknown, NotYourShop."""
    await _to_edit(tx, who, offer_id)
    await tx.run(queries.WITHDRAW, offer_id=offer_id, now_us=tx.now_us)


async def set_stock(tx: Write, who: Actor, offer_id: int, body: StockWanted) -> Offer:
    """Set the stock as it was counted, or add what came or went: never below 0, and without a version of its own.

    Raises OfferUnknown, NotYourShop, NotEnoughStock, StockTooLarge.
    """
    rules.check_one_of_two(body)
    row = await _to_edit(tx, who, offer_id)
    if body.add is msgspec.UNSET:
        await tx.run(queries.SET_STOCK, offer_id=offer_id, new_stock=body.stock)
    elif not await tx.run(queries.ADD_STOCK, offer_id=offer_id, more=body.add):
        if body.add > 0:
            raise StockTooLarge(limit=STOCK_MAX)
        raise NotEnoughStock(offer_id=offer_id, title=row.title, left=row.stock, wanted=-body.add)
    return rules.shown(await _there(tx, offer_id))


async def prices(tx: Read, offer_id: int, query: Cut) -> Page[Price]:
    """Every price that the offer had, the present one first. Raises OfferUnknown."""
    await _there(tx, offer_id)
    found = await tx.all(queries.PRICES, offer_id=offer_id, before_id=query.key(NEWEST), row_limit=query.limit + 1)
    return page([rules.price_shown(row) for row in found], query, "id")


async def of_shop(tx: Read, who: Actor, shop_id: int, query: Cut) -> Page[Offer]:
    """Every offer of a shop, withdrawn ones too, for its members and owners. Raises ShopUnknown, NotYourShop."""
    await shops.check_editor(tx, who, shop_id)
    found = await tx.all(queries.OF_SHOP, shop_id=shop_id, after_id=query.key(0), row_limit=query.limit + 1)
    return page([rules.shown(row) for row in found], query, "id")


async def catalogue(tx: Read, shop_id: int, query: Cut) -> Page[CatalogueLine]:
    """What can be bought in a shop, by id. Raises ShopUnknown, for a closed shop too."""
    shop = (await shops.terms_of(tx, [shop_id])).get(shop_id)
    if shop is None or shop.closed_us:
        raise ShopUnknown(shop=shop_id)
    found = await tx.all(queries.CATALOGUE, shop_id=shop_id, after_id=query.key(0), row_limit=query.limit + 1)
    return page(found, query, "id")


async def _there(tx: Read, offer_id: int) -> OfferRow:
    row = await tx.one(queries.BY_ID, offer_id=offer_id)
    if row is None:
        raise OfferUnknown(offer_id=offer_id)
    return row


async def _to_edit(tx: Write, who: Actor, offer_id: int) -> OfferRow:
    """The offer, locked: nobody edits it or sells of it until the end of the transaction."""
    await tx.one(queries.LOCK, offer_id=offer_id)
    row = await _there(tx, offer_id)
    await shops.check_editor(tx, who, row.shop_id)
    return row


def _kept(
    at_us: int, who: Actor, offer_id: int, currency: str, price_minor: int, compare_at_minor: int
) -> dict[str, Any]:
    """The price that was just set, as its history has it; every way to set one comes here."""
    return {
        "offer_id": offer_id,
        "price_minor": price_minor,
        "compare_at_minor": compare_at_minor,
        "currency": currency,
        "now_us": at_us,
        "account_id": who.account_id or None,
    }


# --- lists


async def list_offers(tx: Read, query: OfferList) -> OfferPage:
    """Offers that can be bought, filtered and sorted, by keyset: what is added meanwhile doubles and hides nothing.

    One statement as a rule; a second when a filter leaves few offers, a third to compare several filters. Words to
    search for cost one more, or three when they are mistyped.
    """
    order = rules.order_of(query)
    place = rules.place_of(query, order)
    found = await search.find(tx, query.q) if query.q else NOTHING
    if query.q and not found.hits:
        return OfferPage([], None, found.corrected)
    if order == "relevance":
        return await _by_relevance(tx, query, found, place)
    filters = rules.filters_of(query) | ({"after"} if place else set())
    params = _params(query, found) | {"row_limit": query.limit + 1}
    if place:
        params |= {"after_value": place[0], "after_id": place[1]}
    return _page(await _in_order(tx, filters, order, params), query, order, found)


async def facets(tx: Read, query: OfferFilter) -> Facets:
    """Which values the offers have that such a list shows, and how often. At most four statements of bounded cost."""
    found = await search.find(tx, query.q) if query.q else NOTHING
    filters, params = rules.filters_of(query), _params(query, found)
    by = await _fewest(tx, filters, listing.ways(filters, "newest"), params)
    tallies = await tx.all(counting.counting(filters, by), **params)
    return rules.facets(tallies, counting.LOOKED_AT_MAX, found.corrected)


async def suggest(tx: Read, query: SuggestionQuery) -> Suggestions:
    """Titles and authors of what can be bought that go on as the words do, mistyped ones too.

    Two statements, four when nothing is called as it was typed; the best fifty products are looked at.
    """
    found = await search.find(tx, query.q)
    ranked = rows((hit.product_id, place) for place, hit in enumerate(found.hits[: rules.SUGGESTED_OF]))
    named = await tx.all(queries.NAMED, ranked=ranked) if found.hits else []
    return Suggestions(rules.suggestions(named, query.q, found.corrected), found.corrected)


async def _in_order(tx: Read, filters: frozenset[str], order: Sort, params: dict[str, Any]) -> list[OfferRow]:
    ways = listing.ways(filters, order)
    if not ways:
        return await tx.all(listing.straight(filters, order), **params)
    if ways[0] in ("q", "author"):  # these leave few
        return await tx.all(listing.gather(filters, order, ways[0]), **params)
    walked = await tx.all(listing.walk(filters, order), **params)
    if len(walked) == params["row_limit"]:
        return walked
    by = await _fewest(tx, filters, ways, params)
    return await tx.all(listing.gather(filters, order, by), **params)


async def _fewest(tx: Read, filters: frozenset[str], ways: list[str], params: dict[str, Any]) -> str:
    """The filter that leaves the fewest offers; '' when there is none to choose."""
    if not ways or ways[0] in ("q", "author"):
        return ways[0] if ways else ""
    if len(ways) == 1:
        return ways[0]
    left = await tx.all(listing.comparison(tuple(ways), filters - {"after"}), **params)
    return min(left, key=lambda each: (each.count, ways.index(each.by))).by


async def _by_relevance(tx: Read, query: OfferList, found: Found, place: tuple[Any, ...] | None) -> OfferPage:
    score, product_id, offer_id = place or (0, 0, 0)
    hits = [hit for hit in found.hits if not place or (-hit.score, -hit.product_id) >= (-score, -product_id)]
    first = 0 if place and hits and hits[0].product_id == product_id else 1  # the product that the last page ended in
    ranked = rows((hit.product_id, number) for number, hit in enumerate(hits, first))
    params = _params(query, found) | {"ranked": ranked, "after_id": offer_id, "row_limit": query.limit + 1}
    shown = await tx.all(listing.ranked(rules.filters_of(query)), **params)
    return _page(shown, query, "relevance", found)


def _params(query: OfferFilter, found: Found) -> dict[str, Any]:
    given = {name: getattr(query, name) for name in rules.filters_of(query)}
    return given | {"product_ids": numbers(hit.product_id for hit in found.hits)}


def _page(found_rows: list[OfferRow], query: OfferList, order: Sort, found: Found) -> OfferPage:
    shown, following = found_rows[: query.limit], None
    if len(found_rows) > query.limit:
        scores = {hit.product_id: hit.score for hit in found.hits}
        following = rules.cursor_of(shown[-1], order, scores.get(shown[-1].product_id, 0))
    return OfferPage([rules.shown(row) for row in shown], following, found.corrected, found.capped)


# --- selling: for carts and orders


async def look(tx: Read, offer_ids: Iterable[int]) -> dict[int, OfferForSale]:
    """The offers of these ids with the terms of their shops, withdrawn ones too. One statement for any number."""
    return {row.id: row for row in await tx.all(queries.LOOK, offer_ids=numbers(offer_ids))}


async def take(tx: Write, wanted: Sequence[tuple[int, int]]) -> dict[int, OfferForSale]:
    """Take copies out of stock: pairs of an offer's id and a quantity. Answers the offers as they are sold now.

    A conditional update for each offer, in the order of their ids, so that two buyers never wait for each other in a
    circle, and one statement for all the terms. All or nothing, since a refusal undoes the transaction.
    Raises OfferUnknown, NotEnoughStock.
    """
    quantities = rules.summed(wanted)
    for offer_id, quantity in quantities:
        if not await tx.run(queries.TAKE, offer_id=offer_id, quantity=quantity):
            raise await _why_not(tx, offer_id, quantity)
    sold = await look(tx, (offer_id for offer_id, _ in quantities))
    for offer_id, quantity in quantities:
        offer = sold[offer_id]
        if offer.stock <= offer.low_stock < offer.stock + quantity:
            await emit(tx, StockLow(offer_id, offer.shop_id, offer.title, offer.stock))
    return sold


async def give_back(tx: Write, returned: Sequence[tuple[int, int]]) -> None:
    """Put copies back into stock, withdrawn offers' too: pairs of an offer's id and a quantity."""
    quantities = rules.summed(returned)
    await tx.many(queries.GIVE_BACK, [{"offer_id": each, "quantity": quantity} for each, quantity in quantities])


async def _why_not(tx: Read, offer_id: int, quantity: int) -> Refusal:
    offer = (await look(tx, [offer_id])).get(offer_id)
    if offer is None or not offer.active:
        return OfferUnknown(offer_id=offer_id)
    left = min(offer.stock, quantity - 1)  # what came back since it was refused is for the next try
    return NotEnoughStock(offer_id=offer_id, title=offer.title, left=left, wanted=quantity)
