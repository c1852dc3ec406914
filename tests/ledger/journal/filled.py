"""A small book with something of everything: wallets, fees, holds that were settled and that wait, a reversal."""

import random
from pathlib import Path
from typing import Final

from msgspec import Struct

from artel.db import Database, Write
from artel.db.long_reads import LongReads
from artel.ledger.book import checks, service
from artel.ledger.book.checks import Checks
from artel.ledger.book.model import HoldIntent, Intent, Place, Posting, escrow, fees, provider, wallet, world
from artel.ledger.journal import audit
from artel.ledger.journal import service as sealing
from artel.ledger.journal.model import Audited, Sealed
from artel.ledger.journal.store import FOLDER, Journal
from artel.settings import Settings

RUB: Final = "RUB"
PEOPLE: Final = [wallet(number, RUB) for number in (1, 2, 3)]
BLOCK: Final = 7  # transfers


class Kept(Struct, frozen=True):
    """An installation whose book is sealed, and its journal."""

    settings: Settings
    db: Database
    journal: Journal


def journal_of(folder: Path) -> Journal:
    return Journal(folder / FOLDER, step_bytes=1 << 20)


async def move(tx: Write, key: str, source: Place, target: Place, amount_minor: int, fee_minor: int = 0) -> int:
    """From one account to another, with a part of it to the fees; answers the transfer's id."""
    postings = [Posting(source, -amount_minor), Posting(target, amount_minor - fee_minor)]
    if fee_minor:
        postings.append(Posting(fees(source.currency), fee_minor))
    intent = Intent("test.moved", "test/1", key, tuple(postings), note=f"of {key}")
    return (await service.post(tx, intent)).id


async def fill(tx: Write, rng: random.Random, transfers: int = 20) -> None:
    """So many transfers between people, and what else a book has."""
    for person in PEOPLE:
        await move(tx, f"credit {person.owner}", world(RUB), person, 10_000)
    for number in range(transfers):
        source, target = rng.sample(PEOPLE, 2)
        await move(tx, f"move {number}", source, target, rng.randint(10, 100), rng.randint(0, 9))
    await move(tx, "top-up", provider("manual", "EUR"), wallet(1, "EUR"), 500)
    wrong = await move(tx, "wrong", PEOPLE[0], escrow(1, RUB), 50)
    await service.reverse(tx, wrong, key="undone", kind="test.undone", reference="test/1")
    held = [
        await service.hold(tx, HoldIntent(PEOPLE[number % 3], 40, "test.held", "test/2", f"hold {number}"))
        for number in range(3)
    ]
    await service.settle_hold(tx, held[0].id, (Posting(world(RUB), 30),), kind="test.taken")
    await service.void(tx, held[1].id)


async def seal_all(db: Database, block_max: int = BLOCK) -> list[Sealed]:
    """Seal everything, in small blocks."""
    sealed = []
    while block := await db.write(sealing.seal, block_max):
        sealed.append(block)
    return sealed


async def look(kept: Kept, *, live: bool = True, folder: Path | None = None) -> Audited:
    """Check the book and audit it against its journal, or against a copy."""
    reads = LongReads(kept.settings.database, kept.settings.data)
    checked = await checks.check(Checks(reads))
    journal = Journal(folder) if folder else kept.journal
    return await audit.audit(reads, journal, checked.broken, live=live)
