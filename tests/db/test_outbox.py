"""Events: published after the transaction that they tell of, each once, in an order without a gap."""

import asyncio
from typing import ClassVar, Final

import msgspec
import pytest
from sqlalchemy import select

from artel.db import Database, Event, Query, Read, Write, emit, outbox
from artel.db.outbox import BATCH, KEEP_US, Occurrence, Reach
from artel.db.tables import outbox as table
from artel.db.tables import outbox_audience
from artel.kernel.errors import Refusal
from tests.conftest import Run

POSITIONS: Final = Query(int, select(table.c.position).order_by(table.c.position))
WORDS: Final = Query(str, select(outbox_audience.c.word).order_by(outbox_audience.c.word))


class Happened(Event, frozen=True):
    """Something with a number."""

    kind: ClassVar[str] = "test.happened"
    number: int

    def subject(self) -> str:
        """One for all tens."""
        return f"ten/{self.number // 10}"

    def audience(self) -> tuple[str, ...]:
        """Whoever has the number's name, said twice."""
        return (f"account/{self.number}", "shop/1", "shop/1")


class Plain(Event, frozen=True):
    """Something that says nothing of itself."""

    kind: ClassVar[str] = "test.plain"


class Changed(Refusal):
    """The mind was changed."""

    code, kind = "test.changed", "conflict"


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


async def _all(tx: Read, query: Query[int]) -> list[int]:
    return await tx.all(query)


def numbers(events: list[Occurrence]) -> list[int]:
    return [msgspec.json.decode(event.body, type=Happened).number for event in events]


def publish(db: Database, run: Run) -> list[Occurrence]:
    return run(db.write(outbox.publish))


def test_an_event_is_published_once(db: Database, run: Run) -> None:
    run(db.write(happen, 1, 2))
    assert run(db.read(outbox.reach)) == Reach(0, 0, 1)
    assert numbers(publish(db, run)) == [1, 2]
    assert publish(db, run) == []
    assert run(db.read(outbox.reach)) == Reach(2, 0, 0)


def test_an_event_says_what_it_happened_to_and_who_may_see_it(db: Database, run: Run) -> None:
    async def both(tx: Write) -> None:
        await emit(tx, Happened(12))
        await emit(tx, Plain())

    run(db.write(both))
    first, second = publish(db, run)
    assert (first.subject, first.audience, first.position) == ("ten/1", "account/12 shop/1 shop/1", 1)
    assert (second.subject, second.audience, second.position) == ("", "", 2)
    assert run(db.read(_all, WORDS)) == ["account/12", "shop/1"]


def test_an_event_of_a_transaction_that_was_taken_back_is_never_published(db: Database, run: Run) -> None:
    async def happen_and_change(tx: Write) -> None:
        await happen(tx, 1)
        raise Changed

    with pytest.raises(Changed):
        run(db.write(happen_and_change))
    assert publish(db, run) == []


def test_events_come_in_the_order_in_which_they_happened(db: Database, run: Run) -> None:
    for first in range(0, 50, 5):
        run(db.write(happen, *range(first, first + 5)))
    events = publish(db, run)
    assert numbers(events) == list(range(50))
    assert [event.position for event in events] == list(range(1, 51))


def test_a_batch_is_bounded_and_the_rest_comes_next(db: Database, run: Run) -> None:
    run(db.write(happen, *range(BATCH + 3)))
    assert [len(publish(db, run)) for _ in range(3)] == [BATCH, 3, 0]


def test_a_relay_that_dies_before_its_commit_has_published_nothing(db: Database, run: Run) -> None:
    async def die(tx: Write) -> None:
        assert len(await outbox.publish(tx)) == 3
        raise Changed

    run(db.write(happen, 1, 2, 3))
    with pytest.raises(Changed):
        run(db.write(die))
    events = publish(db, run)
    assert (numbers(events), [event.position for event in events]) == ([1, 2, 3], [1, 2, 3])


def test_relays_at_once_give_every_position_once_and_leave_none_out(db: Database, run: Run) -> None:
    async def together() -> list[list[Occurrence]]:
        emitting = [db.write(happen, number) for number in range(60)]
        publishing = [db.write(outbox.publish) for _ in range(20)]
        answers = await asyncio.gather(*(each for pair in zip(emitting, publishing, strict=False) for each in pair))
        await asyncio.gather(*emitting[20:])
        return [answer for answer in answers if answer is not None]

    batches = run(together())
    batches.append(publish(db, run))
    events = [event for batch in batches for event in batch]
    assert sorted(numbers(events)) == list(range(60))
    assert sorted(event.position for event in events) == list(range(1, 61))
    assert run(db.read(_all, POSITIONS)) == list(range(1, 61))


def test_what_was_published_long_ago_is_forgotten_and_what_waits_is_not(db: Database, run: Run) -> None:
    run(db.write(happen, 1))
    publish(db, run)
    run(db.write(happen, 2))
    assert run(db.write(forget)) == 0
    assert run(Later(db, KEEP_US + 1_000_000).write(forget)) == 1
    assert run(db.read(outbox.reach)) == Reach(published=1, forgotten=1, waits=1)
    assert run(db.read(_all, WORDS)) == []
    assert numbers(publish(db, run)) == [2]


def test_forgetting_ends_at_the_first_event_that_is_young_enough(db: Database, run: Run) -> None:
    for later_us in (0, KEEP_US, 0):  # the last was published after a younger one, as another process's may be
        run(Later(db, later_us).write(happen, 1))
        publish(db, run)
    assert run(Later(db, KEEP_US + 60_000_000).write(forget)) == 1
    assert run(db.read(outbox.reach)) == Reach(published=3, forgotten=1, waits=0)


def test_an_id_and_a_position_are_never_given_twice_even_when_old_events_are_gone(db: Database, run: Run) -> None:
    run(db.write(happen, 1))
    (first,) = publish(db, run)
    run(Later(db, KEEP_US + 1_000_000).write(forget))
    run(db.write(happen, 2))
    (second,) = publish(db, run)
    assert second.id > first.id
    assert second.position == 2
