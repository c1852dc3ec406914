"""Carts: every statement."""

from sqlalchemy import ColumnElement, Select, bindparam, delete, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from artel.db import Command, Query
from artel.orders.carts.model import CartLine
from artel.orders.carts.tables import cart_lines, carts

_of_account = carts.c.account_id == bindparam("account_id")
_of_guest = carts.c.token_hash == bindparam("token_hash")


_columns = [cart_lines.c[field] for field in CartLine.__struct_fields__]


def _lines(condition: ColumnElement[bool]) -> Select[tuple[int, int, int, int]]:
    """In the order in which they were added."""
    return select(*_columns).where(condition).order_by(cart_lines.c.added_us, cart_lines.c.offer_id)


# Whoever changes a cart holds its row until the transaction ends, so that its lines are changed one after another.
_touch_account = upsert(carts).values(
    account_id=bindparam("account_id"), created_us=bindparam("now_us"), updated_us=bindparam("now_us")
)
HOLD_ACCOUNT_CART = Query(
    int,
    _touch_account.on_conflict_do_update(
        index_elements=["account_id"], set_={"updated_us": _touch_account.excluded.updated_us}
    ).returning(carts.c.id),
)
HOLD_GUEST_CART = Query(
    int, update(carts).where(_of_guest).values(updated_us=bindparam("now_us")).returning(carts.c.id)
)

LINES = Query(CartLine, _lines(cart_lines.c.cart_id == bindparam("cart_id")))
LINES_OF_ACCOUNT = Query(
    CartLine, _lines(cart_lines.c.cart_id == select(carts.c.id).where(_of_account).scalar_subquery())
)
GUEST_CART = Query(int, select(carts.c.id).where(_of_guest))

_line = upsert(cart_lines).values(
    cart_id=bindparam("cart_id"),
    offer_id=bindparam("offer_id"),
    quantity=bindparam("quantity"),
    seen_price_minor=bindparam("seen_price_minor"),
    added_us=bindparam("added_us"),
)
PUT_LINE = Command(
    _line.on_conflict_do_update(
        index_elements=["cart_id", "offer_id"],
        set_={"quantity": _line.excluded.quantity, "seen_price_minor": _line.excluded.seen_price_minor},
    )
)
REMOVE_LINE = Command(
    delete(cart_lines).where(
        cart_lines.c.cart_id == bindparam("cart_id"), cart_lines.c.offer_id == bindparam("offer_id")
    )
)
EMPTY = Command(delete(cart_lines).where(cart_lines.c.cart_id == bindparam("cart_id")))
# It holds the cart's row as well, so that nobody who counts with the lines writes them again.
TAKE_LINES = Query(
    CartLine,
    delete(cart_lines)
    .where(cart_lines.c.cart_id == select(carts.c.id).where(_of_account).with_for_update().scalar_subquery())
    .returning(*_columns),
)

OPEN_GUEST_CART = Command(
    insert(carts)
    .inline()
    .values(token_hash=bindparam("token_hash"), created_us=bindparam("now_us"), updated_us=bindparam("now_us"))
)
# The lines of a cart go with it.
END = Command(delete(carts).where(carts.c.id == bindparam("cart_id")))
FORGET_GUEST_CARTS = Command(
    delete(carts).where(carts.c.updated_us < bindparam("before_us"), carts.c.token_hash.is_not(None))
)
