"""The demo: the command line."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated, Final

import typer
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from artel import demo
from artel.demo import plan
from artel.demo.business import Demo
from artel.demo.business import Progress as Show
from artel.edge.terminal import AsJson, Data, DatabaseUrl, err, out, print_json, progress, work
from artel.kernel.clock import parse_iso
from artel.kernel.errors import Malformed
from artel.settings import load

PASSWORD: Final = demo.PASSWORD
PEOPLE: Final = demo.PEOPLE

app: Final = typer.Typer()


@app.command("demo", epilog="Example: artel demo --data demo && artel serve --data demo")
def demo_command(
    data: Data = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same demo.", min=0)] = 1,
    scale: Annotated[
        int,
        typer.Option(
            help="How large: 1 is 10 shops, 100 books, 50 orders, 10 jobs, 25,000 lines of log.", min=1, max=1_000
        ),
    ] = 1,
    as_of: Annotated[
        str, typer.Option("--as-of", help="The day before which everything happened: 2026-11-20; today when left out.")
    ] = "",
    database: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Load demo data: people, shops, books, orders, an access log and its reports.

    Loaded twice it is there once; a load that broke off is completed.
    """
    settings = load(data=data, database=database)
    wanted = Demo(seed, plan.sizes(scale), _day(as_of))
    err.print(f"Loading the demo into {settings.data} …", markup=False)
    with _bars(quiet=as_json) as show:
        loaded = work(settings, lambda db: demo.load(db, settings, wanted, show), anew=True)
    if as_json:
        print_json(loaded)
    else:
        _print(loaded)


def _day(text: str) -> int:
    """The beginning of a day, in UTC."""
    try:
        return parse_iso(text or datetime.now(UTC).date().isoformat())
    except ValueError:
        raise Malformed(field="--as-of", problem=f"{text} is no day; write 2026-11-20") from None


@contextmanager
def _bars(*, quiet: bool) -> Iterator[Show]:
    """A progress bar for each part, on standard error, when that is a terminal."""
    columns = TextColumn("{task.description:>8}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with progress(*columns, quiet=quiet) as bar:
        tasks = {}

        def show(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=total)
            bar.update(tasks[what], completed=done)

        yield show


def _print(loaded: demo.Loaded) -> None:
    run, size = loaded.imported.run, loaded.sizes
    out.print(
        f"Log: {run.lines:,} lines read, {run.parsed:,} requests stored, {run.known:,} known before.", markup=False
    )
    table = Table("", "report", "answer", box=None)
    for answer in loaded.answers:
        names = ", ".join(ranked.name for ranked in answer.winners)
        found = f"{names} ({answer.value:,})" if names else f"{answer.value:,}"
        table.add_row(str(answer.number), answer.title, found)
    out.print(table)
    out.print(
        f"Shops: {size.shops:,}, books: {size.books:,}, orders: {size.orders:,}, jobs: {size.jobs:,}, "
        f"customers: {size.people:,}.",
        markup=False,
    )
    people = Table("login", "name", "who", box=None)
    for guest in loaded.guests:
        people.add_row(guest.login, guest.name, guest.what)
    out.print(people)
    out.print(f"Log in as any of them with the password: {PASSWORD}", markup=False)
