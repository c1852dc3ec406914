"""Reports: the command line."""

import sys
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

import typer
from rich.cells import cell_len
from rich.text import Text

from artel.db import Database
from artel.edge.terminal import AsJson, Data, DatabaseUrl, err, out, print_json, work
from artel.kernel.errors import Malformed
from artel.kernel.spreadsheet import Cell, csv_line
from artel.settings import Settings, load
from artel.traffic.reports import catalogue, service
from artel.traffic.reports.charts import chart_of, percent, printable, shortened, terminal_lines
from artel.traffic.reports.model import TABLES, TOP_DEFAULT, TOP_MAX, Answer, Measure, Question, columns_of
from artel.traffic.reports.routes import desk
from artel.traffic.reports.sheets import Sheet, csv_text, sheet, table_lines
from artel.traffic.reports.svg import svg

Result = TypeVar("Result")

reports_app: Final = typer.Typer()

_CELL_MAX: Final = 100  # characters of a cell on a terminal; --csv and --json have them all
SHOWN_MAX: Final = 40  # rows of a series in a terminal; --csv and --json have them all
AsCsv = Annotated[bool, typer.Option("--csv", help="Print CSV for spreadsheets.")]
Bots = Annotated[bool, typer.Option("--bots/--no-bots", help="Whether requests of bots count.")]


@reports_app.command(
    "report",
    epilog="Examples: artel traffic report countries  |  artel traffic report 2 --category caviar --by visitors  |  "
    "artel traffic report requests-per-day --from 2018-08-01 --to 2018-09-01 --timezone Europe/Berlin --svg days.svg",
)
def report_command(
    report: Annotated[
        str | None,
        typer.Argument(help="A name, or a number from 1 to 7. Without one: which there are.", metavar="NAME"),
    ] = None,
    category: Annotated[str | None, typer.Option(help="The category that reports 2, 3 and 5 ask about.")] = None,
    from_time: Annotated[
        str | None, typer.Option("--from", help="Begin of the period: 2018-08-01 or 2018-08-01T10:00.")
    ] = None,
    to_time: Annotated[str | None, typer.Option("--to", help="End of the period; it no longer belongs to it.")] = None,
    timezone: Annotated[
        str | None, typer.Option(help="Such as Europe/Berlin; else ARTEL_TRAFFIC_TIMEZONE, or UTC.")
    ] = None,
    bots: Bots = True,
    by: Annotated[Measure, typer.Option(help="Count requests, or each visitor once.")] = "requests",
    top: Annotated[int, typer.Option(help="Names listed below the winners.", min=1, max=TOP_MAX)] = TOP_DEFAULT,
    picture: Annotated[Path | None, typer.Option("--svg", help="Write a chart to this file.", dir_okay=False)] = None,
    chart: Annotated[bool, typer.Option("--chart/--no-chart", help="Draw a chart below the table.")] = True,
    as_csv: AsCsv = False,
    as_json: AsJson = False,
    data: Data = None,
    database: DatabaseUrl = None,
) -> None:
    """Answer a question about the log, with the definition of the answer."""
    _one_form(as_csv, as_json)
    if report is None:
        _list_reports(as_json)
        return
    settings = load(data=data, database=database)
    question = Question(
        category=category, from_time=from_time, to_time=to_time, timezone=timezone, bots=bots, by=by, top=top
    )
    answer = _at_desk(settings, lambda db, at: service.ask(db, at, report, question))
    if picture is not None:
        picture.write_text(svg(chart_of(answer)), encoding="utf-8")
        err.print(f"The chart is in {picture}", markup=False)
    if as_json:
        print_json(answer)
    elif as_csv:
        typer.echo(csv_text(sheet(answer)), nl=False)
    else:
        _print_answer(answer, chart)


@reports_app.command("table", epilog="Example: artel traffic table carts --csv --data demo > carts.csv")
def table_command(
    table: Annotated[str, typer.Argument(help=", ".join(TABLES), metavar="NAME")],
    bots: Bots = True,
    limit: Annotated[int, typer.Option(help="Rows to print; 0: all of them.", min=0)] = 0,
    as_csv: AsCsv = False,
    as_json: AsJson = False,
    data: Data = None,
    database: DatabaseUrl = None,
) -> None:
    """Print a table that is derived from the log: goods, carts, who put what in, who paid."""
    _one_form(as_csv, as_json)
    name = service.table_name(table)
    settings = load(data=data, database=database)
    rows = _at_desk(settings, partial(_rows, name=name, bots=bots, limit=limit))
    if as_json:
        print_json(rows)
    elif as_csv:
        sys.stdout.write(csv_line(columns_of(TABLES[name])))
        sys.stdout.writelines(table_lines(rows))
    else:
        cells = tuple(tuple(getattr(row, field) for field in row.__struct_fields__) for row in rows)
        _print_sheet(Sheet(columns_of(TABLES[name]), cells))


def _at_desk(settings: Settings, use: Callable[[Database, service.Desk], Awaitable[Result]]) -> Result:
    """Run what answers, with one thread for it."""

    async def run(db: Database) -> Result:
        with ThreadPoolExecutor(1) as threads:
            return await use(db, desk(settings, threads))

    return work(settings, run)


async def _rows(db: Database, at: service.Desk, *, name: str, bots: bool, limit: int) -> list[Any]:
    rows: list[Any] = []
    after: str | None = None
    while True:
        wanted = min(limit - len(rows), service.EXPORT_PAGE) if limit else service.EXPORT_PAGE
        page = await service.pages(db, at, name, bots, wanted, after)
        rows += page.items
        after = page.next
        if after is None or len(rows) == limit:
            return rows


def _one_form(as_csv: bool, as_json: bool) -> None:
    if as_csv and as_json:
        raise Malformed(field="--csv", problem="contradicts --json; give one of them")


def _list_reports(as_json: bool) -> None:
    if as_json:
        print_json(catalogue.REPORTS)
        return
    rows = tuple((report.number or "", report.name, report.title) for report in catalogue.REPORTS)
    _print_sheet(Sheet(("number", "name", "title"), rows))


def _print_answer(answer: Answer, chart: bool) -> None:
    out.print(Text(answer.title, style="bold"))
    out.print(Text(answer.definition, style="dim"))
    out.print()
    drawn = chart and answer.value > 0
    written = sheet(answer)
    hidden = max(0, len(written.rows) - SHOWN_MAX) if answer.shape == "series" else 0
    _print_sheet(Sheet(written.columns, written.rows[hidden:]))
    if hidden:
        out.print(f"({hidden} earlier rows; --csv has them all)", markup=False)
    out.print(Text(_headline(answer), style="bold"))
    if drawn:
        out.print()
        for line in terminal_lines(chart_of(answer), out.width):
            out.print(Text(line, style="cyan"), no_wrap=True, crop=True)
    for note in _notes(answer):
        out.print(Text(note, style="dim"))


def _headline(answer: Answer) -> str:
    match answer.shape:
        case "number":
            return f"{answer.value:,} of {answer.out_of:,} {answer.unit}"
        case "steps":
            return (
                f"{answer.value:,} of {answer.out_of:,} visits paid ({percent(answer.value, answer.out_of) or '0 %'})"
            )
        case _ if not answer.winners:
            return "No winner: nothing was counted."
        case _:
            names = ", ".join(printable(ranked.name) for ranked in answer.winners[:10])
            more = f" and {len(answer.winners) - 10} more" if len(answer.winners) > 10 else ""
            return f"Most: {names}{more} ({answer.value:,} {answer.unit})"


def _notes(answer: Answer) -> list[str]:
    asked = answer.asked
    period = f" from {asked.from_time or 'the beginning'} to {asked.to_time or 'the end'}"
    category = f", category {printable(asked.category)}" if asked.category else ""
    notes = [
        f"Asked: {asked.timezone}{category}, {'with' if asked.bots else 'without'} bots,{period}.",
        f"Read: {answer.requests_read:,} requests" + (f" up to {answer.watermark}." if answer.watermark else "."),
    ]
    if not answer.requests_read:
        notes.append("No line was read: import a log with `artel traffic import FILE`, or widen the period.")
    if answer.unknown_share is not None:
        notes.append(f"Unknown: {100 * answer.unknown_share:.1f} % of what was counted.")
    if answer.geo is not None:
        notes.append(f"Countries: {answer.geo.name} of {answer.geo.date} {answer.geo.link}".rstrip())
    return notes


def _print_sheet(written: Sheet) -> None:
    """Columns side by side; a row is always one line, also where no terminal is wide enough for it."""
    plain = [column.endswith("_id") or column == "number" for column in written.columns]
    rows = [[str(cell) if raw else _shown(cell) for cell, raw in zip(row, plain, strict=True)] for row in written.rows]
    right = [bool(written.rows) and isinstance(cell, int) for cell in (written.rows or [written.columns])[0]]
    columns = list(zip(written.columns, *rows, strict=True))
    widths = [max(map(cell_len, column)) for column in columns]
    for number, row in enumerate([written.columns, *rows]):
        padded = [
            " " * (width - cell_len(text)) + text if to_right else text + " " * (width - cell_len(text))
            for text, width, to_right in zip(row, widths, right, strict=True)
        ]
        out.print(Text("  ".join(padded).rstrip(), style="" if number else "bold"), soft_wrap=True)


def _shown(cell: Cell) -> str:
    match cell:
        case None:
            return ""
        case bool():
            return "yes" if cell else "no"
        case int():
            return f"{cell:,}"
        case _:
            return shortened(cell, _CELL_MAX)
