"""A block into the store: compared with what is there, written, and committed in one transaction."""

import asyncio
import errno
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from pathlib import Path
from typing import TypeVar

import duckdb
from msgspec import Struct
from msgspec.structs import replace

from artel.db import Database
from artel.traffic.imports import folders, geo, logs, manifest, segments
from artel.traffic.imports.folders import Folders
from artel.traffic.imports.logs import BLOCK_BYTES, Block
from artel.traffic.imports.manifest import Change, Counts, Mark, NewSegment, NewTail, Raced, Reach, SourceMoved, Survey
from artel.traffic.imports.model import Kind, Options, StorageFull
from artel.traffic.imports.queries import Source
from artel.traffic.imports.segments import Loom, Parsed, Place

Result = TypeVar("Result")
Progress = Callable[[Counts], None]  # told what each step adds


class Merging(Struct, frozen=True):
    """When small segments are merged. A full block of shop or combined lines leaves more than `small_rows`, so a large
    import is not written twice."""

    small_rows: int = 30_000  # segments with fewer are merged
    files: int = 32  # of so many small ones nothing needs to be done
    rows: int = 1_000_000  # at most, in a merged one


class Workshop(Struct, frozen=True):
    """What imports need: the database, the data folder, and at least two threads."""

    db: Database
    data: Path
    pool: Executor
    block_bytes: int = BLOCK_BYTES  # longer than any line that is to be understood
    merging: Merging = Merging()


class Run(Struct, frozen=True):
    """One import at work."""

    shop: Workshop
    folders: Folders
    import_id: int
    bench: Path
    looms: list[Loom]
    options: Options
    countries: asyncio.Future[geo.Countries]
    progress: Progress
    numbers: Iterator[int]  # names of segments


class Origin(Struct, frozen=True):
    """Where lines come from."""

    name: str
    key: str  # of the format
    head: bytes  # first bytes of the file; b"" for a pipe
    packed: bool  # compressed, or a pipe: it cannot be continued in the middle


async def in_thread(shop: Workshop, use: Callable[..., Result], *args: object) -> Result:
    return await asyncio.get_running_loop().run_in_executor(shop.pool, use, *args)


def stored(use: Callable[..., Result], *args: object) -> Result:
    """Run what writes to the disk; whatever keeps it from doing so is a StorageFull."""
    try:
        return use(*args)
    except (OSError, duckdb.IOException, duckdb.OutOfMemoryException) as fault:
        full = isinstance(fault, OSError) and fault.errno in {errno.ENOSPC, errno.EDQUOT}
        reason = "the disk is full" if full or "No space left" in str(fault) else str(fault).splitlines()[0]
        raise StorageFull(reason=reason) from None


async def weave(
    run: Run, origin: Origin, source: Source, trail: bytes, loom: Loom, block: Block, parsed: Parsed
) -> Source:
    """Compare, write and commit one block; answers the source as it is then. Raises SourceMoved, StorageFull."""
    mark = _mark(origin, source, trail, block)
    reaches = [Reach("requests", parsed.at_min_us, parsed.at_max_us)] if parsed.requests else []
    reaches += [Reach("rejected", 0, 0)] if parsed.rejected else []
    while True:
        survey = await run.shop.db.read(manifest.survey, source.id, reaches)
        if survey.source != source:
            raise SourceMoved
        change = await in_thread(run.shop, stored, _write, run, loom, block, parsed, survey, mark)
        try:
            await run.shop.db.write(manifest.commit, survey.generation, change)
        except Raced:
            for segment in _made(change):
                (run.folders.segments / segment.name).unlink(missing_ok=True)
            continue
        run.progress(change.counts)
        return Source(source.id, mark.offset_bytes, mark.lines, mark.window, mark.tail)


def _made(change: Change) -> list[NewSegment]:
    return [*change.segments, *([change.tail.segment] if change.tail else [])]


def _mark(origin: Origin, source: Source, trail: bytes, block: Block) -> Mark:
    if block.unfinished:
        mark = Mark(origin.name, "", source.window, source.offset_bytes, source.lines, logs.tail_mark(block.trail))
    else:
        mark = Mark(
            origin.name,
            "",
            logs.window_mark(trail),
            source.offset_bytes + block.raw_bytes,
            source.lines + block.lines,
            "",
        )
    if origin.packed:
        return replace(mark, window="", offset_bytes=0)
    known = mark.offset_bytes + (block.raw_bytes if block.unfinished else 0)
    sizes = logs.head_sizes(min(known, len(origin.head)))
    return replace(mark, head=logs.head_mark(origin.head, sizes[0], origin.key) if sizes else "")


def _write(run: Run, loom: Loom, block: Block, parsed: Parsed, survey: Survey, mark: Mark) -> Change:
    """Compare a block with the store and put what is new on the disk. Runs in a thread."""
    place = Place(survey.source.id, survey.source.lines + 1)
    counts = Counts(bytes=0 if block.unfinished else block.raw_bytes)
    change = Change(run.import_id, survey.source, mark, [], None, [], counts, [])
    for kind in survey.segments:
        stored = manifest.files(run.folders, survey.segments[kind])
        segments.compare(loom, kind, parsed, place.source_id, stored)
        change = _write_kind(run, loom, kind, place, block, parsed, survey, change)
    folders.settle(run.folders.segments)
    return change


def _write_kind(
    run: Run, loom: Loom, kind: Kind, place: Place, block: Block, parsed: Parsed, survey: Survey, change: Change
) -> Change:
    number = next(run.numbers)
    target, skipped = (run.bench / f"{run.import_id}-{number}-{word}.parquet" for word in (kind, f"{kind}-skipped"))
    written = segments.write(loom, kind, parsed, place, target, skipped)
    span = written.at_min_us, written.at_max_us
    made: list[NewSegment] = []
    tail = change.tail
    if written.path and block.unfinished:
        identity = segments.tail(loom, kind)
        segment = NewSegment(kind, "tail", target.name, 1, folders.publish(target, run.folders.segments), *span)
        tail = NewTail(segment, identity.line_hash, identity.occurrence)
    elif written.path:
        size = folders.publish(target, run.folders.segments)
        made.append(NewSegment(kind, "stored", target.name, written.rows, size, *span))
    if written.skipped and not block.unfinished:
        size = folders.publish(skipped, run.folders.segments)
        made.append(NewSegment(kind, "skipped", skipped.name, written.duplicates, size, *span))
    others = [row for row in survey.tails[kind] if row.source_id != place.source_id and not block.unfinished]
    held = segments.holds(loom, kind, [segments.Tail(int(row.line_hash), row.occurrence, True) for row in others])
    return replace(
        change,
        segments=[*change.segments, *made],
        tail=tail,
        shadowed=[*change.shadowed, *(row.source_id for row, inside in zip(others, held, strict=True) if inside)],
        reasons=[*change.reasons, *written.reasons],
        counts=replace(
            change.counts,
            lines=change.counts.lines + written.rows + written.duplicates,
            duplicates=change.counts.duplicates + written.duplicates,
            **{"parsed" if kind == "requests" else "rejected": written.rows},
        ),
    )
