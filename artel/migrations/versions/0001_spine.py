"""Outbox, idempotent answers, tallies."""

import sqlalchemy as sa
from alembic import op

from artel.db.statement import identity

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "outbox",
        identity(),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("claimed_until_us", sa.BigInteger, nullable=False),
        sa.Column("delivered_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="outbox_pk"),
        sqlite_autoincrement=True,
    )
    waiting = sa.text("delivered_us = 0")
    op.create_index("outbox_waiting_ix", "outbox", ["id"], sqlite_where=waiting, postgresql_where=waiting)
    op.create_table(
        "idempotency",
        sa.Column("key_hash", sa.LargeBinary, nullable=False),
        sa.Column("request_hash", sa.LargeBinary, nullable=False),
        sa.Column("status", sa.BigInteger, nullable=False),
        sa.Column("answer", sa.LargeBinary, nullable=False),
        sa.Column("created_us", sa.BigInteger, nullable=False),
        sa.Column("replays", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("key_hash", name="idempotency_pk"),
    )
    op.create_index("idempotency_created_ix", "idempotency", ["created_us"])
    op.create_table(
        "tallies",
        sa.Column("bucket", sa.Text, nullable=False),
        sa.Column("window_start_us", sa.BigInteger, nullable=False),
        sa.Column("used", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("bucket", name="tallies_pk"),
    )
    op.create_index("tallies_window_start_ix", "tallies", ["window_start_us"])
