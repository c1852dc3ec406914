"""What the tests of the book share."""

import pytest

from artel.db import Database
from tests.conftest import Run
from tests.ledger.book.bank import Bank


@pytest.fixture
def bank(db: Database, run: Run) -> Bank:
    """A new, empty book."""
    return Bank(db, run)
