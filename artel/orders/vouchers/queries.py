"""Vouchers: every statement."""

from sqlalchemy import bindparam, delete, func, literal_column, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from artel.db import Command, Query, among
from artel.orders.vouchers.model import Standing, VoucherRow
from artel.orders.vouchers.tables import voucher_uses, vouchers

_shown = [vouchers.c[field] for field in VoucherRow.__struct_fields__]
_standing = [vouchers.c[field] for field in Standing.__struct_fields__[:-1]]

# --- the code of a customer

STANDING = Query(
    Standing,
    select(
        *_standing,
        select(func.count())
        .where(voucher_uses.c.voucher_id == vouchers.c.id, voucher_uses.c.once_account_id == bindparam("account_id"))
        .scalar_subquery()
        .label("used_by_asker"),
    ).where(vouchers.c.code_key == bindparam("code_key"), vouchers.c.active == 1),
)
KNOWN = Query(int, select(vouchers.c.id).where(vouchers.c.code_key == bindparam("code_key"), vouchers.c.active == 1))
REDEEM = Query(
    Standing,
    update(vouchers)
    .where(
        vouchers.c.code_key == bindparam("code_key"),
        vouchers.c.active == 1,
        vouchers.c.from_us <= bindparam("now_us"),
        or_(vouchers.c.until_us == 0, vouchers.c.until_us > bindparam("now_us")),
        or_(vouchers.c.uses_max == 0, vouchers.c.used < vouchers.c.uses_max),
    )
    .values(used=vouchers.c.used + 1)
    .returning(*_standing, literal_column("0").label("used_by_asker")),
)
USE = Command(
    upsert(voucher_uses)
    .values(
        order_id=bindparam("order_id"),
        voucher_id=bindparam("voucher_id"),
        account_id=bindparam("account_id"),
        once_account_id=bindparam("once_account_id"),
        at_us=bindparam("now_us"),
    )
    .on_conflict_do_nothing(index_elements=["voucher_id", "once_account_id"])
)
USED_BY_LOCKED = Query(
    int,
    select(vouchers.c.id)
    .join_from(voucher_uses, vouchers, voucher_uses.c.voucher_id == vouchers.c.id)
    .where(voucher_uses.c.order_id == bindparam("order_id"))
    .with_for_update(of=vouchers),
)
UNUSE = Command(delete(voucher_uses).where(voucher_uses.c.order_id == bindparam("order_id")))
GIVE_BACK = Command(update(vouchers).where(vouchers.c.id == bindparam("voucher_id")).values(used=vouchers.c.used - 1))

# --- who gives vouchers away

MAKE = Query(
    VoucherRow,
    upsert(vouchers)
    .values(
        shop_id=bindparam("shop_id"),
        code=bindparam("code"),
        code_key=bindparam("code_key"),
        percent_bp=bindparam("percent_bp"),
        amount_minor=bindparam("amount_minor"),
        currency=bindparam("currency"),
        minimum_minor=bindparam("minimum_minor"),
        from_us=bindparam("from_us"),
        until_us=bindparam("until_us"),
        once_per_customer=bindparam("once_per_customer"),
        uses_max=bindparam("uses_max"),
        used=0,
        active=1,
        created_us=bindparam("now_us"),
        updated_us=bindparam("now_us"),
        version=1,
    )
    .on_conflict_do_nothing(index_elements=["code_key"])
    .returning(*_shown),
)
BY_ID = Query(VoucherRow, select(*_shown).where(vouchers.c.id == bindparam("voucher_id")))
BY_ID_LOCKED = Query(VoucherRow, select(*_shown).where(vouchers.c.id == bindparam("voucher_id")).with_for_update())
_newest_first = (
    select(*_shown)
    .where(vouchers.c.id < bindparam("before_id"))
    .order_by(vouchers.c.id.desc())
    .limit(bindparam("row_limit"))
)
LIST = Query(VoucherRow, _newest_first)
LIST_OF_SHOPS = Query(VoucherRow, _newest_first.where(among(vouchers.c.shop_id, "shop_ids")))
EDIT = Query(
    VoucherRow,
    update(vouchers)
    .where(vouchers.c.id == bindparam("voucher_id"))
    .values(
        minimum_minor=bindparam("new_minimum_minor"),
        from_us=bindparam("new_from_us"),
        until_us=bindparam("new_until_us"),
        uses_max=bindparam("new_uses_max"),
        active=bindparam("new_active"),
        updated_us=bindparam("now_us"),
        version=vouchers.c.version + 1,
    )
    .returning(*_shown),
)
