"""Migrations: the same schema on both databases, once, whoever starts first."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import apsw
import asyncpg
import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, Table, Text, create_engine, inspect
from sqlalchemy.ext.asyncio import create_async_engine

from artel.db import StorageUnavailable, metadata
from artel.db.migrate import SchemaNewer, migrate, revisions, upgrade_sql
from artel.db.opening import DATABASE_FILE
from artel.db.sqlite import connect
from artel.db.upgrade import FOLDER
from artel.settings import Settings
from tests.db.discovery import modules

MIGRATE = """
import sys
from artel.cli import main
sys.stdin.read(1)
sys.argv = ["artel", "migrate", *sys.argv[1:]]
main()
"""


def _execute(settings: Settings, *statements: str) -> None:
    async def on_postgres() -> None:
        connection = await asyncpg.connect(settings.database)
        for statement in statements:
            await connection.execute(statement)
        await connection.close()

    if settings.database:
        asyncio.run(on_postgres())
        return
    connection = connect(settings.data / DATABASE_FILE)
    for statement in statements:
        connection.execute(statement).fetchall()  # RETURNING pauses a script until it is read
    connection.close()


def _inspected(settings: Settings, create: MetaData | None = None) -> dict[str, dict[str, Any]]:
    """The schema as the database tells it; `create` makes these tables first."""

    def look(connection: Connection) -> dict[str, dict[str, Any]]:
        if create:
            create.create_all(connection)
        found = inspect(connection)
        return {
            table: {
                "columns": {
                    column["name"]: (str(column["type"]), column["nullable"], str(column.get("identity") or ""))
                    for column in found.get_columns(table)
                },
                "primary key": (
                    found.get_pk_constraint(table)["name"],
                    found.get_pk_constraint(table)["constrained_columns"],
                ),
                "unique": sorted((each["name"], each["column_names"]) for each in found.get_unique_constraints(table)),
                "foreign keys": sorted(
                    (each["name"], each["constrained_columns"], each["referred_table"], each["referred_columns"])
                    for each in found.get_foreign_keys(table)
                ),
                "checks": sorted((each["name"], each["sqltext"]) for each in found.get_check_constraints(table)),
                "indexes": sorted(
                    (
                        each["name"],
                        each["column_names"],
                        bool(each["unique"]),
                        {name: str(value) for name, value in each.get("dialect_options", {}).items()},
                    )
                    for each in found.get_indexes(table)
                ),
            }
            for table in found.get_table_names()
            if table not in ("alembic_version", "sqlite_sequence") and not table.startswith("search_index")
        }

    async def on_postgres() -> dict[str, dict[str, Any]]:
        engine = create_async_engine(settings.database.replace("postgresql://", "postgresql+asyncpg://"))
        async with engine.begin() as connection:
            schema: dict[str, dict[str, Any]] = await connection.run_sync(look)
        await engine.dispose()
        return schema

    if settings.database:
        return asyncio.run(on_postgres())
    engine = create_engine(f"sqlite:///{settings.data / DATABASE_FILE}")
    with engine.begin() as connection:
        schema = look(connection)
    engine.dispose()
    return schema


def _emptied(settings: Settings) -> Settings:
    if settings.database:
        _execute(settings, "drop schema public cascade", "create schema public")
    else:
        (settings.data / DATABASE_FILE).unlink()
    return settings


def _migrate(settings: Settings) -> str | None:
    return asyncio.run(migrate(settings.database, settings.data))


def test_a_new_folder_is_made_and_brought_to_the_newest_schema(settings: Settings, tmp_path: Path) -> None:
    _emptied(settings)
    assert asyncio.run(migrate(settings.database, tmp_path / "new" / "folder")) is None
    assert asyncio.run(migrate(settings.database, tmp_path / "new" / "folder")) == revisions()[-1]


def test_the_revisions_follow_each_other() -> None:
    known_to_alembic = [each.revision for each in ScriptDirectory(str(FOLDER)).walk_revisions()]
    assert revisions() == known_to_alembic[::-1]
    assert len(revisions()) == len(set(revisions())) >= 2


def test_migrating_again_changes_nothing(settings: Settings) -> None:
    before = _inspected(settings)
    assert _migrate(settings) == revisions()[-1]
    assert _inspected(settings) == before


@pytest.mark.parametrize("found", range(1, len(revisions())))
def test_every_older_schema_is_brought_to_the_newest(settings: Settings, found: int) -> None:
    newest = _inspected(settings)
    older, whole = revisions()[found - 1], revisions()[-1]
    engine = "postgresql" if settings.database else "sqlite"
    script = upgrade_sql(engine, None)
    marker = f"-- Running upgrade {older} -> "
    assert marker in script, "Alembic marks where a revision begins"
    before, _, _ = script.partition(marker)
    _execute(_emptied(settings), before)
    assert _migrate(settings) == older
    assert _inspected(settings) == newest
    assert _migrate(settings) == whole


def test_a_newer_schema_is_refused_with_what_to_do_and_left_alone(settings: Settings) -> None:
    _execute(settings, "update alembic_version set version_num = '9999'")
    before = _inspected(settings)
    with pytest.raises(SchemaNewer, match=r"9999.*Start that version, or restore the backup.*Nothing was changed"):
        _migrate(settings)
    assert _inspected(settings) == before


def test_the_command_refuses_a_newer_schema_with_one_line(settings: Settings) -> None:
    _execute(settings, "update alembic_version set version_num = '9999'")
    ended = _command(settings)
    _, errors = ended.communicate("x", timeout=60)
    assert ended.returncode == 1
    assert "9999" in errors
    assert "Traceback" not in errors


def test_processes_that_start_at_once_migrate_once(settings: Settings) -> None:
    _emptied(settings)
    started = [_command(settings) for _ in range(3)]
    for process in started:
        assert process.stdin
        process.stdin.write("x")
        process.stdin.flush()
    ended = [process.communicate(timeout=60) for process in started]
    assert [process.returncode for process in started] == [0, 0, 0], ended
    assert sorted("it was empty" in out for out, _ in ended) == [False, False, True]
    assert _migrate(settings) == revisions()[-1]


def _command(settings: Settings) -> subprocess.Popen[str]:
    place = ["--data", settings.data, *(["--database", settings.database] if settings.database else [])]
    return subprocess.Popen(
        [sys.executable, "-c", MIGRATE, *place],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"COLUMNS": "500"},
    )


def test_the_tables_that_the_statements_know_are_the_ones_that_the_migrations_make(settings: Settings) -> None:
    modules()  # so that every table is in the metadata
    migrated = _inspected(settings)
    assert migrated.keys() == metadata.tables.keys()
    assert _inspected(_emptied(settings), create=metadata) == migrated


def test_a_table_that_differs_from_its_migration_is_found(settings: Settings) -> None:
    """The canary: the comparison above sees a column's type, an index and a constraint."""
    modules()
    same: dict[str, Any] = {}
    tables: list[str] = []
    for change in (
        lambda table: None,  # a copy of the tables lacks what is made on one database only: no fault, and known
        lambda table: table.c.used.__setattr__("type", Text()),
        lambda table: table.indexes.clear(),
        lambda table: table.c.used.__setattr__("nullable", True),
        lambda table: table.primary_key.__setattr__("name", "other_pk"),
    ):
        changed = MetaData()
        copies: dict[str, Table] = {table.name: table.to_metadata(changed) for table in metadata.sorted_tables}
        change(copies["tallies"])
        found = _inspected(_emptied(settings), create=changed)
        same = same or found
        tables.append(" ".join(table for table in found if found[table] != same[table]))
    assert tables == ["", "tallies", "tallies", "tallies", "tallies"]


def test_a_migration_that_fails_leaves_nothing_behind(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    _emptied(settings)
    monkeypatch.setattr(
        "artel.db.migrate.upgrade_sql", lambda engine, found: "create table half (x int); create broken"
    )
    with pytest.raises((StorageUnavailable, apsw.SQLError), match="syntax error"):
        _migrate(settings)
    assert _inspected(settings) == {}


@pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
def test_every_trigger_looks_at_the_tables_that_it_is_for(settings: Settings) -> None:
    """A function without a search path of its own sees what a session's temporary tables hide."""
    assert _triggers_led_by_sessions(settings) == []
    _execute(settings, "create function led() returns trigger language plpgsql as $$ begin return null; end $$")
    assert _triggers_led_by_sessions(settings) == ["led"], "the canary"


def _triggers_led_by_sessions(settings: Settings) -> list[str]:
    async def ask() -> list[str]:
        connection = await asyncpg.connect(settings.database)
        rows = await connection.fetch(
            "select proname from pg_proc where prorettype = 'trigger'::regtype "
            "and pronamespace = 'public'::regnamespace "
            "and 'search_path=public, pg_temp' <> all (coalesce(proconfig, '{}'))"
        )
        await connection.close()
        return [row[0] for row in rows]

    return asyncio.run(ask())
