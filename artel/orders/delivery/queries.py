"""Delivery methods: every statement."""

from sqlalchemy import bindparam, insert, select, update

from artel.db import Query, among
from artel.orders.delivery.model import MethodRow
from artel.orders.delivery.tables import delivery_methods

_shown = [delivery_methods.c[field] for field in MethodRow.__struct_fields__]
_by_id = select(*_shown).where(
    delivery_methods.c.id == bindparam("method_id"), delivery_methods.c.shop_id == bindparam("shop_id")
)

CHOSEN = Query(
    MethodRow, select(*_shown).where(among(delivery_methods.c.id, "method_ids"), delivery_methods.c.active == 1)
)
BY_ID = Query(MethodRow, _by_id)
BY_ID_LOCKED = Query(MethodRow, _by_id.with_for_update())
LIST = Query(
    MethodRow,
    select(*_shown)
    .where(
        delivery_methods.c.shop_id == bindparam("shop_id"),
        delivery_methods.c.active == bindparam("active"),
        delivery_methods.c.id > bindparam("after_id"),
    )
    .order_by(delivery_methods.c.id)
    .limit(bindparam("row_limit")),
)
MAKE = Query(
    MethodRow,
    insert(delivery_methods)
    .values(
        shop_id=bindparam("shop_id"),
        name=bindparam("name"),
        description=bindparam("description"),
        price_minor=bindparam("price_minor"),
        currency=bindparam("currency"),
        free_from_minor=bindparam("free_from_minor"),
        active=1,
        created_us=bindparam("now_us"),
        updated_us=bindparam("now_us"),
        version=1,
    )
    .returning(*_shown),
)
EDIT = Query(
    MethodRow,
    update(delivery_methods)
    .where(delivery_methods.c.id == bindparam("method_id"))
    .values(
        name=bindparam("new_name"),
        description=bindparam("new_description"),
        price_minor=bindparam("new_price_minor"),
        free_from_minor=bindparam("new_free_from_minor"),
        active=bindparam("new_active"),
        updated_us=bindparam("now_us"),
        version=delivery_methods.c.version + 1,
    )
    .returning(*_shown),
)
