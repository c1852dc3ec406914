"""Cells of CSV."""

import csv

import pytest

from artel.kernel.spreadsheet import as_meant, csv_line


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])  # noqa: RUF001
def test_a_cell_that_begins_like_a_formula_is_text(begin: str) -> None:
    assert csv_line([begin + "1"]).strip('"').startswith("'" + begin)
    assert csv_line(["a" + begin]).strip('"\n').startswith("a")


def test_a_negative_number_stays_a_number() -> None:
    assert csv_line([-1, True, None, 'a"b,c']) == '-1,1,,"a""b,c"\n'


@pytest.mark.parametrize(
    "text", ["=1+1", "'=1", "''-", "'a", "'", "", "a'=1", "\t", "-5", "it's", "'\r\n", '"=1"', "＝"]
)  # noqa: RUF001
def test_what_was_made_safe_is_undone_exactly(text: str) -> None:
    (cells,) = csv.reader([csv_line([text])])
    assert as_meant("".join(cells)) == text


def test_an_apostrophe_that_protects_nothing_is_the_text_s_own() -> None:
    assert as_meant("'Salem's Lot") == "'Salem's Lot"
    assert as_meant("'=Lot") == "=Lot"
