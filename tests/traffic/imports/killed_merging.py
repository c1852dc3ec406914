"""An import that merges, in a process of its own, to be killed: LOG DATA DATABASE PLACE.

It prints a line and waits for its end before or after the merged file gets its name.
"""

import asyncio
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from artel.db.opening import open_database
from artel.traffic.imports import folders, service
from artel.traffic.imports.model import Options
from artel.traffic.imports.weave import Merging, Workshop


async def main(log: str, data: str, database: str, place: str) -> None:
    publish = folders.publish

    def waiting(file: Path, folder: Path) -> int:
        if "merged" not in file.name:
            return publish(file, folder)
        if place == "after":
            publish(file, folder)
        print("merging", flush=True)
        time.sleep(600)
        return 0

    folders.publish = waiting  # type: ignore[assignment]
    db = await open_database(database, Path(data))
    with ThreadPoolExecutor(3) as pool:
        shop = Workshop(db, Path(data), pool, merging=Merging(small_rows=1000, files=2))
        await service.import_logs(shop, [Path(log)], Options())


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
