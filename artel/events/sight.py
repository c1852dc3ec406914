"""Who sees which events, as of now: the staff all of them, others those whose audience has a word of theirs."""

from msgspec import Struct

from artel.accounts import service as accounts
from artel.accounts.model import AccountUnknown
from artel.db import Read
from artel.events import rules
from artel.kernel.actor import PLATFORM, SYSTEM
from artel.shop.shops import service as shops


class Sight(Struct, frozen=True):
    """What an account sees: everything, or what is told to one of its words."""

    everything: bool
    words: tuple[str, ...]

    def sees(self, audience: str) -> bool:
        """Whether an event with this audience (words with spaces between) is seen."""
        return self.everything or not set(self.words).isdisjoint(audience.split())


NOTHING = Sight(everything=False, words=())


async def sight_of(tx: Read, account_id: int, roles: frozenset[str]) -> Sight:
    """What an account with these roles sees. One statement, none for the staff."""
    if roles & PLATFORM:
        return Sight(everything=True, words=())
    own = await shops.shop_ids_of(tx, account_id)
    return Sight(everything=False, words=(rules.account_word(account_id), *map(rules.shop_word, sorted(own))))


async def sight_of_account(tx: Read, account_id: int) -> Sight:
    """What an account sees; a closed one nothing."""
    try:
        account = await accounts.get(tx, SYSTEM, account_id)
    except AccountUnknown:
        return NOTHING
    return await sight_of(tx, account_id, frozenset(account.roles))
