"""Jobs: the command line. It is the operator's, and sees the jobs of all."""

from typing import Annotated, Final

import typer
from rich.markup import escape
from rich.table import Table

from artel.edge.terminal import AsJson, Data, DatabaseUrl, err, out, print_json, work
from artel.jobs import service
from artel.jobs.model import Status
from artel.kernel.actor import SYSTEM
from artel.kernel.money import major
from artel.kernel.page import PAGE_DEFAULT, PAGE_MAX, Cut
from artel.settings import load

app: Final = typer.Typer(help="Jobs: list.", no_args_is_help=True)


@app.callback()
def _jobs() -> None:
    """Jobs."""


@app.command("list", epilog="Example: artel jobs list --status open --json")
def list_command(
    status: Annotated[Status | None, typer.Option(help="Only jobs of this status.")] = None,
    limit: Annotated[int, typer.Option(help="How many at most.", min=1, max=PAGE_MAX)] = PAGE_DEFAULT,
    after: Annotated[str | None, typer.Option(help="`next` of the page before.")] = None,
    data: Data = None,
    database: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """List jobs, the newest first."""
    cut = Cut(limit, after)
    found = work(load(data=data, database=database), lambda db: db.read(service.of_status, SYSTEM, status, cut))
    if as_json:
        print_json(found)
        return
    table = Table("id", "status", "value", "title", "customer", "executor", "posted", box=None)
    for job in found.items:
        value = f"{major(job.value_minor, job.currency)} {job.currency}"
        sides = str(job.customer_id), str(job.executor_id or "")
        table.add_row(str(job.id), job.status, value, escape(job.title), *sides, job.created_at[:16])
    out.print(table)
    if found.next:
        err.print(f"There are more: --after {found.next}", markup=False)
