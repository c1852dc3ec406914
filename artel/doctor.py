"""`artel doctor`: is this installation sound, and when is it time to move on? Reads, and changes nothing."""

import importlib
import shutil
import stat
import sys
from collections.abc import Iterator
from typing import Final, Literal

import apsw
import asyncpg
from msgspec import Struct

from artel.app import key_path
from artel.db.long_reads import LongReads
from artel.db.migrate import CURRENT, revisions
from artel.db.opening import DATABASE_FILE
from artel.db.sqlite import SqliteUnsafe, connect, gate
from artel.db.transaction import StorageUnavailable
from artel.settings import Settings
from artel.traffic.imports import manifest
from artel.traffic.imports.folders import Folders, is_whole
from artel.traffic.imports.merge import KINDS

POSTGRES_MIN: Final = 15
DISK_FREE_MIN_BYTES: Final = 1024**3  # less than this, and an import or a busy day may fill the disk
SHOWN_MAX: Final = 3  # files named
SQLITE_LARGE_BYTES: Final = 20 * 1024**3  # from here on backups and migrations take minutes

State = Literal["ok", "warn", "fail"]


class Finding(Struct, frozen=True):
    """One thing that was looked at, and what to do when it is not well."""

    what: str
    state: State
    detail: str


async def examine(settings: Settings) -> list[Finding]:
    """Everything that can be looked at from outside."""
    findings = [_python(), _data(settings), *_key(settings)]
    findings += await _postgres(settings.database) if settings.database else _sqlite(settings)
    if settings.redis:
        findings.append(await _redis(settings.redis))
    if any(finding.what == "schema" and finding.state == "ok" for finding in findings):
        findings.append(await _segments(settings))
    if settings.payments_test:
        findings.append(Finding("payments", "warn", "ARTEL_PAYMENTS_TEST lets in money that is not real"))
    if settings.superservice_topups:
        found = "ARTEL_SUPERSERVICE_TOPUPS lets customers give themselves money: set it to false where money is real"
        findings.append(Finding("top-ups", "warn", found))
    return findings


def _python() -> Finding:
    return Finding("Python", "ok", sys.version.split()[0])


def _data(settings: Settings) -> Finding:
    if not settings.data.is_dir():
        return Finding("data folder", "warn", f"{settings.data} is not there yet: `artel serve` makes it")
    free = shutil.disk_usage(settings.data).free
    detail = f"{settings.data}, {free // 1024**2:,} MiB free"
    if free < DISK_FREE_MIN_BYTES:
        return Finding("data folder", "warn", f"{detail}: make room, a full disk stops every write")
    return Finding("data folder", "ok", detail)


def _key(settings: Settings) -> Iterator[Finding]:
    path = key_path(settings)
    if not path.exists():
        return
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        yield Finding("key", "fail", f"others may read {path}: chmod 600 {path}")
    else:
        yield Finding("key", "ok", f"{path}, mode {mode:o}; keep a copy apart from the database's backups")


def _sqlite(settings: Settings) -> list[Finding]:
    path = settings.data / DATABASE_FILE
    version = apsw.sqlite_lib_version()
    try:
        gate(version)
    except SqliteUnsafe as fault:
        return [Finding("SQLite", "fail", str(fault))]
    found = [Finding("SQLite", "ok", version)]
    if not path.exists():
        return [*found, Finding("database", "warn", f"{path} is not there yet: `artel serve` makes it")]
    try:
        connection = connect(path, readonly=True)
    except StorageUnavailable as fault:
        return [
            *found,
            Finding(
                "database",
                "fail",
                f"{fault.facts['reason']}: look at its permissions; if it is damaged, restore a backup",
            ),
        ]
    try:
        checked = str(connection.pragma("quick_check", 1))
        schema = connection.execute(CURRENT).fetchone()
    except apsw.Error as fault:
        return [*found, Finding("database", "fail", f"{path}: {fault}: restore a backup")]
    finally:
        connection.close()
    state: State = "ok" if checked == "ok" else "fail"
    size = path.stat().st_size
    found.append(Finding("database", state, f"{path}, {size // 1024:,} KiB, check: {checked}"))
    found.append(_schema(schema[0] if schema else None))
    if size > SQLITE_LARGE_BYTES:
        found.append(Finding("size", "warn", "large for one file: PostgreSQL scales further, see docs/operate.md"))
    return found


async def _postgres(url: str) -> list[Finding]:
    try:
        connection = await asyncpg.connect(url, timeout=5)
    except (asyncpg.PostgresError, OSError, TimeoutError) as fault:
        return [Finding("PostgreSQL", "fail", f"does not answer: {fault or type(fault).__name__}")]
    try:
        major = connection.get_server_version().major
        state: State = "ok" if major >= POSTGRES_MIN else "fail"
        found = [Finding("PostgreSQL", state, f"version {major}; {POSTGRES_MIN} or newer is needed")]
        synchronous = await connection.fetchval("show synchronous_commit")
        if synchronous == "off":
            found.append(Finding("durability", "fail", "synchronous_commit is off: acknowledged writes can be lost"))
        exists = await connection.fetchval("select to_regclass('alembic_version') is not null")
        found.append(_schema(await connection.fetchval(CURRENT) if exists else None))
        return found
    finally:
        await connection.close()


async def _redis(url: str) -> Finding:
    client = importlib.import_module("redis.asyncio").from_url(url, socket_connect_timeout=1, socket_timeout=1)
    try:
        await client.ping()
    except (OSError, TimeoutError, importlib.import_module("redis.exceptions").RedisError) as fault:
        return Finding("Redis", "warn", f"does not answer ({fault}): sessions are checked in SQL meanwhile")
    finally:
        await client.aclose()
    return Finding("Redis", "ok", "answers")


async def _segments(settings: Settings) -> Finding:
    """Whether the files that reports read are there and whole."""
    folder, reads = Folders(settings.data / "traffic").segments, LongReads(settings.database, settings.data)
    try:
        kept = [segment for kind in KINDS for segment in await reads.read(manifest.shown, kind)]
    except StorageUnavailable as fault:
        return Finding("log segments", "fail", fault.facts["reason"])
    broken = [segment.name for segment in kept if not is_whole(folder / segment.name, segment.size_bytes)]
    if not broken:
        return Finding("log segments", "ok", f"{len(kept):,} in {folder}")
    more = f" and {len(broken) - SHOWN_MAX} more" if len(broken) > SHOWN_MAX else ""
    named = ", ".join(broken[:SHOWN_MAX]) + more
    return Finding("log segments", "fail", f"missing or damaged in {folder}: {named}: restore them from a backup")


def _schema(found: str | None) -> Finding:
    newest = revisions()[-1]
    if found == newest:
        return Finding("schema", "ok", found)
    if found is not None and found not in revisions():
        return Finding("schema", "fail", f"{found} is newer than {newest}: start the Artel that made it")
    return Finding("schema", "warn", f"{found or 'none'}, newest is {newest}: artel migrate")
