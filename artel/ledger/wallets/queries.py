"""Wallets: every statement; those of the money itself are the book's."""

from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from artel.db import Query, among
from artel.ledger.wallets.model import WithdrawalRow
from artel.ledger.wallets.tables import withdrawals

_row = [withdrawals.c[field] for field in WithdrawalRow.__struct_fields__]
_by_id = withdrawals.c.id == bindparam("withdrawal_id")

REQUEST = Query(
    WithdrawalRow,
    insert(withdrawals)
    .values(
        account_id=bindparam("account_id"),
        amount_minor=bindparam("amount_minor"),
        currency=bindparam("currency"),
        destination=bindparam("destination"),
        status="requested",
        note="",
        created_us=bindparam("now_us"),
        settled_us=0,
        request_key=bindparam("request_key"),
    )
    .on_conflict_do_nothing(index_elements=["request_key"])
    .returning(*_row),
)
REQUESTED = Query(WithdrawalRow, select(*_row).where(withdrawals.c.request_key == bindparam("request_key")))
HELD = Query(WithdrawalRow, update(withdrawals).where(_by_id).values(hold_id=bindparam("of_hold")).returning(*_row))
BY_ID_LOCKED = Query(WithdrawalRow, select(*_row).where(_by_id).with_for_update())
SETTLE = Query(
    WithdrawalRow,
    update(withdrawals)
    .where(_by_id)
    .values(
        status=bindparam("new_status"),
        note=bindparam("new_note"),
        transfer_id=bindparam("new_transfer_id"),
        settled_by=bindparam("by"),
        settled_us=bindparam("now_us"),
    )
    .returning(*_row),
)

_any = bindparam("status", type_=withdrawals.c.status.type) == ""
_newest_first = (
    select(*_row)
    .where(withdrawals.c.id < bindparam("before_id"))
    .order_by(withdrawals.c.id.desc())
    .limit(bindparam("row_limit"))
)
LIST = Query(WithdrawalRow, _newest_first)
LIST_OF_STATUS = Query(WithdrawalRow, _newest_first.where(withdrawals.c.status == bindparam("status")))
LIST_OF_ACCOUNT = Query(
    WithdrawalRow,
    _newest_first.where(
        withdrawals.c.account_id == bindparam("account_id"), or_(_any, withdrawals.c.status == bindparam("status"))
    ),
)

# --- what is compared with the book

AFTER = Query(
    WithdrawalRow,
    select(*_row)
    .where(withdrawals.c.id > bindparam("after_id"))
    .order_by(withdrawals.c.id)
    .limit(bindparam("row_limit")),
)
KNOWN = Query(int, select(withdrawals.c.id).where(among(withdrawals.c.id, "ids")))
