"""Imports: the command line."""

from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Annotated, Final, TypeVar

import typer
from msgspec import Struct
from rich.progress import BarColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.table import Table

from artel.db import Database
from artel.edge.terminal import AsJson, Data, DatabaseUrl, err, out, print_json, progress, work
from artel.kernel.clock import iso
from artel.kernel.page import Cut
from artel.settings import Settings, load
from artel.traffic.imports import formats, logs, manifest, rejected, service
from artel.traffic.imports.manifest import Counts
from artel.traffic.imports.model import REASONS, Import, Options, Rejection, Summary
from artel.traffic.imports.segments import LOOMS
from artel.traffic.imports.weave import Workshop

Result = TypeVar("Result")
THREADS: Final = LOOMS  # one for each block in work

app: Final = typer.Typer()


class Report(Struct, frozen=True):
    """What `import --json` prints."""

    run: Import
    reasons: list[Rejection]
    problems: list[str]
    elapsed_us: int
    lines_per_s: int


@app.command("import", epilog="Example: artel traffic import /var/log/nginx/access.log* --data artel-data")
def import_command(
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILE…", help="Logs, also .gz and .zst; folders; patterns; - is standard input."),
    ],
    log_format: Annotated[
        str, typer.Option("--format", help=f"{', '.join(formats.NAMES)}; recognised when it is not given.")
    ] = "",
    pattern: Annotated[
        str, typer.Option(help="A regular expression (RE2) with the groups time, ip, url, … instead of a format.")
    ] = "",
    timezone: Annotated[
        str | None,
        typer.Option(help="Time zone of times that name none. \\[env: ARTEL_TRAFFIC_TIMEZONE; default: UTC]"),
    ] = None,
    lenient: Annotated[
        bool, typer.Option("--lenient", help="Exit with 0 although lines were rejected: for logs with some noise.")
    ] = False,
    data: Data = None,
    database: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Import access logs. What was imported before is not counted again, whatever became of the file.

    Lines that are not understood are rejected, counted and kept; the others are imported, and the exit code is 1.
    """
    settings = load(data=data, database=database, traffic_timezone=timezone)
    options = Options(
        format=log_format,
        pattern=pattern,
        timezone=settings.traffic_timezone,
        geo_database=settings.geo_database,
    )
    paths = logs.find(files)
    total = sum(path.stat().st_size for path in paths if path) if None not in paths else None

    async def use(shop: Workshop) -> Summary:
        with _bar(total, quiet=as_json) as show:
            return await service.import_logs(shop, paths, options, show)

    summary = _shop(settings, use, anew=True)
    if as_json:
        told = list(map(str, summary.problems))
        print_json(Report(summary.run, summary.reasons, told, summary.elapsed_us, summary.lines_per_s))
    else:
        _print(summary)
    problems = [*map(str, summary.problems), *([] if lenient else _rejections(summary))]
    for problem in problems:
        err.print(f"artel: {problem}", markup=False, soft_wrap=True)
    if problems:
        raise typer.Exit(1)


def _rejections(summary: Summary) -> list[str]:
    """One line about the lines that were rejected; blank ones are no trouble."""
    reasons = [each for each in summary.reasons if each.reason != "blank"]
    if not reasons:
        return []
    count, told = sum(each.lines for each in reasons), ", ".join(f"{each.reason} {each.lines:,}" for each in reasons)
    return [
        f"rejected {count:,} of {summary.run.lines:,} lines ({told}): they are kept apart, the others are imported. "
        "See them with: artel traffic rejected"
    ]


@app.command("imports", epilog="Example: artel traffic imports --limit 5")
def imports_command(
    limit: Annotated[int, typer.Option(help="How many, the newest first.", min=1, max=200)] = 20,
    data: Data = None,
    database: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """List the imports, also those that run."""

    async def use(db: Database) -> list[Import]:
        return (await db.read(manifest.listed, Cut(limit))).items

    found = work(load(data=data, database=database), use)
    if as_json:
        print_json(found)
        return
    table = Table("id", "began", "state", "what", "format", "lines", "parsed", "rejected", "duplicates", box=None)
    for each in found:
        numbers = (f"{number:,}" for number in (each.lines, each.parsed, each.rejected, each.duplicates))
        table.add_row(str(each.id), iso(each.created_us)[:19], each.status, each.what, each.format, *numbers)
    out.print(table)


@app.command("rejected", epilog="Example: artel traffic rejected --reason time --limit 10")
def rejected_command(
    reason: Annotated[str, typer.Option(help=f"Only {', '.join(REASONS)}.")] = "",
    limit: Annotated[int, typer.Option(help="How many.", min=1, max=200)] = 50,
    after: Annotated[str | None, typer.Option(help="The `next` that --json printed with the page before.")] = None,
    data: Data = None,
    database: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Show the lines that were not understood: where they stand and why."""
    found = _shop(load(data=data, database=database), lambda shop: rejected.listed(shop, Cut(limit, after), reason))
    if as_json:
        print_json(found)
        return
    for line in found.items:
        text = line.text.encode("unicode_escape").decode()  # a log line must not steer the terminal
        out.print(f"{line.source}:{line.line_no}: {REASONS[line.reason]}: {text[:400]}", markup=False, soft_wrap=True)


def _shop(settings: Settings, use: Callable[[Workshop], Awaitable[Result]], *, anew: bool = False) -> Result:
    async def run(db: Database) -> Result:
        with ThreadPoolExecutor(THREADS) as pool:
            return await use(Workshop(db, settings.data, pool))

    return work(settings, run, anew=anew)


@contextmanager
def _bar(total_bytes: int | None, *, quiet: bool) -> Iterator[Callable[[Counts], None]]:
    """A progress bar on standard error, when that is a terminal."""
    columns = TextColumn("{task.fields[lines]:,} lines"), BarColumn(), TransferSpeedColumn(), TimeRemainingColumn()
    with progress(*columns, quiet=quiet) as bar:
        task = bar.add_task("import", total=total_bytes, lines=0)
        lines = 0

        def show(counts: Counts) -> None:
            nonlocal lines
            lines += counts.lines
            bar.update(task, advance=counts.bytes, lines=lines)

        yield show


def _print(summary: Summary) -> None:
    run = summary.run
    table = Table(show_header=False, box=None)
    table.add_column()
    table.add_column(justify="right")
    rows = [("lines", run.lines), ("parsed", run.parsed), ("rejected", run.rejected)]
    rows += [(f"  {REASONS[each.reason]}", each.lines) for each in summary.reasons]
    rows += [("duplicates skipped", run.duplicates), ("imported before, not read again", run.known)]
    rows += [("lines/s", summary.lines_per_s)]
    for name, number in rows:
        table.add_row(name, f"{number:,}")
    out.print(f"Import {run.id}: {run.what} ({run.format or 'empty'})", markup=False)
    out.print(table)
