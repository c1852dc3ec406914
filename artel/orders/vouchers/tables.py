"""Vouchers and their uses: tables."""

from sqlalchemy import (
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
)

from artel.db import identity, integer, metadata, text

vouchers = Table(
    "vouchers",
    metadata,
    identity(),
    integer("shop_id", nullable=True),  # whose goods it makes cheaper; none: those of every shop
    text("code"),
    text("code_key"),  # as it is compared
    integer("percent_bp"),  # basis points off the goods; 0: an amount
    integer("amount_minor"),  # off the goods; 0: a share
    text("currency"),  # of the amount and of the minimum; '' for neither
    integer("minimum_minor"),  # the goods must be worth this much
    integer("from_us"),
    integer("until_us"),  # 0: for ever
    integer("once_per_customer"),
    integer("uses_max"),  # 0: any number
    integer("used"),
    integer("active"),
    integer("created_us"),
    integer("updated_us"),
    integer("version"),
    UniqueConstraint("code_key", name="vouchers_code_key_uq"),
    ForeignKeyConstraint(["shop_id"], ["shops.id"], name="vouchers_shop_id_fk"),
    CheckConstraint("used >= 0 AND (uses_max = 0 OR used <= uses_max)", name="used"),
    CheckConstraint("(percent_bp > 0) <> (amount_minor > 0)", name="value"),
    CheckConstraint("percent_bp BETWEEN 0 AND 10000", name="percent_bp"),
)
Index("vouchers_shop_ix", vouchers.c.shop_id, vouchers.c.id)

# An order that is cancelled or expires gives its use back: the row goes.
voucher_uses = Table(
    "voucher_uses",
    metadata,
    integer("order_id"),
    integer("voucher_id"),
    integer("account_id"),
    integer("once_account_id", nullable=True),  # the account again when the voucher serves a customer once
    integer("at_us"),
    PrimaryKeyConstraint("order_id", name="voucher_uses_pk"),
    UniqueConstraint("voucher_id", "once_account_id", name="voucher_uses_once_uq"),
    ForeignKeyConstraint(["order_id"], ["orders.id"], name="voucher_uses_order_id_fk"),
    ForeignKeyConstraint(["voucher_id"], ["vouchers.id"], name="voucher_uses_voucher_id_fk"),
    ForeignKeyConstraint(["account_id"], ["accounts.id"], name="voucher_uses_account_id_fk"),
)
Index("voucher_uses_account_ix", voucher_uses.c.account_id)
