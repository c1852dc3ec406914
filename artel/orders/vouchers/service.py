"""Vouchers: use cases."""

import secrets
from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import UNSET

from artel.db import Query, Read, Write, numbers, tally
from artel.kernel.actor import Actor, origin
from artel.kernel.clock import whole_s
from artel.kernel.page import NEWEST, Cut, Page, page
from artel.kernel.versions import refuse_stale
from artel.orders.vouchers import queries, rules
from artel.orders.vouchers.model import (
    CodeTaken,
    OwnerOnly,
    TooManyGuesses,
    UsedMoreOften,
    Voucher,
    VoucherEdit,
    VoucherFilter,
    VoucherMissing,
    VoucherRow,
    VoucherStale,
    VoucherUsedByYou,
    VoucherUsedUp,
    VoucherWanted,
)
from artel.shop.shops import service as shops

OWNER: Final = frozenset({"owner"})

# --- for the cart and for placing an order: `goods` are pairs of a line's shop and its worth, in minor units


async def is_known(tx: Write, code: str, account_id: int, address: str) -> bool:
    """Whether there is such a voucher, for who typed the code: a wrong one counts, so that nobody finds one by trying.

    It is counted before it is looked for and uncounted when it is there, since of codes that are tried at once each
    would else be told. Ask in a transaction that is committed whatever becomes of the order. `account_id` is 0 for a
    guest, whose address alone counts. Five statements at most. Raises TooManyGuesses, and then counts nothing.
    """
    limits = {f"voucher guesses from {origin(address)}": rules.GUESSES_PER_ADDRESS}
    if account_id:
        limits[f"voucher guesses of account/{account_id}"] = rules.GUESSES_PER_ACCOUNT
    counted = [await tally.count(tx, each, limits[each], rules.GUESSES_WINDOW_US) for each in sorted(limits)]
    wait_us = max(each.wait_us for each in counted)
    if wait_us:
        raise TooManyGuesses(retry_s=whole_s(wait_us))
    if await tx.one(queries.KNOWN, code_key=rules.code_key(code)) is None:
        return False
    for each in counted:
        await tally.take_back(tx, each)
    return True


async def quote(tx: Read, code: str, account_id: int, currency: str, goods: Sequence[tuple[int, int]]) -> list[int]:
    """What the voucher would take off each line now; nothing is used up. `account_id` is 0 for a guest. One row.

    Raises VoucherUnknown, VoucherNotYet, VoucherOver, VoucherUsedUp, VoucherUsedByYou, VoucherMinimum,
    VoucherCurrency, VoucherNotForThese.
    """
    standing = await tx.one(queries.STANDING, code_key=rules.code_key(code), account_id=account_id)
    refusal = rules.why_not(standing, code, tx.now_us)
    if refusal:
        raise refusal
    assert standing is not None, "a voucher that is not there was refused"
    return rules.discounts(standing, currency, goods)


async def redeem(
    tx: Write, code: str, account_id: int, order_id: int, currency: str, goods: Sequence[tuple[int, int]]
) -> list[int]:
    """Use the voucher for this order; answers the discount of each line, 0 for lines that it does not serve.

    Two statements. The count of uses is a conditional update and "once per customer" a unique constraint: neither can
    be passed by orders placed at once. An order has one voucher at most. Raises what `quote` raises.
    """
    key = rules.code_key(code)
    voucher = await tx.one(queries.REDEEM, code_key=key, now_us=tx.now_us)
    if voucher is None:
        standing = await tx.one(queries.STANDING, code_key=key, account_id=account_id)
        # When nothing stands against it any more, a use came back after the update looked.
        raise rules.why_not(standing, code, tx.now_us) or VoucherUsedUp(code=code)
    each = rules.discounts(voucher, currency, goods)
    used = await tx.run(
        queries.USE,
        order_id=order_id,
        voucher_id=voucher.id,
        account_id=account_id,
        once_account_id=account_id if voucher.once_per_customer else None,
        now_us=tx.now_us,
    )
    if not used:
        raise VoucherUsedByYou(code=voucher.code)
    return each


async def release(tx: Write, order_id: int) -> None:
    """Give the order's use back, when it is cancelled or expires; once, however often it is called.

    The voucher's row is taken before the use's, as `redeem` takes them, so that the two never wait in a circle.
    """
    voucher_id = await tx.one(queries.USED_BY_LOCKED, order_id=order_id)
    if voucher_id is not None and await tx.run(queries.UNUSE, order_id=order_id):
        await tx.run(queries.GIVE_BACK, voucher_id=voucher_id)


# --- who gives vouchers away: the owner for all shops, a shop's members for their own


async def make(tx: Write, who: Actor, body: VoucherWanted) -> Voucher:
    """Make a voucher for the goods of a shop, or as the owner for those of all shops.

    What it takes off and whose it is stays for good. Raises VoucherUnfit, CodeTaken, OwnerOnly, ShopUnknown,
    NotYourShop.
    """
    shop_id, currency = None, "" if body.currency is UNSET else body.currency
    if body.shop_id is not UNSET:
        shop_id, currency = body.shop_id, (await shops.check_editor(tx, who, body.shop_id)).currency
    elif not who.is_any(OWNER):
        raise OwnerOnly
    code = _new_code() if body.code is UNSET else body.code
    rules.check_code(code)
    rules.check_value(body, currency)
    from_us = tx.now_us if body.from_at is UNSET else rules.moment("from_at", body.from_at)
    until_us = rules.moment("until_at", body.until_at) if body.until_at else 0
    rules.check_span(from_us, until_us)
    row = await tx.one(
        queries.MAKE,
        shop_id=shop_id,
        code=code,
        code_key=rules.code_key(code),
        percent_bp=body.percent_bp,
        amount_minor=body.amount_minor,
        currency=currency,
        minimum_minor=body.minimum_minor,
        from_us=from_us,
        until_us=until_us,
        once_per_customer=int(body.once_per_customer),
        uses_max=body.uses_max,
        now_us=tx.now_us,
    )
    if row is None:
        raise CodeTaken(code=code)
    return rules.shown(row)


async def get(tx: Read, who: Actor, voucher_id: int) -> Voucher:
    """A voucher with how often it was used. Raises VoucherMissing."""
    return rules.shown(await _own(tx, queries.BY_ID, who, voucher_id))


async def list_vouchers(tx: Read, who: Actor, query: VoucherFilter) -> Page[Voucher]:
    """The vouchers of the asker's shops with how often each was used, newest first; the owner sees all.

    Raises ShopUnknown, NotYourShop.
    """
    cut = Cut(query.limit, query.after)
    limits = {"before_id": cut.key(NEWEST), "row_limit": cut.limit + 1}
    if query.shop_id is not None:
        await shops.check_editor(tx, who, query.shop_id)
        rows = await tx.all(queries.LIST_OF_SHOPS, shop_ids=numbers([query.shop_id]), **limits)
    elif who.is_any(OWNER):
        rows = await tx.all(queries.LIST, **limits)
    else:
        shop_ids = await shops.shop_ids_of(tx, who.account_id)
        rows = await tx.all(queries.LIST_OF_SHOPS, shop_ids=numbers(shop_ids), **limits)
    return page([rules.shown(row) for row in rows], cut, "id")


async def edit(tx: Write, who: Actor, voucher_id: int, body: VoucherEdit, if_match: int | None) -> Voucher:
    """Change the given fields; `active: false` withdraws the voucher. Orders placed with it keep their discount.

    Raises VoucherMissing, VoucherStale, VoucherUnfit, UsedMoreOften.
    """
    row = await _own(tx, queries.BY_ID_LOCKED, who, voucher_id)
    changes = rules.edited(row, body)  # first, so that a malformed time is told as such whatever the version
    refuse_stale(VoucherStale, if_match, rules.shown(row), body)
    if not changes:
        return rules.shown(row)
    new = msgspec.structs.replace(row, **changes)
    if 0 < new.uses_max < new.used:
        raise UsedMoreOften(used=new.used, uses_max=new.uses_max)
    written = await tx.one(
        queries.EDIT,
        voucher_id=row.id,
        new_minimum_minor=new.minimum_minor,
        new_from_us=new.from_us,
        new_until_us=new.until_us,
        new_uses_max=new.uses_max,
        new_active=new.active,
        now_us=tx.now_us,
    )
    assert written is not None, "the row is locked since it was read"
    return rules.shown(written)


async def _own(tx: Read, query: Query[VoucherRow], who: Actor, voucher_id: int) -> VoucherRow:
    """The voucher, if the asker may edit it. Another's is as if it were not there."""
    row = await tx.one(query, voucher_id=voucher_id)
    if row is None or not (who.is_any(OWNER) or row.shop_id in await shops.shop_ids_of(tx, who.account_id)):
        raise VoucherMissing(voucher_id=voucher_id)
    return row


def _new_code() -> str:
    return "-".join("".join(secrets.choice(rules.ALPHABET) for _ in range(size)) for size in rules.GROUPS)
