"""Answers and tables as rows with a header, and as CSV."""

from collections.abc import Iterable

import msgspec

from artel.kernel.spreadsheet import Cell, csv_line
from artel.traffic.reports.model import Answer, TableRow


class Sheet(msgspec.Struct, frozen=True):
    """A header and its rows."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


def sheet(answer: Answer) -> Sheet:
    """The counts of an answer: names with theirs, or the number and what it is part of."""
    if answer.shape == "number":
        return Sheet((answer.unit, f"of all {answer.unit}"), ((answer.value, answer.out_of),))
    if answer.shape in ("series", "steps"):
        label = "step" if answer.shape == "steps" else answer.report.removeprefix("requests-per-")
        return Sheet((label, answer.unit), tuple((point.name, point.count) for point in answer.points))
    listed = answer.winners + answer.runners_up
    if answer.with_goods is not None:
        return _with_goods(answer)
    if answer.geo is not None:
        return Sheet(("country", "code", answer.unit), tuple((r.name, r.code, r.count) for r in listed))
    return Sheet(("name", answer.unit), tuple((ranked.name, ranked.count) for ranked in listed))


def _with_goods(answer: Answer) -> Sheet:
    assert answer.with_goods is not None, "only the report that counts the goods' pages too comes here"
    own = {ranked.name: ranked.count for ranked in answer.winners + answer.runners_up}
    both = {ranked.name: ranked.count for ranked in answer.with_goods.winners + answer.with_goods.runners_up}
    names = [*own, *(name for name in both if name not in own)]
    rows = tuple((name, own.get(name, 0), both.get(name, 0)) for name in names)
    return Sheet(("time of day", answer.unit, "goods' pages included"), rows)


def csv_text(written: Sheet) -> str:
    """The whole sheet as CSV."""
    return "".join(csv_line(row) for row in (written.columns, *written.rows))


def table_lines(rows: Iterable[TableRow]) -> Iterable[str]:
    """Rows of a table as lines of CSV, without a header."""
    for row in rows:
        yield csv_line(msgspec.structs.astuple(row))
