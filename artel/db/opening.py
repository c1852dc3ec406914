"""Which database it is, and how it is opened: PostgreSQL by its address, or SQLite in the data folder."""

from pathlib import Path
from typing import Final

from artel.db.postgres import PostgresDatabase
from artel.db.sqlite import SqliteDatabase
from artel.db.transaction import Database

DATABASE_FILE: Final = "artel.db"


async def open_database(url: str, folder: Path) -> Database:
    """The door to the database at `url`, or in `folder` when `url` is empty. Raises StorageUnavailable."""
    if url:
        return await PostgresDatabase.open(url)
    return SqliteDatabase(folder / DATABASE_FILE)
