"""From bytes to records: cut anywhere, quoted or not, and what is no CSV."""

import csv
import io
import itertools

import pytest

from artel.shop.sheets.model import RECORD_MAX, LineProblem, SheetHeader, SheetUnreadable
from artel.shop.sheets.reading import Reader, Record

HOSTILE = 'sku,title,description\r\n1,"a, ""b""","one\ntwo\r\n"\n2,Ёж,\'=1\n\n3,x,"\t"'


def records(data: bytes, size: int = 10**9) -> list[Record | LineProblem]:
    reader = Reader()
    pieces = [data[begin : begin + size] for begin in range(0, len(data), size)]
    found = [record for piece in pieces for record in reader.feed(piece)]
    return found + list(reader.feed(b"", last=True))


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 10**6])
def test_records_are_the_same_wherever_the_bytes_are_cut(size: int) -> None:
    assert records(HOSTILE.encode(), size) == [
        Record(2, {"sku": "1", "title": 'a, "b"', "description": "one\ntwo\r\n"}),
        Record(5, {"sku": "2", "title": "Ёж", "description": "=1"}),
        Record(7, {"sku": "3", "title": "x", "description": "\t"}),
    ]


def test_the_mark_that_spreadsheets_begin_with_is_no_part_of_the_first_column() -> None:
    assert records("\ufeffsku,title\n1,a\n".encode()) == [Record(2, {"sku": "1", "title": "a"})]
    assert records('\ufeff"SKU", Title \n1,a\n'.encode()) == [Record(2, {"sku": "1", "title": "a"})]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "empty"),
        ("sku;title\n", "no column 'sku;title'"),
        ("sku,colour\n", "no column 'colour'"),
        ("sku,sku\n", "names sku twice"),
        ("title,price\n", "isbn or sku"),
        ("sku,title\r1,a\r", "CR without LF"),
    ],
)
def test_a_header_that_names_no_columns_is_refused(text: str, problem: str) -> None:
    with pytest.raises(SheetHeader, match=problem):
        records(text.encode())


def test_a_header_in_another_encoding_is_refused_as_that() -> None:
    with pytest.raises(SheetHeader, match="no text in UTF-8"):
        records("sku,title\n1,a\n".encode("utf-16"))


def test_a_line_that_is_no_csv_is_told_and_the_next_one_is_read() -> None:
    found = records(b'sku,title\n1,a,b\n2\n3,"a"b\n4,d\n')
    assert [each.line for each in found] == [2, 3, 4, 5]
    assert [isinstance(each, LineProblem) for each in found] == [True, True, True, False]


def test_a_quote_within_a_cell_is_a_letter_and_swallows_no_lines() -> None:
    found = records(b'sku,title\n1,A 5" nail\n2,b\n3,"A ""6"" nail"\n4,7"\n')
    assert [each.line for each in found] == [2, 3, 4, 5]
    titles = [each.cells["title"] for each in found if isinstance(each, Record)]
    assert titles == ['A 5" nail', "b", 'A "6" nail', '7"']


def test_lines_end_where_the_standard_reader_ends_them() -> None:
    checked = 0
    for letters in itertools.product('a",\n', repeat=7):
        text = "".join(letters) + "\n"
        try:
            expected = list(csv.reader(io.StringIO(text, newline=""), strict=True))
        except csv.Error:  # where it goes on after such a line is its own matter
            continue
        read = [each for each in records(f"sku,title\n{text}".encode()) if isinstance(each, Record)]
        wanted = [dict(zip(("sku", "title"), cells, strict=True)) for cells in expected if len(cells) == 2]
        assert [each.cells for each in read] == wanted, text
        checked += 1
    assert checked > 4**7 / 3


def test_a_quote_that_is_never_closed_takes_no_memory() -> None:
    with pytest.raises(SheetUnreadable, match="Line 3"):
        records(b'sku,title\n1,a\n2,"' + b"x\n" * RECORD_MAX, 65_536)
    with pytest.raises(SheetUnreadable, match="Line 2"):
        records(b'sku,title\n1,"a\n')
    with pytest.raises(SheetUnreadable, match="1,000,000 characters"):
        records(b"sku,title\n" + b"x" * (RECORD_MAX + 1))
