"""Carts: use cases."""

from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import Struct

from artel.db import Read, Write, tally
from artel.kernel.actor import origin
from artel.kernel.clock import iso, whole_s
from artel.kernel.secrets import new_token, token_hash
from artel.orders.carts import queries, rules
from artel.orders.carts.model import (
    Cart,
    CartLine,
    GuestCart,
    GuestCartUnknown,
    LineCut,
    LineUnknown,
    Merged,
    MixedCurrencies,
    TooManyGuestCarts,
    VoucherLook,
)
from artel.orders.vouchers import service as vouchers
from artel.orders.vouchers.model import NOT_TAKEN
from artel.shop.offers import service as offers
from artel.shop.offers.model import OfferForSale, OfferUnknown

TOKEN_PREFIX: Final = "ac_"  # tells people and secret scanners what they found


class Owner(Struct, frozen=True):
    """Whose cart: an account's, or with `account_id` 0 that of the guest who holds the token."""

    account_id: int
    token: str = ""


# --- looking at it


async def show(tx: Read, owner: Owner, voucher: str = "") -> Cart:
    """The cart at the prices of now, with what the voucher would take off. At most four statements at any size.

    A voucher that does not serve is told in the cart, not refused. Raises GuestCartUnknown.
    """
    lines = await _lines(tx, owner)
    found = await _offers(tx, lines)
    if not voucher:
        return rules.shown(lines, found)
    kinds = rules.currencies(lines, found)
    try:
        if len(kinds) > 1:
            raise MixedCurrencies(currencies=", ".join(kinds))
        goods = rules.goods(lines, found)
        discounts = await vouchers.quote(tx, voucher, owner.account_id, "".join(kinds), goods)
    except (MixedCurrencies, *NOT_TAKEN) as refusal:
        return rules.shown(lines, found, voucher=VoucherLook(voucher, 0, refusal.code, refusal.message))
    return rules.shown(lines, found, discounts, VoucherLook(voucher, sum(discounts)))


async def try_voucher(tx: Write, owner: Owner, address: str, code: str) -> Cart:
    """The cart with what the code would take off, as `show`; one that there is not counts as a guess.

    Raises GuestCartUnknown, TooManyGuesses.
    """
    await vouchers.is_known(tx, code, owner.account_id, address)
    return await show(tx, owner, code)


# --- changing it: each answers the cart as it is then


async def set_line(tx: Write, owner: Owner, offer_id: int, quantity: int) -> Cart:
    """Give a line so many copies, or take it out with 0. The price of now counts as seen. Four statements.

    Raises OfferUnknown, TooManyCopies, TooManyLines, GuestCartUnknown.
    """
    cart_id = await _hold(tx, owner)
    return await _set(tx, cart_id, await tx.all(queries.LINES, cart_id=cart_id), offer_id, quantity)


async def add_line(tx: Write, owner: Owner, offer_id: int, quantity: int) -> Cart:
    """Put so many copies more into the cart. Four statements. Raises as `set_line`."""
    cart_id = await _hold(tx, owner)
    lines = await tx.all(queries.LINES, cart_id=cart_id)
    there = sum(line.quantity for line in lines if line.offer_id == offer_id)
    return await _set(tx, cart_id, lines, offer_id, there + quantity)


async def remove_line(tx: Write, owner: Owner, offer_id: int) -> Cart:
    """Take a line out. Raises LineUnknown, GuestCartUnknown."""
    cart_id = await _hold(tx, owner)
    lines = await tx.all(queries.LINES, cart_id=cart_id)
    if all(line.offer_id != offer_id for line in lines):
        raise LineUnknown(offer_id=offer_id)
    return await _set(tx, cart_id, lines, offer_id, 0)


async def clear(tx: Write, owner: Owner) -> Cart:
    """Take every line out. Raises GuestCartUnknown."""
    await tx.run(queries.EMPTY, cart_id=await _hold(tx, owner))
    return rules.shown([], {})


# --- guests


async def open_guest_cart(tx: Write, address: str) -> GuestCart:
    """A cart for somebody at this address who is not logged in. Its token is answered this once.

    Raises TooManyGuestCarts.
    """
    place = f"guest carts from {origin(address)}"
    counted = await tally.count(tx, place, rules.GUEST_CARTS_MAX, rules.GUEST_CARTS_WINDOW_US)
    if counted.wait_us:
        raise TooManyGuestCarts(retry_s=whole_s(counted.wait_us))
    token = TOKEN_PREFIX + new_token()
    await tx.run(queries.OPEN_GUEST_CART, token_hash=token_hash(token), now_us=tx.now_us)
    return GuestCart(token, iso(tx.now_us + rules.GUEST_TTL_US))


async def merge(tx: Write, account_id: int, token: str) -> Merged:
    """Make a guest's cart part of the account's, and end it. Of merges sent at once one finds the guest's cart.

    Seven statements, one of them for each line. Raises GuestCartUnknown.
    """
    guests_id = await _hold(tx, Owner(0, token))
    cart_id = await _hold(tx, Owner(account_id))
    mine, guests = await tx.all(queries.LINES, cart_id=cart_id), await tx.all(queries.LINES, cart_id=guests_id)
    merged, cut = rules.merge(mine, guests)
    changed = [line for line in merged if line not in mine]
    await tx.many(queries.PUT_LINE, [msgspec.structs.asdict(line) | {"cart_id": cart_id} for line in changed])
    await tx.run(queries.END, cart_id=guests_id)
    found = await _offers(tx, [*merged, *cut])
    return Merged(
        cart=rules.shown(merged, found),
        cut=[LineCut(line.offer_id, found[line.offer_id].title, line.quantity) for line in cut],
    )


async def sweep(tx: Write) -> int:
    """Forget the guests' carts that nobody has changed for 30 days."""
    return await tx.run(queries.FORGET_GUEST_CARTS, before_us=tx.now_us - rules.GUEST_TTL_US)


# --- for placing an order


async def take_lines(tx: Write, account_id: int) -> list[CartLine]:
    """Take every line out of the account's cart, to become an order; none when there is nothing in it. One statement.

    Of two orders placed from it at once, the second finds it empty.
    """
    taken = await tx.all(queries.TAKE_LINES, account_id=account_id)
    return sorted(taken, key=lambda line: (line.added_us, line.offer_id))


# --- leaves


async def _hold(tx: Write, owner: Owner) -> int:
    """The cart's id, its row held until the transaction ends. An account's cart is made when it is first needed."""
    if owner.account_id:
        cart_id = await tx.one(queries.HOLD_ACCOUNT_CART, account_id=owner.account_id, now_us=tx.now_us)
        assert cart_id is not None, "an upsert answers with its row"
        return cart_id
    cart_id = await tx.one(queries.HOLD_GUEST_CART, token_hash=token_hash(owner.token), now_us=tx.now_us)
    if cart_id is None:
        raise GuestCartUnknown
    return cart_id


async def _lines(tx: Read, owner: Owner) -> list[CartLine]:
    if owner.account_id:
        return await tx.all(queries.LINES_OF_ACCOUNT, account_id=owner.account_id)
    cart_id = await tx.one(queries.GUEST_CART, token_hash=token_hash(owner.token))
    if cart_id is None:
        raise GuestCartUnknown
    return await tx.all(queries.LINES, cart_id=cart_id)


async def _offers(tx: Read, lines: Sequence[CartLine], *others: int) -> dict[int, OfferForSale]:
    offer_ids = {line.offer_id for line in lines}.union(others)
    return await offers.look(tx, sorted(offer_ids)) if offer_ids else {}


async def _set(tx: Write, cart_id: int, lines: Sequence[CartLine], offer_id: int, quantity: int) -> Cart:
    found = await _offers(tx, lines, offer_id)
    if not quantity:
        await tx.run(queries.REMOVE_LINE, cart_id=cart_id, offer_id=offer_id)
        return rules.shown([line for line in lines if line.offer_id != offer_id], found)
    offer = found.get(offer_id)
    if offer is None or not offer.active:
        raise OfferUnknown(offer_id=offer_id)
    line = CartLine(offer_id, quantity, offer.price_minor, tx.now_us)
    changed = rules.with_line(lines, line)
    await tx.run(queries.PUT_LINE, cart_id=cart_id, **msgspec.structs.asdict(line))
    return rules.shown(changed, found)
