"""The outbox gives positions and knows who may see an event; webhooks, their deliveries and attempts."""

import sqlalchemy as sa
from alembic import op

from artel.db.statement import identity, integer, text

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    _outbox()
    _webhooks()
    _deliveries()


def _outbox() -> None:
    op.drop_index("outbox_waiting_ix", "outbox")
    for name in ("subject", "audience"):
        op.add_column("outbox", sa.Column(name, sa.Text, nullable=False, server_default=""))
    op.add_column("outbox", sa.Column("position", sa.BigInteger, nullable=False, server_default=sa.text("0")))
    op.execute("UPDATE outbox SET position = id WHERE delivered_us > 0")  # what waits gets its position when it is due
    for name in ("claimed_until_us", "delivered_us"):
        op.drop_column("outbox", name)
    waits, done = sa.text("position = 0"), sa.text("position > 0")
    op.create_index("outbox_unpublished_ix", "outbox", ["id"], sqlite_where=waits, postgresql_where=waits)
    op.create_index("outbox_position_uq", "outbox", ["position"], unique=True, sqlite_where=done, postgresql_where=done)
    op.create_table(
        "outbox_audience",
        text("word"),
        integer("position"),
        sa.PrimaryKeyConstraint("word", "position", name="outbox_audience_pk"),
    )
    op.create_index("outbox_audience_position_ix", "outbox_audience", ["position"])
    op.create_table(
        "outbox_reach",
        integer("id"),
        integer("published"),
        integer("forgotten"),
        sa.PrimaryKeyConstraint("id", name="outbox_reach_pk"),
    )
    op.execute(
        "INSERT INTO outbox_reach (id, published, forgotten) SELECT 1, coalesce(max(position), 0), 0 FROM outbox"
    )


def _webhooks() -> None:
    op.create_table(
        "webhooks",
        identity(),
        integer("account_id"),
        text("url"),
        text("kinds"),
        sa.Column("secret", sa.LargeBinary, nullable=False),
        sa.Column("old_secret", sa.LargeBinary, nullable=False),
        integer("old_secret_until_us"),
        integer("active"),
        text("problem"),
        integer("failing_since_us"),
        integer("failures"),
        integer("rests_until_us"),
        integer("served_us"),
        integer("created_us"),
        integer("updated_us"),
        integer("version"),
        sa.PrimaryKeyConstraint("id", name="webhooks_pk"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="webhooks_account_id_fk"),
        sqlite_autoincrement=True,
    )
    op.create_index("webhooks_account_ix", "webhooks", ["account_id", "id"])


def _deliveries() -> None:
    op.create_table(
        "webhook_deliveries",
        identity(),
        integer("webhook_id"),
        integer("event_id"),
        text("kind"),
        text("subject"),
        text("status"),
        integer("tries"),
        integer("due_us"),
        integer("claimed_until_us"),
        integer("created_us"),
        integer("finished_us"),
        sa.PrimaryKeyConstraint("id", name="webhook_deliveries_pk"),
        sa.ForeignKeyConstraint(["webhook_id"], ["webhooks.id"], name="webhook_deliveries_webhook_id_fk"),
        sa.UniqueConstraint("webhook_id", "event_id", name="webhook_deliveries_event_uq"),
    )
    waits = sa.text("finished_us = 0")
    op.create_index("webhook_deliveries_webhook_ix", "webhook_deliveries", ["webhook_id", "id"])
    op.create_index("webhook_deliveries_created_ix", "webhook_deliveries", ["created_us"])
    for name, columns in (
        ("webhook_deliveries_waiting_ix", ["webhook_id", "id"]),
        ("webhook_deliveries_order_ix", ["webhook_id", "subject", "id"]),
    ):
        op.create_index(name, "webhook_deliveries", columns, sqlite_where=waits, postgresql_where=waits)
    op.create_table(
        "webhook_attempts",
        identity(),
        integer("delivery_id"),
        integer("at_us"),
        integer("status"),
        integer("took_us"),
        text("answer"),
        sa.PrimaryKeyConstraint("id", name="webhook_attempts_pk"),
        sa.ForeignKeyConstraint(["delivery_id"], ["webhook_deliveries.id"], name="webhook_attempts_delivery_id_fk"),
    )
    op.create_index("webhook_attempts_delivery_ix", "webhook_attempts", ["delivery_id", "id"])
