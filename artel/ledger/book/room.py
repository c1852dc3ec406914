"""How much more an account may hold: for who has to know it before the money is there."""

from artel.db import Write
from artel.ledger.book import posting, rules
from artel.ledger.book.model import Place, Posting


async def refuse_more(tx: Write, place: Place, amount_minor: int) -> None:
    """Refuse what an account cannot hold besides what it has. What it can hold it can until the transaction ends.

    Raises TooMuchMoney.
    """
    rules.refuse(await posting.open_locked(tx, place), Posting(place, amount_minor))
