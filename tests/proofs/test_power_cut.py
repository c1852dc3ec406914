"""R2: a power cut at any instant loses no acknowledged write and corrupts nothing, on SQLite."""

import asyncio
import random
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from artel.db.opening import DATABASE_FILE
from artel.db.sqlite import SqliteDatabase
from artel.kernel.errors import Refusal
from tests.proofs.disk import Disk, Remembering, Step
from tests.proofs.pairs import SOUND, Verdict, judge_sqlite, write_pair

CUTS = 1_000
CANARY_CUTS_MAX = 300
WRITES = 1_200
CLIENTS = 6
CHECKPOINT_PAGES = 40  # so that the WAL is written back often while it is watched


@dataclass(frozen=True)
class Recording:
    """What the database did to its disk, and after which step each write was acknowledged."""

    before: dict[str, bytes]
    steps: list[Step]
    acknowledged: list[tuple[int, str]]


async def _write(path: Path, disk: Remembering, synchronous: str | None) -> list[tuple[int, str]]:
    db = SqliteDatabase(path, disk.vfs)
    db._writer_connection.pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
    if synchronous:
        db._writer_connection.pragma("synchronous", synchronous)
    acknowledged: list[tuple[int, str]] = []

    async def client(number: int) -> None:
        for turn in range(WRITES // CLIENTS):
            name = f"{number}-{turn}"
            await db.write(write_pair, name)
            acknowledged.append((len(disk.steps), name))

    await asyncio.gather(*map(client, range(CLIENTS)))
    await db.close()
    return acknowledged


def _record(folder: Path, template: bytes, synchronous: str | None = None) -> Recording:
    folder.mkdir()
    (folder / DATABASE_FILE).write_bytes(template)
    disk = Remembering(f"remembering-{folder.name}")
    acknowledged = asyncio.run(_write(folder / DATABASE_FILE, disk, synchronous))
    disk.unregister()
    return Recording({DATABASE_FILE: template}, disk.steps, acknowledged)


def _cut(recording: Recording, folder: Path, rng: random.Random, cuts: int, *, stop: bool = False) -> list[Verdict]:
    """Cut the power at random instants; answers what was wrong, only the first of it with `stop`."""
    disk, done, wrong = Disk(recording.before), 0, []
    for instant in sorted(rng.randrange(len(recording.steps) + 1) for _ in range(cuts)):
        for step in recording.steps[done:instant]:
            disk.do(step)
        done = instant
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for name, content in disk.cut(rng).items():
            (folder / name).write_bytes(content)
        known = [name for after, name in recording.acknowledged if after <= instant]
        try:
            verdict = judge_sqlite(folder, known)
        except Refusal as fault:
            verdict = Verdict([], [], str(fault))
        if verdict != SOUND:
            wrong.append(verdict)
            if stop:
                break
    return wrong


def test_a_power_cut_loses_and_corrupts_nothing(
    quick_folder: Path, sqlite_template: bytes, rng: random.Random, scale: int
) -> None:
    for part in range(scale):
        recording = _record(quick_folder / f"part{part}", sqlite_template)
        syncs = sum(step.what == "sync" for step in recording.steps)
        assert any(step.what == "write" and step.name == DATABASE_FILE for step in recording.steps), "no checkpoint"
        assert len(recording.acknowledged) == WRITES
        wrong = _cut(recording, quick_folder / "after", rng, CUTS)
        print(f"{len(recording.steps)} steps, {syncs} syncs, {CUTS} power cuts, {len(wrong)} wrong")
        assert wrong == []


@pytest.mark.parametrize("synchronous", ["off", "normal"])
def test_a_database_that_syncs_less_is_caught(
    quick_folder: Path, sqlite_template: bytes, rng: random.Random, synchronous: str
) -> None:
    """The canary: the same check must find what other settings lose or corrupt."""
    recording = _record(quick_folder / synchronous, sqlite_template, synchronous)
    assert _cut(recording, quick_folder / "after", rng, CANARY_CUTS_MAX, stop=True) != []
