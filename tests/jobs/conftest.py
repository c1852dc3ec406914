"""A board that speaks to the application."""

import pytest

from artel.db import Database
from tests.conftest import Client, Run
from tests.jobs.board import Board
from tests.people import People


@pytest.fixture
def board(db: Database, run: Run, client: Client, people: People) -> Board:
    return Board(db, run, client, people)
