"""Two shops and who works there, for tests of what a shop's staff may."""

from msgspec import Struct

from artel.db import Database, Write
from artel.kernel.actor import SYSTEM
from artel.shop.shops import service as shops
from tests.conftest import Run
from tests.people import People
from tests.shop.shelf import enter_shop


class Market(Struct, frozen=True):
    """A shop that sells in roubles and another in euros, and sessions of who may edit one, the other, both, none."""

    shop_id: int
    other_id: int
    member: str
    stranger: str  # a member of the other shop
    owner: str
    staff: str  # of the platform, which is nobody in a shop
    customer: str


def open_market(people: People, db: Database, run: Run) -> Market:
    """A new market."""
    member, stranger = people.person(), people.person()

    async def enter(tx: Write) -> tuple[int, int]:
        shop_id, other_id = await enter_shop(tx), await enter_shop(tx, currency="EUR")
        await shops.add_member(tx, SYSTEM, shop_id, member.account_id)
        await shops.add_member(tx, SYSTEM, other_id, stranger.account_id)
        return shop_id, other_id

    shop_id, other_id = run(db.write(enter))
    return Market(
        shop_id=shop_id,
        other_id=other_id,
        member=member.session,
        stranger=stranger.session,
        owner=people.person("owner").session,
        staff=people.person("staff").session,
        customer=people.person().session,
    )
