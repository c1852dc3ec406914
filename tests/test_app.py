"""The composition root: background work that fails is begun again."""

import asyncio
from collections.abc import Callable

import pytest

from artel import app
from artel.edge.observe import make_log
from tests.conftest import Client, Log, Run


def test_a_chore_that_fails_is_told_of_and_begun_again(log: Log, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = 0

    async def chore() -> None:
        nonlocal begun
        begun += 1
        raise ZeroDivisionError("planted")

    async def a_while() -> None:
        task = asyncio.create_task(app._kept_up(chore, make_log("debug", log)))  # type: ignore[arg-type]
        await asyncio.sleep(0.1)
        await app._end([task])
        assert task.cancelled()

    monkeypatch.setattr(app, "CHORE_PAUSE_S", 0.01)
    run(a_while())
    assert begun > 1
    assert log.lines()[0]["event"] == "chore.fault"
    assert "planted" in log.lines()[0]["exception"]


def test_money_that_is_not_real_is_told_of_at_the_start(start: Callable[..., Client], log: Log) -> None:
    start(payments_test=False)
    assert not [line for line in log.lines() if line["event"] == "payments.test_money_is_taken"]
    start(payments_test=True)
    assert [line for line in log.lines() if line["event"] == "payments.test_money_is_taken"]
