"""How large the proofs are: `make sim ROUNDS=10` runs them ten times as large as `make test` does."""

import os
import random
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

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
