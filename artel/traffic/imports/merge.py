"""Many small segments into few: a log that is imported every minute must not make reports open thousands of files.

A merged segment holds the rows of its parts as they are, so nothing that is asked or compared can tell the difference.
It takes their place in one transaction; their files stay for a day (`manifest.KEPT_US`), for whoever still reads them.
"""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

import duckdb

from artel.traffic.imports import folders, manifest
from artel.traffic.imports.folders import Folders
from artel.traffic.imports.formats import literal
from artel.traffic.imports.manifest import NewSegment, Raced
from artel.traffic.imports.model import Kind, Segment
from artel.traffic.imports.segments import LOOMS, Loom
from artel.traffic.imports.weave import Merging, Workshop, in_thread

KINDS: Final[tuple[Kind, ...]] = "requests", "rejected"
# Lines may be 64 KiB long: without a limit in bytes a row group of 122,880 rows would not fit into the loom's memory.
_COPY: Final = """
COPY (SELECT * FROM read_parquet([{files}], hive_partitioning = false))
TO {target} (FORMAT parquet, COMPRESSION snappy, ROW_GROUP_SIZE_BYTES '16MB')
"""


async def merge_small(shop: Workshop, ready: Folders, import_id: int, bench: Path) -> None:
    """Merge small segments when there are many; about a second for a million rows. Runs while the import does, so that
    nobody takes its files for orphans.

    Nothing depends on it: when the disk is full, a part cannot be read, or somebody else was faster, all stays as it
    was, and the next import tries again.
    """
    for kind in KINDS:
        found = await shop.db.read(manifest.small, kind, shop.merging.small_rows)
        if len(found) <= shop.merging.files:
            continue
        for number, parts in enumerate(groups(found, shop.merging)):
            target = bench / f"{import_id}-merged-{number}-{kind}.parquet"
            whole = await in_thread(shop, _write, ready, kind, parts, target)
            if whole is None:
                return
            try:
                await shop.db.write(manifest.replace, import_id, parts, whole)
            except Raced:
                (ready.segments / whole.name).unlink(missing_ok=True)
                return


def groups(found: list[Segment], merging: Merging) -> Iterator[list[Segment]]:
    """Neighbours that fit into one segment; none of a single one."""
    parts: list[Segment] = []
    rows = 0
    for segment in found:
        if rows + segment.rows > merging.rows:
            if len(parts) > 1:
                yield parts
            parts, rows = [], 0
        parts.append(segment)
        rows += segment.rows
    if len(parts) > 1:
        yield parts


def _write(ready: Folders, kind: Kind, parts: list[Segment], target: Path) -> NewSegment | None:
    """Put the rows of the parts on the disk as one file; None when that cannot be done. Runs in a thread."""
    files = ", ".join(literal(str(ready.segments / part.name)) for part in parts)
    rows = sum(part.rows for part in parts)
    try:
        with closing(Loom(target.parent, LOOMS)) as loom:
            loom.run("SET preserve_insertion_order = false")  # or there is no limit in bytes
            copied = loom.run(_COPY.format(files=files, target=literal(str(target))))[0][0]
        if copied != rows:
            return None  # the parts are not what they were: a report will tell
        size = folders.publish(target, ready.segments)
        folders.settle(ready.segments)
    except (OSError, duckdb.Error):
        return None
    span = min(part.at_min_us for part in parts), max(part.at_max_us for part in parts)
    return NewSegment(kind, "stored", target.name, rows, size, *span)
