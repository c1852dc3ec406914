"""Money: whole minor units (kopecks, cents) and a currency. There are no floats, and nothing is lost in a division."""

import re
from collections.abc import Sequence
from typing import Annotated, Final

from msgspec import Meta, Struct

from artel.kernel.patterns import told

AMOUNT_MAX: Final = 10**15  # minor units: sums of a thousand of them still fit 64 bits
BASIS_POINTS: Final = 10_000  # one whole

# How many digits the minor unit of a currency has when it is not two (ISO 4217, list one).
_DIGITS: Final = {
    **{"BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0, "RWF": 0, "UGX": 0},
    **{"UYI": 0, "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0},
    **{"BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3, "CLF": 4, "UYW": 4},
}
# The currencies in use (ISO 4217, list one, without metals, funds of banks and codes for tests; the lev until 2026).
_CURRENCIES: Final = (
    "AED|AFN|ALL|AMD|AOA|ARS|AUD|AWG|AZN|BAM|BBD|BDT|BGN|BHD|BIF|BMD|BND|BOB|BOV|BRL|BSD|BTN|BWP|BYN|BZD|CAD|"
    "CDF|CHE|CHF|CHW|CLF|CLP|CNY|COP|COU|CRC|CUP|CVE|CZK|DJF|DKK|DOP|DZD|EGP|ERN|ETB|EUR|FJD|FKP|GBP|GEL|GHS|"
    "GIP|GMD|GNF|GTQ|GYD|HKD|HNL|HTG|HUF|IDR|ILS|INR|IQD|IRR|ISK|JMD|JOD|JPY|KES|KGS|KHR|KMF|KPW|KRW|KWD|KYD|"
    "KZT|LAK|LBP|LKR|LRD|LSL|LYD|MAD|MDL|MGA|MKD|MMK|MNT|MOP|MRU|MUR|MVR|MWK|MXN|MXV|MYR|MZN|NAD|NGN|NIO|NOK|"
    "NPR|NZD|OMR|PAB|PEN|PGK|PHP|PKR|PLN|PYG|QAR|RON|RSD|RUB|RWF|SAR|SBD|SCR|SDG|SEK|SGD|SHP|SLE|SOS|SRD|SSP|"
    "STN|SVC|SYP|SZL|THB|TJS|TMT|TND|TOP|TRY|TTD|TWD|TZS|UAH|UGX|USD|USN|UYI|UYU|UYW|UZS|VED|VES|VND|VUV|WST|"
    "XAF|XCD|XCG|XOF|XPF|YER|ZAR|ZMW|ZWG"
)
_NO_CURRENCY: Final = "is no currency in use: write its code of ISO 4217, such as RUB or EUR"
_AMOUNT: Final = re.compile(r"(?P<whole>[0-9]{1,16})(?:\.(?P<part>[0-9]{1,4}))?")

Currency = Annotated[
    str,
    Meta(
        pattern=told(rf"^({_CURRENCIES})$(?!\n)", _NO_CURRENCY),
        description="ISO 4217.",
        extra_json_schema={"examples": ["RUB"]},
    ),
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


class FeeTerms(Struct, frozen=True):
    """What the platform takes of a value: basis points, at least and at most so much (0: no such bound)."""

    rate_bp: int
    min_minor: int = 0
    max_minor: int = 0


def fee(value_minor: int, terms: FeeTerms) -> int:
    """The commission, rounded half to even, within its bounds, and never more than the value.

    What is paid out is the value less this, so that both are the value.
    """
    raised = max(share_bp(value_minor, terms.rate_bp), terms.min_minor)
    bounded = min(raised, terms.max_minor) if terms.max_minor else raised
    return min(bounded, value_minor)


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


def major(amount_minor: int, currency: str) -> str:
    """The amount as a decimal number of the currency's own unit, exactly: 12345 kopecks are `123.45`."""
    digits = _DIGITS.get(currency, 2)
    whole, part = divmod(amount_minor, 10**digits)
    return f"{whole}.{part:0{digits}d}" if digits else str(whole)


def minor(text: str, currency: str) -> int:
    """The minor units of such a number. Raises ValueError when it is none, or finer than the currency."""
    digits, found = _DIGITS.get(currency, 2), _AMOUNT.fullmatch(text)
    if found is None:
        raise ValueError(f"{text} is no amount: write it as 1234.50")
    part = (found["part"] or "").rstrip("0")
    if len(part) > digits:
        raise ValueError(f"{currency} has {digits} digits after the point, not {len(part)}")
    units: int = 10**digits
    return int(found["whole"]) * units + int(part.ljust(digits, "0") or 0)
