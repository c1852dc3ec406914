"""From bytes to records: cut anywhere, quoted or not, and what is no CSV."""

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
    ],
)
def test_a_header_that_names_no_columns_is_refused(text: str, problem: str) -> None:
    with pytest.raises(SheetHeader, match=problem):
        records(text.encode())


def test_a_line_that_is_no_csv_is_told_and_the_next_one_is_read() -> None:
    found = records(b'sku,title\n1,a,b\n2\n3,"a"b\n4,d\n')
    assert [each.line for each in found] == [2, 3, 4, 5]
    assert [isinstance(each, LineProblem) for each in found] == [True, True, True, False]


def test_a_quote_that_is_never_closed_takes_no_memory() -> None:
    with pytest.raises(SheetUnreadable, match="Line 3"):
        records(b'sku,title\n1,a\n2,"' + b"x\n" * RECORD_MAX, 65_536)
    with pytest.raises(SheetUnreadable, match="Line 2"):
        records(b'sku,title\n1,"a\n')
    with pytest.raises(SheetUnreadable):
        records(b"sku,title\n" + b"x" * (RECORD_MAX + 1))
