"""Events: tables of the webhooks. The events themselves are in the outbox (db/tables.py)."""

from sqlalchemy import Column, ForeignKeyConstraint, Index, LargeBinary, Table, UniqueConstraint

from artel.db import identity, integer, metadata, text

webhooks = Table(
    "webhooks",
    metadata,
    identity(),
    integer("account_id"),
    text("url"),
    text("kinds"),  # patterns with spaces between
    Column("secret", LargeBinary, nullable=False),  # sealed
    Column("old_secret", LargeBinary, nullable=False),  # sealed; signs too until `old_secret_until_us`
    integer("old_secret_until_us"),
    integer("active"),
    text("problem"),  # why we switched it off; '': we did not
    integer("failing_since_us"),  # the first failed attempt after the last good one; 0: the last one was good
    integer("failures"),  # failed attempts since then
    integer("rests_until_us"),  # a failing address is left alone for a while, whatever waits
    integer("served_us"),  # when something was taken to be sent: the one that waits the longest is next
    integer("created_us"),
    integer("updated_us"),
    integer("version"),
    ForeignKeyConstraint(["account_id"], ["accounts.id"], name="webhooks_account_id_fk"),
    sqlite_autoincrement=True,  # a test of one that is gone must not go to another's
)
Index("webhooks_account_ix", webhooks.c.account_id, webhooks.c.id)

deliveries = Table(
    "webhook_deliveries",
    metadata,
    identity(),  # grows in the order of the events' positions
    integer("webhook_id"),
    integer("event_id"),
    text("kind"),
    text("subject"),
    text("status"),
    integer("tries"),  # of this round; a replay begins a new one
    integer("due_us"),
    integer("claimed_until_us"),  # 0: nobody is sending it
    integer("created_us"),
    integer("finished_us"),  # 0: it waits
    ForeignKeyConstraint(["webhook_id"], ["webhooks.id"], name="webhook_deliveries_webhook_id_fk"),
    UniqueConstraint("webhook_id", "event_id", name="webhook_deliveries_event_uq"),
)
_waits = deliveries.c.finished_us == 0
Index("webhook_deliveries_webhook_ix", deliveries.c.webhook_id, deliveries.c.id)
Index("webhook_deliveries_created_ix", deliveries.c.created_us)
Index(
    "webhook_deliveries_waiting_ix",
    deliveries.c.webhook_id,
    deliveries.c.id,
    sqlite_where=_waits,
    postgresql_where=_waits,
)
Index(
    "webhook_deliveries_order_ix",
    deliveries.c.webhook_id,
    deliveries.c.subject,
    deliveries.c.id,
    sqlite_where=_waits,
    postgresql_where=_waits,
)

attempts = Table(
    "webhook_attempts",
    metadata,
    identity(),
    integer("delivery_id"),
    integer("at_us"),
    integer("status"),  # of HTTP; 0: there was no answer
    integer("took_us"),
    text("answer"),  # its beginning, or why there was none
    ForeignKeyConstraint(["delivery_id"], ["webhook_deliveries.id"], name="webhook_attempts_delivery_id_fk"),
)
Index("webhook_attempts_delivery_ix", attempts.c.delivery_id, attempts.c.id)
