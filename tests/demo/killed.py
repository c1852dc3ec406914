"""A load of the demo in a process of its own, to be killed: DATA DATABASE. Prints a line before each transaction."""

import asyncio
import sys
from pathlib import Path
from typing import Any

from artel.accounts.service import Hashed
from artel.db import Database
from artel.db.opening import open_database
from artel.demo import load_business, plan
from artel.demo.business import Demo
from tests.demo.test_business import AS_OF_US, quiet

HASHED = Hashed("a hash")
SMALL = Demo(3, plan.sizes(1), AS_OF_US)


class Telling:
    """Tells of each transaction that is about to begin."""

    def __init__(self, db: Database) -> None:
        self._db, self.read = db, db.read

    async def write(self, use: Any, *args: Any) -> Any:
        print("write", flush=True)
        return await self._db.write(use, *args)


async def main(data: str, database: str) -> None:
    db = await open_database(database, Path(data))
    await load_business(Telling(db), SMALL, HASHED, quiet)  # type: ignore[arg-type]
    await db.close()
    print("done", flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
