"""The command line: `artel --help`."""

import asyncio
import os
import sys
from typing import Annotated, Final

import typer

from artel import __version__
from artel.accounts import commands as accounts
from artel.app import key_path
from artel.db.migrate import SchemaNewer, migrate
from artel.db.sqlite import SqliteUnsafe
from artel.edge.terminal import Data, DatabaseUrl, err, out
from artel.kernel.errors import Malformed, Refusal
from artel.kernel.secrets import load_key
from artel.settings import PREFIX, Settings, load

app: Final = typer.Typer(
    help="The back office of a small online business in one process.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.add_typer(accounts.account_app, name="account")
app.add_typer(accounts.token_app, name="token")

HEADER_TIMEOUT_MS: Final = 10_000  # a client that has not sent its headers by then is let go
STOP_TIMEOUT_S: Final = 30  # running requests may finish for this long after SIGTERM


@app.command(epilog="Example: artel serve --data demo --port 8000")
def serve(
    data: Data = None,
    host: Annotated[
        str | None, typer.Option(help="Address to listen on. [env: ARTEL_HOST; default: 127.0.0.1]")
    ] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on. [env: ARTEL_PORT; default: 8000]")] = None,
    workers: Annotated[
        int | None, typer.Option(help="Processes; more than 1 needs PostgreSQL. [env: ARTEL_WORKERS]")
    ] = None,
    database: DatabaseUrl = None,
    redis: Annotated[str | None, typer.Option(help="redis://… to answer session checks. [env: ARTEL_REDIS]")] = None,
) -> None:
    """Serve the API. A new data folder is made and migrated first."""
    settings = load(data=data, host=host, port=port, workers=workers, database=database, redis=redis)
    if settings.workers > 1 and not settings.database:
        raise Malformed(
            field="--workers",
            problem="SQLite has one writer, so it is served by one process; give --database postgresql://…",
        )
    asyncio.run(migrate(settings.database, settings.data))
    settings.data.mkdir(parents=True, exist_ok=True)
    load_key(key_path(settings))
    out.print(f"Artel {__version__} on http://{settings.host}:{settings.port}/  API reference: /docs", markup=False)
    sys.stdout.flush()
    _become_server(settings)


def _become_server(settings: Settings) -> None:
    """Give this process to the server: what the command line loaded is not kept in memory while it serves."""
    environment = {PREFIX + field.upper(): str(getattr(settings, field)) for field in Settings.__struct_fields__}
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


@app.command()
def version() -> None:
    """Print the version."""
    out.print(__version__, markup=False)


def main() -> None:
    """Run a command: exit code 0 is fine, 1 refused or failed with one line on standard error, 2 wrong usage."""
    try:
        app()
    except (Refusal, SchemaNewer, SqliteUnsafe, OSError) as fault:
        err.print(f"artel: {fault}", markup=False, soft_wrap=True)
        sys.exit(1)
