"""Payments: every statement, but those of the simulated provider's own books."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    bindparam,
    case,
    cast,
    func,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from artel.db import Command, Query, among
from artel.kernel.clock import US
from artel.payments.model import Owed, PaymentRow, PaymentShown, RefundRow, Waiting
from artel.payments.rules import CHECK_AFTER_S, HINT_PAUSE_US, REFUND_AFTER_S
from artel.payments.tables import payments, refunds

CLAIM_MAX = 20  # how many a pass asks about at once

_payment = [payments.c[field] for field in PaymentRow.__struct_fields__]
_refund = [refunds.c[field] for field in RefundRow.__struct_fields__]
_zero: ColumnElement[int] = literal_column("0")  # a literal, since a parameter would not match the partial indexes


def _next_us(after_s: Sequence[int], count: ColumnElement[int]) -> ColumnElement[int]:
    """Now, and the pause that follows what was counted so far; the last pause again and again."""
    pauses: dict[Any, Any] = {number: literal_column(str(pause_s * US)) for number, pause_s in enumerate(after_s)}
    return bindparam("now_us", type_=count.type) + case(pauses, value=count, else_=pauses[len(after_s) - 1])


def _due(table: Any, due: ColumnElement[int]) -> Select[tuple[int]]:
    return (
        select(table.c.id)
        .where(table.c.provider == bindparam("of_provider"), due > _zero, due <= bindparam("now_us"))
        .order_by(due)
        .limit(CLAIM_MAX)
        .with_for_update(skip_locked=True)
    )


def _waits(table: Any, due: ColumnElement[int]) -> Query[int]:
    """One row when something is due: a look that costs less than a claim that finds nothing."""
    provider = table.c.provider == bindparam("of_provider")
    return Query(int, select(table.c.id).where(provider, due > _zero, due <= bindparam("now_us")).limit(1))


CHECK_WAITS = _waits(payments, payments.c.check_us)
REFUND_WAITS = _waits(refunds, refunds.c.try_us)

# --- payments

_begun = insert(payments).values(
    order_id=bindparam("order_id"),
    account_id=bindparam("account_id"),
    shop_ids=bindparam("shop_ids"),
    provider=bindparam("provider"),
    method=bindparam("method"),
    status="pending",
    amount_minor=bindparam("amount_minor"),
    currency=bindparam("currency"),
    taken_minor=0,
    taken_currency="",
    refunding_minor=0,
    note="",
    created_us=bindparam("now_us"),
    settled_us=0,
    asked_us=0,
    check_us=bindparam("check_us"),
    checks=0,
)
# The payment that waits, when there is one: changed into itself, so that one statement answers it in every case.
BEGIN = Query(
    PaymentRow,
    _begun.on_conflict_do_update(
        index_elements=["order_id", "provider"],
        index_where=payments.c.status == literal_column("'pending'"),
        set_={"order_id": _begun.excluded.order_id},
    ).returning(*_payment),
)
_topped_up = _begun.values(request_key=bindparam("request_key"))
BEGIN_TOP_UP = Query(
    PaymentRow,
    _topped_up.on_conflict_do_update(
        index_elements=["request_key"], set_={"request_key": _topped_up.excluded.request_key}
    ).returning(*_payment),
)
BY_ID = Query(PaymentRow, select(*_payment).where(payments.c.id == bindparam("payment_id")))
BY_ID_LOCKED = Query(PaymentRow, select(*_payment).where(payments.c.id == bindparam("payment_id")).with_for_update())
OF_ORDER = Query(
    PaymentRow, select(*_payment).where(payments.c.order_id == bindparam("order_id")).order_by(payments.c.id)
)
BRIEF_OF_ORDER = Query(
    PaymentShown,
    select(*(payments.c[field] for field in PaymentShown.__struct_fields__))
    .where(payments.c.order_id == bindparam("order_id"))
    .order_by(payments.c.id),
)
_open_minor = case((refunds.c.status != "done", refunds.c.amount_minor), else_=0)
OWED = Query(
    Owed,
    select(
        payments.c.order_id,
        payments.c.id.label("payment_id"),
        cast(func.coalesce(func.sum(_open_minor), 0), BigInteger).label("owed_minor"),
    )
    .join_from(payments, refunds, refunds.c.payment_id == payments.c.id, isouter=True)
    .where(among(payments.c.order_id, "order_ids"))
    .group_by(payments.c.order_id, payments.c.id)
    .order_by(payments.c.id),
)
FAILED_OF_ORDER = Query(
    int,
    select(func.count()).where(
        payments.c.order_id == bindparam("order_id"),
        payments.c.provider == bindparam("of_provider"),
        payments.c.status == "failed",
    ),
)
_top_ups = (payments.c.account_id == bindparam("account_id"), payments.c.order_id.is_(None))
TOP_UPS = Query(
    PaymentRow,
    select(*_payment)
    .where(*_top_ups, payments.c.id < bindparam("before_id"))
    .order_by(payments.c.id.desc())
    .limit(bindparam("row_limit")),
)
TOP_UPS_AFTER = Query(
    PaymentRow,
    select(*_payment)
    .where(payments.c.order_id.is_(None), payments.c.id > bindparam("after_id"))
    .order_by(payments.c.id)
    .limit(bindparam("row_limit")),
)
UNPAID_TOP_UPS = Query(
    int,
    select(func.count()).where(
        *_top_ups,
        payments.c.id < bindparam("before_id"),
        payments.c.status != "succeeded",
        payments.c.created_us > bindparam("after_us"),
    ),
)
TAKEN_LOCKED = Query(
    PaymentRow,
    select(*_payment)
    .where(payments.c.order_id == bindparam("order_id"), payments.c.taken_minor > payments.c.refunding_minor)
    .order_by(payments.c.id)
    .with_for_update(),
)
NAME = Command(
    update(payments)
    .where(payments.c.id == bindparam("payment_id"), payments.c.reference.is_(None))
    .values(reference=bindparam("new_reference"))
)
SETTLE = Query(
    PaymentRow,
    update(payments)
    .where(payments.c.id == bindparam("payment_id"))
    .values(
        status=bindparam("new_status"),
        taken_minor=bindparam("new_taken_minor"),
        taken_currency=bindparam("new_taken_currency"),
        confirmed_by=bindparam("new_confirmed_by"),
        note=bindparam("new_note"),
        settled_us=bindparam("now_us"),
        check_us=0,
    )
    .returning(*_payment),
)
ASK_NO_MORE = Command(
    update(payments).where(payments.c.id == bindparam("payment_id"), payments.c.status != "pending").values(check_us=0)
)
PROMISE = Command(
    update(payments)
    .where(
        payments.c.id == bindparam("payment_id"),
        payments.c.refunding_minor + bindparam("more_minor") <= payments.c.taken_minor,
    )
    .values(refunding_minor=payments.c.refunding_minor + bindparam("more_minor"))
)
CLAIM_CHECKS = Query(
    PaymentRow,
    update(payments)
    .where(payments.c.id.in_(_due(payments, payments.c.check_us)))
    .values(
        check_us=_next_us(CHECK_AFTER_S, payments.c.checks),
        asked_us=bindparam("now_us"),
        checks=payments.c.checks + 1,
    )
    .returning(*_payment),
)
_soon = case(
    (payments.c.asked_us + HINT_PAUSE_US > bindparam("now_us"), payments.c.asked_us + HINT_PAUSE_US),
    else_=bindparam("now_us"),
)
_told_of = (
    payments.c.provider == bindparam("of_provider"),
    payments.c.reference == bindparam("of_reference"),
    payments.c.status != "succeeded",
    or_(payments.c.check_us == 0, payments.c.check_us > _soon),
)
HINTED = Query(int, select(payments.c.id).where(*_told_of))
CHECK_SOON = Command(update(payments).where(*_told_of).values(check_us=_soon))

_listed = select(*_payment).where(payments.c.id < bindparam("before_id")).order_by(payments.c.id.desc())
LIST = Query(PaymentRow, _listed.limit(bindparam("row_limit")))
LIST_OF_STATUS = Query(
    PaymentRow, _listed.where(payments.c.status == bindparam("of_status")).limit(bindparam("row_limit"))
)
LIST_OF_REFUND_STATUS = Query(
    PaymentRow,
    _listed.where(
        payments.c.id.in_(select(refunds.c.payment_id).where(refunds.c.status == bindparam("of_status")))
    ).limit(bindparam("row_limit")),
)
COUNT = Query(
    Waiting,
    select(
        select(func.count()).where(payments.c.status == "pending").scalar_subquery().label("payments_pending"),
        select(func.count()).where(refunds.c.status == "pending").scalar_subquery().label("refunds_pending"),
        select(func.count()).where(refunds.c.status == "failed").scalar_subquery().label("refunds_failed"),
    ),
)

# --- refunds

PROMISED = Query(
    RefundRow,
    insert(refunds)
    .values(
        payment_id=bindparam("payment_id"),
        order_id=bindparam("order_id"),
        provider=bindparam("provider"),
        amount_minor=bindparam("amount_minor"),
        currency=bindparam("currency"),
        reason=bindparam("reason"),
        status="pending",
        note="",
        created_us=bindparam("now_us"),
        done_us=0,
        try_us=bindparam("try_us"),
        tries=0,
    )
    .returning(*_refund),
)
REFUND_BY_ID = Query(RefundRow, select(*_refund).where(refunds.c.id == bindparam("refund_id")))
REFUNDS_OF = Query(RefundRow, select(*_refund).where(among(refunds.c.payment_id, "payment_ids")).order_by(refunds.c.id))
CLAIM_REFUNDS = Query(
    RefundRow,
    update(refunds)
    .where(refunds.c.id.in_(_due(refunds, refunds.c.try_us)))
    .values(try_us=_next_us(REFUND_AFTER_S, refunds.c.tries), tries=refunds.c.tries + 1)
    .returning(*_refund),
)
REFUND_DONE = Query(
    RefundRow,
    update(refunds)
    .where(refunds.c.id == bindparam("refund_id"), refunds.c.status == "pending")
    .values(status="done", reference=bindparam("new_reference"), done_us=bindparam("now_us"), try_us=0)
    .returning(*_refund),
)
REFUND_CONFIRMED = Query(
    RefundRow,
    update(refunds)
    .where(
        refunds.c.id == bindparam("refund_id"),
        or_(refunds.c.status == "failed", (refunds.c.status == "pending") & (refunds.c.try_us == 0)),
    )
    .values(status="done", confirmed_by=bindparam("by"), note=bindparam("new_note"), done_us=bindparam("now_us"))
    .returning(*_refund),
)
REFUND_FAILED = Query(
    RefundRow,
    update(refunds)
    .where(refunds.c.id == bindparam("refund_id"), refunds.c.status == "pending")
    .values(status="failed", try_us=0)
    .returning(*_refund),
)
REFUND_AGAIN = Query(
    RefundRow,
    update(refunds)
    .where(refunds.c.id == bindparam("refund_id"), refunds.c.status == "failed")
    .values(status="pending", tries=0, try_us=bindparam("now_us"))
    .returning(*_refund),
)
