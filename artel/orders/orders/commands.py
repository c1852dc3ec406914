"""Orders: the command line. It is the operator's, and sees the orders of all."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn

from artel.db import Database
from artel.edge.terminal import Data, DatabaseUrl, err, progress, work, written
from artel.kernel.actor import SYSTEM
from artel.orders.orders import service, views
from artel.orders.orders.model import SheetFilter
from artel.settings import load

app: Final = typer.Typer(help="Orders: export.", no_args_is_help=True)


@app.callback()
def _orders() -> None:
    """Orders."""


@app.command("export", epilog="Example: artel orders export --from 2026-11-01 --to 2026-12-01 -o november.csv")
def export(
    from_at: Annotated[
        str, typer.Option("--from", help="Placed at this time or later: 2026-11-01, 2026-11-01T10:00+03:00.")
    ] = "",
    to_at: Annotated[str, typer.Option("--to", help="Placed before this time.")] = "",
    shop: Annotated[int | None, typer.Option(help="Only the parts of this shop, by its id.", min=1)] = None,
    file: Annotated[
        Path | None, typer.Option("--output", "-o", help="Where to write; standard output when it is not given.")
    ] = None,
    data: Data = None,
    database: DatabaseUrl = None,
) -> None:
    """Write orders as CSV, the oldest first: a line for each shop's part of an order. Money is in minor units."""
    wanted = SheetFilter(shop, "all", None, from_at or None, to_at or None)

    async def use(db: Database) -> int:
        total = await db.read(service.sheet_size, SYSTEM, wanted)
        pages = views.sheet(await service.sheet(db, SYSTEM, wanted))
        count = -1  # without the names of the columns
        with written(file) as text, _bar(total, quiet=file is None) as show:
            async for lines in pages:
                text.writelines(lines)
                count += len(lines)
                show(count)
        return count

    count = work(load(data=data, database=database), use)
    if file:
        err.print(f"{count:,} lines in {file}", markup=False)


@contextmanager
def _bar(total: int, *, quiet: bool) -> Iterator[Callable[[int], None]]:
    """A progress bar on standard error, when that is a terminal."""
    columns = TextColumn("{task.completed:,} orders' parts"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn()
    with progress(*columns, quiet=quiet) as bar:
        task = bar.add_task("export", total=total)
        yield lambda count: bar.update(task, completed=count)
