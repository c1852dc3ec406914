"""Proof: a load of the demo that kill -9 broke off comes, begun again, to the same data as one in one go."""

import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from artel.db import Database
from artel.db.migrate import migrate
from artel.db.opening import open_database
from artel.demo import load_business
from artel.kernel.actor import SYSTEM
from artel.orders.orders import service as orders
from artel.orders.orders.model import SheetFilter
from artel.orders.orders.rows import SheetRow
from artel.settings import Settings
from artel.shop.sheets import export
from tests.conftest import Run
from tests.demo.killed import HASHED, SMALL
from tests.demo.test_business import quiet
from tests.demo.test_same_seed import rows_of
from tests.people import dump

KILLS = (2, 5, 8)  # the transaction, of nine, during or after which the process is killed


@pytest.fixture
def whole(tmp_path: Path, run: Run) -> Iterator[Database]:
    """An installation whose demo was loaded in one go."""
    run(migrate("", tmp_path / "whole"))
    db = run(open_database("", tmp_path / "whole"))
    run(load_business(db, SMALL, HASHED, quiet))
    yield db
    run(db.close())


def load_and_kill(settings: Settings, after: int, draw: random.Random) -> bool:
    """Begin or go on with the load, and kill it; answers whether it was still at it."""
    command = [sys.executable, "-m", "tests.demo.killed", str(settings.data), settings.database]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    said = [process.stdout.readline() for _ in range(after)]
    time.sleep(draw.random() * 0.05)
    process.kill()
    process.wait()
    said += process.stdout.readlines()
    process.stdout.close()
    return "done\n" not in said


async def told(db: Database) -> tuple[list[str], list[tuple[Any, ...]], dict[str, int]]:
    """What is there without the ids, in which PostgreSQL leaves gaps: the catalogue, the orders, how many rows."""
    catalogue = [line async for page in export.catalogue(db) for line in page]
    pages = await orders.sheet(db, SYSTEM, SheetFilter(whose="all"))
    sold = [_without_ids(row) async for page in pages for row in page]
    return catalogue, sold, {name: len(rows) for name, rows in (await db.read(dump)).items()}


def _without_ids(row: SheetRow) -> tuple[Any, ...]:
    return tuple(getattr(row, field) for field in row.__struct_fields__ if not field.endswith("_id"))


def test_a_load_that_is_killed_again_and_again_comes_to_the_same_data(
    settings: Settings, db: Database, whole: Database, run: Run
) -> None:
    seed = random.randrange(2**32)
    print("seed", seed)
    draw = random.Random(seed)
    killed = [load_and_kill(settings, after, draw) for after in KILLS]
    assert sum(killed) >= 2, "else it proves little"
    run(load_business(db, SMALL, HASHED, quiet))
    assert run(told(db)) == run(told(whole))
    if not settings.database:
        there, here = rows_of(run(whole.read(dump))), rows_of(run(db.read(dump)))
        assert [name for name in here if here[name] != there[name]] == []
