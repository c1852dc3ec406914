"""Counting in a window of time that slides."""

import asyncio
import random
from collections.abc import Iterator
from typing import Any, Final

import pytest

from artel.db import Database, Write, tally
from artel.db.opening import open_database
from artel.db.tables import TALLY_PARTS
from artel.db.tally import Counted
from artel.kernel.errors import Refusal
from artel.settings import Settings
from tests.conftest import Run

WINDOW_US: Final = 60_000_000
PART_US: Final = WINDOW_US // TALLY_PARTS
NOON_US: Final = 1_700_000_000 * 1_000_000 - 1_700_000_000 * 1_000_000 % PART_US  # a part begins
LIMIT: Final = 10


class Refused(Refusal):
    """One use too many."""

    code, kind = "test.refused", "throttled"


class At:
    """A transaction at a time that the test names."""

    def __init__(self, tx: Write, now_us: int) -> None:
        self._tx, self.now_us = tx, now_us

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tx, name)


async def count(tx: Write, at_us: int, bucket: str = "a", limit: int = LIMIT) -> Counted:
    """Count one use at a time; one that is too many is not committed."""
    counted = await tally.count(At(tx, at_us), bucket, limit, WINDOW_US)
    if counted.wait_us:
        raise Refused(wait_us=counted.wait_us)
    return counted


async def wait_us(tx: Write, at_us: int, bucket: str = "a", limit: int = LIMIT) -> int:
    return await tally.look(At(tx, at_us), bucket, limit, WINDOW_US)


async def forget(tx: Write, at_us: int) -> int:
    return await tally.forget(At(tx, at_us), WINDOW_US)


@pytest.fixture
def doors(settings: Settings, run: Run) -> Iterator[list[Database]]:
    """The same database as two processes have it open."""
    opened = [run(open_database(settings.database, settings.data)) for _ in range(2)]
    yield opened
    for door in opened:
        run(door.close())


def taken(doors: list[Database], run: Run, times_us: list[int]) -> int:
    """How many of the uses at these times, all tried at once, were within the limit."""

    async def together() -> list[Any]:
        tries = (doors[number % 2].write(count, at_us) for number, at_us in enumerate(times_us))
        return await asyncio.gather(*tries, return_exceptions=True)

    answers = run(together())
    assert {type(answer) for answer in answers} <= {Counted, Refused}, answers
    return sum(isinstance(answer, Counted) for answer in answers)


def test_of_fifty_uses_at_once_as_many_as_the_limit_are_counted(doors: list[Database], run: Run) -> None:
    assert taken(doors, run, [NOON_US] * 50) == LIMIT


@pytest.mark.parametrize("before", range(LIMIT + 1))
def test_fifty_uses_around_the_end_of_a_part_or_a_window_are_within_one_limit(
    doors: list[Database], run: Run, before: int
) -> None:
    for end_us in (NOON_US, NOON_US + PART_US, NOON_US + WINDOW_US):
        first = taken(doors, run, [end_us - 1] * before)
        around = [end_us - 1, end_us] * 25
        assert first + taken(doors, run, around) <= LIMIT


def sliding(db: Database, run: Run) -> None:
    """Uses at random times: never more than the limit in any window, and room again at the time that was told."""
    rng = random.Random(seed := random.randrange(10**9))
    print(f"seed {seed}")
    at_us, admitted, admitted_after_waiting = NOON_US, [], 0
    for _ in range(300):
        at_us += rng.choice((0, 1, PART_US // 3, PART_US - 1, PART_US, WINDOW_US // 7))
        try:
            run(db.write(count, at_us))
            admitted.append(at_us)
        except Refused as refused:
            again_us = at_us + refused.facts["wait_us"]
            assert again_us <= at_us + WINDOW_US + PART_US
            assert run(db.read(wait_us, again_us - 1)) == 1
            if rng.random() < 0.5:
                at_us = again_us
                run(db.write(count, at_us))
                admitted.append(at_us)
                admitted_after_waiting += 1
    for last in range(LIMIT, len(admitted)):
        assert admitted[last] - admitted[last - LIMIT] >= WINDOW_US, "a window holds more than the limit"
    assert admitted_after_waiting > 3


def test_no_window_wherever_it_begins_holds_more_than_the_limit(db: Database, run: Run) -> None:
    sliding(db, run)


def test_the_proof_catches_parts_that_are_forgotten_too_early(
    db: Database, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = tally._wait_us
    monkeypatch.setattr(tally, "_wait_us", lambda *seen: really(*seen[:-1], seen[-1] + seen[-2]))
    with pytest.raises(AssertionError, match="more than the limit"):
        sliding(db, run)


def test_uses_are_forgotten_part_by_part(db: Database, run: Run) -> None:
    for part in range(TALLY_PARTS):
        for _ in range(2):
            run(db.write(count, NOON_US + part * PART_US))
    full_until_us = NOON_US + WINDOW_US + PART_US
    with pytest.raises(Refused):
        run(db.write(count, full_until_us - 1))
    for _ in range(2):
        run(db.write(count, full_until_us))
    with pytest.raises(Refused):
        run(db.write(count, full_until_us))
    assert run(db.read(wait_us, full_until_us)) == PART_US
    assert run(db.read(wait_us, full_until_us + PART_US)) == 0


def test_buckets_are_counted_apart(db: Database, run: Run) -> None:
    run(db.write(count, NOON_US, "a", 1))
    run(db.write(count, NOON_US, "b", 1))
    with pytest.raises(Refused):
        run(db.write(count, NOON_US, "a", 1))
    assert run(db.read(wait_us, NOON_US, "c", 1)) == 0


def test_a_clock_that_is_behind_counts_with_the_one_that_is_ahead(db: Database, run: Run) -> None:
    for at_us in (NOON_US + PART_US, NOON_US - 3 * PART_US):
        run(db.write(count, at_us, "a", 2))
    with pytest.raises(Refused):
        run(db.write(count, NOON_US + WINDOW_US, "a", 2))
    assert run(db.read(wait_us, NOON_US + WINDOW_US + 2 * PART_US, "a", 2)) == 0


@pytest.mark.parametrize("later", range(TALLY_PARTS + 2))
def test_a_use_that_is_taken_back_is_not_counted_and_never_below_zero(db: Database, run: Run, later: int) -> None:
    later_us = NOON_US + later * PART_US
    counted = run(db.write(count, NOON_US, "a", 2))
    run(db.write(count, later_us, "a", 2))
    for _ in range(3):
        run(db.write(tally.take_back, counted))
    if later:
        run(db.write(count, later_us, "a", 2))
    assert run(db.read(wait_us, later_us, "a", 2)) == (WINDOW_US + PART_US if later else 0)


def test_buckets_that_were_not_used_for_long_are_forgotten_and_the_others_are_not(db: Database, run: Run) -> None:
    run(db.write(count, NOON_US, "old", 1))
    run(db.write(count, NOON_US + 2 * WINDOW_US, "new", 1))
    assert run(db.write(forget, NOON_US + 2 * WINDOW_US)) == 0
    assert run(db.write(forget, NOON_US + 2 * WINDOW_US + 1)) == 1
    assert run(db.read(wait_us, NOON_US + 2 * WINDOW_US, "new", 1)) > 0
