"""ISBN: what is accepted, what it becomes, and that every typing mistake of one digit is seen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artel.shop.products.isbn import check_digit, normalised
from artel.shop.products.model import IsbnWrong


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("9780306406157", "9780306406157"),  # the example of the ISBN Users' Manual
        ("978-0-306-40615-7", "9780306406157"),
        (" 978 0 306 40615 7 ", "9780306406157"),
        ("978\u20110\u2011306\u201140615\u20117", "9780306406157"),  # hyphens that do not break
        ("ISBN 978-0-306-40615-7", "9780306406157"),
        ("isbn: 978-0-306-40615-7", "9780306406157"),
        ("0-306-40615-2", "9780306406157"),
        ("0306406152", "9780306406157"),
        ("080442957X", "9780804429573"),
        ("080442957x", "9780804429573"),
        ("979-10-90636-07-1", "9791090636071"),
        ("978-5-389-01686-6", "9785389016866"),
    ],
)
def test_an_isbn_becomes_its_thirteen_digits(typed: str, stored: str) -> None:
    assert normalised(typed) == stored


@pytest.mark.parametrize(
    "typed",
    [
        "9780306406158",  # a wrong check digit
        "0306406153",
        "978030640615X",  # only an ISBN-10 ends so
        "X306406152",
        "4006381333931",  # another article's EAN
        "978030640615",
        "97803064061570",
        "",
        "----------",
        "978030640615\u0667",  # a digit, but not of ours
        "９780306406157",
        "978_0306406157",
        "9780306406157\x00",
        "ISBNISBN0306406152",
    ],
)
def test_what_is_no_isbn_is_refused(typed: str) -> None:
    with pytest.raises(IsbnWrong):
        normalised(typed)


TWELVE = st.from_regex(r"97[89][0-9]{9}", fullmatch=True)


@given(TWELVE, st.integers(0, 12), st.integers(1, 9))
def test_one_wrong_digit_is_always_seen(twelve: str, place: int, more: int) -> None:
    right = twelve + check_digit(twelve)
    wrong = right[:place] + str((int(right[place]) + more) % 10) + right[place + 1 :]
    assert normalised(right) == right
    with pytest.raises(IsbnWrong):
        normalised(wrong)
