"""Counting in a window of time."""

import asyncio

from artel.db import Database, Write, tally
from artel.db.tally import Window
from tests.conftest import Run
from tests.db.test_outbox import Later

WINDOW_US = 60_000_000


async def count(tx: Write, bucket: str) -> Window:
    return await tally.count(tx, bucket, WINDOW_US)


async def look(tx: Write, bucket: str) -> Window:
    return await tally.look(tx, bucket, WINDOW_US)


async def forget(tx: Write) -> int:
    return await tally.forget(tx, WINDOW_US)


def test_fifty_counts_at_once_see_fifty_numbers(db: Database, run: Run) -> None:
    async def together() -> list[Window]:
        return await asyncio.gather(*(db.write(count, "a") for _ in range(50)))

    windows = run(together())
    assert sorted(window.used for window in windows) == list(range(1, 51))
    assert len({window.window_start_us for window in windows}) == 1
    assert run(db.read(look, "a")).used == 50


def test_buckets_are_counted_apart(db: Database, run: Run) -> None:
    run(db.write(count, "a"))
    assert run(db.write(count, "b")).used == 1
    assert run(db.read(look, "c")).used == 0


def test_a_window_that_is_over_begins_anew_with_the_next_use(db: Database, run: Run) -> None:
    first = run(db.write(count, "a"))
    run(db.write(count, "a"))
    within = run(Later(db, WINDOW_US - 1_000_000).write(count, "a"))
    assert (within.used, within.window_start_us) == (3, first.window_start_us)
    anew = run(Later(db, WINDOW_US).write(count, "a"))
    assert anew.used == 1
    assert anew.window_start_us >= first.window_start_us + WINDOW_US


def test_a_window_that_is_over_is_seen_as_unused(db: Database, run: Run) -> None:
    run(db.write(count, "a"))
    assert run(Later(db, WINDOW_US - 1_000_000).write(look, "a")).used == 1
    assert run(Later(db, WINDOW_US + 1_000_000).write(look, "a")).used == 0


def test_a_use_that_is_taken_back_is_not_counted_and_never_below_zero(db: Database, run: Run) -> None:
    run(db.write(count, "a"))
    for _ in range(3):
        run(db.write(tally.take_back, "a"))
    assert run(db.read(look, "a")).used == 0
    assert run(db.write(count, "a")).used == 1


def test_windows_that_are_over_are_forgotten_and_the_running_ones_are_not(db: Database, run: Run) -> None:
    run(db.write(count, "old"))
    run(Later(db, WINDOW_US).write(count, "new"))
    assert run(Later(db, WINDOW_US + 1_000_000).write(forget)) == 1
    assert run(Later(db, WINDOW_US + 1_000_000).write(look, "new")).used == 1
