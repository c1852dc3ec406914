"""Payouts: use cases."""

from typing import Final

import msgspec

from artel.db import Database, Read, Write, emit, numbers
from artel.kernel.actor import PLATFORM, Actor
from artel.kernel.page import NEWEST, PAGE_MAX, Cut, Page, page
from artel.ledger.book import model as places
from artel.ledger.book import service as book
from artel.ledger.book.model import AccountFilter, BookAccount, Line
from artel.orders.payouts import queries, rules
from artel.orders.payouts.model import (
    Due,
    PaidOut,
    Payout,
    PayoutFilter,
    PayoutRow,
    PayoutUnknown,
    Run,
    RunWanted,
    StatementTooLong,
)
from artel.shop.shops import service as shops
from artel.shop.shops.model import NotYourShop

RUN_MAX: Final = 200  # payouts of one transaction: it holds the accounts of as many shops
STATEMENT_MAX: Final = 50_000  # lines of one file


async def due(tx: Read, body: RunWanted) -> tuple[list[Due], bool]:
    """What a run would pay out now, and whether there is more of it. A statement for 200 accounts.

    Raises ShopUnknown.
    """
    owner = ""
    if body.shop_id is not None:
        await shops.get(tx, body.shop_id)
        owner = places.revenue(body.shop_id, "").owner
    dues: list[Due] = []
    accounts: Page[BookAccount] = Page([], None)
    query = AccountFilter("revenue", owner, body.currency, PAGE_MAX)
    while len(dues) <= RUN_MAX:
        accounts = await book.list_accounts(tx, query)
        dues += [
            Due(rules.shop_of(each.owner), each.currency, each.available_minor)
            for each in accounts.items
            if each.available_minor >= body.minimum_minor
        ]
        if accounts.next is None:
            break
        query = msgspec.structs.replace(query, after=accounts.next)
    return dues[:RUN_MAX], len(dues) > RUN_MAX


async def run(tx: Write, who: Actor, body: RunWanted) -> Run:
    """Give the shops what they earned: of each all that is there, in one transaction; what a refund took is less.

    Of two runs at once the second finds what the first left. Seven statements for each payout. Raises ShopUnknown.
    """
    dues, more = await due(tx, body)
    # Accounts are locked in the order in which the book locks them.
    made = [await _pay_out(tx, who, each, body) for each in sorted(dues, key=rules.place_of)]
    return Run([rules.shown(row) for row in made if row], more)


async def _pay_out(tx: Write, who: Actor, wanted: Due, body: RunWanted) -> PayoutRow | None:
    """All that is in a shop's account now, which nobody else moves meanwhile; None: another run was faster."""
    place, shop_id, by = rules.place_of(wanted), wanted.shop_id, who.account_id or None
    amount_minor = await book.available_locked(tx, place)
    if amount_minor < body.minimum_minor:
        return None
    payout_id = await tx.one(
        queries.BEGIN,
        shop_id=shop_id,
        currency=place.currency,
        amount_minor=amount_minor,
        from_us=await tx.one(queries.LAST_UNTIL, shop_id=shop_id, currency=place.currency) or 0,
        at_us=tx.now_us,
        by=by,
        note=body.note,
    )
    assert payout_id is not None, "an insert answers with its row"
    moved = await book.post(tx, rules.paid_out(payout_id, place, amount_minor, body.note, by))
    row = await tx.one(queries.MADE, payout_id=payout_id, new_transfer_id=moved.id, new_until_us=moved.booked_us)
    assert row is not None, "it was written in this transaction"
    await emit(tx, PaidOut(row.id, row.shop_id, row.amount_minor, row.currency))
    return row


# --- looking


async def list_payouts(tx: Read, who: Actor, query: PayoutFilter) -> Page[Payout]:
    """Payouts, the newest first: all of them for the platform, else those of the asker's shops. Raises NotYourShop."""
    cut = Cut(query.limit, query.after)
    place = {"before_id": cut.key(NEWEST), "row_limit": cut.limit + 1}
    if query.shop is not None:
        if not rules.sees(who, await shops.shop_ids_of(tx, who.account_id), query.shop):
            raise NotYourShop(shop=query.shop)
        rows = await tx.all(queries.LIST_OF_SHOP, shop_id=query.shop, **place)
    elif who.is_any(PLATFORM):
        rows = await tx.all(queries.LIST, **place)
    else:
        own = await shops.shop_ids_of(tx, who.account_id)
        rows = await tx.all(queries.LIST_OF_SHOPS, shop_ids=numbers(own), **place)
    return page([rules.shown(row) for row in rows], cut, "id")


async def get(tx: Read, who: Actor, payout_id: int) -> Payout:
    """One payout, for the platform and the members of its shop. Raises PayoutUnknown."""
    return rules.shown(await _seen(tx, who, payout_id))


async def entries(tx: Read, who: Actor, payout_id: int, query: Cut) -> Page[Line]:
    """The statement of a payout: what was sold and paid back since the payout before, with the balance after each,
    the newest first; so its first line is the payout itself, after which nothing is left. Raises PayoutUnknown.
    """
    row = await _seen(tx, who, payout_id)
    account_id = await book.find_account(tx, places.revenue(row.shop_id, row.currency))
    assert account_id is not None, "it was paid out of it"
    return await book.statement(tx, account_id, rules.statement_of(row, query.limit, query.after))


async def sheet(db: Database, who: Actor, payout_id: int) -> list[Line]:
    """The whole statement, read page by page, so that others are served between.

    Raises PayoutUnknown, StatementTooLong.
    """
    found = await db.read(entries, who, payout_id, Cut(PAGE_MAX))
    lines = found.items
    while found.next is not None:
        if len(lines) >= STATEMENT_MAX:
            raise StatementTooLong(limit=STATEMENT_MAX)
        found = await db.read(entries, who, payout_id, Cut(PAGE_MAX, found.next))
        lines += found.items
    return lines


async def _seen(tx: Read, who: Actor, payout_id: int) -> PayoutRow:
    row = await tx.one(queries.BY_ID, payout_id=payout_id)
    if row is None or not rules.sees(who, await shops.shop_ids_of(tx, who.account_id), row.shop_id):
        raise PayoutUnknown(payout_id=payout_id)
    return row
