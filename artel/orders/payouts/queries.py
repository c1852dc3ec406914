"""Payouts: every statement."""

from sqlalchemy import bindparam, func, insert, select, update

from artel.db import Query, among
from artel.orders.payouts.model import PayoutRow
from artel.orders.payouts.tables import payouts

_payout = [payouts.c[field] for field in PayoutRow.__struct_fields__]
_of_shop = payouts.c.shop_id == bindparam("shop_id")

LAST_UNTIL = Query(
    int,
    select(func.max(payouts.c.until_us)).where(_of_shop, payouts.c.currency == bindparam("currency")),
)
BEGIN = Query(
    int,
    insert(payouts)
    .values(
        {
            field: bindparam(field)
            for field in PayoutRow.__struct_fields__
            if field not in ("id", "transfer_id", "until_us")
        }
        | {"until_us": 0}
    )
    .returning(payouts.c.id),
)
MADE = Query(
    PayoutRow,
    update(payouts)
    .where(payouts.c.id == bindparam("payout_id"))
    .values(transfer_id=bindparam("new_transfer_id"), until_us=bindparam("new_until_us"))
    .returning(*_payout),
)
KNOWN = Query(int, select(payouts.c.id).where(among(payouts.c.id, "ids")))
AFTER = Query(
    PayoutRow,
    select(*_payout).where(payouts.c.id > bindparam("after_id")).order_by(payouts.c.id).limit(bindparam("row_limit")),
)
BY_ID = Query(PayoutRow, select(*_payout).where(payouts.c.id == bindparam("payout_id")))

_page = (
    select(*_payout)
    .where(payouts.c.id < bindparam("before_id"))
    .order_by(payouts.c.id.desc())
    .limit(bindparam("row_limit"))
)
LIST = Query(PayoutRow, _page)
LIST_OF_SHOP = Query(PayoutRow, _page.where(_of_shop))
LIST_OF_SHOPS = Query(PayoutRow, _page.where(among(payouts.c.shop_id, "shop_ids")))
