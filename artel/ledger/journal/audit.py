"""The audit: reads the book and the journal side by side, and names each row that is not the same, or not as sealed."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

from msgspec import Struct

from artel.db import Read, numbers
from artel.db.long_reads import LongReads
from artel.ledger.book.model import Broken
from artel.ledger.journal import queries, rules, service
from artel.ledger.journal.model import FIRST_HASH, FORMAT, Audited, Block, BlockRecord, Finding, Sealed, TransferRecord
from artel.ledger.journal.service import BEFORE_ALL
from artel.ledger.journal.store import Journal, Kept, Reading

TABLES: Final = (
    *("ledger_entries", "ledger_accounts", "ledger_transfers", "ledger_holds"),
    *("ledger_checkpoints", "ledger_blocks", "ledger_sealing"),
)
PAGE: Final = 200  # blocks, accounts or transfers that are looked up at once

Advance = Callable[[int], None]  # told how many blocks were compared


class Compared(Struct):
    """What was compared, and what was found."""

    blocks: int = 0
    transfers: int = 0
    accounts: int = 0
    behind: int = 0
    unsealed: int = 0
    findings: list[Finding] = []

    def tell(self, row: str, problem: str) -> None:
        """Something was found."""
        self.findings.append(Finding(row, problem))


class _Pair(Struct, frozen=True):
    """A block as the journal and as the book have it; None on the side that lacks it."""

    number: int
    kept: Kept | None
    block: Block | None


class _Sides(Struct, frozen=True):
    """What is in a block on either side, by the transfers' ids."""

    book: dict[int, TransferRecord]
    journal: dict[int, TransferRecord]


class Audit:
    """One pass over both sides. `live`: the journal is in use, so that it should have every block that is sealed."""

    def __init__(self, tx: Read, reading: Reading | None, *, live: bool) -> None:
        self._tx, self._reading, self._live = tx, reading, live
        self._after = (BEFORE_ALL, BEFORE_ALL)  # the last transfer of the block before
        self._before: Block | None = None  # the block before, in the book
        self._kept_before: bytes | None = FIRST_HASH  # its hash in the journal; None: it could not be read
        self._hash_before = FIRST_HASH  # its hash in the book, or else in the journal
        self._lacking: dict[int, tuple[TransferRecord, str]] = {}  # in the journal and not there in the book
        self._added: dict[int, tuple[TransferRecord, str]] = {}  # in the book and not there in the journal
        self.compared = Compared()

    async def run(self, advance: Advance) -> Compared:
        """Compare everything."""
        expected = 1
        async for pair in self._pairs():
            for number in range(expected, min(pair.number, expected + PAGE)):
                self.compared.tell(f"block {number}", "is missing on both sides")
            expected = pair.number + 1
            await self._compare(pair)
            advance(1)
        await self._match_strays()
        if self._reading:
            for row in self._reading.strays():
                self.compared.tell(row, "is none that Artel writes")
            await self._compare_accounts(self._reading)
        cursor = await self._tx.one(queries.CURSOR)
        if cursor is None:
            self.compared.tell("sealing", "has lost the row that says up to which transfer it came")
        else:
            given = {"last_txid": cursor.last_txid, "last_id": cursor.last_id}
            self.compared.unsealed = await self._tx.one(queries.UNSEALED, **given) or 0
        return self.compared

    # --- blocks

    async def _pairs(self) -> AsyncIterator[_Pair]:
        """The blocks of both sides in the order of their numbers."""
        kept_blocks = self._reading.blocks() if self._reading else iter(())
        kept = next(kept_blocks, None)
        async for block in self._book_blocks():
            while kept is not None and kept.number < block.number:
                yield _Pair(kept.number, kept, None)
                kept = next(kept_blocks, None)
            if kept is not None and kept.number == block.number:
                yield _Pair(block.number, kept, block)
                kept = next(kept_blocks, None)
            else:
                self.compared.behind += kept is None
                yield _Pair(block.number, None, block)
        while kept is not None:
            yield _Pair(kept.number, kept, None)
            kept = next(kept_blocks, None)

    async def _book_blocks(self) -> AsyncIterator[Block]:
        number = BEFORE_ALL
        while page := await self._tx.all(queries.BLOCKS, after_number=number, row_limit=PAGE):
            for block in page:
                yield block
            number = page[-1].number

    async def _compare(self, pair: _Pair) -> None:
        self.compared.blocks += 1
        self._hash_before = self._before.hash if self._before else self._kept_before or FIRST_HASH
        if pair.kept is None:
            assert pair.block is not None, "one side has it"
            await self._compare_with_itself(pair.block)
        else:
            await self._compare_sides(pair.kept, pair.block)
        self._before = pair.block

    async def _compare_with_itself(self, block: Block) -> None:
        """A block that only the book has."""
        row = f"block {block.number}"
        if self._live or not self.compared.behind:
            self.compared.tell(row, f"is missing in the journal, with its {block.transfers:,} transfers")
        sealed = await self._in_book(block, (block.last_txid, block.last_id))
        self.compared.transfers += len(sealed.transfers)
        if rules.hash_of(sealed) != block.hash:
            self.compared.tell(row, "does not have the hash of what is in it in the book")
        self._kept_before = block.hash if self.compared.behind else None

    async def _compare_sides(self, kept: Kept, block: Block | None) -> None:
        row, head = f"block {kept.number}", kept.head
        journal = self._in_journal(kept)
        as_sealed = head is not None and rules.hash_of(journal) == journal.head.hash
        self._tell_heads(kept, block)
        read = [(text, rules.transfer_of(text)) for text in kept.transfers]
        last = read[-1][1] if read else None
        end = self._end(last if as_sealed or block is None else None, head, block)
        book = await self._in_book(block or rules.row_of(journal.head), end)
        self.compared.transfers += len(book.transfers)
        found = [*self._unreadable(row, read), *self._differences(row, book, read)]
        if found:
            verdict = _verdict(book=rules.hash_of(book) == book.head.hash, journal=as_sealed)
            for each, problem in found:
                self.compared.tell(each, f"{problem}; {verdict}")
        elif head is not None and not as_sealed:
            self.compared.tell(row, "does not have the hash of what is in it, which is the same on both sides")

    def _tell_heads(self, kept: Kept, block: Block | None) -> None:
        row, head = f"block {kept.number}", kept.head
        if head is None:
            self.compared.tell(row, "begins in the journal with what cannot be read")
        elif self._kept_before is not None and head.previous_hash != self._kept_before:
            self.compared.tell(row, "does not follow the block before it in the journal: the chain is broken")
        if block is None:
            self.compared.tell(row, "is missing in the book")
        elif head is not None:
            for each, problem in rules.block_differences(block, head):
                self.compared.tell(each, problem)
        self._kept_before = head.hash if head else None

    def _end(self, last: TransferRecord | None, head: BlockRecord | None, block: Block | None) -> tuple[int, int]:
        """Up to which transfer the block goes: as the journal shows, when it is whole; else as the book says."""
        if last is not None:
            return last.transfer.txid, last.transfer.id
        known = block or (rules.row_of(head) if head else None)
        return (known.last_txid, known.last_id) if known else self._after

    # --- what is in a block

    async def _in_book(self, block: Block, end: tuple[int, int]) -> Sealed:
        sealed = await service.read_block(self._tx, block, self._after, end, self._hash_before)
        self._after = max(end, self._after)
        return sealed

    def _in_journal(self, kept: Kept) -> Sealed:
        head = kept.head or BlockRecord(FORMAT, kept.number, b"", b"", 0, 0, 0, len(kept.transfers), ())
        assert self._reading is not None, "it was read"
        accounts = []
        for account_id in head.account_ids:
            text = self._reading.account(account_id)
            if text is None:
                self.compared.tell(f"account {account_id}", "is missing in the journal")
            accounts.append((account_id, text or b""))
        return Sealed(head, kept.transfers, tuple(accounts))

    def _unreadable(self, row: str, read: Iterable[tuple[bytes, TransferRecord | None]]) -> Iterator[tuple[str, str]]:
        for place, (_, transfer) in enumerate(read, 1):
            if transfer is None:
                yield row, f"has a transfer in place {place} of the journal that cannot be read"

    def _differences(
        self, row: str, book: Sealed, read: Sequence[tuple[bytes, TransferRecord | None]]
    ) -> list[tuple[str, str]]:
        """The rows that are not the same; what one side lacks is kept for the end, when all of the other was seen."""
        if tuple(text for text, _ in read) == book.transfers:
            return []
        sides = _Sides(
            {each.transfer.id: each for each in filter(None, map(rules.transfer_of, book.transfers))},
            {each.transfer.id: each for _, each in read if each},
        )
        self._added |= {each: (sides.book[each], row) for each in sides.book.keys() - sides.journal.keys()}
        self._lacking |= {each: (sides.journal[each], row) for each in sides.journal.keys() - sides.book.keys()}
        found = [
            difference
            for each in sorted(sides.book.keys() & sides.journal.keys())
            for difference in rules.transfer_differences(sides.book[each], sides.journal[each])
        ]
        times = Counter(each.transfer.id for _, each in read if each)
        found += [
            (f"transfer {each}", f"is in {row} of the journal more than once") for each in times if times[each] > 1
        ]
        if not found and sides.book.keys() == sides.journal.keys():
            found.append((row, "has its transfers in the journal in another order or form"))
        return found

    # --- transfers that were not where they belong

    async def _match_strays(self) -> None:
        lacking = sorted(self._lacking)
        for start in range(0, len(lacking), PAGE):
            some = lacking[start : start + PAGE]
            elsewhere = await self._tx.all(queries.BY_IDS, transfer_ids=numbers(some))
            there = {each.transfer.id: each for each in await service.with_entries(self._tx, elsewhere)}
            for transfer_id in some:
                self._match(transfer_id, there.get(transfer_id))
        for transfer_id, (_, row) in sorted(self._added.items()):
            if transfer_id not in self._lacking:
                self.compared.tell(f"transfer {transfer_id}", f"is in the book, among {row}, and not in the journal")

    def _match(self, transfer_id: int, there: TransferRecord | None) -> None:
        journal, row = self._lacking[transfer_id]
        if there is None:
            self.compared.tell(f"transfer {transfer_id}", f"is in {row} of the journal and missing in the book")
            return
        for each, problem in rules.transfer_differences(there, journal):
            self.compared.tell(each, problem)
        if there == journal:
            self.compared.tell(f"transfer {transfer_id}", f"is in {row} of the journal, and elsewhere in the book")

    # --- accounts

    async def _compare_accounts(self, reading: Reading) -> None:
        kept = reading.accounts()
        while some := dict(islice(kept, PAGE)):
            rows = await self._tx.all(
                queries.ACCOUNTS, account_ids=numbers(each for each, record in some.items() if record)
            )
            there = {row.id: row for row in rows}
            self.compared.accounts += len(some)
            for account_id, record in some.items():
                row = f"account {account_id}"
                if record is None:
                    self.compared.tell(row, "cannot be read in the journal")
                elif account_id not in there:
                    self.compared.tell(row, "is in the journal and missing in the book")
                else:
                    for each, problem in rules.account_differences(there[account_id], record):
                        self.compared.tell(each, problem)


def _verdict(*, book: bool, journal: bool) -> str:
    """Which side has what was sealed, as the block's hash tells."""
    if book == journal:
        return "by its hash, the block had something else on both sides" if not book else "both have the block's hash"
    return f"by the block's hash, the {'book' if book else 'journal'} has what was sealed"


async def audit(
    reads: LongReads, journal: Journal, broken: Sequence[Broken], *, live: bool, advance: Advance = lambda _: None
) -> Audited:
    """Compare the journal with the book; `broken` is what a check of the book found.

    On SQLite the tables of the book are held against their indexes, by which the product finds rows and a reader of
    whole tables does not. A journal whose file is damaged is not opened: what is wrong with it is told.

    Raises JournalUnreadable, StorageUnavailable.
    """
    findings = [Finding(each.row, f"{each.invariant}: {each.problem}") for each in broken]
    findings += [Finding("database", problem) for problem in await reads.damage(TABLES)]
    exists = journal.exists()
    damage = await asyncio.to_thread(journal.damage) if exists else ["there is none"]
    findings += [Finding(f"journal in {journal.folder}", problem) for problem in damage]

    async def compare(tx: Read, reading: Reading | None) -> Compared:
        return await Audit(tx, reading, live=live and reading is not None).run(advance)

    if damage:
        compared = await reads.read(compare, None)
        if not exists and not compared.blocks:
            findings = findings[:-1]  # nothing was ever sealed, so there is nothing to keep
    else:
        with journal.reading() as reading:
            compared = await reads.read(compare, reading)
    return Audited(
        compared.blocks,
        compared.transfers,
        compared.accounts,
        compared.behind,
        compared.unsealed,
        findings + compared.findings,
    )
