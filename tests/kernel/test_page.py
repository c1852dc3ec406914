"""Keyset pages and their cursors."""

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from artel.kernel.errors import Malformed
from artel.kernel.page import CURSOR_MAX, Cut, Page, Place, PlaceText, cursor, page


class Thing(Struct, frozen=True):
    id: int


def _cursor(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


@given(st.lists(st.integers(1, 10**6), unique=True, max_size=40), st.integers(1, 10))
def test_the_pages_together_are_the_list(ids: list[int], limit: int) -> None:
    things, shown, after = [Thing(each) for each in sorted(ids)], [], None
    while True:
        cut = Cut(limit, after)
        rows = [each for each in things if each.id > cut.key(0)][: limit + 1]
        part: Page[Thing] = page(rows, cut, "id")
        assert len(part.items) <= limit
        shown += part.items
        after = part.next
        if after is None:
            break
    assert shown == things


def test_the_last_page_has_no_cursor_and_the_one_before_it_has() -> None:
    assert page([Thing(1), Thing(2)], Cut(2), "id").next is None
    assert page([Thing(1), Thing(2), Thing(3)], Cut(2), "id").next == _cursor("2")


def test_without_a_cursor_the_list_is_read_from_its_start() -> None:
    assert Cut().key(7) == 7
    assert Cut(after=_cursor("0")).key(7) == 0


@pytest.mark.parametrize("place", [0, -1, 2**63 - 1, -(2**63)])
def test_a_cursor_holds_any_integer_of_the_database(place: int) -> None:
    assert Cut(after=_cursor(str(place))).key(0) == place


@pytest.mark.parametrize(
    "after",
    [
        "",
        "=",
        "!!!!",
        "zzz",
        "!!!MQ",
        "MQ==MQ",
        "M Q",
        "\0",
        "\ud800",
        "щука",
        "A" * CURSOR_MAX,
        *map(
            _cursor, ["", "null", "1.5", "1e400", "true", '"1"', "[1]", "{}", "NaN", "1;drop table accounts", "[" * 99]
        ),
        _cursor(str(2**63)),
        _cursor(str(-(2**63) - 1)),
        _cursor(str(10**100)),
    ],
)
def test_a_cursor_that_no_list_gave_out_is_refused(after: str) -> None:
    with pytest.raises(Malformed) as refused:
        Cut(after=after).key(0)
    assert refused.value.facts["field"] == "after"


@given(st.text(max_size=CURSOR_MAX))
def test_no_text_is_more_than_refused(after: str) -> None:
    try:
        assert -(2**63) <= Cut(after=after).key(0) < 2**63
    except Malformed as refused:
        assert refused.facts["field"] == "after"


@pytest.mark.parametrize("held", [("price", 100, 7), ("title", "война и мир", -1), ("title", "", 2**63 - 1)])
def test_a_cursor_may_hold_what_the_list_is_sorted_by(held: tuple[Any, ...]) -> None:
    kind = tuple[str, Place | PlaceText, Place]
    assert Cut(after=cursor(held)).place(kind) == held


@pytest.mark.parametrize("after", [cursor(("price", 1)), cursor(("price", "1", 1)), cursor(7), _cursor("[null,1,1]")])
def test_a_cursor_of_another_shape_is_refused(after: str) -> None:
    with pytest.raises(Malformed):
        Cut(after=after).place(tuple[str, Place, Place])


def test_a_cursor_with_a_nul_is_refused() -> None:
    """PostgreSQL's text cannot hold it."""
    with pytest.raises(Malformed):
        Cut(after=cursor(("title", "a\0", 1))).place(tuple[str, PlaceText, Place])
