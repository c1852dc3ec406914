"""The tables that belong to no feature."""

from sqlalchemy import BigInteger, Column, Index, LargeBinary, Table, Text, literal_column

from artel.db.statement import identity, metadata

outbox = Table(
    "outbox",
    metadata,
    identity(),
    Column("kind", Text, nullable=False),  # account.registered
    Column("body", Text, nullable=False),  # JSON
    Column("at_us", BigInteger, nullable=False),
    Column("subject", Text, nullable=False, server_default=""),  # order/12: events of one subject keep their order
    Column("audience", Text, nullable=False, server_default=""),  # account/7 shop/3: who besides the staff may see it
    Column("position", BigInteger, nullable=False, server_default=literal_column("0")),  # 0: not published yet
    sqlite_autoincrement=True,  # an event's id is never given twice, not even after old events were deleted
)
Index(
    "outbox_unpublished_ix",
    outbox.c.id,
    sqlite_where=outbox.c.position == 0,
    postgresql_where=outbox.c.position == 0,
)
Index(
    "outbox_position_uq",
    outbox.c.position,
    unique=True,
    sqlite_where=outbox.c.position > 0,
    postgresql_where=outbox.c.position > 0,
)

# The published events that each word of an audience may see.
outbox_audience = Table(
    "outbox_audience",
    metadata,
    Column("word", Text, primary_key=True),  # account/7
    Column("position", BigInteger, primary_key=True, autoincrement=False),
)
Index("outbox_audience_position_ix", outbox_audience.c.position)

# One row: whoever publishes holds its lock, so that positions grow without a gap in the order of the commits.
outbox_reach = Table(
    "outbox_reach",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("published", BigInteger, nullable=False),  # the last position that was given
    Column("forgotten", BigInteger, nullable=False),  # the last position that was deleted
)

# One row: which PostgreSQL cluster counts the transactions, and how many did before it (artel/db/horizon.py).
transaction_era = Table(
    "transaction_era",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("cluster", Text, nullable=False),  # its system identifier; '' on SQLite
    Column("era", BigInteger, nullable=False),
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

TALLY_PARTS = 5  # of a window: fewer would keep uses longer than they matter, more would make the row wider

# How often something happened in a window of time: failed log-ins, registrations.
tallies = Table(
    "tallies",
    metadata,
    Column("bucket", Text, primary_key=True),  # what is counted, and for whom
    Column("window_start_us", BigInteger, nullable=False),  # of the part of the window that began last
    Column("used", BigInteger, nullable=False),  # in that part
    *(Column(f"used_{age}", BigInteger, nullable=False, server_default="0") for age in range(1, TALLY_PARTS + 1)),
)
Index("tallies_window_start_ix", tallies.c.window_start_us)
