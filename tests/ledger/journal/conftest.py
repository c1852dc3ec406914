"""What the tests of the journal share."""

import random

import pytest

from artel.db import Database
from artel.settings import Settings
from tests.conftest import Run
from tests.ledger.journal.filled import Kept, fill, journal_of, seal_all


@pytest.fixture
def kept(settings: Settings, db: Database, run: Run) -> Kept:
    """A small book, sealed and in its journal."""
    found = Kept(settings, db, journal_of(settings.data))
    run(db.write(fill, random.Random(4)))
    for block in run(seal_all(db)):
        assert found.journal.append(block)
    return found
