"""A log into the store: blocks are parsed side by side, then compared, written and committed one after another.

Each block is one transaction, so an import that is killed loses at most the block it was at, and running it again
counts nothing twice. Two importers may work on one store: whoever commits second compares its block again.
"""

import asyncio
import os
from collections import deque
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager, closing
from io import BufferedReader
from pathlib import Path
from time import monotonic_ns
from typing import Final

import duckdb

from artel.kernel.errors import Refusal
from artel.traffic.imports import folders, formats, geo, logs, manifest, merge, segments, zone
from artel.traffic.imports.folders import Folders
from artel.traffic.imports.logs import HEAD_BYTES, Block, Damaged
from artel.traffic.imports.manifest import Change, Counts, Mark, Raced, SourceMoved
from artel.traffic.imports.model import (
    FormatUnknown,
    LogDamaged,
    LogMissing,
    LogUnreadable,
    NothingToImport,
    Options,
    PatternInvalid,
    StorageFull,
    Summary,
    UploadTooLarge,
)
from artel.traffic.imports.queries import Source
from artel.traffic.imports.segments import LOOMS, Loom, Parsed, Reading
from artel.traffic.imports.weave import Origin, Progress, Run, Workshop, in_thread, stored, weave

GATE_PAUSE_S: Final = 0.01
TELL_NS: Final = 1_000_000_000  # how often it is told how much of an upload is here
SHOWN_LINE_CHARS: Final = 200  # of a line that no format fits


def _silent(_: Counts) -> None:
    """Progress that nobody looks at."""


async def import_logs(
    shop: Workshop, paths: list[Path | None], options: Options, progress: Progress = _silent
) -> Summary:
    """Import logs, one after another; None is standard input.

    A log that cannot be read does not keep the others from being imported: see `problems` of the answer. Refusals that
    concern all of them (an unknown time zone, a full disk) end the import and are raised.
    """
    named = [(path, "standard input" if path is None else str(path)) for path in paths]
    return await _import_named(shop, named, options, progress)


async def _import_named(
    shop: Workshop, named: list[tuple[Path | None, str]], options: Options, progress: Progress = _silent
) -> Summary:
    paths = [path for path, _ in named]
    what = ", ".join("standard input" if path is None else path.name for path in paths[:3])
    what += f" and {len(paths) - 3} more" if len(paths) > 3 else ""
    async with _begun(shop, options, what, _size(paths)) as (ready, import_id, bench):
        return await _import_all(shop, ready, import_id, bench, named, options, progress)


async def import_upload(
    shop: Workshop, body: AsyncIterator[bytes], name: str, options: Options, limit_bytes: int
) -> Summary:
    """Import what a client sends. It is stored first, so that a broken connection leaves nothing half imported.

    Raises UploadTooLarge, what `import_logs` raises, and what kept the log from being read to its end.
    """
    async with _begun(shop, options, name, 0) as (ready, import_id, bench):
        target = ready.incoming / f"{import_id}-upload"
        try:
            await _receive(shop, import_id, body, target, limit_bytes)
            done = await _import_all(shop, ready, import_id, bench, [(target, name)], options, _silent)
        finally:
            target.unlink(missing_ok=True)
    return _read_whole(done)


async def _receive(shop: Workshop, import_id: int, body: AsyncIterator[bytes], target: Path, limit_bytes: int) -> None:
    """Store what a client sends; `bytes_total` tells meanwhile how much of it is here."""
    size, told_ns = 0, 0
    with target.open("wb") as file:
        async for piece in body:
            size += len(piece)
            if size > limit_bytes:
                raise UploadTooLarge(limit=limit_bytes)
            await in_thread(shop, stored, file.write, piece)
            if monotonic_ns() - told_ns > TELL_NS:
                await shop.db.write(manifest.expect, import_id, size)
                told_ns = monotonic_ns()
    await shop.db.write(manifest.expect, import_id, size)


def _read_whole(done: Summary) -> Summary:
    """The summary of an import that is nothing but one log. Raises what kept it from being read to its end."""
    for problem in done.problems:
        raise problem
    return done


@asynccontextmanager
async def _begun(
    shop: Workshop, options: Options, what: str, bytes_total: int
) -> AsyncIterator[tuple[Folders, int, Path]]:
    """An import that has begun, with a folder to work in; however it ends, its row says so."""
    zone.load(options.timezone)
    formats.named(options.format, options.pattern, "")  # refused before anything begins
    ready = folders.prepare(shop.data)
    with ExitStack() as stack:
        async with _gate(ready):
            await _sweep(shop, ready)
            import_id = await shop.db.write(manifest.begin, what, bytes_total)
            bench = stack.enter_context(folders.bench(ready, import_id))
        try:
            yield ready, import_id, bench
        except (Refusal, asyncio.CancelledError, ConnectionError) as fault:
            await shop.db.write(manifest.finish, import_id, "failed", str(fault) or "it was broken off")
            raise
        except OSError as fault:  # of the folders
            await shop.db.write(manifest.finish, import_id, "failed", str(fault))
            raise StorageFull(reason=fault.strerror or str(fault)) from None


async def _import_all(
    shop: Workshop,
    ready: Folders,
    import_id: int,
    bench: Path,
    named: list[tuple[Path | None, str]],
    options: Options,
    progress: Progress,
) -> Summary:
    began = monotonic_ns()
    problems: list[Refusal] = []
    with ExitStack() as stack:
        looms = await asyncio.gather(*(in_thread(shop, Loom, bench, number) for number in range(LOOMS)))
        for loom in looms:
            stack.callback(loom.close)
        # Loaded while the first blocks are split; whoever needs it first waits for it.
        countries = asyncio.ensure_future(in_thread(shop, geo.load, options.geo_database))
        run = Run(shop, ready, import_id, bench, looms, options, countries, progress, iter(range(1, 2**62)))
        for path, name in named:
            await _import_log(run, path, name, problems)
        await countries
    await merge.merge_small(shop, ready, import_id, bench)
    told = "; ".join(map(str, problems))
    done = await shop.db.write(manifest.finish, import_id, "failed" if problems else "done", told)
    reasons = await shop.db.read(manifest.reasons, import_id)
    return Summary(done, reasons, problems, (monotonic_ns() - began) // 1000)


@asynccontextmanager
async def _gate(ready: Folders) -> AsyncIterator[None]:
    """Imports begin and sweep one at a time, so that none is taken for dead before it holds its lock."""
    with folders.gate(ready) as enter:
        while not enter():
            await asyncio.sleep(GATE_PAUSE_S)
        yield


def _size(paths: list[Path | None]) -> int:
    """Bytes on the disk; 0 when one of them is a pipe or cannot be looked at."""
    try:
        return sum(path.stat().st_size for path in paths if path) if None not in paths else 0
    except OSError:
        return 0


async def _sweep(shop: Workshop, ready: Folders) -> None:
    running = await shop.db.read(manifest.running)
    gone = await in_thread(shop, folders.dead, ready, running)
    await shop.db.write(manifest.tidy, gone)
    counted = await shop.db.read(manifest.segment_names)
    await in_thread(shop, folders.sweep, ready, [i for i in running if i not in gone], counted)


async def _import_log(run: Run, path: Path | None, name: str, problems: list[Refusal]) -> None:
    while True:
        try:
            with closing(await in_thread(run.shop, logs.open_raw, path)) as raw:
                await _import_open(run, name, raw)
        except SourceMoved:
            continue  # somebody else went on with this very file: look again how far it is
        except (FormatUnknown, LogUnreadable, LogDamaged) as fault:
            problems.append(fault)
        return


async def _import_open(run: Run, name: str, raw: BufferedReader) -> None:
    try:
        sample = await in_thread(run.shop, logs.sample, raw)
    except OSError as fault:
        raise LogUnreadable(path=name, reason=fault.strerror or str(fault)) from None
    if not sample.strip():
        try:
            if await in_thread(run.shop, logs.only_blank, raw):
                return
        except Damaged as fault:
            raise LogDamaged(path=name, reason=str(fault), lines=0) from None
    chosen = await in_thread(run.shop, stored, _recognise, run, name, sample)
    await run.shop.db.write(manifest.note_format, run.import_id, chosen.name)
    if "false" in chosen.fields.get("zoned", "") or chosen.name == "custom":
        await run.shop.db.write(manifest.claim_timezone, run.options.timezone)
    how = logs.packing(raw)
    is_pipe = not raw.seekable()
    head = b"" if is_pipe else os.pread(raw.fileno(), HEAD_BYTES, 0)
    origin = Origin(name, chosen.key, head, how != "plain" or is_pipe)
    source, trail = await _resume(run, origin, raw)
    if source is None:
        return
    if not origin.packed:
        raw.seek(source.offset_bytes)
    reading = Reading(chosen, run.options.timezone)
    await _stream(run, origin, source, trail, logs.text_of(raw, how), reading)
    if origin.packed and not is_pipe:
        await _close_source(run, origin, source.id, raw)


def _recognise(run: Run, name: str, sample: str) -> formats.Format:
    """The format that was asked for, or the one that understands most of the first lines."""
    loom = run.looms[0]
    asked = formats.named(run.options.format, run.options.pattern, sample)
    if asked:
        try:
            segments.fits(loom, asked, asked.example)  # RE2 may refuse what Python's re takes
        except duckdb.Error as fault:
            raise PatternInvalid(problem=str(fault).splitlines()[0]) from None
        return asked
    written = sum(1 for line in sample.split("\n") if line.strip())
    best, most = formats.SHOP, 0
    for each in formats.BUILT_IN:
        candidate = formats.with_header(each, sample)
        understood = segments.fits(loom, candidate, sample)
        if understood > most:
            best, most = candidate, understood
        if understood == written:
            break
    if most == 0:
        first = next((line for line in sample.split("\n") if line.strip()), "")[:SHOWN_LINE_CHARS]
        raise FormatUnknown(source=name, line=repr(first), known=", ".join(formats.NAMES))
    return best


async def _resume(run: Run, origin: Origin, raw: BufferedReader) -> tuple[Source | None, bytes]:
    """The source that this file continues, and the bytes before its offset; None when there is nothing new in it."""
    size = os.fstat(raw.fileno()).st_size if origin.head else 0
    heads = [logs.head_mark(origin.head, each, origin.key) for each in logs.head_sizes(len(origin.head))]
    for source in await run.shop.db.read(manifest.sources_by_head, heads, size):
        if origin.packed and source.offset_bytes != size:
            continue  # a compressed file is known as a whole or not at all
        trail = os.pread(raw.fileno(), HEAD_BYTES, max(0, source.offset_bytes - HEAD_BYTES))
        trail = trail[: min(HEAD_BYTES, source.offset_bytes)]
        if logs.window_mark(trail) != source.window:
            continue
        tail_bytes = int(source.tail.partition(":")[0] or 0)
        tail = os.pread(raw.fileno(), tail_bytes, source.offset_bytes)
        if source.tail and logs.tail_mark(tail) != source.tail:
            continue  # a shorter copy, or one that goes on in another way: it does not replace the line
        ended = source.offset_bytes + tail_bytes == size
        await _count(run, Counts(known=source.lines + (1 if tail and ended else 0), bytes=source.offset_bytes))
        return (None if ended else source), trail
    return await run.shop.db.write(manifest.new_source, origin.name), b""


async def _count(run: Run, counts: Counts) -> None:
    await run.shop.db.write(manifest.count, run.import_id, counts)
    run.progress(counts)


async def _stream(
    run: Run, origin: Origin, source: Source, trail: bytes, text: BufferedReader, reading: Reading
) -> None:
    blocks = logs.blocks(text, run.shop.block_bytes)
    turn = asyncio.Lock()  # looms take their blocks in the order in which they ask

    def spool_next(loom: Loom) -> Block | None:
        block = next(blocks, None)
        if block:
            stored(loom.spool, block)
        return block

    async def parse(loom: Loom) -> tuple[Block, Parsed] | None:
        async with turn:
            block = await in_thread(run.shop, spool_next, loom)
        if block is None:
            return None
        return block, await in_thread(run.shop, stored, segments.parse, loom, reading, await run.countries)

    ahead = deque((loom, asyncio.ensure_future(parse(loom))) for loom in run.looms)
    try:
        while ready := await ahead[0][1]:
            loom, (block, parsed) = ahead[0][0], ready
            if not (block.unfinished and parsed.requests + parsed.rejected == 0):
                trail = (trail + block.trail)[-HEAD_BYTES:]
                source = await weave(run, origin, source, trail, loom, block, parsed)
            ahead.popleft()
            ahead.append((loom, asyncio.ensure_future(parse(loom))))
    except Damaged as fault:
        raise LogDamaged(path=origin.name, reason=str(fault), lines=source.lines) from None
    except OSError as fault:
        raise LogUnreadable(path=origin.name, reason=fault.strerror or str(fault)) from None
    finally:
        await asyncio.gather(*(parsing for _, parsing in ahead), return_exceptions=True)


async def _close_source(run: Run, origin: Origin, source_id: int, raw: BufferedReader) -> None:
    """A compressed file was read to its end: from now on it is recognised as a whole."""
    size = os.fstat(raw.fileno()).st_size
    trail = os.pread(raw.fileno(), HEAD_BYTES, max(0, size - HEAD_BYTES))
    head = logs.head_mark(origin.head, logs.head_sizes(len(origin.head))[0], origin.key)
    while True:
        survey = await run.shop.db.read(manifest.survey, source_id, [])
        mark = Mark(origin.name, head, logs.window_mark(trail), size, survey.source.lines, survey.source.tail)
        change = Change(run.import_id, survey.source, mark, [], None, [], Counts(), [])
        try:
            await run.shop.db.write(manifest.commit, survey.generation, change)
        except Raced:
            continue
        return


async def import_configured(shop: Workshop, log: str, options: Options) -> Summary:
    """Import the log that the operator configured, relative to the data folder.

    Whoever asks is told of it by that name, not where the data folder is. Raises LogMissing, and what kept the log
    from being read to its end.
    """
    try:
        found = await in_thread(shop, logs.find, [str(shop.data / log)])
    except (LogMissing, NothingToImport):
        raise LogMissing(path=log) from None
    return _read_whole(await _import_named(shop, [(path, _within(shop.data, path)) for path in found], options))


def _within(folder: Path, path: Path | None) -> str:
    assert path is not None, "a log that is configured is no standard input"
    return str(path.relative_to(folder) if path.is_relative_to(folder) else path)
