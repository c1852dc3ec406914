"""Every statement of the imports."""

from msgspec import Struct
from sqlalchemy import BigInteger, and_, bindparam, case, cast, delete, exists, func, insert, or_, select, update

from artel.db import Command, Query
from artel.traffic.imports.model import Import, Rejection, Segment
from artel.traffic.imports.tables import imports, reasons, segments, sources, store, tails


class Store(Struct, frozen=True):
    """The row that everything agrees on."""

    generation: int
    timezone: str


class Source(Struct, frozen=True):
    """A lineage of content and how far it is imported."""

    id: int
    offset_bytes: int
    lines: int
    window: str
    tail: str


class TailRow(Struct, frozen=True):
    """A last line that may still grow."""

    source_id: int
    segment_id: int
    kind: str
    line_hash: str
    occurrence: int
    at_us: int


class Totals(Struct, frozen=True):
    """Of the segments that reports read."""

    rows: int
    at_min_us: int
    at_max_us: int


STORE = Query(Store, select(store.c.generation, store.c.timezone))
RAISE = Command(update(store).where(store.c.generation == bindparam("seen")).values(generation=store.c.generation + 1))
SET_TIMEZONE = Command(update(store).where(store.c.timezone == "").values(timezone=bindparam("zone")))

_IMPORT = select(*[imports.c[name] for name in Import.__struct_fields__])
BEGIN = Query(
    int,
    insert(imports)
    .values(
        status="running",
        what=bindparam("what"),
        format=bindparam("format"),
        created_us=bindparam("now_us"),
        finished_us=0,
        bytes_total=bindparam("bytes_total"),
        bytes_read=0,
        lines=0,
        parsed=0,
        rejected=0,
        duplicates=0,
        known=0,
        problem="",
    )
    .returning(imports.c.id),
)
COUNT = Command(
    update(imports)
    .where(imports.c.id == bindparam("import_id"))
    .values(
        bytes_read=imports.c.bytes_read + bindparam("more_bytes"),
        **{
            name: imports.c[name] + bindparam(f"more_{name}")
            for name in ("lines", "parsed", "rejected", "duplicates", "known")
        },
    )
)
NAME_FORMAT = Command(
    update(imports)
    .where(imports.c.id == bindparam("import_id"))
    .values(format=case((imports.c.format == "", bindparam("name")), else_=imports.c.format))
)
EXPECT = Command(
    update(imports).where(imports.c.id == bindparam("import_id")).values(bytes_total=bindparam("bytes_total"))
)
FINISH = Command(
    update(imports)
    .where(imports.c.id == bindparam("import_id"))
    .values(status=bindparam("outcome"), finished_us=bindparam("now_us"), problem=bindparam("why"))
)
# An import whose process died is still `running`: the next one on the same store ends it.
ABANDON = Command(
    update(imports)
    .where(imports.c.id == bindparam("import_id"))
    .where(imports.c.status == "running")
    .values(status="failed", finished_us=bindparam("now_us"), problem="the process that ran it is gone")
)
IMPORT = Query(Import, _IMPORT.where(imports.c.id == bindparam("import_id")))
IMPORTS = Query(
    Import, _IMPORT.where(imports.c.id < bindparam("before")).order_by(imports.c.id.desc()).limit(bindparam("limit"))
)
RUNNING = Query(int, select(imports.c.id).where(imports.c.status == "running").order_by(imports.c.id))
REASONS = Query(
    Rejection,
    select(reasons.c.reason, reasons.c.lines)
    .where(reasons.c.import_id == bindparam("import_id"))
    .order_by(reasons.c.reason),
)
ADD_REASON = Command(
    update(reasons)
    .where(and_(reasons.c.import_id == bindparam("of_import"), reasons.c.reason == bindparam("why")))
    .values(lines=reasons.c.lines + bindparam("more"))
)
NEW_REASON = Command(
    insert(reasons).values(import_id=bindparam("of_import"), reason=bindparam("why"), lines=bindparam("more"))
)

SOURCE = Query(
    Source,
    select(sources.c.id, sources.c.offset_bytes, sources.c.lines, sources.c.window, sources.c.tail).where(
        sources.c.id == bindparam("source_id")
    ),
)
SOURCES_BY_HEAD = Query(
    Source,
    select(sources.c.id, sources.c.offset_bytes, sources.c.lines, sources.c.window, sources.c.tail)
    .where(sources.c.head == bindparam("head"))
    .where(sources.c.offset_bytes <= bindparam("size"))
    .order_by(sources.c.offset_bytes.desc(), sources.c.id),
)
NEW_SOURCE = Query(
    int,
    insert(sources)
    .values(name=bindparam("name"), head="", window="", offset_bytes=0, lines=0, tail="")
    .returning(sources.c.id),
)
MOVE_SOURCE = Command(
    update(sources)
    .where(sources.c.id == bindparam("source_id"))
    .where(sources.c.offset_bytes == bindparam("from_bytes"))
    .where(sources.c.tail == bindparam("from_tail"))
    .values(
        name=bindparam("called"),
        head=bindparam("to_head"),
        window=bindparam("to_window"),
        offset_bytes=bindparam("to_bytes"),
        lines=bindparam("to_lines"),
        tail=bindparam("to_tail"),
    )
)

SOURCE_NAME = Query(str, select(sources.c.name).where(sources.c.id == bindparam("source_id")))

_SEGMENT = [segments.c[name] for name in Segment.__struct_fields__]
_SHOWN = and_(segments.c.kind == bindparam("kind"), segments.c.shown == 1)
NEW_SEGMENT = Query(
    int,
    insert(segments)
    .values(
        {
            name: bindparam(name)
            for name in segments.c.keys()  # noqa: SIM118 - not a dict
            if name not in ("id", "replaced_us")
        }
        | {"replaced_us": 0}
    )
    .returning(segments.c.id),
)
SHOWN = Query(Segment, select(*_SEGMENT).where(_SHOWN).order_by(segments.c.id))
OVERLAPPING = Query(
    Segment,
    select(*_SEGMENT)
    .where(segments.c.kind == bindparam("kind"))
    .where(
        or_(
            segments.c.role == "stored",
            and_(segments.c.role == "skipped", segments.c.source_id == bindparam("source_id")),
        )
    )
    .where(segments.c.at_max_us >= bindparam("from_us"))
    .where(segments.c.at_min_us <= bindparam("to_us"))
    .order_by(segments.c.id),
)
SMALL = Query(
    Segment,
    select(*_SEGMENT)
    .where(segments.c.kind == bindparam("kind"))
    .where(segments.c.role == "stored")
    .where(segments.c.rows < bindparam("below_rows"))
    .order_by(segments.c.at_min_us, segments.c.id),
)
REPLACE = Query(
    int,
    update(segments)
    .where(segments.c.id == bindparam("segment_id"))
    .where(segments.c.role == "stored")
    .values(role="replaced", shown=0, replaced_us=bindparam("now_us"))
    .returning(segments.c.source_id),
)
FORGET = Command(
    delete(segments).where(segments.c.role == "replaced").where(segments.c.replaced_us < bindparam("before_us"))
)
SEGMENT_NAMES = Query(str, select(segments.c.name).order_by(segments.c.id))
TOTALS = Query(
    Totals,
    select(
        cast(func.coalesce(func.sum(segments.c.rows), 0), BigInteger).label("rows"),  # PostgreSQL sums to numeric
        func.coalesce(func.min(segments.c.at_min_us), 0).label("at_min_us"),
        func.coalesce(func.max(segments.c.at_max_us), 0).label("at_max_us"),
    ).where(_SHOWN),
)

TAILS = Query(
    TailRow,
    select(*[tails.c[name] for name in TailRow.__struct_fields__])
    .where(tails.c.kind == bindparam("kind"))
    .where(tails.c.shadowed == 0)
    .where(tails.c.at_us >= bindparam("from_us"))
    .where(tails.c.at_us <= bindparam("to_us"))
    .order_by(tails.c.source_id),
)
NEW_TAIL = Command(
    insert(tails).values(
        **{name: bindparam(name) for name in ("source_id", "segment_id", "kind", "line_hash", "occurrence", "at_us")},
        shadowed=0,
    )
)
SHADOW = Command(update(tails).where(tails.c.source_id == bindparam("of_source")).values(shadowed=1))
TAIL_SEGMENT = Query(int, select(tails.c.segment_id).where(tails.c.source_id == bindparam("source_id")))
DROP_TAIL = Command(delete(tails).where(tails.c.source_id == bindparam("source_id")))
DROP_SEGMENT = Command(delete(segments).where(segments.c.id == bindparam("segment_id")))

# Of tails that are one and the same line, the one of the oldest source is shown; none when the store has the line.
_other = tails.alias("other")
SHOW_TAILS = Command(
    update(segments)
    .where(segments.c.role == "tail")
    .values(
        shown=case(
            (
                exists(
                    select(tails.c.source_id)
                    .where(tails.c.segment_id == segments.c.id)
                    .where(tails.c.shadowed == 0)
                    .where(
                        ~exists(
                            select(_other.c.source_id)
                            .where(_other.c.kind == tails.c.kind)
                            .where(_other.c.line_hash == tails.c.line_hash)
                            .where(_other.c.occurrence == tails.c.occurrence)
                            .where(_other.c.source_id < tails.c.source_id)
                        )
                    )
                ),
                1,
            ),
            else_=0,
        )
    )
)
