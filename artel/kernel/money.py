"""Money: whole minor units (kopecks, cents) and a currency. There are no floats, and nothing is lost in a division."""

from collections.abc import Sequence
from typing import Annotated, Final

from msgspec import Meta

AMOUNT_MAX: Final = 10**15  # minor units: sums of a thousand of them still fit 64 bits
BASIS_POINTS: Final = 10_000  # one whole

Currency = Annotated[
    str, Meta(pattern=r"^[A-Z]{3}$(?!\n)", description="ISO 4217.", extra_json_schema={"examples": ["RUB"]})
]
Amount = Annotated[int, Meta(ge=0, le=AMOUNT_MAX, description="Minor units: 12345 is 123.45 roubles.")]
Rate = Annotated[int, Meta(ge=0, le=BASIS_POINTS, description="Basis points: 2000 is 20 %.")]


def half_even(numerator: int, denominator: int) -> int:
    """The quotient as a whole number, halves to the even neighbour (IEEE 754 roundTiesToEven). No negatives."""
    whole, rest = divmod(numerator, denominator)
    twice = 2 * rest
    return whole + (twice > denominator or (twice == denominator and whole % 2 == 1))


def share_bp(amount_minor: int, rate_bp: int) -> int:
    """The part of an amount that a rate in basis points takes, rounded half to even."""
    return half_even(amount_minor * rate_bp, BASIS_POINTS)


def split(amount_minor: int, weights: Sequence[int]) -> list[int]:
    """The amount in parts as large as their weights, whole, and together exactly the amount.

    Each part is rounded down, and what remains goes by one to the largest remainders, the earlier first (Hamilton's
    method). Weights that are all zero share alike.
    """
    whole = sum(weights)
    if not whole:
        weights, whole = [1] * len(weights), len(weights)
    parts = [amount_minor * weight // whole for weight in weights]
    order = sorted(range(len(weights)), key=lambda place: (-(amount_minor * weights[place] % whole), place))
    for place in order[: amount_minor - sum(parts)]:
        parts[place] += 1
    return parts
