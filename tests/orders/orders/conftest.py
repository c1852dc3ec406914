"""A market that speaks to the application."""

from collections.abc import Callable

import pytest

from artel.db import Database
from tests.conftest import Client, Run
from tests.orders.orders.market import Market
from tests.orders.orders.till import Till
from tests.people import People


@pytest.fixture
def market(db: Database, run: Run, client: Client, people: People) -> Market:
    return Market(db, run, client, people)


@pytest.fixture
def till(db: Database, run: Run, start: Callable[..., Client], people: People) -> Till:
    return Till(db, run, start(payments_test=True), people)
