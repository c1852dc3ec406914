"""Every invariant of the book, broken once by somebody with all rights: the check names the row."""

import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from artel.db import Database, Read
from artel.db.long_reads import LongReads
from artel.ledger.book import checks
from artel.ledger.book.checks import Checks
from artel.ledger.book.model import Broken, Checked
from artel.settings import Settings
from tests.conftest import Run
from tests.ledger.journal.filled import PEOPLE, fill, move, seal_all
from tests.proofs.tamper import Postgres, Sqlite, opened

DOCS: Final = Path(__file__).parents[3] / "docs"
# What is done, and what has to be told: the invariant and the row.
BREAKS: Final[dict[str, tuple[str, str, str]]] = {
    "an amount": (
        "update ledger_entries set amount_minor = amount_minor + 1 where transfer_id = 4 and place = 1",
        "transfer.balanced",
        "transfer 4",
    ),
    "an entry less": (
        "delete from ledger_entries where transfer_id = 5 and place = 2",
        "transfer.complete",
        "transfer 5",
    ),
    "another last place": (
        "update ledger_entries set place = 9 where transfer_id = 5 and place = 2",
        "transfer.complete",
        "transfer 5",
    ),
    "another time": (
        "update ledger_entries set booked_us = booked_us + 1 where transfer_id = 5 and place = 2",
        "transfer.complete",
        "transfer 5",
    ),
    "a transfer less": ("delete from ledger_transfers where id = 6", "entry.tied", "transfer 6 entry 1"),
    "an account less": ("delete from ledger_accounts where purpose = 'world'", "entry.tied", "transfer 1 entry 2"),
    "another currency": (
        "update ledger_entries set currency = 'USD' where transfer_id = 7 and place = 2",
        "entry.tied",
        "transfer 7 entry 2",
    ),
    "a reversal of something else": (
        "update ledger_transfers set reverses_id = 3 where reverses_id is not null",
        "transfer.reversal",
        "transfer 26",
    ),
    "a reversal of nothing": (
        "update ledger_transfers set reverses_id = 999 where reverses_id is not null",
        "transfer.reversal",
        "transfer 26",
    ),
    "a running balance": (
        "update ledger_entries set balance_minor = balance_minor + 1 where transfer_id = 1 and place = 1",
        "entry.running",
        "transfer 1 entry 1",
    ),
    "a balance where there is none": (
        "update ledger_entries set balance_minor = 5 where transfer_id = 1 and account_id = "
        "(select id from ledger_accounts where purpose = 'world')",
        "entry.running",
        "transfer 1 entry 2",
    ),
    "an account's kind": ("update ledger_accounts set hot = 1 where id = 1", "account.kind", "account 1"),
    "an account's floor": (
        "update ledger_accounts set floor_minor = null where id = 1",
        "account.kind",
        "account 1",
    ),
    "an account's cap": ("update ledger_accounts set cap_minor = null where id = 1", "account.kind", "account 1"),
    "a balance": (
        "update ledger_accounts set posted_minor = posted_minor + 1 where id = 1",
        "account.totals",
        "account 1",
    ),
    "the last time": ("update ledger_accounts set last_us = last_us + 1 where id = 1", "account.totals", "account 1"),
    "less than the floor": (
        "update ledger_accounts set held_minor = posted_minor + 1 where id = 1",
        "account.bounds",
        "account 1",
    ),
    "more than the cap": ("update ledger_accounts set cap_minor = 1 where id = 1", "account.bounds", "account 1"),
    "what is held": (
        "update ledger_accounts set held_minor = held_minor + 1 where id = 1",
        "account.held",
        "account 1",
    ),
    "a hold's part": (
        "update ledger_holds set posted_minor = posted_minor - 1 where status = 'posted'",
        "hold.tied",
        "hold 1",
    ),
    "a hold's transfer": ("update ledger_holds set transfer_id = null where status = 'posted'", "hold.tied", "hold 1"),
    "a hold's end": ("update ledger_holds set settled_us = 0 where status = 'voided'", "hold.tied", "hold 2"),
    "a hold's status": ("update ledger_holds set status = 'gone' where status = 'voided'", "hold.tied", "hold 2"),
    "a hold's note": ("update ledger_holds set note = 'x' where status = 'pending'", "hold.asked", "hold 3"),
    "a hold's amount": (
        "update ledger_holds set amount_minor = amount_minor + 1 where status = 'voided'",
        "hold.asked",
        "hold 2",
    ),
    "a hold's account": ("update ledger_holds set account_id = 999 where status = 'voided'", "hold.asked", "hold 2"),
    "money from nowhere": (
        "update ledger_accounts set posted_minor = posted_minor + 1 where id = 1",
        "book.zero",
        "currency RUB",
    ),
    "a block less": ("delete from ledger_blocks where number = 2", "block.chain", "block 3"),
    "the last block less": ("delete from ledger_blocks where number = 4", "block.chain", "block 3"),
    "a block's count": ("update ledger_blocks set transfers = 6 where number = 2", "block.chain", "block 2"),
    "the last hash": ("update ledger_sealing set hash = hash || hash", "block.chain", "block 4"),
    "a sealing that went back": ("update ledger_sealing set last_id = last_id - 1", "block.chain", "block 4"),
    "a transfer that is never sealed": (
        "update ledger_entries set booked_us = 5 where transfer_id = 28 and place = 1",
        "sealing.soon",
        "transfer 28",
    ),
}


@pytest.fixture
def sound(settings: Settings, db: Database, run: Run) -> Checks:
    """The check of a small book, of which one transfer is not sealed yet."""
    run(db.write(fill, random.Random(9)))
    run(seal_all(db))
    run(db.write(move, "not sealed", PEOPLE[0], PEOPLE[1], 1))
    return Checks(LongReads(settings.database, settings.data))


@pytest.fixture
def sql(sound: Checks, settings: Settings) -> Iterator[Sqlite | Postgres]:
    """Somebody with all rights on the database."""
    found = opened(settings)
    yield found
    found.close()


def test_a_sound_book_has_nothing_broken(sound: Checks, run: Run) -> None:
    assert run(checks.check(sound)) == Checked(accounts=8, transfers=28, holds=3, broken=[])


@pytest.mark.parametrize("done", BREAKS)
def test_a_broken_invariant_is_told_with_its_row(done: str, sound: Checks, run: Run, sql: Sqlite | Postgres) -> None:
    statement, invariant, row = BREAKS[done]
    sql.run(statement)
    broken = run(checks.check(sound)).broken
    assert (invariant, row) in [(each.invariant, each.row) for each in broken], broken


def test_a_wrong_checkpoint_is_told(sound: Checks, run: Run, sql: Sqlite | Postgres) -> None:
    sql.run("update ledger_checkpoints set balance_minor = balance_minor + 1")
    broken = run(checks.check(sound)).broken
    assert {each.invariant for each in broken} == {"checkpoint.balance"}
    sql.run("update ledger_checkpoints set balance_minor = balance_minor - 1, entries = entries + 1")
    (problem, *_) = (each.problem for each in run(checks.check(sound)).broken)
    assert problem.startswith("entries is ")


def test_every_invariant_is_broken_by_a_row_of_this_table() -> None:
    tried = {invariant for _, invariant, _ in BREAKS.values()} | {"checkpoint.balance"}
    assert tried == {each.name for each in checks.INVARIANTS}


def test_every_invariant_has_a_heading_in_the_documents() -> None:
    headings = re.findall(r"^### `(\S+)`$", (DOCS / "money.md").read_text("utf-8"), re.MULTILINE)
    assert headings == [each.name for each in checks.INVARIANTS]


def test_what_features_tie_to_the_book_is_checked_too(sound: Checks, run: Run) -> None:
    async def wrong(tx: Read) -> list[Broken]:
        assert tx.now_us > 0
        return [Broken("jobs.paid", "job/1", "nobody was paid")]

    steps: list[int] = []
    found = run(checks.check(Checks(sound.reads, (wrong,)), steps.append))
    assert found.broken == [Broken("jobs.paid", "job/1", "nobody was paid")]
    assert sum(steps) == len(checks.INVARIANTS) + 1


def test_of_one_invariant_so_many_rows_are_told_and_the_others_all_the_same(
    sound: Checks, run: Run, sql: Sqlite | Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "FAULTS_MAX", 3)
    sql.run("update ledger_entries set amount_minor = amount_minor + 1")
    broken = [each.invariant for each in run(checks.check(sound)).broken]
    assert broken.count("transfer.balanced") == 3
    assert {"account.totals", "entry.running"} <= set(broken)
