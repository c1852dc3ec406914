"""Whether holds are what was asked for: each keeps the hash of that, and the row is hashed again."""

from typing import Final

from msgspec import Struct
from sqlalchemy import bindparam, func, select

from artel.db import Query, Read
from artel.ledger.book import rules
from artel.ledger.book.faults import Fault
from artel.ledger.book.model import HoldIntent, Place, Purpose
from artel.ledger.book.tables import ledger_accounts as accounts
from artel.ledger.book.tables import ledger_holds as holds

PAGE: Final = 1_000  # holds of one statement


class Asked(Struct, frozen=True):
    """A hold with the place of its account, which is empty where there is none."""

    id: int
    purpose: Purpose
    owner: str
    currency: str
    amount_minor: int
    kind: str
    reference: str
    key: str
    note: str
    expires_us: int
    input_hash: bytes


AFTER = Query(
    Asked,
    select(
        holds.c.id,
        *(func.coalesce(accounts.c[field], "").label(field) for field in Place.__struct_fields__),
        *(holds.c[field] for field in Asked.__struct_fields__[4:]),
    )
    .join_from(holds, accounts, accounts.c.id == holds.c.account_id, isouter=True)
    .where(holds.c.id > bindparam("after_id"))
    .order_by(holds.c.id)
    .limit(bindparam("row_limit")),
)


async def differing(tx: Read, row_limit: int) -> list[Fault]:
    """Holds that are not what was asked for, so many at most. It reads every hold, a page at a time."""
    faults: list[Fault] = []
    after_id = -1
    while len(faults) < row_limit and (found := await tx.all(AFTER, after_id=after_id, row_limit=PAGE)):
        faults += [Fault(each.id, 0, "what it is for", None, None) for each in found if _hash(each) != each.input_hash]
        after_id = found[-1].id
    return faults[:row_limit]


def _hash(each: Asked) -> bytes:
    place = Place(each.purpose, each.owner, each.currency)
    return rules.input_hash(
        HoldIntent(place, each.amount_minor, each.kind, each.reference, each.key, each.note, each.expires_us)
    )
