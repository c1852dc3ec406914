"""Money as the older services write it: a JSON number of roubles. Inside it is whole kopecks, and never a float."""

import re
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import Final

from msgspec import Raw

from artel.kernel.errors import Malformed
from artel.kernel.money import AMOUNT_MAX
from artel.ledger.book.model import AmountUnfit

CURRENCY: Final = "RUB"
MINOR: Final = 100  # kopecks
NUMBER: Final = re.compile(
    rb"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"
)  # RFC 8259, 6; that it is JSON was seen before
LARGEST: Final = Decimal(AMOUNT_MAX) / MINOR
KOPECK: Final = Decimal("0.01")
NOISE: Final = Decimal("1e-9")  # less than this a float of kopecks is off, and what others reckon with them


def price(amount_minor: int) -> int | Decimal:
    """Whole roubles as a whole number, as the old services had them; kopecks as an exact fraction."""
    whole, rest = divmod(amount_minor, MINOR)
    return whole if not rest else Decimal(amount_minor) / MINOR


def number(field: str, value: Raw) -> Decimal:
    """The number as it was written, every digit of it. Raises Malformed, and AmountUnfit for one beyond all bounds."""
    text = bytes(value)
    if not NUMBER.fullmatch(text):
        raise Malformed(field=field, problem="expected a number")
    try:
        return Decimal(text.decode("ascii"))
    except InvalidOperation:  # an exponent of more than 18 digits
        raise AmountUnfit(max_minor=AMOUNT_MAX) from None


def kopecks(roubles: Decimal) -> int:
    """The amount in kopecks, rounded half to even, below zero too. Raises AmountUnfit for more than any amount."""
    if abs(roubles) > LARGEST:
        raise AmountUnfit(max_minor=AMOUNT_MAX)
    return int(roubles.quantize(KOPECK, ROUND_HALF_EVEN) * MINOR)


def is_finer(roubles: Decimal) -> bool:
    """Whether there is more in it than whole kopecks; 0.30000000000000004 is what floats make of 0.1 + 0.2."""
    return abs(roubles - roubles.quantize(KOPECK, ROUND_HALF_EVEN)) > NOISE
