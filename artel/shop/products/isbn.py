"""ISBN: 13 digits whose last one checks the others (ISO 2108; ISBN Users' Manual, 7th edition, 6)."""

import re
from typing import Final

from artel.shop.products.model import IsbnWrong

# Hyphens of every kind, and spaces: as people and shops write them.
MARKS: Final = re.compile(r"[\s\-\u00ad\u2010-\u2015\u2212]+")
ISBN_13: Final = re.compile(r"97[89][0-9]{10}")
MISTYPED: Final = "its check digit does not fit: look for a typing mistake"
ISBN_10: Final = re.compile(r"[0-9]{9}[0-9X]")


def normalised(text: str) -> str:
    """The 13 digits of an ISBN-13 or ISBN-10. Raises IsbnWrong."""
    plain = MARKS.sub("", text).upper().removeprefix("ISBN").lstrip(":")
    if ISBN_10.fullmatch(plain):
        if sum(weight * _value(digit) for weight, digit in zip(range(10, 0, -1), plain, strict=True)) % 11:
            raise IsbnWrong(field="isbn", problem=MISTYPED)
        return f"978{plain[:9]}{check_digit('978' + plain[:9])}"
    if not ISBN_13.fullmatch(plain):
        raise IsbnWrong(field="isbn", problem="is neither 13 digits that begin with 978 or 979, nor an ISBN-10")
    if plain[12] != check_digit(plain[:12]):
        raise IsbnWrong(field="isbn", problem=MISTYPED)
    return plain


def check_digit(twelve: str) -> str:
    """The 13th digit: weights 1 and 3 in turn, up to the next ten."""
    return str(-sum((3 if place % 2 else 1) * int(digit) for place, digit in enumerate(twelve)) % 10)


def _value(digit: str) -> int:
    return 10 if digit == "X" else int(digit)
