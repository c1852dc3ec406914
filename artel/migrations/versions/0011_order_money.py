"""The money of orders: what the platform keeps of sales, and payouts to the shops."""

import sqlalchemy as sa
from alembic import op

from artel.db.statement import identity, integer, text

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    _commission()
    _payouts()


def _commission() -> None:
    # The defaults are for what was sold before, and for a process of the version before.
    op.execute(
        "ALTER TABLE shops ADD COLUMN commission_bp BIGINT DEFAULT 0 NOT NULL "
        "CONSTRAINT shops_commission_bp_ck CHECK (commission_bp BETWEEN 0 AND 10000)"
    )
    op.execute("ALTER TABLE order_parts ADD COLUMN commission_bp BIGINT DEFAULT 0 NOT NULL")
    op.execute(
        "ALTER TABLE order_parts ADD COLUMN commission_minor BIGINT DEFAULT 0 NOT NULL "
        "CONSTRAINT order_parts_commission_ck CHECK (commission_minor BETWEEN 0 AND total_minor)"
    )
    op.execute(
        "ALTER TABLE order_parts ADD COLUMN commission_refunded_minor BIGINT DEFAULT 0 NOT NULL "
        "CONSTRAINT order_parts_commission_refunded_ck "
        "CHECK (commission_refunded_minor BETWEEN 0 AND commission_minor)"
    )


def _payouts() -> None:
    op.create_table(
        "payouts",
        identity(),
        integer("shop_id"),
        text("currency"),
        integer("amount_minor"),
        integer("transfer_id", nullable=True),
        integer("from_us"),
        integer("until_us"),
        integer("at_us"),
        integer("by", nullable=True),
        text("note"),
        sa.CheckConstraint("amount_minor > 0", name="payouts_amount_ck"),
        sa.ForeignKeyConstraint(["by"], ["accounts.id"], name="payouts_by_fk"),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name="payouts_shop_id_fk"),
        sa.ForeignKeyConstraint(["transfer_id"], ["ledger_transfers.id"], name="payouts_transfer_id_fk"),
        sa.PrimaryKeyConstraint("id", name="payouts_pk"),
        sa.UniqueConstraint("shop_id", "currency", "from_us", name="payouts_from_uq"),
        sa.UniqueConstraint("transfer_id", name="payouts_transfer_id_uq"),
    )
    op.create_index("payouts_shop_ix", "payouts", ["shop_id", "id"])
