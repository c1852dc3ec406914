"""Jobs expire by themselves: in the application, in its own time; what fails is told and tried again."""

import asyncio

import pytest

from artel.db import Database, StorageUnavailable
from artel.edge.observe import make_log
from artel.jobs import chores, service
from artel.jobs.chores import Expiry
from artel.jobs.service import Expired
from artel.kernel.actor import SYSTEM
from tests.conftest import Log, Run
from tests.jobs.board import Board

LONG_US = 10**16  # after every time of a test


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chores, "PAUSE_S", 0.01)


def told(log: Log, event: str) -> list[dict[str, object]]:
    return [line for line in log.lines() if line["event"] == event]


def test_a_job_expires_while_the_application_runs(board: Board, run: Run) -> None:
    anna = board.customer()
    first, second = board.posted(anna, expires_at="2099-01-01")["id"], board.posted(anna)["id"]
    board.later(LONG_US)

    async def until_it_is_closed() -> None:
        async with asyncio.timeout(10):
            while (await board.db.read(service.get, SYSTEM, first)).status == "open":
                await asyncio.sleep(0.01)

    run(until_it_is_closed())
    assert (board.row(first).status, board.row(second).status) == ("expired", "open")
    assert board.wallet(anna) == 90_000


def test_a_failure_is_told_and_the_next_round_is_made(
    db: Database, run: Run, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: list[Expired | None] = [None, Expired(2, []), Expired(0, [7]), Expired(0, [7]), Expired(0, [7, 8])]

    async def planted(_: Database) -> Expired:
        answer = answers.pop(0) if answers else Expired(0, [])
        if answer is None:
            raise StorageUnavailable(reason="planted")
        return answer

    monkeypatch.setattr(service, "expire_due", planted)

    async def some_rounds() -> None:
        task = asyncio.create_task(Expiry(db, make_log("debug", log)).run())  # type: ignore[arg-type]
        async with asyncio.timeout(10):
            while answers:
                await asyncio.sleep(0.01)
        task.cancel()

    run(some_rounds())
    assert "planted" in str(told(log, "jobs.waits"))
    assert [line["jobs"] for line in told(log, "jobs.expired")] == [2]
    assert [line["job_ids"] for line in told(log, "jobs.customers_are_full")] == [[7], [7, 8]], "each is told of once"
