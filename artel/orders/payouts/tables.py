"""Payouts: table."""

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Table, UniqueConstraint

from artel.db import identity, integer, metadata, text

# What a shop earned and was given: everything that was on its account at one moment.
payouts = Table(
    "payouts",
    metadata,
    identity(),
    integer("shop_id"),
    text("currency"),
    integer("amount_minor"),
    integer("transfer_id", nullable=True),  # in the book; none only inside the transaction that makes the payout
    integer("from_us"),  # its statement has what was booked after this …
    integer("until_us"),  # … up to this, the payout itself included
    integer("at_us"),
    integer("by", nullable=True),  # who made it; none: the operator
    text("note"),
    UniqueConstraint("shop_id", "currency", "from_us", name="payouts_from_uq"),  # nothing is paid out twice
    UniqueConstraint("transfer_id", name="payouts_transfer_id_uq"),
    ForeignKeyConstraint(["shop_id"], ["shops.id"], name="payouts_shop_id_fk"),
    ForeignKeyConstraint(["transfer_id"], ["ledger_transfers.id"], name="payouts_transfer_id_fk"),
    ForeignKeyConstraint(["by"], ["accounts.id"], name="payouts_by_fk"),
    CheckConstraint("amount_minor > 0", name="amount"),
)
Index("payouts_shop_ix", payouts.c.shop_id, payouts.c.id)
