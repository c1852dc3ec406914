"""The demo's jobs: in every state, and their money is where it belongs."""

from collections import Counter

from artel.db import Database
from artel.demo import plan
from artel.demo.jobs import FATES
from artel.jobs.checks import check
from tests.conftest import Run
from tests.demo.test_business import load
from tests.jobs.board import check_histories
from tests.people import dump

STATUS = {"agreed": "refunded", "disputed": "fulfilled"}


def test_there_are_jobs_in_every_state_that_agree_with_the_book(db: Database, run: Run) -> None:
    run(load(db))
    rows = run(db.read(dump))["jobs"]
    assert Counter(row[13] for row in rows) == Counter(STATUS.get(fate, fate) for fate in FATES)
    assert {row[12] for row in rows} == {"prefund", "on_fulfil"}
    assert len(rows) == plan.sizes(1).jobs
    assert run(db.read(check_histories)) == len(rows)
    assert run(db.read(check)) == []
