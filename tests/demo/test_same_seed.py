"""Proof: the same seed, scale and day give the same demo: every row is equal, in two folders and on two databases.

Left out are the salt of the password, and the ids of the search's words, of carts and of accounts in the book, which
depend on the database, as its own name does.
"""

import asyncio
from pathlib import Path
from typing import Any

from artel.accounts.service import Hashed
from artel.db.migrate import migrate
from artel.db.opening import open_database
from artel.demo import load_business, plan
from artel.demo.business import Demo
from artel.settings import Settings
from tests.demo.test_business import AS_OF_US, quiet
from tests.people import dump

Rows = dict[str, list[tuple[Any, ...]]]


def loaded(settings: Settings, seed: int = 3, as_of_us: int = AS_OF_US) -> Rows:
    """The rows of a demo in a new installation."""

    async def load() -> Rows:
        await migrate(settings.database, settings.data)
        db = await open_database(settings.database, settings.data)
        await load_business(db, Demo(seed, plan.sizes(1), as_of_us), Hashed(f"a hash of {seed}"), quiet)
        rows = await db.read(dump)
        await db.close()
        return rows

    return rows_of(asyncio.run(load()))


def rows_of(rows: Rows) -> Rows:
    """The rows without the ids that nobody is told."""
    del rows["transaction_era"]
    rows["ledger_transfers"] = [row[:-1] for row in rows["ledger_transfers"]]  # the last is a number of PostgreSQL's
    places = {row[0]: row[1:4] for row in rows["ledger_accounts"]}
    rows["ledger_accounts"] = sorted(row[1:] for row in rows["ledger_accounts"])
    rows["ledger_entries"] = sorted((*row[:2], places[row[2]], *row[3:]) for row in rows["ledger_entries"])
    words = {row[0]: row[1] for row in rows["search_words"]}
    rows["search_words"] = sorted(row[1:] for row in rows["search_words"])
    rows["search_keys"] = sorted((row[0], words[row[1]]) for row in rows["search_keys"])
    owners = {row[0]: row[1] for row in rows["carts"]}
    rows["carts"] = sorted(row[1:] for row in rows["carts"])
    rows["cart_lines"] = sorted((owners[row[0]], *row[1:]) for row in rows["cart_lines"])
    return rows


def test_every_row_is_equal_in_another_folder_and_on_another_database(settings: Settings, tmp_path: Path) -> None:
    there = loaded(Settings(data=tmp_path / "other"))
    here = loaded(settings)
    assert [name for name in here if here[name] != there[name]] == []
    assert len(here["outbox"]) > 200


def test_another_seed_or_day_gives_other_rows(tmp_path: Path) -> None:
    one, other = loaded(Settings(data=tmp_path / "one")), loaded(Settings(data=tmp_path / "other"), seed=4)
    later = loaded(Settings(data=tmp_path / "later"), as_of_us=AS_OF_US + plan.DAY_US)
    assert all(one[name] != other[name] for name in ("products", "offers", "orders", "authors", "shops"))
    assert one["orders"] != later["orders"] and one["books"] == later["books"]
