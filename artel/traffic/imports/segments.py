"""Blocks of a log to Parquet segments, by DuckDB.

Each line has an identity: the last eight bytes of its MD5 (RFC 1321) as a little-endian number, and the how-manieth
such line of its source it is.
The store is the union of the identities of all sources, so that it does not matter how often, in which order or under
which names the same lines arrive. The identity holds the time of the request, so only segments whose times overlap a
block can hold lines of it. Rejected lines have no time; they are compared with each other.
"""

import re
from pathlib import Path
from typing import Final

import duckdb
from msgspec import Struct

from artel.kernel.clock import US
from artel.traffic.imports import zone
from artel.traffic.imports.formats import FIELDS, LINE_MAX_BYTES, Format, literal
from artel.traffic.imports.geo import INVALID, Countries
from artel.traffic.imports.logs import BLOCK_BYTES, Block
from artel.traffic.imports.model import Kind, Rejection
from artel.traffic.imports.vocabulary import BOT, PAGES

# Two blocks are in work side by side, each on one thread, so that the lines of each stay in their order. While one is
# compared and written, the other is parsed, and none waits for the other for long. A third would not fit into the
# memory that an import may take.
LOOMS: Final = 2
THREADS: Final = 1
MEMORY: Final = "150MB"  # for each of them; a block needs about 80 MB
TIME_END_US: Final = 4_102_444_800 * US  # 2100-01-01; a later time is a mistake
SLOT_US: Final = 900 * US
_CLEAN_MAX: Final = 5 * LINE_MAX_BYTES  # a line at the limit, with every byte written out
_HASH: Final = "CAST(md5_number(l) >> 64 AS UBIGINT)"
_HOST: Final = re.compile("[A-Za-z0-9_.-]*[A-Za-z][A-Za-z0-9_.-]*")
# zstd: a third smaller, an eighth slower. Version 2 writes numbers as differences: an eighth smaller, and faster. Those
# that are all different are not tried as a dictionary for long.
_PARQUET: Final = "(FORMAT parquet, PARQUET_VERSION v2, COMPRESSION snappy, DICTIONARY_SIZE_LIMIT 500)"


class Reading(Struct, frozen=True):
    """All that decides what a line means."""

    format: Format
    timezone: str


class Place(Struct, frozen=True):
    """Where a block stands in its source."""

    source_id: int
    first_line: int  # number of its first line, from 1


class Parsed(Struct, frozen=True):
    """What a block holds, before it is compared with the store. Times are 0 when no line was understood."""

    requests: int
    rejected: int
    at_min_us: int
    at_max_us: int


class Written(Struct, frozen=True):
    """What of a block is new. A path is None when there was nothing to write."""

    kind: Kind
    path: Path | None
    rows: int
    skipped: Path | None
    duplicates: int
    at_min_us: int
    at_max_us: int
    reasons: list[Rejection]  # of the new ones


class Tail(Struct, frozen=True):
    """The identity of a single line."""

    line_hash: int
    occurrence: int
    known: bool  # whether the store has it


class Loom:
    """A DuckDB in memory with a scratch file: it holds one block at a time. Not for two threads at once."""

    def __init__(self, folder: Path, number: int) -> None:
        self.scratch = folder / f"block-{number}.txt"
        self.database = duckdb.connect(
            config={
                "threads": THREADS,
                "memory_limit": MEMORY,
                "temp_directory": str(folder / f"spill-{number}"),
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
            }
        )
        self.database.execute("SET TimeZone = 'UTC'")

    def close(self) -> None:
        """Let go of the memory and the scratch file."""
        self.database.close()
        self.scratch.unlink(missing_ok=True)

    def run(self, sql: str, *values: object) -> list[tuple[object, ...]]:
        """Run a statement of ours; answers its rows."""
        rows: list[tuple[object, ...]] = self.database.execute(sql, list(values)).fetchall()
        return rows

    def spool(self, block: Block) -> None:
        """Put the text where DuckDB can read it in parallel, in C."""
        with self.scratch.open("r+b" if self.scratch.exists() else "wb") as file:
            file.write(block.text)
            file.truncate()

    def raw(self) -> str:
        """The lines of the block with their hashes, as a relation."""
        return (
            f"(SELECT l, {_HASH} AS h FROM (SELECT coalesce(l, '') AS l FROM read_csv({literal(str(self.scratch))}, "  # noqa: S608
            "columns = {'l': 'VARCHAR'}, delim = chr(1), quote = '', escape = '', comment = '', header = false, "
            f"auto_detect = false, new_line = '\\n', max_line_size = {_CLEAN_MAX}, buffer_size = {BLOCK_BYTES})))"
        )


def fits(loom: Loom, candidate: Format, sample: str) -> int:
    """How many of some lines the format understands."""
    loom.spool(Block(sample.encode(), 0, 0))
    return _int(loom.run(f"SELECT count(*) FROM ({candidate.select(loom.raw())}) WHERE matched")[0][0])  # noqa: S608


def parse(loom: Loom, reading: Reading, countries: Countries) -> Parsed:
    """Read the block that was spooled: its lines, and what their fields mean."""
    _split(loom, reading)
    return _resolve(loom, reading, countries)


def _split(loom: Loom, reading: Reading) -> None:
    """Make the loom's `lines`: a row a line, its number in the block from 0, its fields, and why it was
    rejected.

    What is the same in every line is not stored: `lines` is a view of the table `told`, which has the rest.
    """
    constants = reading.format.constants
    told = ", ".join(name for name in FIELDS if name not in {"matched", *constants})
    loom.run(
        "CREATE OR REPLACE TEMP TABLE told AS SELECT h, "  # noqa: S608
        "CASE WHEN matched AND at_us IS NOT NULL AND bytes IS NOT NULL AND "
        f"at_us >= {-86_400 * US} AND at_us < {TIME_END_US + 86_400 * US} AND strlen(l) <= {LINE_MAX_BYTES} THEN '' "
        f"WHEN {_comment(reading.format)} THEN 'comment' WHEN trim(l, ' ' || chr(9)) = '' THEN 'blank' "
        f"WHEN strlen(l) > {LINE_MAX_BYTES} THEN 'too_long' WHEN NOT matched THEN 'format' "
        f"WHEN bytes IS NULL THEN 'number' ELSE 'time' END AS reason, {told} "
        f"FROM ({reading.format.select(loom.raw())})"
    )
    same = "".join(f", {value} AS {name}" for name, value in constants.items())
    loom.run(f"CREATE OR REPLACE TEMP VIEW lines AS SELECT rowid AS line, *{same} FROM told")  # noqa: S608


def _resolve(loom: Loom, reading: Reading, countries: Countries) -> Parsed:
    """What the fields mean: times in UTC, and the tables `pages` and `visitors` that a segment is joined from."""
    _to_utc(loom, reading)
    _locate(loom, reading, countries)
    loom.run(PAGES)
    found = loom.run("SELECT count(*), coalesce(min(at_us), 0), coalesce(max(at_us), 0) FROM lines WHERE reason = ''")
    requests, first, last = map(_int, found[0])
    if requests:
        _dictionaries(loom)
    rejected = loom.run("SELECT count(*) FROM lines WHERE reason NOT IN ('', 'comment')")[0][0]
    return Parsed(requests, _int(rejected), first, last)


def _comment(chosen: Format) -> str:
    return "starts_with(l, '#')" if chosen.name == "cloudfront" else "false"


def _to_utc(loom: Loom, reading: Reading) -> None:
    if reading.timezone != "UTC":
        local = f"reason = '' AND NOT {reading.format.constants.get('zoned', 'zoned')}"
        first, last = loom.run(f"SELECT min(at_us), max(at_us) FROM lines WHERE {local}")[0]  # noqa: S608
        if first is not None:
            offset = zone.offset_sql(zone.load(reading.timezone), _int(first), _int(last))
            loom.run(f"UPDATE told SET at_us = at_us - ({offset}) WHERE {local}")  # noqa: S608
    if loom.run(f"SELECT 1 FROM lines WHERE reason = '' AND (at_us < 0 OR at_us >= {TIME_END_US}) LIMIT 1"):  # noqa: S608
        loom.run(f"UPDATE told SET reason = 'time' WHERE reason = '' AND (at_us < 0 OR at_us >= {TIME_END_US})")  # noqa: S608


def _locate(loom: Loom, reading: Reading, countries: Countries) -> None:
    """Countries, by the block's distinct addresses; a line whose address is none is rejected."""
    asked = loom.run("CREATE OR REPLACE TEMP TABLE who AS SELECT DISTINCT ip, agent FROM lines WHERE reason = ''")
    # An address that holds a line break, as JSON can write one, falls apart here, and so is none of those found.
    distinct = str(loom.run("SELECT coalesce(string_agg(DISTINCT ip, chr(10)), '') FROM who")[0][0]).split("\n")
    found = {ip: country for ip in distinct if (country := countries.find(ip)) != INVALID}
    if reading.format.hosts:
        found |= {ip: "" for ip in distinct if ip not in found and _HOST.fullmatch(ip)}
    loom.run(
        "CREATE OR REPLACE TEMP TABLE addresses AS "
        "SELECT unnest(string_split($1, chr(10))) AS ip, unnest(string_split($2, chr(10))) AS country",
        "\n".join(found),
        "\n".join(found.values()),
    )
    placed = loom.run(
        "CREATE OR REPLACE TEMP TABLE visitors AS SELECT ip, agent, country, bot, "  # noqa: S608
        "CAST(md5_number(ip || chr(10) || agent) >> 64 AS UBIGINT) AS visitor "
        f"FROM who JOIN addresses USING (ip) JOIN (SELECT agent, CAST(regexp_matches(lower(agent), {literal(BOT)}) "
        "AS TINYINT) AS bot FROM (SELECT DISTINCT agent FROM who)) USING (agent)"
    )
    if placed != asked:
        loom.run("UPDATE told SET reason = 'address' WHERE reason = '' AND ip NOT IN (SELECT ip FROM addresses)")


# Texts of the distinct pages and visitors. As enumerations they are written to Parquet eight times as fast: their
# dictionary is there already.
_DICTIONARIES: Final = {"pages": ("path", "kind", "category", "good"), "visitors": ("ip", "agent", "country")}


def _dictionaries(loom: Loom) -> None:
    for table, columns in _DICTIONARIES.items():
        loom.run(f"DROP TABLE IF EXISTS {table}_ready")
        for column in columns:
            loom.run(f"DROP TYPE IF EXISTS {column}_text")
            loom.run(f"CREATE TEMP TYPE {column}_text AS ENUM (SELECT DISTINCT {column} FROM {table})")  # noqa: S608
        casts = ", ".join(f"{column}::{column}_text AS {column}_ready" for column in columns)
        loom.run(f"CREATE TEMP TABLE {table}_ready AS SELECT *, {casts} FROM {table}")  # noqa: S608


def _where(kind: Kind) -> str:
    return "reason = ''" if kind == "requests" else "reason NOT IN ('', 'comment')"


def compare(loom: Loom, kind: Kind, parsed: Parsed, source_id: int, stored: list[Path]) -> None:
    """Find what the store holds of the block. `stored` are the files whose times overlap it, and those with the
    identities that this source had to skip before, since another source had brought them.

    Makes the table `ordinals`: occurrence, and whether the store knows it, for each line that occurs twice in the
    block, or in the store. All others are new, and the first of their kind.
    """
    mine = f"SELECT h FROM lines WHERE {_where(kind)}"  # noqa: S608
    requests = kind == "requests"
    between = f"at_us BETWEEN {parsed.at_min_us} AND {parsed.at_max_us} AND " if requests else ""
    loom.run("CREATE OR REPLACE TEMP TABLE seen (source_id BIGINT, line_hash UBIGINT, occurrence INTEGER)")
    if stored:
        files = ", ".join(literal(str(path)) for path in stored)
        loom.run(
            f"INSERT INTO seen SELECT source_id, line_hash, occurrence FROM read_parquet([{files}]) "  # noqa: S608
            f"WHERE {between}line_hash IN ({mine})"
        )
    unclear = loom.run(
        f"CREATE OR REPLACE TEMP TABLE unclear AS {mine} GROUP BY h HAVING count(*) > 1 "  # noqa: S608
        "UNION SELECT line_hash FROM seen"
    )
    if unclear == [(0,)]:  # the common case
        loom.run(_NO_ORDINALS)
    else:
        at_us = "at_us" if requests else "0::BIGINT"
        loom.run(_ORDINALS.replace("{where}", _where(kind)).replace("{at_us}", at_us), source_id)


_NO_ORDINALS: Final = """
CREATE OR REPLACE TEMP TABLE ordinals (line BIGINT, h UBIGINT, at_us BIGINT, occurrence INTEGER, known BOOLEAN)
"""
_ORDINALS: Final = """
CREATE OR REPLACE TEMP TABLE ordinals AS
SELECT n.line, n.h, n.at_us, n.occurrence, k.line_hash IS NOT NULL AS known
FROM (
  SELECT o.line, o.h, o.at_us, CAST(o.n + coalesce(b.before, 0) AS INTEGER) AS occurrence
  FROM (
    SELECT line, h, {at_us} AS at_us, row_number() OVER (PARTITION BY h ORDER BY line) AS n
    FROM lines WHERE {where} AND h IN (SELECT h FROM unclear)
  ) o LEFT JOIN (
    SELECT line_hash, max(occurrence) AS before FROM seen WHERE source_id = $1 GROUP BY line_hash
  ) b ON b.line_hash = o.h
) n LEFT JOIN (
  SELECT DISTINCT line_hash, occurrence FROM seen
) k ON k.line_hash = n.h AND k.occurrence = n.occurrence
"""


def write(loom: Loom, kind: Kind, parsed: Parsed, place: Place, target: Path, skipped: Path) -> Written:
    """Write what is new to `target`, and what is not to `skipped`, after `compare`. Raises duckdb.IOException."""
    unclear, duplicates = map(_int, loom.run("SELECT count(*), count(*) FILTER (known) FROM ordinals")[0])
    if kind == "requests":
        total, first, last = parsed.requests, parsed.at_min_us, parsed.at_max_us
    else:
        total, first, last = parsed.rejected, 0, 0  # some have a time, but none that could be trusted
    if total > duplicates:
        select = _REQUESTS if kind == "requests" else _REJECTED.replace("{raw}", loom.raw())
        if not unclear:  # the common case: no join
            select = select.replace("coalesce(o.occurrence, 1)", "1").replace(_JOIN, "").replace(_NEW, "true")
        select = select.replace("{source_id}", str(place.source_id)).replace("{first_line}", str(place.first_line))
        copied = loom.run(f"COPY ({select}) TO {literal(str(target))} {_PARQUET}")[0][0]
        assert copied == total - duplicates, "a line without a page or a visitor would be lost"
    if duplicates:
        loom.run(
            f"COPY (SELECT {place.source_id}::BIGINT AS source_id, h AS line_hash, occurrence, at_us "  # noqa: S608
            f"FROM ordinals WHERE known) TO {literal(str(skipped))} {_PARQUET}"
        )
    return Written(
        kind=kind,
        path=target if total > duplicates else None,
        rows=total - duplicates,
        skipped=skipped if duplicates else None,
        duplicates=duplicates,
        at_min_us=first,
        at_max_us=last,
        reasons=_reasons(loom) if kind == "rejected" else [],
    )


def _reasons(loom: Loom) -> list[Rejection]:
    rows = loom.run(
        f"SELECT l.reason, count(*) FROM lines l {_JOIN} WHERE {_where('rejected')} AND {_NEW} "  # noqa: S608
        "GROUP BY l.reason ORDER BY l.reason"
    )
    return [Rejection(str(reason), _int(count)) for reason, count in rows]


def tail(loom: Loom, kind: Kind) -> Tail:
    """The identity of the only line of the block, after `compare`."""
    row = loom.run(
        "SELECT l.h, coalesce(o.occurrence, 1), coalesce(o.known, false) FROM lines l "  # noqa: S608
        f"LEFT JOIN ordinals o ON o.line = l.line WHERE {_where(kind)}"
    )[0]
    return Tail(_int(row[0]), _int(row[1]), bool(row[2]))


def holds(loom: Loom, kind: Kind, wanted: list[Tail]) -> list[bool]:
    """Whether the block, after `compare`, has a line of each of the identities."""
    return [
        bool(
            loom.run(
                "SELECT 1 FROM lines l LEFT JOIN ordinals o ON o.line = l.line "  # noqa: S608
                f"WHERE {_where(kind)} AND l.h = $1::UBIGINT AND coalesce(o.occurrence, 1) = $2 LIMIT 1",
                each.line_hash,
                each.occurrence,
            )
        )
        for each in wanted
    ]


_JOIN: Final = "LEFT JOIN ordinals o ON o.line = l.line"
_NEW: Final = "NOT coalesce(o.known, false)"

_REQUESTS: Final = f"""
SELECT {{source_id}}::BIGINT AS source_id, {{first_line}} + l.line AS line_no, l.h AS line_hash,
  CAST(coalesce(o.occurrence, 1) AS INTEGER) AS occurrence, l.at_us, CAST(l.at_us // {SLOT_US} AS INTEGER) AS slot,
  v.ip_ready AS ip, v.visitor, v.country_ready AS country, v.bot, l.method, p.path_ready AS path,
  CAST(l.status AS SMALLINT) AS status, CAST(l.bytes AS BIGINT) AS bytes, l.referrer, v.agent_ready AS agent,
  p.kind_ready AS kind, p.category_ready AS category, p.good_ready AS good,
  p.goods_id, p.amount, p.cart_id, p.user_id
FROM lines l JOIN pages_ready p ON p.u = l.u JOIN visitors_ready v ON v.ip = l.ip AND v.agent = l.agent {_JOIN}
WHERE l.reason = '' AND {_NEW}
"""  # noqa: S608

_REJECTED: Final = f"""
SELECT {{source_id}}::BIGINT AS source_id, {{first_line}} + l.line AS line_no, l.h AS line_hash,
  CAST(coalesce(o.occurrence, 1) AS INTEGER) AS occurrence, 0::BIGINT AS at_us, l.reason,
  left(t.l, {LINE_MAX_BYTES}) AS text
FROM lines l JOIN (SELECT l, row_number() OVER () - 1 AS line FROM {{raw}}) t ON t.line = l.line {_JOIN}
WHERE l.reason NOT IN ('', 'comment') AND {_NEW}
"""  # noqa: S608


def _int(value: object) -> int:
    assert isinstance(value, int), "DuckDB counts in integers"
    return value
