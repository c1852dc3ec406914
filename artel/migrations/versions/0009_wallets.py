"""Withdrawals from wallets; payments that top up a wallet."""

import sqlalchemy as sa
from alembic import op

from artel.db.statement import identity, integer, text

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    _withdrawals()
    by_hand()


def _withdrawals() -> None:
    op.create_table(
        "withdrawals",
        identity(),
        integer("account_id"),
        integer("amount_minor"),
        text("currency"),
        text("destination"),
        text("status"),
        text("note"),
        integer("hold_id", nullable=True),
        integer("transfer_id", nullable=True),
        integer("settled_by", nullable=True),
        integer("created_us"),
        integer("settled_us"),
        sa.CheckConstraint("(status = 'paid') = (transfer_id IS NOT NULL)", name="withdrawals_paid_ck"),
        sa.CheckConstraint("amount_minor > 0", name="withdrawals_amount_ck"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="withdrawals_account_id_fk"),
        sa.ForeignKeyConstraint(["hold_id"], ["ledger_holds.id"], name="withdrawals_hold_id_fk"),
        sa.ForeignKeyConstraint(["settled_by"], ["accounts.id"], name="withdrawals_settled_by_fk"),
        sa.ForeignKeyConstraint(["transfer_id"], ["ledger_transfers.id"], name="withdrawals_transfer_id_fk"),
        sa.PrimaryKeyConstraint("id", name="withdrawals_pk"),
    )
    op.create_index("withdrawals_account_ix", "withdrawals", ["account_id", "id"])
    op.create_index("withdrawals_status_ix", "withdrawals", ["status", "id"])


# by hand
def by_hand() -> None:
    """A top-up is a payment without an order: it is found by its request and by its payer."""
    op.add_column("payments", text("request_key", nullable=True))
    op.create_index("payments_request_key_uq", "payments", ["request_key"], unique=True)
    top_up = sa.text("order_id IS NULL")
    op.create_index(
        "payments_top_up_ix", "payments", ["account_id", "id"], sqlite_where=top_up, postgresql_where=top_up
    )
