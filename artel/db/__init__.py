"""SQL without business words: statements compiled once, `Read` and `Write` transactions, the outbox."""

from artel.db.constraints import violating
from artel.db.outbox import Event, emit, emit_all
from artel.db.statement import Command, Query, among, identity, integer, metadata, numbers, text
from artel.db.transaction import Database, Read, StorageUnavailable, Write

__all__ = [
    "Command",
    "Database",
    "Event",
    "Query",
    "Read",
    "StorageUnavailable",
    "Write",
    "among",
    "emit",
    "emit_all",
    "identity",
    "integer",
    "metadata",
    "numbers",
    "text",
    "violating",
]
