"""Shops: use cases."""

from collections.abc import Iterable

import msgspec

from artel.accounts import service as accounts
from artel.db import Query, Read, Write, emit, numbers, violating
from artel.db.listed import rows
from artel.db.statement import starting_with
from artel.kernel.actor import Actor
from artel.kernel.page import Cut, Page, page
from artel.kernel.text import folded, slug_for
from artel.kernel.versions import changed, refuse_stale
from artel.shop.shops import queries, rules
from artel.shop.shops.model import (
    Closed,
    Commission,
    Edited,
    Member,
    MemberAdded,
    MemberRemoved,
    MemberUnknown,
    NotYourShop,
    Opened,
    Shop,
    ShopEdit,
    ShopFilter,
    ShopRow,
    ShopSlugTaken,
    ShopStale,
    ShopUnknown,
    ShopWanted,
)

# --- who may, and on which terms: for the other nouns of the shop and for orders


async def shop_ids_of(tx: Read, account_id: int) -> list[int]:
    """The shops that the account is a member of, closed ones too, by id."""
    return await tx.all(queries.SHOPS_OF, account_id=account_id)


async def check_editor(tx: Read, who: Actor, shop_id: int) -> ShopRow:
    """The shop, for who may edit it: its members and the owners. Raises ShopUnknown, NotYourShop."""
    row = await _exists(tx, queries.BY_ID, shop_id)
    await _check_member(tx, who, shop_id)
    return row


async def check_editors(tx: Read, who: Actor, shop_ids: Iterable[int]) -> dict[int, ShopRow]:
    """The same for several shops, by their ids. Two statements at most. Raises ShopUnknown, NotYourShop."""
    wanted = sorted(set(shop_ids))
    found = await terms_of(tx, wanted) if wanted else {}
    own = wanted if "owner" in who.roles or not wanted else await shop_ids_of(tx, who.account_id)
    for shop_id in wanted:
        if shop_id not in found:
            raise ShopUnknown(shop=shop_id)
        if shop_id not in own:
            raise NotYourShop(shop=shop_id)
    return found


async def terms_of(tx: Read, shop_ids: Iterable[int]) -> dict[int, ShopRow]:
    """The shops of these ids, in one statement."""
    return {row.id: row for row in await tx.all(queries.AMONG, shop_ids=numbers(shop_ids))}


async def with_slugs(tx: Read, slugs: Iterable[str]) -> dict[str, ShopRow]:
    """The shops that have these slugs, closed ones too, in one statement."""
    return {row.slug: row for row in await tx.all(queries.WITH_SLUGS, slugs=rows((slug,) for slug in slugs))}


async def row_by_slug(tx: Read, slug: str) -> ShopRow:
    """One shop by its slug, also when it is closed. Raises ShopUnknown."""
    row = await tx.one(queries.BY_SLUG, slug=slug)
    if row is None:
        raise ShopUnknown(shop=slug)
    return row


async def everyone(tx: Read) -> list[ShopRow]:
    """Every shop by its slug, closed ones too: for the operator's exports."""
    return await tx.all(queries.ALL)


# --- shops


async def create(tx: Write, who: Actor, body: ShopWanted) -> Shop:
    """Open a shop. Raises ShopSlugTaken, SlugNeeded."""
    slug = slug_for(body.name, body.slug)
    with violating("shops_slug_uq", ShopSlugTaken(slug=slug)):
        row = await tx.one(
            queries.OPEN,
            slug=slug,
            name=body.name,
            name_key=folded(body.name),
            description=body.description,
            site=body.site,
            currency=body.currency,
            tax_bp=body.tax_bp,
            tax_included=int(body.tax_included),
            confirms=int(body.confirms),
            low_stock=body.low_stock,
            now_us=tx.now_us,
        )
    assert row is not None, "an insert answers with its row"
    await emit(tx, Opened(row.id, who.account_id))
    return rules.shown(row)


async def get(tx: Read, shop_id: int) -> Shop:
    """One shop, also when it is closed. Raises ShopUnknown."""
    return rules.shown(await _exists(tx, queries.BY_ID, shop_id))


async def by_slug(tx: Read, slug: str) -> Shop:
    """One shop by its name in addresses, also when it is closed. Raises ShopUnknown."""
    return rules.shown(await row_by_slug(tx, slug))


async def list_shops(tx: Read, query: ShopFilter) -> Page[Shop]:
    """Shops by id: the open ones, or the closed ones."""
    cut = Cut(query.limit, query.after)
    rows = await tx.all(
        queries.LIST_CLOSED if query.closed else queries.LIST_OPEN,
        after_id=cut.key(0),
        search_pattern="%" + starting_with(folded(query.search)),
        row_limit=cut.limit + 1,
    )
    return page([rules.shown(row) for row in rows], cut, "id")


async def edit(tx: Write, who: Actor, shop_id: int, body: ShopEdit, if_match: int | None) -> Shop:
    """Change the given fields, for members of the shop and owners.

    Raises ShopUnknown, NotYourShop, ShopStale, ShopSlugTaken.
    """
    row = await _exists(tx, queries.BY_ID_LOCKED, shop_id)
    await _check_member(tx, who, shop_id)
    shop = rules.shown(row)
    refuse_stale(ShopStale, if_match, shop, body)
    changes = changed(shop, body)
    if not changes:
        return shop
    new = msgspec.structs.replace(shop, **changes)
    with violating("shops_slug_uq", ShopSlugTaken(slug=new.slug)):
        written = await tx.one(
            queries.EDIT,
            shop_id=shop_id,
            new_slug=new.slug,
            new_name=new.name,
            new_name_key=folded(new.name),
            new_description=new.description,
            new_site=new.site,
            new_tax_bp=new.tax_bp,
            new_tax_included=int(new.tax_included),
            new_confirms=int(new.confirms),
            new_low_stock=new.low_stock,
            now_us=tx.now_us,
        )
    assert written is not None, "the row is locked since it was read"
    await emit(tx, Edited(shop_id, who.account_id, sorted(changes)))
    return rules.shown(written)


async def commission(tx: Read, who: Actor, shop_id: int) -> Commission:
    """What the platform keeps of the shop's sales, for its members and the staff. Raises ShopUnknown, NotYourShop."""
    row = await _exists(tx, queries.BY_ID, shop_id)
    if "staff" not in who.roles:
        await _check_member(tx, who, shop_id)
    return Commission(row.commission_bp)


async def set_commission(tx: Write, who: Actor, shop_id: int, body: Commission) -> Commission:
    """Change it for what is sold from now on: an order keeps what it was placed at. Raises ShopUnknown."""
    row = await _exists(tx, queries.BY_ID_LOCKED, shop_id)
    if row.commission_bp != body.rate_bp:
        await tx.run(queries.SET_COMMISSION, shop_id=shop_id, new_commission_bp=body.rate_bp)
        await emit(tx, Edited(shop_id, who.account_id, ["commission_bp"]))
    return body


async def close(tx: Write, who: Actor, shop_id: int) -> None:
    """Close a shop: nothing can be bought there any more, its orders stay. Raises ShopUnknown."""
    closed = await tx.run(queries.CLOSE, shop_id=shop_id, new_closed_us=tx.now_us, now_us=tx.now_us)
    if closed:
        await emit(tx, Closed(shop_id, who.account_id))
    else:
        await _exists(tx, queries.BY_ID, shop_id)


async def reopen(tx: Write, who: Actor, shop_id: int) -> Shop:
    """Open a shop that was closed; its offers can be bought again. Raises ShopUnknown."""
    row = await tx.one(queries.REOPEN, shop_id=shop_id, new_closed_us=0, now_us=tx.now_us)
    if row is None:
        return await get(tx, shop_id)
    await emit(tx, Opened(shop_id, who.account_id))
    return rules.shown(row)


# --- members


async def members(tx: Read, who: Actor, shop_id: int, query: Cut) -> Page[Member]:
    """The accounts that edit the shop, for themselves and for owners. Raises ShopUnknown, NotYourShop."""
    await check_editor(tx, who, shop_id)
    rows = await tx.all(queries.MEMBERS, shop_id=shop_id, after_id=query.key(0), row_limit=query.limit + 1)
    logins = await accounts.logins_of(tx, (row.account_id for row in rows))
    shown = [rules.member(row, logins) for row in rows]
    return page(shown, query, "account_id")


async def add_member(tx: Write, who: Actor, shop_id: int, account_id: int) -> None:
    """Let an account edit the shop. Raises ShopUnknown, AccountUnknown."""
    await _exists(tx, queries.BY_ID, shop_id)
    await accounts.get(tx, who, account_id)
    if await tx.run(queries.ADD_MEMBER, shop_id=shop_id, account_id=account_id, now_us=tx.now_us):
        await emit(tx, MemberAdded(shop_id, who.account_id, account_id))


async def remove_member(tx: Write, who: Actor, shop_id: int, account_id: int) -> None:
    """Let an account edit the shop no more. Raises ShopUnknown, MemberUnknown."""
    await _exists(tx, queries.BY_ID, shop_id)
    if not await tx.run(queries.REMOVE_MEMBER, shop_id=shop_id, account_id=account_id):
        raise MemberUnknown(account=account_id, shop=shop_id)
    await emit(tx, MemberRemoved(shop_id, who.account_id, account_id))


async def _exists(tx: Read, query: Query[ShopRow], shop_id: int) -> ShopRow:
    row = await tx.one(query, shop_id=shop_id)
    if row is None:
        raise ShopUnknown(shop=shop_id)
    return row


async def _check_member(tx: Read, who: Actor, shop_id: int) -> None:
    if "owner" in who.roles:
        return
    if await tx.one(queries.IS_MEMBER, shop_id=shop_id, account_id=who.account_id) is None:
        raise NotYourShop(shop=shop_id)
