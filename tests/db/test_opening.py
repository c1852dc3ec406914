"""Which database it is."""

import asyncio
from pathlib import Path

import pytest

from artel.db import Database, StorageUnavailable
from artel.db.opening import DATABASE_FILE, open_database
from artel.settings import Settings


def test_an_address_opens_postgresql_and_none_opens_sqlite_in_the_folder(settings: Settings, db: Database) -> None:
    assert db.engine == ("postgresql" if settings.database else "sqlite")
    assert (settings.data / DATABASE_FILE).exists() == (db.engine == "sqlite")


@pytest.mark.parametrize("url", ["", "postgresql://artel@127.0.0.1:1/none"])
def test_a_database_that_cannot_be_opened_is_unavailable(url: str, tmp_path: Path) -> None:
    with pytest.raises(StorageUnavailable):
        asyncio.run(open_database(url, tmp_path / "nowhere"))
