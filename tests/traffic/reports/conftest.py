"""An installation with a log in it."""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from artel.db import Database, Write
from artel.settings import Settings
from artel.traffic.imports import manifest, queries
from artel.traffic.imports.folders import prepare
from tests.traffic.reports.logs import Line, write_segments

Store = Callable[[Sequence[Line]], list[Path]]


@pytest.fixture
def store(db: Database, settings: Settings, run: Callable[[Awaitable[Any]], Any]) -> Store:
    """Puts lines into the store, in two visible segments, as an import would."""
    folder = prepare(settings.data).segments

    def put(log: Sequence[Line]) -> list[Path]:
        paths = write_segments(log, folder, 2)
        run(db.write(_show, [(path, log[number::2]) for number, path in enumerate(paths)]))
        return paths

    return put


async def _show(tx: Write, segments: list[tuple[Path, Sequence[Line]]]) -> None:
    import_id = await manifest.begin(tx, "random", 0)
    source = await manifest.new_source(tx, "random")
    for path, lines in segments:
        await tx.one(
            queries.NEW_SEGMENT,
            import_id=import_id,
            source_id=source.id,
            kind="requests",
            role="stored",
            shown=1,
            name=path.name,
            rows=len(lines),
            size_bytes=path.stat().st_size,
            at_min_us=min(line["at_us"] for line in lines),
            at_max_us=max(line["at_us"] for line in lines),
        )
