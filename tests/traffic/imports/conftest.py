"""An importer over each database."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from artel.db import Database
from artel.settings import Settings
from artel.traffic.imports.weave import Workshop


@pytest.fixture(scope="session")
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as threads:
        yield threads


@pytest.fixture
def shop(db: Database, settings: Settings, pool: ThreadPoolExecutor) -> Workshop:
    return Workshop(db, settings.data, pool)
