"""From bytes to the records of a CSV file (RFC 4180), as they come: any file takes the memory of one record."""

import codecs
import csv
import re
from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct

from artel.kernel.spreadsheet import as_meant
from artel.shop.sheets.model import COLUMNS, RECORD_MAX, LineProblem, SheetHeader, SheetUnreadable

csv.field_size_limit(RECORD_MAX)  # of the whole process; Python's own is less than a description may have
UNDECODABLE: Final = "surrogateescape"  # bytes that are not UTF-8 are told with the line and column they stand in
NO_TEXT: Final = re.compile("[\0\ud800-\udfff]")  # such bytes, and NUL, which the databases do not hold
# A quote opens a cell only where the cell begins: in 'A 5" nail' it is a letter like any other.
_TO_OPENING: Final = re.compile(r'(?:(?:[^",][^,]*+)?,)*+"')  # from the beginning of a cell
_TO_CLOSING: Final = re.compile(r'(?:[^"]++|"")*+"')
_TO_NEXT: Final = re.compile("[^,]*+,")


class Record(Struct, frozen=True):
    """A line by its columns, and the number of the line in the file in which it begins."""

    line: int
    cells: dict[str, str]


class Reader:
    """Takes bytes in pieces and gives records. Raises SheetHeader, SheetUnreadable."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")(UNDECODABLE)
        self._text = ""
        self._pending: list[str] = []  # the lines of a record whose last quote has not come yet
        self._pending_chars = 0
        self._open = False
        self._line = 0
        self._columns: Sequence[str] = ()

    def feed(self, piece: bytes, *, last: bool = False) -> Iterator[Record | LineProblem]:
        """The records that are complete with this piece; with the last one, also one that lacks its line break."""
        self._text += self._decoder.decode(piece, last)
        lines = self._text.split("\n")
        self._text = lines.pop()
        for line in lines:
            yield from self._take(line + "\n")
        if len(self._text) > RECORD_MAX:
            self._too_long()
        if last:
            if self._text:
                yield from self._take(self._text)
            if self._open:
                raise SheetUnreadable(line=self._line + 1, problem="a quote is opened there and not closed")
            if not self._columns:
                raise SheetHeader(problem="the file is empty")

    def _take(self, line: str) -> Iterator[Record | LineProblem]:
        if not self._columns and not self._pending:
            line = line.removeprefix("\ufeff")  # which spreadsheets begin a file with
        self._pending.append(line)
        self._pending_chars += len(line)
        self._open = _stays_open(line, is_open=self._open)
        if self._open:
            if self._pending_chars > RECORD_MAX:
                self._too_long()
            return
        begin, text, count = self._line + 1, "".join(self._pending), len(self._pending)
        self._line += count
        self._pending, self._pending_chars = [], 0
        try:
            cells = next(csv.reader([text], strict=True), [])
        except csv.Error as fault:
            problem = "it has CR without LF" if str(fault).startswith("new-line") else str(fault)
            if not self._columns:
                raise SheetHeader(problem=f"that is not CSV: {problem}") from None
            yield LineProblem(begin, "", f"is not CSV: {problem}")
            return
        if not self._columns:
            self._columns = _header(cells)
        elif cells:
            yield self._record(begin, cells)

    def _record(self, line: int, cells: list[str]) -> Record | LineProblem:
        if len(cells) != len(self._columns):
            wanted = f"{len(self._columns)} cells as the header, not {len(cells)}"
            return LineProblem(line, "", f"must have {wanted}: quote a cell that holds a comma")
        return Record(line, dict(zip(self._columns, map(as_meant, cells), strict=True)))

    def _too_long(self) -> None:
        problem = f"has more than {RECORD_MAX:,} characters: is a quote opened there and not closed?"
        raise SheetUnreadable(line=self._line + 1, problem=problem)


def _stays_open(line: str, *, is_open: bool) -> bool:
    """Whether a quoted cell goes on in the next line; `is_open`: one goes on in this line."""
    if '"' not in line:
        return is_open
    place = 0
    while found := (_TO_CLOSING if is_open else _TO_OPENING).match(line, place):
        place, is_open = found.end(), not is_open
        if is_open:
            continue
        following = _TO_NEXT.match(line, place)
        if following is None:
            break
        place = following.end()
    return is_open


def _header(cells: Sequence[str]) -> list[str]:
    columns = [cell.strip().lower() for cell in cells]
    if any(map(NO_TEXT.search, columns)):
        raise SheetHeader(problem="that is no text in UTF-8: save the file as UTF-8")
    unknown = [column for column in columns if column not in COLUMNS]
    if unknown:
        raise SheetHeader(problem=f"there is no column {unknown[0][:50]!r}; there are {', '.join(COLUMNS)}")
    twice = {column for column in columns if columns.count(column) > 1}
    if twice:
        raise SheetHeader(problem=f"it names {min(twice)} twice")
    if not {"isbn", "sku"} & set(columns):
        raise SheetHeader(problem="isbn or sku has to be among them: they tell which product a line is about")
    return columns
