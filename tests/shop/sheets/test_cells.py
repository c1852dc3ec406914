"""What cells hold: lists in one cell, and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artel.shop.sheets.cells import READ, flag, joined, parted, whole


@given(st.lists(st.text(min_size=1)))
def test_a_list_in_a_cell_is_read_as_it_was_written(texts: list[str]) -> None:
    assert parted(joined(texts)) == texts


def test_people_write_lists_with_bars() -> None:
    assert parted("Лев Толстой|Anna B.") == ["Лев Толстой", "Anna B."]
    assert parted("a\\|b|c") == ["a|b", "c"]
    assert READ["images"]("https://x.example/1.jpg The cover|https://x.example/2.jpg") == [
        {"url": "https://x.example/1.jpg", "alt": "The cover"},
        {"url": "https://x.example/2.jpg", "alt": ""},
    ]


@pytest.mark.parametrize("cell", ["1.0", "1e3", "one", " 1", "1 ", "٣", "9" * 19])
def test_what_is_no_whole_number_is_refused(cell: str) -> None:
    with pytest.raises(ValueError, match="whole number"):
        whole(cell)
    assert (whole("12"), whole("-1"), whole("")) == (12, -1, None)


def test_a_flag_is_one_or_zero() -> None:
    assert [flag(cell) for cell in ("1", "0", "yes", "No", "TRUE")] == [True, False, True, False, True]
    with pytest.raises(ValueError, match="neither"):
        flag("2")
