"""Migrations: Alembic writes the SQL, our own drivers run it, in one transaction and under a lock.

So Debian's older SQLite library never opens the file, and PostgreSQL needs no second driver.
"""

import importlib
from pathlib import Path
from typing import Final

import apsw
import asyncpg

from artel.db.opening import DATABASE_FILE
from artel.db.sqlite import STORAGE_FAULTS, connect
from artel.db.statement import Engine
from artel.db.transaction import StorageUnavailable

VERSIONS: Final = Path(__file__).parent.parent / "migrations" / "versions"
LOCK: Final = 4_153_542_001  # a number of ours: processes that start at once migrate one after another
CURRENT: Final = "select version_num from alembic_version"
MOVED: Final = "select cluster <> system_identifier::text from transaction_era, pg_control_system()"
NEXT_ERA: Final = "update transaction_era set era = era + 1, cluster = system_identifier::text from pg_control_system()"


class SchemaNewer(RuntimeError):
    """The database was migrated by a newer Artel than this one."""

    def __init__(self, found: str) -> None:
        super().__init__(
            f"the database has schema {found}, which this version of Artel does not know: it was migrated by a newer "
            "one. Start that version, or restore the backup that was made before the upgrade. Nothing was changed"
        )


class NothingInstalled(RuntimeError):
    """There is no database where somebody looks for one."""

    def __init__(self, where: str) -> None:
        super().__init__(
            f"there is no Artel in {where}, and none was made. Name the installation with --data or --database "
            "(ARTEL_DATA, ARTEL_DATABASE), or begin one there with: artel serve"
        )


def revisions() -> list[str]:
    """The revisions that this version knows, oldest first: a file's name begins with its revision."""
    return sorted(path.name.partition("_")[0] for path in VERSIONS.glob("[0-9]*_*.py"))


def upgrade_sql(engine: Engine, found: str | None) -> str:
    """The SQL that leads from a revision (None: an empty database) to the newest; '' when there is nothing to do.

    Raises SchemaNewer.
    """
    known = revisions()
    if found is not None and found not in known:
        raise SchemaNewer(found)
    if found == known[-1]:
        return ""
    # Loaded only when there is something to do: Alembic alone takes a tenth of the time to start.
    written: str = importlib.import_module("artel.db.upgrade").script(engine, found)
    return written


async def migrate(url: str, folder: Path, *, anew: bool = True) -> str | None:
    """Bring the database at `url`, or in `folder`, to the newest schema; answers where it came from (None: new).

    Where there is none, it is made `anew`, or else NothingInstalled is raised and nothing is left behind.
    Raises SchemaNewer, StorageUnavailable.
    """
    if not url:
        if anew:
            folder.mkdir(parents=True, exist_ok=True)
        elif not (folder / DATABASE_FILE).exists():
            raise NothingInstalled(str(folder))
        return migrate_sqlite(folder / DATABASE_FILE, anew=anew)
    try:
        return await migrate_postgres(url, anew=anew)
    except (asyncpg.PostgresError, OSError, TimeoutError) as fault:
        raise StorageUnavailable(reason=str(fault) or type(fault).__name__) from fault


def migrate_sqlite(path: Path, *, anew: bool = True) -> str | None:
    """Bring a SQLite file to the newest schema; answers the revision it came from (None: it is new).

    Raises NothingInstalled, SchemaNewer, StorageUnavailable.
    """
    connection = connect(path)
    try:
        connection.execute("begin immediate")
        try:
            found = _found_sqlite(connection)
            if not (found or anew):
                raise NothingInstalled(str(path))
            connection.execute(upgrade_sql("sqlite", found)).fetchall()  # RETURNING pauses the script until it is read
            connection.execute("commit")
        finally:
            if connection.in_transaction:
                connection.execute("rollback")
    except STORAGE_FAULTS as fault:
        raise StorageUnavailable(reason=f"{path}: {fault}") from fault
    finally:
        connection.close()
    return found


async def migrate_postgres(url: str, *, anew: bool = True) -> str | None:
    """Bring a PostgreSQL database to the newest schema; answers the revision it came from (None: it is new).

    Where it was restored into another cluster, the numbers of its transactions go on (artel/db/horizon.py).
    Raises NothingInstalled, SchemaNewer.
    """
    connection = await asyncpg.connect(url, timeout=10)
    try:
        async with connection.transaction():
            await connection.execute(f"select pg_advisory_xact_lock({LOCK})")
            exists = await connection.fetchval("select to_regclass('alembic_version') is not null")
            found: str | None = await connection.fetchval(CURRENT) if exists else None
            if not (found or anew):
                name = await connection.fetchval("select current_database()")  # the address holds a password
                raise NothingInstalled(f"the database {name}")
            script = upgrade_sql("postgresql", found)
            if script:
                await connection.execute(script)
            if await connection.fetchval(MOVED):
                await connection.execute(NEXT_ERA)
    finally:
        await connection.close()
    return found


def _found_sqlite(connection: apsw.Connection) -> str | None:
    # Asked in SQL: connection.table_exists() answers from what this connection knew before it waited for the lock.
    if connection.execute("select 1 from sqlite_schema where name = 'alembic_version'").fetchone() is None:
        return None
    row = connection.execute(CURRENT).fetchone()
    return str(row[0]) if row else None
