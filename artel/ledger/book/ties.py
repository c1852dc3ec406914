"""What other features compare their rows with: the money that an order, a payment or a job moved in the book."""

from collections import Counter
from collections.abc import Iterable
from typing import Final

from artel.db import Query, Read, numbers
from artel.db.listed import rows
from artel.db.statement import starting_with
from artel.ledger.book import queries
from artel.ledger.book.model import Broken, HoldRow, Place, Purpose

PAGE: Final = 1_000  # transfers of one statement

Moved = Counter[tuple[str, Place]]  # minor units by reference and account; 0 where nothing moved
Nets = Counter[tuple[str, Purpose, str]]  # the same by reference, purpose and currency


async def moved(tx: Read, references: Iterable[str]) -> Moved:
    """What the transfers of these references did to each account. One statement."""
    found = await tx.all(queries.NETS, wanted=rows((reference,) for reference in references))
    return Counter(
        {(each.reference, Place(each.purpose, each.owner, each.currency)): each.amount_minor for each in found}
    )


async def nets(tx: Read, references: Iterable[str]) -> Nets:
    """What they did to the accounts of each purpose together. One statement."""
    return together(await moved(tx, references))


def together(moved: Moved) -> Nets:
    """The accounts of one purpose and currency added up."""
    found = Nets()
    for (reference, place), amount_minor in moved.items():
        found[reference, place.purpose, place.currency] += amount_minor
    return found


async def strays(tx: Read, invariant: str, beginning: str, known: Query[int]) -> list[Broken]:
    """The transfers whose reference begins like this and names nothing; `known` finds those `ids` that are there.

    It reads all of them, in two statements for a page.
    """
    broken: list[Broken] = []
    given = {"pattern": starting_with(beginning), "row_limit": PAGE}
    after_id = 0
    while found := await tx.all(queries.REFERRED, after_id=after_id, **given):
        ids = {each.reference: _id_in(each.reference.removeprefix(beginning)) for each in found}
        there = set(await tx.all(known, ids=numbers(set(ids.values()))))
        broken += [
            Broken(invariant, f"transfer/{each.id}", f"there is no {each.reference}")
            for each in found
            if ids[each.reference] not in there
        ]
        after_id = found[-1].id
    return broken


def _id_in(digits: str) -> int:
    """The id; 0, which nothing has, where it is none."""
    return int(digits) if digits.isdecimal() and len(digits) < 19 else 0


async def holds(tx: Read, hold_ids: Iterable[int]) -> dict[int, HoldRow]:
    """Holds by their ids. One statement."""
    return {each.id: each for each in await tx.all(queries.HOLDS_BY_IDS, hold_ids=numbers(hold_ids))}


async def references(tx: Read, transfer_ids: Iterable[int]) -> dict[int, str]:
    """What caused each of these transfers. One statement."""
    return {each.id: each.reference for each in await tx.all(queries.REFERENCES, transfer_ids=numbers(transfer_ids))}
