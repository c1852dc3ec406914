"""A till whose shops are paid out."""

from collections.abc import Callable

import pytest

from artel.db import Database
from tests.conftest import Client, Run
from tests.orders.orders.accounts import Accounts
from tests.orders.orders.till import Till
from tests.people import People


@pytest.fixture
def till(db: Database, run: Run, start: Callable[..., Client], people: People) -> Till:
    return Till(db, run, start(payments_test=True), people)


@pytest.fixture
def accounts(till: Till) -> Accounts:
    return Accounts(till.db, till.run)
