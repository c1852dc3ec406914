"""The manifest: what the store holds. Each use case is one short transaction; `service` strings them together."""

from pathlib import Path
from typing import Final

from msgspec import Struct

from artel.db import Read, Write
from artel.kernel.clock import US
from artel.kernel.page import NEWEST, Cut, Page, page
from artel.traffic.imports import queries
from artel.traffic.imports.folders import Folders, is_whole
from artel.traffic.imports.model import (
    Import,
    ImportMissing,
    Kind,
    Rejection,
    Segment,
    SegmentDamaged,
    Status,
    Stock,
    TimezoneChanged,
)
from artel.traffic.imports.queries import Source, TailRow

# How long the file of a replaced segment stays: a report, an import or a backup may have read the manifest before.
KEPT_US: Final = 86_400 * US


class Raced(Exception):  # noqa: N818 - an answer to the importer, never shown
    """Somebody else changed the store since it was surveyed; nothing was written."""


class SourceMoved(Exception):  # noqa: N818 - an answer to the importer, never shown
    """Somebody else imported the same source meanwhile; nothing was written."""


class Counts(Struct, frozen=True):
    """What a step adds to its import."""

    lines: int = 0
    parsed: int = 0
    rejected: int = 0
    duplicates: int = 0
    known: int = 0
    bytes: int = 0


class Survey(Struct, frozen=True):
    """What of the store can matter to a block."""

    generation: int
    source: Source
    segments: dict[Kind, list[Segment]]
    tails: dict[Kind, list[TailRow]]


class Reach(Struct, frozen=True):
    """Which times a block holds of a kind; rejected lines have the time 0."""

    kind: Kind
    from_us: int
    to_us: int


class NewSegment(Struct, frozen=True):
    """A file that is on the disk and not in the manifest yet."""

    kind: Kind
    role: str
    name: str
    rows: int
    size_bytes: int
    at_min_us: int
    at_max_us: int


class NewTail(Struct, frozen=True):
    """A last line without a line break, with the segment that holds it alone."""

    segment: NewSegment
    line_hash: int
    occurrence: int


class Mark(Struct, frozen=True):
    """How far a source is imported, and how it is recognised."""

    name: str
    head: str
    window: str
    offset_bytes: int
    lines: int
    tail: str


class Change(Struct, frozen=True):
    """All that one block changes: it happens in one transaction or not at all."""

    import_id: int
    source: Source  # as it was surveyed
    mark: Mark
    segments: list[NewSegment]
    tail: NewTail | None
    shadowed: list[int]  # sources whose tail is now in the store for good
    counts: Counts
    reasons: list[Rejection]


async def begin(tx: Write, what: str, bytes_total: int) -> int:
    """A new import, running; answers its id."""
    made = await tx.one(queries.BEGIN, what=what, format="", now_us=tx.now_us, bytes_total=bytes_total)
    assert made is not None, "an insert answers the row"
    return made


async def expect(tx: Write, import_id: int, bytes_total: int) -> None:
    """So many bytes are to be read."""
    await tx.run(queries.EXPECT, import_id=import_id, bytes_total=bytes_total)


async def finish(tx: Write, import_id: int, status: Status, problem: str) -> Import:
    """The end of an import, good or bad."""
    await tx.run(queries.FINISH, import_id=import_id, outcome=status, now_us=tx.now_us, why=problem)
    return await get(tx, import_id)


async def tidy(tx: Write, import_ids: list[int]) -> None:
    """End these imports, whose process is gone, and forget the segments that were replaced a day ago."""
    for import_id in import_ids:
        await tx.run(queries.ABANDON, import_id=import_id, now_us=tx.now_us)
    await tx.run(queries.FORGET, before_us=tx.now_us - KEPT_US)


async def running(tx: Read) -> list[int]:
    """Imports that have not ended, by id."""
    return await tx.all(queries.RUNNING)


async def segment_names(tx: Read) -> list[str]:
    """Every file of the store that counts, or did within the last day."""
    return await tx.all(queries.SEGMENT_NAMES)


async def claim_timezone(tx: Write, zone: str) -> None:
    """Settle in which zone the times of this store are read. Raises TimezoneChanged."""
    await tx.run(queries.SET_TIMEZONE, zone=zone)
    found = await tx.one(queries.STORE)
    assert found is not None, "the migration made the row"
    if found.timezone != zone:
        raise TimezoneChanged(stored=found.timezone, asked=zone)


async def note_format(tx: Write, import_id: int, name: str) -> None:
    """The first format that an import met is shown with it."""
    await tx.run(queries.NAME_FORMAT, import_id=import_id, name=name)


async def count(tx: Write, import_id: int, more: Counts) -> None:
    """Add to what an import did."""
    await tx.run(
        queries.COUNT,
        import_id=import_id,
        more_bytes=more.bytes,
        more_lines=more.lines,
        more_parsed=more.parsed,
        more_rejected=more.rejected,
        more_duplicates=more.duplicates,
        more_known=more.known,
    )


async def new_source(tx: Write, name: str) -> Source:
    """A source of which nothing is imported yet."""
    made = await tx.one(queries.NEW_SOURCE, name=name)
    assert made is not None, "an insert answers the row"
    return Source(made, 0, 0, "", "")


async def sources_by_head(tx: Read, heads: list[str], size: int) -> list[Source]:
    """Sources that begin like a file of that size, the most complete ones first."""
    found = [row for head in heads for row in await tx.all(queries.SOURCES_BY_HEAD, head=head, size=size)]
    return sorted(found, key=lambda source: (-source.offset_bytes, source.id))


async def survey(tx: Read, source_id: int, reaches: list[Reach]) -> Survey:
    """What of the store a block must be compared with."""
    store = await tx.one(queries.STORE)
    source = await tx.one(queries.SOURCE, source_id=source_id)
    assert store is not None and source is not None, "the migration and the import made the rows"
    segments: dict[Kind, list[Segment]] = {}
    tails: dict[Kind, list[TailRow]] = {}
    for reach in reaches:
        span = {"kind": reach.kind, "from_us": reach.from_us, "to_us": reach.to_us}
        segments[reach.kind] = await tx.all(queries.OVERLAPPING, source_id=source_id, **span)
        tails[reach.kind] = await tx.all(queries.TAILS, **span)
    return Survey(store.generation, source, segments, tails)


async def commit(tx: Write, seen: int, change: Change) -> None:
    """Make what a block brought visible, with all that belongs to it. Raises Raced, SourceMoved."""
    if await tx.run(queries.RAISE, seen=seen) == 0:
        raise Raced
    moved = await tx.run(
        queries.MOVE_SOURCE,
        source_id=change.source.id,
        from_bytes=change.source.offset_bytes,
        from_tail=change.source.tail,
        called=change.mark.name,
        to_head=change.mark.head,
        to_window=change.mark.window,
        to_bytes=change.mark.offset_bytes,
        to_lines=change.mark.lines,
        to_tail=change.mark.tail,
    )
    if moved == 0:
        raise SourceMoved
    if change.mark.tail != change.source.tail:
        await _drop_tail(tx, change.source.id)
    for segment in change.segments:
        await _add_segment(tx, change.import_id, change.source.id, segment)
    for source_id in change.shadowed:
        await tx.run(queries.SHADOW, of_source=source_id)
    if change.tail:
        await _add_tail(tx, change, change.tail)
    await tx.run(queries.SHOW_TAILS)
    await count(tx, change.import_id, change.counts)
    for rejection in change.reasons:
        added = {"of_import": change.import_id, "why": rejection.reason, "more": rejection.lines}
        if await tx.run(queries.ADD_REASON, **added) == 0:
            await tx.run(queries.NEW_REASON, **added)


async def _drop_tail(tx: Write, source_id: int) -> None:
    segment_id = await tx.one(queries.TAIL_SEGMENT, source_id=source_id)
    if segment_id is not None:
        await tx.run(queries.DROP_TAIL, source_id=source_id)
        await tx.run(queries.DROP_SEGMENT, segment_id=segment_id)


async def _add_segment(tx: Write, import_id: int, source_id: int, segment: NewSegment) -> int:
    made = await tx.one(
        queries.NEW_SEGMENT,
        import_id=import_id,
        source_id=source_id,
        kind=segment.kind,
        role=segment.role,
        shown=int(segment.role == "stored"),
        name=segment.name,
        rows=segment.rows,
        size_bytes=segment.size_bytes,
        at_min_us=segment.at_min_us,
        at_max_us=segment.at_max_us,
    )
    assert made is not None, "an insert answers the row"
    return made


async def _add_tail(tx: Write, change: Change, tail: NewTail) -> None:
    segment_id = await _add_segment(tx, change.import_id, change.source.id, tail.segment)
    await tx.many(
        queries.NEW_TAIL,
        [
            {
                "source_id": change.source.id,
                "segment_id": segment_id,
                "kind": tail.segment.kind,
                "line_hash": str(tail.line_hash),
                "occurrence": tail.occurrence,
                "at_us": tail.segment.at_max_us,
            }
        ],
    )


async def small(tx: Read, kind: Kind, below_rows: int) -> list[Segment]:
    """The stored segments with fewer rows, in the order of their times."""
    return await tx.all(queries.SMALL, kind=kind, below_rows=below_rows)


async def replace(tx: Write, import_id: int, parts: list[Segment], whole: NewSegment) -> None:
    """Let one segment stand for the parts it was merged from. Raises Raced when somebody else merged one of them.

    Parts never change, so nothing else can have made `whole` wrong, and no import that is compared with them needs to
    look again: their files stay for a day.
    """
    source_id = 0
    for part in reversed(parts):
        found = await tx.one(queries.REPLACE, segment_id=part.id, now_us=tx.now_us)
        if found is None:
            raise Raced
        source_id = found
    await _add_segment(tx, import_id, source_id, whole)


async def get(tx: Read, import_id: int) -> Import:
    """One import, also while it runs. Raises ImportMissing."""
    found = await tx.one(queries.IMPORT, import_id=import_id)
    if found is None:
        raise ImportMissing(import_id=import_id)
    return found


async def reasons(tx: Read, import_id: int) -> list[Rejection]:
    """Why lines of an import were rejected."""
    return await tx.all(queries.REASONS, import_id=import_id)


async def listed(tx: Read, cut: Cut) -> Page[Import]:
    """Imports, the newest first. One statement."""
    rows = await tx.all(queries.IMPORTS, before=cut.key(NEWEST), limit=cut.limit + 1)
    return page(rows, cut, "id")


async def source_names(tx: Read, source_ids: set[int]) -> dict[int, str]:
    """What sources were called when they were imported last; a pipe is `standard input`."""
    return {each: await tx.one(queries.SOURCE_NAME, source_id=each) or "" for each in source_ids}


async def shown(tx: Read, kind: Kind) -> list[Segment]:
    """The segments that count, in the order in which they came."""
    return await tx.all(queries.SHOWN, kind=kind)


def files(folders: Folders, kept: list[Segment]) -> list[Path]:
    """The files of these segments. Raises SegmentDamaged, before anybody stumbles over one that is not whole."""
    for segment in kept:
        if not is_whole(folders.segments / segment.name, segment.size_bytes):
            raise SegmentDamaged(name=segment.name)
    return [folders.segments / segment.name for segment in kept]


async def stock(tx: Read) -> Stock:
    """How much the store holds and how fresh it is."""
    store = await tx.one(queries.STORE)
    requests = await tx.one(queries.TOTALS, kind="requests")
    rejected = await tx.one(queries.TOTALS, kind="rejected")
    assert store is not None and requests is not None and rejected is not None, "sums have one row"
    return Stock(store.generation, requests.rows, rejected.rows, requests.at_min_us, requests.at_max_us)
