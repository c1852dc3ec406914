"""Payments, refunds, and what the simulated provider remembers: tables."""

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Table, UniqueConstraint

from artel.db import identity, integer, metadata, text

payments = Table(
    "payments",
    metadata,
    identity(),
    integer("order_id", nullable=True),  # none: it tops up the wallet of the account
    integer("account_id"),  # who pays
    text("shop_ids"),  # JSON list: whose goods it pays for
    text("provider"),  # manual, test
    text("method"),  # which of the provider's ways to pay; '': its only one
    text("reference", nullable=True),  # the provider's own name of it, once it has one
    text("status"),  # pending, succeeded, failed
    integer("amount_minor"),  # what was asked for
    text("currency"),
    integer("taken_minor"),  # what the provider took, which may be something else
    text("taken_currency"),  # '': nothing
    integer("refunding_minor"),  # promised back, done or not
    integer("confirmed_by", nullable=True),  # the account that says that the money is there; none: the provider
    text("note"),  # what that account wrote about it
    integer("created_us"),
    integer("settled_us"),  # when it was learned that the provider took the money, or would not; 0: not known yet
    integer("asked_us"),  # when the provider was last asked; 0: never
    integer("check_us"),  # when the provider is asked next; 0: never again
    integer("checks"),  # how often it was asked
    text("request_key", nullable=True),  # of a top-up: the request that began it; asked again it is the same payment
    UniqueConstraint("provider", "reference", name="payments_reference_uq"),
    ForeignKeyConstraint(["order_id"], ["orders.id"], name="payments_order_id_fk"),
    ForeignKeyConstraint(["account_id"], ["accounts.id"], name="payments_account_id_fk"),
    ForeignKeyConstraint(["confirmed_by"], ["accounts.id"], name="payments_confirmed_by_fk"),
    CheckConstraint("taken_minor >= 0", name="taken"),
    CheckConstraint("refunding_minor BETWEEN 0 AND taken_minor", name="refunding"),
)
_open = payments.c.status == "pending"
# Whoever asks to pay an order again with the same provider gets the payment that waits.
Index(
    "payments_open_uq",
    payments.c.order_id,
    payments.c.provider,
    unique=True,
    sqlite_where=_open,
    postgresql_where=_open,
)
Index("payments_order_ix", payments.c.order_id)
Index("payments_request_key_uq", payments.c.request_key, unique=True)
_top_up = payments.c.order_id.is_(None)
Index("payments_top_up_ix", payments.c.account_id, payments.c.id, sqlite_where=_top_up, postgresql_where=_top_up)
Index("payments_status_ix", payments.c.status, payments.c.id)
Index(
    "payments_check_ix",
    payments.c.provider,
    payments.c.check_us,
    sqlite_where=payments.c.check_us > 0,
    postgresql_where=payments.c.check_us > 0,
)

refunds = Table(
    "refunds",
    metadata,
    identity(),
    integer("payment_id"),
    integer("order_id", nullable=True),  # of the payment
    text("provider"),  # of the payment
    integer("amount_minor"),
    text("currency"),
    text("reason"),
    text("status"),  # pending, done, failed
    text("reference", nullable=True),  # the provider's own name of it
    integer("confirmed_by", nullable=True),  # the account that says that it gave the money back
    text("note"),
    integer("created_us"),
    integer("done_us"),  # 0: not yet
    integer("try_us"),  # when it is tried next; 0: never again
    integer("tries"),
    ForeignKeyConstraint(["payment_id"], ["payments.id"], name="refunds_payment_id_fk"),
    ForeignKeyConstraint(["order_id"], ["orders.id"], name="refunds_order_id_fk"),
    ForeignKeyConstraint(["confirmed_by"], ["accounts.id"], name="refunds_confirmed_by_fk"),
    CheckConstraint("amount_minor > 0", name="amount"),
)
Index("refunds_order_ix", refunds.c.order_id)
Index("refunds_payment_ix", refunds.c.payment_id)
Index("refunds_status_ix", refunds.c.status, refunds.c.id)
Index(
    "refunds_try_ix",
    refunds.c.provider,
    refunds.c.try_us,
    sqlite_where=refunds.c.try_us > 0,
    postgresql_where=refunds.c.try_us > 0,
)

# The books of the simulated provider: what it took and what it told, true or not.
test_charges = Table(
    "test_charges",
    metadata,
    identity(),
    text("payment_key"),  # what its client calls the payment: asked for again it is the same charge
    text("reference"),
    text("behaviour"),
    text("fate"),  # captured, declined: what becomes of it
    integer("amount_minor"),  # what it takes
    text("currency"),
    integer("captures_us"),  # when its fate is decided
    integer("tells_us"),  # when it tells of it next; 0: never (again)
    integer("tells_left"),  # how often it will tell of it
    integer("asked"),  # how often it was asked for the state
    integer("refund_calls"),  # how often it was asked for money back
    integer("refunded_minor"),
    UniqueConstraint("payment_key", name="test_charges_payment_key_uq"),
    UniqueConstraint("reference", name="test_charges_reference_uq"),
    CheckConstraint("refunded_minor BETWEEN 0 AND amount_minor", name="refunded"),
)
Index(
    "test_charges_tells_ix",
    test_charges.c.tells_us,
    sqlite_where=test_charges.c.tells_us > 0,
    postgresql_where=test_charges.c.tells_us > 0,
)

test_refunds = Table(
    "test_refunds",
    metadata,
    identity(),
    text("refund_key"),  # what its client calls the refund: asked for again it is the same one
    integer("charge_id"),
    integer("amount_minor"),
    UniqueConstraint("refund_key", name="test_refunds_refund_key_uq"),
    ForeignKeyConstraint(["charge_id"], ["test_charges.id"], name="test_refunds_charge_id_fk"),
)
