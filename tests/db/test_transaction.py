"""`Read` and `Write` promise the same on both databases."""

import asyncio
import time

import apsw
import asyncpg
import pytest

from artel.db import Database, Read, StorageUnavailable, Write
from artel.kernel.clock import US
from artel.kernel.errors import Refusal
from artel.settings import Settings
from tests.conftest import Run
from tests.db.counters import PUT, USED, add, count, put, used


class Enough(Refusal):
    """There is enough."""

    code, kind = "test.enough", "conflict"


def test_what_was_written_is_read(db: Database, run: Run) -> None:
    run(db.write(put, "a"))
    assert run(db.read(used, "a")) == 0
    assert run(db.read(used, "b")) is None


def test_a_read_cannot_write(db: Database, run: Run) -> None:
    with pytest.raises((apsw.ReadOnlyError, StorageUnavailable)) as refused:
        run(db.read(put, "a"))
    assert "read" in str(refused.value)
    assert run(db.read(count)) == 0
    run(db.write(put, "a"))  # and the door still works


def test_a_refusal_takes_everything_back(db: Database, run: Run) -> None:
    async def put_and_refuse(tx: Write) -> None:
        await put(tx, "a")
        raise Enough

    with pytest.raises(Enough):
        run(db.write(put_and_refuse))
    assert run(db.read(count)) == 0


def test_a_violated_constraint_takes_everything_back(db: Database, run: Run) -> None:
    async def put_twice(tx: Write) -> None:
        await put(tx, "a")
        await put(tx, "a")

    with pytest.raises((apsw.ConstraintError, asyncpg.UniqueViolationError)):
        run(db.write(put_twice))
    assert run(db.read(count)) == 0


def test_one_failing_write_of_a_group_leaves_the_others(db: Database, run: Run) -> None:
    async def put_and_refuse_the_odd(tx: Write, number: int) -> int:
        await put(tx, f"counter {number}")
        if number % 2:
            raise Enough
        return number

    async def together() -> list[int | BaseException]:
        writes = [db.write(put_and_refuse_the_odd, number) for number in range(40)]
        return await asyncio.gather(*writes, return_exceptions=True)

    outcomes = run(together())
    assert outcomes[::2] == list(range(0, 40, 2))
    assert all(isinstance(outcome, Enough) for outcome in outcomes[1::2])
    assert [run(db.read(used, f"counter {number}")) for number in range(4)] == [0, None, 0, None]
    assert run(db.read(count)) == 20


def test_a_statement_that_fails_on_the_wrong_value_is_its_callers_fault_alone(db: Database, run: Run) -> None:
    async def together() -> list[str | BaseException]:
        return await asyncio.gather(
            db.write(put, "a"), db.write(put, object()), db.write(put, "b"), return_exceptions=True
        )

    first, wrong, second = run(together())
    assert (first, second) == ("a", "b")
    assert isinstance(wrong, (TypeError, asyncpg.DataError))


def test_the_number_of_rows_changed_is_answered(db: Database, run: Run) -> None:
    run(db.write(put, "a"))
    assert run(db.write(add, "a", 2)) == 1
    assert run(db.write(add, "nobody", 2)) == 0


def test_many_runs_a_command_for_each_set_of_parameters_and_all_of_them_or_none(db: Database, run: Run) -> None:
    async def put_all(tx: Write, buckets: list[str]) -> None:
        await tx.many(PUT, [{"bucket": bucket} for bucket in buckets])

    run(db.write(put_all, ["a", "b"]))
    run(db.write(put_all, []))
    with pytest.raises((apsw.ConstraintError, asyncpg.UniqueViolationError)):
        run(db.write(put_all, ["c", "d", "a"]))
    assert run(db.read(count)) == 2


def test_no_increment_is_lost_among_writers_at_once(db: Database, run: Run) -> None:
    async def together() -> None:
        await db.write(put, "a")
        await asyncio.gather(*(db.write(add, "a", 1) for _ in range(100)))

    run(together())
    assert run(db.read(used, "a")) == 100


def test_a_write_is_answered_only_when_others_can_see_it(settings: Settings, db: Database, run: Run) -> None:
    async def write_and_look() -> list[int | None]:
        seen = []
        for number in range(20):
            await db.write(put, f"counter {number}")
            seen.append(await db.read(used, f"counter {number}"))
        return seen

    assert run(write_and_look()) == [0] * 20


def test_the_time_stands_still_in_a_transaction_and_is_the_time_of_day(db: Database, run: Run) -> None:
    async def look_twice(tx: Read) -> tuple[int, int]:
        first = tx.now_us
        await tx.one(USED, bucket="a")
        return first, tx.now_us

    first, second = run(db.read(look_twice))
    assert first == second
    assert abs(first - time.time_ns() // 1000) < 60 * US
    assert run(db.read(look_twice))[0] >= first


def test_a_caller_that_went_away_does_not_disturb_the_others(db: Database, run: Run) -> None:
    async def leave_early() -> int:
        writes = [asyncio.ensure_future(db.write(put, f"counter {number}")) for number in range(20)]
        await asyncio.sleep(0)
        for write in writes[::2]:
            write.cancel()
        await asyncio.gather(*writes, return_exceptions=True)
        await db.write(put, "last")
        return sum(not write.cancelled() for write in writes)

    assert run(leave_early()) == 10
    assert all(run(db.read(used, f"counter {number}")) == 0 for number in range(1, 20, 2))
    assert run(db.read(used, "last")) == 0
