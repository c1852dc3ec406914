"""How large the proofs are: `make sim ROUNDS=10` runs them ten times as large as `make test` does."""

import asyncio
import os
import random
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from artel.db.migrate import migrate_postgres
from tests.servers import Postgres

SCALE = int(os.environ.get("ARTEL_PROOF_SCALE", "1"))
MEMORY = Path("/dev/shm")


@pytest.fixture
def scale() -> int:
    """By how much more than in `make test` is tried."""
    return SCALE


@pytest.fixture
def rng() -> random.Random:
    """Randomness whose seed is printed when the test fails; ARTEL_PROOF_SEED repeats it."""
    seed = int(os.environ.get("ARTEL_PROOF_SEED", "0")) or random.SystemRandom().randrange(1, 2**32)
    print(f"ARTEL_PROOF_SEED={seed}")
    return random.Random(seed)


@pytest.fixture
def quick_folder() -> Iterator[Path]:
    """A folder in memory where the machine has one: for files that are written thousands of times."""
    with TemporaryDirectory(prefix="artel-proof-", dir=MEMORY if MEMORY.is_dir() else None) as folder:
        yield Path(folder)


@pytest.fixture
def durable(tmp_path: Path) -> Iterator[Postgres]:
    """A PostgreSQL that syncs, and that a test may kill."""
    server = Postgres(durable=True)
    try:
        asyncio.run(migrate_postgres(server.url("postgres")))
        yield server
    finally:
        server.stop()
