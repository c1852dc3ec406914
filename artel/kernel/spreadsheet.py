"""CSV that a spreadsheet takes for text and numbers, never for formulas."""

import csv
import io
import re
from collections.abc import Sequence
from typing import Final

Cell = str | int | bool | None
# What a spreadsheet may take for the beginning of a formula (OWASP, CSV injection), full-width forms included.
_FORMULA: Final = (
    "=+@\t\r\n\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}\N{FULLWIDTH HYPHEN-MINUS}\N{FULLWIDTH COMMERCIAL AT}-"
)
_RISKY: Final = re.compile(f"'*[{_FORMULA}]")
_MADE_SAFE: Final = re.compile(f"'+[{_FORMULA}]")


def csv_line(cells: Sequence[Cell]) -> str:
    """One line of CSV, with its line break."""
    line = io.StringIO(newline="")
    csv.writer(line, lineterminator="\r\n").writerow([_safe(cell) for cell in cells])  # so that both are quoted
    return line.getvalue().removesuffix("\r\n") + "\n"


def as_meant(cell: str) -> str:
    """The text of which `csv_line` made this cell: exactly, whatever it was."""
    return cell[1:] if _MADE_SAFE.match(cell) else cell


def _safe(cell: Cell) -> Cell:
    """A text that could begin a formula gets an apostrophe before it, which spreadsheets don't show.

    So does one that begins as if it had got one, so that `as_meant` can tell the two.
    """
    if isinstance(cell, str) and _RISKY.match(cell):
        return "'" + cell
    return int(cell) if isinstance(cell, bool) else cell
