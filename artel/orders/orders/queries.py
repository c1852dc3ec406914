"""Orders: every statement."""

from typing import Any, Final, Literal

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    Select,
    Table,
    Text,
    bindparam,
    cast,
    func,
    insert,
    literal_column,
    or_,
    select,
    tuple_,
    update,
)

from artel.db import Command, Query, among
from artel.orders.orders.rows import (
    BoughtRow,
    DueRow,
    EarnedRow,
    EventRow,
    LineRow,
    ListedRow,
    OrderRow,
    PartRow,
    SheetRow,
)
from artel.orders.orders.tables import order_events, order_lines, order_parts, orders

_shown = [orders.c[field] for field in OrderRow.__struct_fields__]
_of_order = orders.c.id == bindparam("order_id")

# --- placing

PLACE = Query(
    int,
    insert(orders)
    .values({field: bindparam(field) for field in OrderRow.__struct_fields__ if field != "id"})
    .returning(orders.c.id),
)
DISCOUNT = Command(
    update(orders)
    .where(_of_order)
    .values(
        discount_minor=bindparam("new_discount_minor"),
        tax_minor=bindparam("new_tax_minor"),
        tax_added_minor=bindparam("new_tax_added_minor"),
        total_minor=bindparam("new_total_minor"),
    )
)
ADD_PART = Command(
    insert(order_parts).inline().values({field: bindparam(field) for field in PartRow.__struct_fields__})
)
ADD_LINE = Command(
    insert(order_lines)
    .inline()
    .values({field: bindparam(field) for field in LineRow.__struct_fields__ if field != "id"})
)

# --- looking

BY_ID = Query(OrderRow, select(*_shown).where(_of_order))
BY_ID_LOCKED = Query(OrderRow, select(*_shown).where(_of_order).with_for_update())
PARTS = Query(
    PartRow,
    select(*(order_parts.c[field] for field in PartRow.__struct_fields__))
    .where(order_parts.c.order_id == bindparam("order_id"))
    .order_by(order_parts.c.shop_id),
)
LINES = Query(
    LineRow,
    select(*(order_lines.c[field] for field in LineRow.__struct_fields__))
    .where(order_lines.c.order_id == bindparam("order_id"))
    .order_by(order_lines.c.id),
)
LINES_OF_ORDERS = Query(
    BoughtRow,
    select(*(order_lines.c[field] for field in BoughtRow.__struct_fields__))
    .where(among(order_lines.c.order_id, "order_ids"))
    .order_by(order_lines.c.id),
)
DUE = Query(
    int,
    select(orders.c.id)
    # The first is a literal, since a parameter would not match the partial index.
    .where(orders.c.expires_us > literal_column("0"), orders.c.expires_us <= bindparam("now_us"))
    .order_by(orders.c.expires_us)
    .limit(bindparam("row_limit")),
)

# --- lists: one's own, those of a shop, all of them

Scope = Literal["mine", "shop", "all"]
_status = bindparam("status", type_=Text)
_wanted = (
    orders.c.placed_us >= bindparam("from_us"),
    orders.c.placed_us < bindparam("to_us"),
    or_(_status == literal_column("''"), orders.c.status == _status),
)
_of_shop = orders.join(order_parts, order_parts.c.order_id == orders.c.id)
_scopes: dict[Scope, tuple[FromClause, Table, tuple[ColumnElement[bool], ...]]] = {
    "mine": (orders, orders, (orders.c.account_id == bindparam("account_id"),)),
    "shop": (_of_shop, order_parts, (order_parts.c.shop_id == bindparam("shop_id"),)),
    "all": (orders, orders, ()),
}


def _listed(scope: Scope) -> Select[Any]:
    tables, money, whose = _scopes[scope]
    row_id = order_parts.c.order_id if scope == "shop" else orders.c.id  # the column that the index has
    columns = [
        money.c[field] if field in ("total_minor", "refunded_minor") else orders.c[field]
        for field in ListedRow.__struct_fields__
    ]
    return (
        select(*columns)
        .select_from(tables)
        .where(*whose, *_wanted, row_id < bindparam("before_id"))
        .order_by(row_id.desc())
        .limit(bindparam("row_limit"))
    )


LIST_MINE = Query(ListedRow, _listed("mine"))
LIST_OF_SHOP = Query(ListedRow, _listed("shop"))
LIST_ALL = Query(ListedRow, _listed("all"))
LISTS: Final[dict[Scope, Query[ListedRow]]] = {"mine": LIST_MINE, "shop": LIST_OF_SHOP, "all": LIST_ALL}


def _sheet(scope: Scope) -> Select[Any]:
    *_, whose = _scopes[scope]
    place = tuple_(order_parts.c.order_id, order_parts.c.shop_id)
    columns = [
        order_parts.c[field] if field in order_parts.c else orders.c[field] for field in SheetRow.__struct_fields__
    ]
    return (
        select(*columns)
        .select_from(_of_shop)
        .where(*whose, *_wanted, place > tuple_(bindparam("after_order_id"), bindparam("after_shop_id")))
        .order_by(order_parts.c.order_id, order_parts.c.shop_id)
        .limit(bindparam("row_limit"))
    )


def _size(scope: Scope) -> Select[Any]:
    *_, whose = _scopes[scope]
    return select(func.count()).select_from(_of_shop).where(*whose, *_wanted)


SHEET_MINE = Query(SheetRow, _sheet("mine"))
SHEET_OF_SHOP = Query(SheetRow, _sheet("shop"))
SHEET_ALL = Query(SheetRow, _sheet("all"))
SHEETS: Final[dict[Scope, Query[SheetRow]]] = {"mine": SHEET_MINE, "shop": SHEET_OF_SHOP, "all": SHEET_ALL}
SIZE_OF_MINE = Query(int, _size("mine"))
SIZE_OF_SHOP = Query(int, _size("shop"))
SIZE_OF_ALL = Query(int, _size("all"))
SIZES: Final[dict[Scope, Query[int]]] = {"mine": SIZE_OF_MINE, "shop": SIZE_OF_SHOP, "all": SIZE_OF_ALL}

# --- moving

MOVE = Command(
    update(orders)
    .where(_of_order, orders.c.version == bindparam("base"))
    .values(
        status=bindparam("new_status"),
        refunded_minor=bindparam("new_refunded_minor"),
        expires_us=bindparam("new_expires_us"),
        paid_us=bindparam("new_paid_us"),
        completed_us=bindparam("new_completed_us"),
        updated_us=bindparam("now_us"),
        version=orders.c.version + 1,
    )
)
_the_part = (order_parts.c.order_id == bindparam("of_order"), order_parts.c.shop_id == bindparam("of_shop"))
CONFIRM_PART = Command(
    update(order_parts).where(*_the_part, order_parts.c.confirmed_us == 0).values(confirmed_us=bindparam("now_us"))
)
SHIP_PART = Command(
    update(order_parts)
    .where(*_the_part, order_parts.c.shipped_us == 0)
    .values(shipped_us=bindparam("now_us"), tracking=bindparam("new_tracking"))
)
REFUND_PART = Command(
    update(order_parts)
    .where(*_the_part)
    .values(
        refunded_minor=order_parts.c.refunded_minor + bindparam("amount_minor"),
        commission_refunded_minor=order_parts.c.commission_refunded_minor + bindparam("commission_minor"),
    )
)
REFUND_LINE = Command(
    update(order_lines)
    .where(order_lines.c.id == bindparam("line_id"))
    .values(refunded_quantity=order_lines.c.refunded_quantity + bindparam("copies"))
)

# --- what the book is compared with

_kept = order_parts.c.commission_minor - order_parts.c.commission_refunded_minor
DUES = Query(
    DueRow,
    select(
        *(orders.c[field] for field in DueRow.__struct_fields__ if field != "commission_minor"),
        cast(
            select(func.coalesce(func.sum(_kept), 0)).where(order_parts.c.order_id == orders.c.id).scalar_subquery(),
            BigInteger,
        ).label("commission_minor"),
    )
    .where(orders.c.id > bindparam("after_id"))
    .order_by(orders.c.id)
    .limit(bindparam("row_limit")),
)
EARNED = Query(
    EarnedRow,
    select(
        order_parts.c.order_id,
        order_parts.c.shop_id,
        (order_parts.c.total_minor - order_parts.c.refunded_minor - _kept).label("earned_minor"),
    )
    .where(among(order_parts.c.order_id, "order_ids"))
    .order_by(order_parts.c.order_id, order_parts.c.shop_id),
)
KNOWN = Query(int, select(orders.c.id).where(among(orders.c.id, "ids")))

# --- the history

REMEMBER = Command(
    insert(order_events)
    .inline()  # else PostgreSQL would be asked for the id, which nobody needs
    .values({field: bindparam(field) for field in EventRow.__struct_fields__ if field != "id"})
)
_told = [order_events.c[field] for field in EventRow.__struct_fields__]
HISTORY = Query(
    EventRow,
    select(*_told)
    .where(order_events.c.order_id == bindparam("order_id"), order_events.c.id > bindparam("after_id"))
    .order_by(order_events.c.id)
    .limit(bindparam("row_limit")),
)
LAST_EVENT = Query(
    EventRow,
    select(*_told).where(order_events.c.order_id == bindparam("order_id")).order_by(order_events.c.id.desc()).limit(1),
)
