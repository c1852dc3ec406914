"""Withdrawals from wallets: tables. What is in a wallet is an account of the book."""

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Table

from artel.db import identity, integer, metadata, text

withdrawals = Table(
    "withdrawals",
    metadata,
    identity(),
    integer("account_id"),  # whose wallet it leaves
    integer("amount_minor"),
    text("currency"),
    text("destination"),  # in the account's own words
    text("status"),  # requested, paid, refused, cancelled
    text("note"),  # of the staff
    integer("hold_id", nullable=True),  # which keeps the money from being spent; none: in the moment of the request
    integer("transfer_id", nullable=True),  # by which it left; none: it did not
    integer("settled_by", nullable=True),  # who paid, refused or cancelled it
    integer("created_us"),
    integer("settled_us"),  # 0: not yet
    text("request_key", nullable=True),  # of the request: asked again it is the same withdrawal
    ForeignKeyConstraint(["account_id"], ["accounts.id"], name="withdrawals_account_id_fk"),
    ForeignKeyConstraint(["hold_id"], ["ledger_holds.id"], name="withdrawals_hold_id_fk"),
    ForeignKeyConstraint(["transfer_id"], ["ledger_transfers.id"], name="withdrawals_transfer_id_fk"),
    ForeignKeyConstraint(["settled_by"], ["accounts.id"], name="withdrawals_settled_by_fk"),
    CheckConstraint("amount_minor > 0", name="amount"),
    CheckConstraint("(status = 'paid') = (transfer_id IS NOT NULL)", name="paid"),
)
Index("withdrawals_request_key_uq", withdrawals.c.request_key, unique=True)
Index("withdrawals_account_ix", withdrawals.c.account_id, withdrawals.c.id)
Index("withdrawals_status_ix", withdrawals.c.status, withdrawals.c.id)
