"""An import in a process of its own, to be killed: LOG DATA DATABASE BLOCK_BYTES. Prints a line for each block."""

import asyncio
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from artel.db.opening import open_database
from artel.traffic.imports import service
from artel.traffic.imports.model import Options
from artel.traffic.imports.weave import Workshop


async def main(log: str, data: str, database: str, block_bytes: str) -> None:
    db = await open_database(database, Path(data))
    with ThreadPoolExecutor(2) as pool:
        shop = Workshop(db, Path(data), pool, int(block_bytes))
        summary = await service.import_logs(shop, [Path(log)], Options(), lambda _: print("block", flush=True))
    await db.close()
    print(summary.run.status)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
