"""The tables that belong to no feature."""

from sqlalchemy import BigInteger, Column, Index, LargeBinary, Table, Text

from artel.db.statement import identity, metadata

outbox = Table(
    "outbox",
    metadata,
    identity(),
    Column("kind", Text, nullable=False),  # account.registered
    Column("body", Text, nullable=False),  # JSON
    Column("at_us", BigInteger, nullable=False),
    Column("claimed_until_us", BigInteger, nullable=False),  # 0: nobody is delivering it
    Column("delivered_us", BigInteger, nullable=False),  # 0: not yet
    sqlite_autoincrement=True,  # an event's id is never given twice, not even after old events were deleted
)
Index(
    "outbox_waiting_ix",
    outbox.c.id,
    sqlite_where=outbox.c.delivered_us == 0,
    postgresql_where=outbox.c.delivered_us == 0,
)

# Answers of requests that carried an Idempotency-Key, sealed: one of them may hold a token.
idempotency = Table(
    "idempotency",
    metadata,
    Column("key_hash", LargeBinary, primary_key=True),  # of the caller, the route and the key
    Column("request_hash", LargeBinary, nullable=False),  # of the body: another body is refused
    Column("status", BigInteger, nullable=False),
    Column("answer", LargeBinary, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("replays", BigInteger, nullable=False),
)
Index("idempotency_created_ix", idempotency.c.created_us)

# How often something happened in a window of time: failed log-ins, registrations.
tallies = Table(
    "tallies",
    metadata,
    Column("bucket", Text, primary_key=True),  # what is counted, and for whom
    Column("window_start_us", BigInteger, nullable=False),
    Column("used", BigInteger, nullable=False),
)
Index("tallies_window_start_ix", tallies.c.window_start_us)
