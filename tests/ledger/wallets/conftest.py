"""What the tests of wallets share."""

from collections.abc import Callable

import pytest

from artel.db import Database
from tests.conftest import Client, Run
from tests.ledger.wallets.purse import Purse
from tests.people import People


@pytest.fixture
def purse(db: Database, run: Run, start: Callable[..., Client], people: People) -> Purse:
    return Purse(db, run, start(payments_test=True), people)
