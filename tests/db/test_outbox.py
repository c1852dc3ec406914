"""Events: delivered after the transaction that they tell of, at least once, oldest first."""

import asyncio
from typing import ClassVar

import msgspec
import pytest

from artel.db import Database, Event, Write, emit, outbox
from artel.db.outbox import BATCH, CLAIM_US, KEEP_US, Occurrence
from artel.kernel.errors import Refusal
from tests.conftest import Run


class Happened(Event, frozen=True):
    """Something with a number."""

    kind: ClassVar[str] = "test.happened"
    number: int


class Changed(Refusal):
    """The mind was changed."""

    code, kind = "test.changed", "conflict"


class Listener:
    """Remembers what it was told; fails at a number when asked to."""

    def __init__(self, fails_at: int | None = None) -> None:
        self.heard: list[int] = []
        self.ids: list[int] = []
        self.fails_at = fails_at

    async def __call__(self, event: Occurrence) -> None:
        number = msgspec.json.decode(event.body, type=Happened).number
        if number == self.fails_at:
            raise ConnectionError("the listener is away")
        self.heard.append(number)
        self.ids.append(event.id)


class Later:
    """A transaction some time from now."""

    def __init__(self, db: Database, later_us: int) -> None:
        self._db, self._later_us = db, later_us

    def __getattr__(self, name: str) -> object:
        return getattr(self._db, name)

    async def write(self, use: object, *args: object) -> object:
        async def at_another_time(tx: Write) -> object:
            shifted = _Shifted(tx, tx.now_us + self._later_us)
            return await use(shifted, *args)  # type: ignore[operator]

        return await self._db.write(at_another_time)


class _Shifted:
    def __init__(self, tx: Write, now_us: int) -> None:
        self._tx, self.now_us = tx, now_us

    def __getattr__(self, name: str) -> object:
        return getattr(self._tx, name)


async def happen(tx: Write, *numbers: int) -> None:
    for number in numbers:
        await emit(tx, Happened(number))


async def forget(tx: Write) -> int:
    return await outbox.forget(tx)


def test_an_event_is_handed_over_once_when_nothing_goes_wrong(db: Database, run: Run) -> None:
    listener = Listener()
    run(db.write(happen, 1, 2))
    assert run(outbox.deliver(db, listener)) == 2
    assert run(outbox.deliver(db, listener)) == 0
    assert listener.heard == [1, 2]


def test_an_event_of_a_transaction_that_was_taken_back_is_never_told(db: Database, run: Run) -> None:
    async def happen_and_change(tx: Write) -> None:
        await happen(tx, 1)
        raise Changed

    with pytest.raises(Changed):
        run(db.write(happen_and_change))
    assert run(outbox.deliver(db, Listener())) == 0


def test_events_come_in_the_order_in_which_they_happened(db: Database, run: Run) -> None:
    for first in range(0, 50, 5):
        run(db.write(happen, *range(first, first + 5)))
    listener = Listener()
    run(outbox.deliver(db, listener))
    assert listener.heard == list(range(50))
    assert listener.ids == sorted(set(listener.ids))


def test_a_batch_is_bounded_and_the_rest_comes_next(db: Database, run: Run) -> None:
    run(db.write(happen, *range(BATCH + 3)))
    listener = Listener()
    assert [run(outbox.deliver(db, listener)) for _ in range(3)] == [BATCH, 3, 0]
    assert listener.heard == list(range(BATCH + 3))


def test_a_relay_that_dies_between_claim_and_mark_leaves_its_events_to_the_next_one(db: Database, run: Run) -> None:
    run(db.write(happen, 1, 2, 3))
    dying, next_one = Listener(fails_at=2), Listener()
    with pytest.raises(ConnectionError):
        run(outbox.deliver(db, dying))
    assert run(outbox.deliver(db, next_one)) == 0, "the claim still holds"
    assert run(outbox.deliver(Later(db, CLAIM_US + 1), next_one)) == 3  # type: ignore[arg-type]
    assert (dying.heard, next_one.heard) == ([1], [1, 2, 3])
    assert run(outbox.deliver(Later(db, 2 * CLAIM_US + 2), next_one)) == 0  # type: ignore[arg-type]


def test_relays_at_once_never_hold_the_same_event(db: Database, run: Run) -> None:
    run(db.write(happen, *range(3 * BATCH)))
    listeners = [Listener() for _ in range(6)]

    async def together() -> None:
        await asyncio.gather(*(outbox.deliver(db, listener) for listener in listeners))

    run(together())
    run(outbox.deliver(db, listeners[0]))
    heard = [number for listener in listeners for number in listener.heard]
    assert len(heard) == len(set(heard))
    assert set(heard) <= set(range(3 * BATCH))


def test_what_was_delivered_long_ago_is_forgotten_and_what_waits_is_not(db: Database, run: Run) -> None:
    run(db.write(happen, 1))
    run(outbox.deliver(db, Listener()))
    run(db.write(happen, 2))
    assert run(db.write(forget)) == 0
    assert run(Later(db, KEEP_US + 1_000_000).write(forget)) == 1
    listener = Listener()
    run(outbox.deliver(db, listener))
    assert listener.heard == [2]


def test_an_id_is_never_given_twice_even_when_old_events_are_gone(db: Database, run: Run) -> None:
    first, second = Listener(), Listener()
    run(db.write(happen, 1))
    run(outbox.deliver(db, first))
    run(Later(db, KEEP_US + 1_000_000).write(forget))
    run(db.write(happen, 2))
    run(outbox.deliver(db, second))
    assert second.ids[0] > first.ids[0]
