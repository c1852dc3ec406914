"""Proof: whoever changes a row of the book or of its journal, with all rights, is found, and the row is named."""

import random
from collections import Counter
from collections.abc import Iterator

import pytest

from artel.db import Database
from artel.ledger.journal.model import Audited
from artel.settings import Settings
from tests.conftest import Run
from tests.ledger.journal.filled import Kept, fill, journal_of, look, seal_all
from tests.proofs.tamper import Tamperer, opened

TAMPERS = {"sqlite": 150, "postgresql": 40}  # `make sim` makes more of them


@pytest.fixture
def kept(settings: Settings, db: Database, run: Run, rng: random.Random) -> Kept:
    found = Kept(settings, db, journal_of(settings.data))
    run(db.write(fill, rng))
    for block in run(seal_all(db)):
        found.journal.append(block)
    return found


@pytest.fixture
def tamperer(kept: Kept, rng: random.Random) -> Iterator[Tamperer]:
    sql = opened(kept.settings)
    yield Tamperer(sql, kept.journal, rng)
    sql.close()


def _names(audited: Audited, named: set[str]) -> bool:
    rows = [finding.row for finding in audited.findings]
    return any(row == name or row.startswith(f"{name} ") for row in rows for name in named)


def test_every_tamper_is_found_and_its_row_named(kept: Kept, run: Run, tamperer: Tamperer, scale: int) -> None:
    done: Counter[str] = Counter()
    for number in range(TAMPERS[kept.db.engine] * scale):
        if number % 25 == 0:
            assert run(look(kept)).findings == [], "the canary: nothing is found where nothing was done"
        what, named = tamperer.tamper()
        audited = run(look(kept))
        if named == {"anything"}:
            assert audited.findings or tamperer.holds_the_same(), what
        else:
            assert _names(audited, named), f"{what}: {named} is not named: {audited.findings}"
        done[what.split()[0]] += 1
        tamperer.restore()
    print(f"{sum(done.values())} tampers, all found: {dict(done)}")
