"""The command line: `artel --help`."""

import asyncio
import os
import socket
import sys
import tempfile
from typing import Annotated, Final

import msgspec
import typer
from rich.markup import escape
from rich.table import Table

from artel import __version__
from artel.accounts import commands as accounts
from artel.app import CHECKS, ROUTES, key_path
from artel.db.migrate import NothingInstalled, SchemaNewer, migrate
from artel.db.sqlite import SqliteUnsafe
from artel.db.transaction import StorageUnavailable
from artel.demo import commands as demo
from artel.doctor import examine
from artel.edge.observe import METRICS_FOLDER
from artel.edge.openapi import document
from artel.edge.postman import Visitor, collection
from artel.edge.terminal import AsJson, Data, DatabaseUrl, err, out, print_json
from artel.jobs import commands as jobs
from artel.kernel.errors import Malformed, Refusal
from artel.kernel.secrets import load_key
from artel.ledger.book import commands as book
from artel.ledger.journal import commands as journal
from artel.ledger.wallets import commands as wallets
from artel.orders.orders import commands as orders
from artel.orders.payouts import commands as payouts
from artel.settings import PREFIX, Settings, load
from artel.shop.sheets import commands as sheets
from artel.shop.shops import commands as shops
from artel.traffic.imports import commands as imports
from artel.traffic.imports import geo
from artel.traffic.reports import commands as reports

app: Final = typer.Typer(
    help="The back office of a small online business in one process.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.add_typer(accounts.account_app, name="account")
app.add_typer(accounts.token_app, name="token")
app.add_typer(orders.app, name="orders")
app.add_typer(payouts.app, name="payouts")
app.add_typer(wallets.app, name="wallet")
ledger: Final = typer.Typer(help="The book of money: check it, audit it.", no_args_is_help=True)
ledger.add_typer(book.app)
ledger.add_typer(journal.app)
app.add_typer(ledger, name="ledger")
app.add_typer(jobs.app, name="jobs")
traffic: Final = typer.Typer(help="The access log: import it, ask it.", no_args_is_help=True)
traffic.add_typer(imports.app)
traffic.add_typer(reports.reports_app)
app.add_typer(traffic, name="traffic")
app.add_typer(shops.shop_app, name="shop")
app.add_typer(sheets.app, name="catalogue")
app.add_typer(demo.app)


@ledger.callback()
def _ledger(context: typer.Context) -> None:
    """The book of money."""
    context.obj = CHECKS  # what features tie to it, which only the composition root knows


SIGNS: Final = {"ok": "[green]ok[/]", "warn": "[yellow]warn[/]", "fail": "[red]FAIL[/]"}
HEADER_TIMEOUT_MS: Final = 10_000  # a client that has not sent its headers by then is let go
STOP_TIMEOUT_S: Final = 30  # running requests may finish for this long after SIGTERM


@app.command(epilog="Example: artel serve --data demo --port 8000")
def serve(
    data: Data = None,
    host: Annotated[
        str | None, typer.Option(help="Address to listen on. \\[env: ARTEL_HOST; default: 127.0.0.1]")
    ] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on. \\[env: ARTEL_PORT; default: 8000]")] = None,
    workers: Annotated[
        int | None, typer.Option(help="Processes; more than 1 needs PostgreSQL. \\[env: ARTEL_WORKERS]")
    ] = None,
    database: DatabaseUrl = None,
    redis: Annotated[str | None, typer.Option(help="redis://… to answer session checks. \\[env: ARTEL_REDIS]")] = None,
) -> None:
    """Serve the API. A new data folder is made and migrated first."""
    settings = load(data=data, host=host, port=port, workers=workers, database=database, redis=redis)
    if settings.workers > 1 and not settings.database:
        raise Malformed(
            field="--workers",
            problem="SQLite has one writer, so it is served by one process; give --database postgresql://…",
        )
    host, port = _free_address(settings)
    settings = msgspec.structs.replace(settings, host=host, port=port)
    geo.describe(settings.geo_database)
    asyncio.run(migrate(settings.database, settings.data))
    settings.data.mkdir(parents=True, exist_ok=True)
    load_key(key_path(settings))
    out.print(f"Artel {__version__} on http://{settings.host}:{settings.port}/  API reference: /docs", markup=False)
    sys.stdout.flush()
    _become_server(settings)


def _free_address(settings: Settings) -> tuple[str, int]:
    """The address of the host, and its port, a free one for 0; refused here, in one line, when it is taken."""
    try:
        family, *_, address = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[0]
        with socket.create_server(address, family=family) as probe:
            return str(address[0]), int(probe.getsockname()[1])
    except OSError as fault:
        raise Malformed(field=f"{settings.host} port {settings.port}", problem=fault.strerror or str(fault)) from None


def _become_server(settings: Settings) -> None:
    """Give this process to the server: what the command line loaded is not kept in memory while it serves."""
    environment = {PREFIX + field.upper(): str(getattr(settings, field)) for field in Settings.__struct_fields__}
    if settings.workers > 1:  # the processes add up their metrics in a folder that belongs to this run alone
        environment[METRICS_FOLDER] = tempfile.mkdtemp(prefix="artel-metrics-")
    arguments = {
        "--interface": "asgi",
        "--host": settings.host,
        "--port": str(settings.port),
        "--workers": str(settings.workers),
        "--http": "1",
        "--http1-header-read-timeout": str(HEADER_TIMEOUT_MS),
        "--workers-kill-timeout": str(STOP_TIMEOUT_S),
        "--log-level": "warning",
    }
    words = [word for pair in arguments.items() for word in pair]
    command = [sys.executable, "-m", "granian", "--factory", "--no-ws", "--respawn-failed-workers", *words]
    os.execve(sys.executable, [*command, "artel.app:application"], os.environ | environment)


@app.command("migrate", epilog="Example: artel migrate --data demo")
def migrate_command(data: Data = None, database: DatabaseUrl = None) -> None:
    """Bring the database to this version's schema. `serve` does it by itself for a new folder."""
    settings = load(data=data, database=database)
    came_from = asyncio.run(migrate(settings.database, settings.data))
    out.print(f"The schema is the newest (it was {came_from or 'empty'}).", markup=False)


@app.command("doctor", epilog="Example: artel doctor --data demo")
def doctor_command(data: Data = None, database: DatabaseUrl = None, as_json: AsJson = False) -> None:
    """Look whether this installation is sound, and say what to do where it is not. Exit code 1: something is broken."""
    findings = asyncio.run(examine(load(data=data, database=database)))
    if as_json:
        print_json(findings)
    else:
        table = Table("", "what", "found", box=None)
        for finding in findings:
            table.add_row(SIGNS[finding.state], finding.what, escape(finding.detail))
        out.print(table)
    if any(finding.state == "fail" for finding in findings):
        raise typer.Exit(1)


@app.command("openapi", epilog="Example: artel openapi > openapi.json")
def openapi_command() -> None:
    """Print the API reference as an OpenAPI 3.1 document, the same that the server has at /openapi.json."""
    print_json(document(ROUTES, __version__))


@app.command("postman", epilog="Example: artel postman > collection.json")
def postman_command(
    only: Annotated[
        str, typer.Option("--dialect", help="One API alone: api, or the name of an older one.", show_default=False)
    ] = "",
) -> None:
    """Print a Postman collection: a request with a test for every call. It runs by itself on the demo data."""
    names = sorted({route.manner.name for route in ROUTES})
    if only and only not in names:
        raise Malformed(field="--dialect", problem=f"is none of {', '.join(names)}")
    visitor = Visitor("http://127.0.0.1:8000", next(iter(demo.PEOPLE)), demo.PASSWORD)
    print_json(collection(ROUTES, __version__, visitor, only))


@app.command()
def version() -> None:
    """Print the version."""
    out.print(__version__, markup=False)


def main() -> None:
    """Run a command: exit code 0 is fine, 1 refused or failed with one line on standard error, 2 wrong usage."""
    try:
        app()
    except StorageUnavailable as fault:
        err.print(f"artel: the database is not available: {fault.facts['reason']}", markup=False, soft_wrap=True)
        sys.exit(1)
    except (Refusal, NothingInstalled, SchemaNewer, SqliteUnsafe, OSError) as fault:
        err.print(f"artel: {fault}", markup=False, soft_wrap=True)
        sys.exit(1)
