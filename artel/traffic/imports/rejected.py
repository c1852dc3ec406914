"""The lines that no import understood, kept for whoever wants to know why."""

from pathlib import Path
from typing import Final

import duckdb

from artel.kernel.errors import Malformed
from artel.kernel.page import Cut, Page, page
from artel.traffic.imports import folders, manifest
from artel.traffic.imports.model import REASONS, RejectedLine
from artel.traffic.imports.weave import Workshop, in_thread

# The id of a line is its source and its number there. A source of more than 2^40 lines would fill 100 TB.
_PAGE: Final = """
SELECT (source_id << 40) | line_no AS id, reason, source_id, line_no, text
FROM read_parquet($1) WHERE ((source_id << 40) | line_no) > $2 AND ($3 = '' OR reason = $3) ORDER BY 1 LIMIT $4
"""
_MEMORY: Final = "200MB"


async def listed(shop: Workshop, cut: Cut, reason: str = "") -> Page[RejectedLine]:
    """Rejected lines in the order of their sources, all or those of one reason. Reads the ids of all of them.

    Raises SegmentDamaged.
    """
    if reason and reason not in REASONS:
        raise Malformed(field="reason", problem=f"there is none called {reason!r}; known are {', '.join(REASONS)}")
    kept = await shop.db.read(manifest.shown, "rejected")
    if not kept:
        return Page([])
    files = manifest.files(folders.prepare(shop.data), kept)
    rows = await in_thread(shop, _read, files, cut.key(0), reason, cut.limit + 1)
    names = await shop.db.read(manifest.source_names, {row[2] for row in rows})
    return page([RejectedLine(row[0], row[1], names[row[2]], row[3], row[4]) for row in rows], cut, "id")


def _read(files: list[Path], after: int, reason: str, limit: int) -> list[tuple[int, str, int, int, str]]:
    with duckdb.connect(config={"threads": 1, "memory_limit": _MEMORY}) as database:
        found = database.execute(_PAGE, [[str(file) for file in files], after, reason, limit])
        rows: list[tuple[int, str, int, int, str]] = found.fetchall()
        return rows
