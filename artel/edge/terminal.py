"""What the features' commands share: options, tables, and one transaction or several on the operator's database."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final, TextIO, TypeVar

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn

from artel.db import Database
from artel.db.migrate import migrate
from artel.db.opening import open_database
from artel.kernel.errors import Malformed
from artel.settings import Settings

Result = TypeVar("Result")

out: Final = Console(highlight=False)
err: Final = Console(stderr=True, highlight=False)
ROWS_MAX: Final = 200  # of a table that nobody knows the length of; --json has all

Data = Annotated[
    Path | None, typer.Option("--data", help="Folder of the database. \\[env: ARTEL_DATA; default: artel-data]")
]
DatabaseUrl = Annotated[
    str | None, typer.Option("--database", help="postgresql://… instead of SQLite. \\[env: ARTEL_DATABASE]")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


def work(settings: Settings, use: Callable[[Database], Awaitable[Result]], *, anew: bool = False) -> Result:
    """Open the database, migrated when that is needed, and run the use case on it.

    `anew` is said by what an installation may begin with; else a mistyped folder would be one, in which all is well.
    Raises NothingInstalled.
    """

    async def run() -> Result:
        await migrate(settings.database, settings.data, anew=anew)
        db = await open_database(settings.database, settings.data)
        try:
            return await use(db)
        finally:
            await db.close()

    return asyncio.run(run())


def progress(*columns: ProgressColumn, quiet: bool = False) -> Progress:
    """A progress bar on standard error, when that is a terminal; it is gone when the work is done."""
    return Progress(*columns, console=err, transient=True, disable=quiet or not sys.stderr.isatty())


@contextmanager
def steps(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """A progress bar that is told how many steps were made."""
    with progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()) as bar:
        task = bar.add_task(what, total=total)
        yield lambda count: bar.advance(task, count)


@contextmanager
def written(file: Path | None) -> Iterator[TextIO]:
    """The file that `--output` names, which has its name only when it is complete; or standard output. In UTF-8.

    What is there and is no plain file, such as /dev/stdout or a pipe, is written to, and not replaced.
    """
    if file is None:
        sys.stdout.reconfigure(encoding="utf-8", newline="")  # type: ignore[union-attr]
        yield sys.stdout
        return
    try:
        if file.exists() and not file.is_file():
            with file.open("w", encoding="utf-8", newline="") as text:
                yield text
            return
        whole = file.resolve()  # a link goes on leading to it
        draft = whole.with_name(f"{whole.name}.part")
        try:
            with draft.open("w", encoding="utf-8", newline="") as text:
                yield text
            draft.replace(whole)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as fault:
        raise Malformed(field="--output", problem=f"{file}: {fault.strerror}") from None


def print_json(value: object) -> None:
    """Machine-readable output, indented, on standard output."""
    typer.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())
