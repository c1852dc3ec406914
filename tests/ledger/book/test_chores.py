"""Holds end by themselves: in the application, in its own time; what fails is told and tried again."""

import asyncio

import pytest

from artel.db import Database, StorageUnavailable
from artel.edge.observe import make_log
from artel.ledger.book import chores, service
from artel.ledger.book.chores import Holds
from tests.conftest import Log, Run
from tests.ledger.book.bank import ANNA, Bank


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chores, "PAUSE_S", 0.01)


@pytest.mark.usefixtures("client")
def test_a_hold_expires_while_the_application_runs(bank: Bank, run: Run) -> None:
    bank.fill(ANNA, 100)
    bank.hold(ANNA, 30, expires_us=1)
    bank.hold(ANNA, 20)

    async def until_it_is_free() -> None:
        async with asyncio.timeout(10):
            while (await bank.clock.read(service.balance, ANNA)).available_minor == 50:
                await asyncio.sleep(0.01)

    run(until_it_is_free())
    assert bank.stands(ANNA) == (100, 20, 80)


def test_a_failure_is_told_and_the_next_round_is_made(
    db: Database, run: Run, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: list[int | None] = [None, 2, 0]

    async def planted(_: Database) -> int:
        answer = answers.pop(0) if answers else 0
        if answer is None:
            raise StorageUnavailable(reason="planted")
        return answer

    monkeypatch.setattr(service, "expire_due", planted)

    async def some_rounds() -> None:
        task = asyncio.create_task(Holds(db, make_log("debug", log)).run())  # type: ignore[arg-type]
        async with asyncio.timeout(10):
            while answers:
                await asyncio.sleep(0.01)
        task.cancel()

    run(some_rounds())
    lines = log.lines()
    assert "planted" in str([line for line in lines if line["event"] == "holds.wait"])
    assert [line["holds"] for line in lines if line["event"] == "holds.expired"] == [2]
