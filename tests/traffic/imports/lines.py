"""Lines, logs and what the store holds, for the tests of imports."""

import hashlib
from collections import Counter
from pathlib import Path

import duckdb

from artel.db import Database
from artel.traffic.imports import manifest
from artel.traffic.imports.folders import prepare
from artel.traffic.imports.model import Kind


def shop(second: int, page: str = "", ident: str = "AAAAAAAA", address: str = "8.8.8.8") -> str:
    """A line of the shop's own format."""
    stamp = f"2018-08-{1 + second // 86400:02} {second // 3600 % 24:02}:{second // 60 % 60:02}:{second % 60:02}"
    return f"shop_api      | {stamp} [{ident}] INFO: {address} https://shop.example/{page}"


def identity(line: str) -> int:
    """What the store calls a line."""
    return int.from_bytes(hashlib.md5(line.encode()).digest()[8:], "little")


def held(run, db: Database, data: Path, kind: Kind = "requests") -> Counter[int]:
    """How often the store has each line, as reports see it."""
    shown = run(db.read(manifest.shown, kind))
    if not shown:
        return Counter()
    folder = prepare(data).segments
    rows = duckdb.execute(
        "SELECT line_hash, count(*), count(DISTINCT occurrence), max(occurrence) FROM read_parquet($1) GROUP BY 1",
        [[str(folder / each.name) for each in shown]],
    ).fetchall()
    assert all(count == different for _, count, different, _ in rows), "an identity is there twice"
    assert sum(count for _, count, _, _ in rows) == sum(each.rows for each in shown), "the manifest miscounts"
    return Counter({line_hash: count for line_hash, count, _, _ in rows})
