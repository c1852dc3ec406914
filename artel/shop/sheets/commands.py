"""The catalogue as CSV: the command line. It is the operator's, and sees every shop."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn

from artel.db import Database
from artel.edge.terminal import AsJson, Data, DatabaseUrl, err, out, print_json, progress, work, written
from artel.kernel.actor import SYSTEM
from artel.kernel.errors import Malformed
from artel.settings import load
from artel.shop.sheets import export, service
from artel.shop.sheets.model import ImportQuery, Report
from artel.shop.shops import service as shops

PIECE_BYTES: Final = 256 * 1024

app: Final = typer.Typer(help="The catalogue as CSV: export, import.", no_args_is_help=True)


@app.command("export", epilog="Example: artel catalogue export --shop knigi-u-morya -o books.csv --data demo")
def export_command(
    shop: Annotated[str, typer.Option(help="Only this shop, by its slug.", show_default=False)] = "",
    file: Annotated[
        Path | None, typer.Option("--output", "-o", help="Where to write; standard output when it is not given.")
    ] = None,
    data: Data = None,
    database: DatabaseUrl = None,
) -> None:
    """Write products and offers as CSV, a line for each offer. Importing it restores them."""

    async def use(db: Database) -> int:
        count = 0
        with written(file) as text, _bar("lines written", None, quiet=file is None) as show:
            async for page in await _pages(db, shop):
                text.writelines(page)
                count += len(page)
                show(count, count)
        return count - 1

    count = work(load(data=data, database=database), use)
    if file:
        err.print(f"{count:,} lines in {file}", markup=False)


@app.command("import", epilog="Example: artel catalogue import books.csv --dry-run --data demo")
def import_command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="UTF-8, with a header line; see docs/catalogue-csv.md.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write nothing: tell what would be done.")] = False,
    lenient: Annotated[bool, typer.Option("--lenient", help="Exit with 0 although lines were refused.")] = False,
    data: Data = None,
    database: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Enter and change products and offers. Of a bad line nothing is written, the others are imported.

    Shops and categories that are missing are made. An import that broke off is completed by running it again.
    """
    if not file.is_file():
        raise Malformed(field="FILE", problem=f"{file} is no file")

    async def use(db: Database) -> Report:
        with _bar("lines", file.stat().st_size, quiet=as_json) as show:
            read_bytes, lines = 0, 0

            async def pieces() -> AsyncIterator[bytes]:
                nonlocal read_bytes
                with file.open("rb") as source:
                    while piece := source.read(PIECE_BYTES):
                        yield piece
                        read_bytes += len(piece)
                        show(read_bytes, lines)

            def count(done: int) -> None:
                nonlocal lines
                lines = done
                show(read_bytes, lines)

            return await service.import_sheet(db, SYSTEM, pieces(), None, ImportQuery(dry_run), count)

    report = work(load(data=data, database=database), use, anew=True)
    if as_json:
        print_json(report)
    else:
        _print(report)
    if report.refused and not lenient:
        raise typer.Exit(1)


async def _pages(db: Database, slug: str) -> AsyncIterator[list[str]]:
    if not slug:
        return export.catalogue(db)
    return export.of_shop(db, await db.read(shops.row_by_slug, slug))


def _print(report: Report) -> None:
    for each in report.problems:
        where = f"line {each.line}, {each.column}" if each.column else f"line {each.line}"
        err.print(f"artel: {where}: {_printable(each.problem)}", markup=False, soft_wrap=True)
    if report.refused > len({each.line for each in report.problems}):
        err.print(f"artel: {report.refused:,} lines were refused; the first are listed.", markup=False)
    would = "would be " if report.dry_run else ""
    out.print(
        f"{report.lines:,} lines: {report.made:,} {would}made, {report.changed:,} {would}changed, "
        f"{report.left:,} as they were, {report.refused:,} refused.",
        markup=False,
    )


def _printable(text: str) -> str:
    """Without control characters: a cell must not steer the terminal."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)


@contextmanager
def _bar(what: str, total: int | None, *, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on standard error, when that is a terminal: how far it is, and how many lines that are."""
    columns = TextColumn("{task.fields[lines]:,} {task.description}"), BarColumn(), TaskProgressColumn()
    with progress(*columns, TimeRemainingColumn(), quiet=quiet) as bar:
        task = bar.add_task(what, total=total, lines=0)
        yield lambda done, lines: bar.update(task, completed=done, lines=lines)
