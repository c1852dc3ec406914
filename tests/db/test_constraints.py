"""What the database refuses becomes the refusal that was named for it, and nothing else does."""

import apsw
import asyncpg
import pytest
from sqlalchemy import bindparam, insert

from artel.db import Command, Database, Write, violating
from artel.kernel.errors import Refusal
from artel.shop.shops.tables import shop_members, shops
from tests.conftest import Run

OPEN = Command(
    insert(shops).values(
        {
            each.name: bindparam(each.name) if each.name in ("slug", "tax_bp") else ""
            for each in shops.c
            if each.name != "id"
        }
        | dict.fromkeys((each.name for each in shops.c if each.name.endswith("_us")), 0)
        | {"tax_included": 0, "confirms": 0, "low_stock": 0, "commission_bp": 0, "version": 1}
    )
)
ADD = Command(insert(shop_members).values(shop_id=bindparam("shop_id"), account_id=bindparam("account_id"), added_us=0))


class Refused(Refusal):
    """It was refused."""

    code, kind = "tests.refused", "conflict"


async def _twice(tx: Write, constraint: str) -> None:
    await tx.run(OPEN, slug="a", tax_bp=0)
    with violating(constraint, Refused()):
        await tx.run(OPEN, slug="a", tax_bp=0)


async def _too_large(tx: Write, constraint: str) -> None:
    with violating(constraint, Refused()):
        await tx.run(OPEN, slug="a", tax_bp=10_001)


async def _nobody(tx: Write, constraint: str) -> None:
    await tx.run(OPEN, slug="a", tax_bp=0)
    with violating(constraint, Refused()):
        await tx.run(ADD, shop_id=1, account_id=99)


@pytest.mark.parametrize(
    ("use", "constraint"),
    [(_twice, "shops_slug_uq"), (_too_large, "shops_tax_bp_ck"), (_nobody, "shop_members_account_id_fk")],
)
def test_a_violated_constraint_is_the_refusal_that_was_named_for_it(
    db: Database, run: Run, use: object, constraint: str
) -> None:
    with pytest.raises(Refused):
        run(db.write(use, constraint))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("use", "constraint"),
    [(_twice, "categories_slug_uq"), (_too_large, "shops_slug_uq"), (_nobody, "shops_slug_uq")],
)
def test_another_constraint_stays_a_fault(db: Database, run: Run, use: object, constraint: str) -> None:
    with pytest.raises((apsw.ConstraintError, asyncpg.IntegrityConstraintViolationError)):
        run(db.write(use, constraint))  # type: ignore[arg-type]


async def _nothing(tx: Write) -> str:
    with violating("shops_slug_uq", Refused()):
        await tx.run(OPEN, slug="a", tax_bp=0)
    return "fine"


def test_what_violates_nothing_passes(db: Database, run: Run) -> None:
    assert run(db.write(_nothing)) == "fine"
