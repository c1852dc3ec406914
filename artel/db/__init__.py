"""SQL without business words: statements compiled once, `Read` and `Write` transactions, the outbox."""

from artel.db.outbox import Event, emit
from artel.db.statement import Command, Query, identity, metadata
from artel.db.transaction import Database, Read, StorageUnavailable, Write

__all__ = [
    "Command",
    "Database",
    "Event",
    "Query",
    "Read",
    "StorageUnavailable",
    "Write",
    "emit",
    "identity",
    "metadata",
]
