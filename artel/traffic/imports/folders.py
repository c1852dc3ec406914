"""The store's folders: DATA/traffic/segments holds what the manifest names, scratch what imports are working on.

A process holds a lock on the folder of its import, so that another one can tell whether it still lives.
"""

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from msgspec import Struct

PARQUET: Final = b"PAR1"  # begins and ends a file: https://parquet.apache.org/docs/file-format/


class Folders(Struct, frozen=True):
    """Where the files of the store are."""

    root: Path

    @property
    def segments(self) -> Path:
        """Parquet files; only those in the manifest count."""
        return self.root / "segments"

    @property
    def scratch(self) -> Path:
        """One folder for each import that runs."""
        return self.root / "scratch"

    @property
    def incoming(self) -> Path:
        """Uploads, until they are imported."""
        return self.root / "incoming"


def prepare(data: Path) -> Folders:
    """The folders in a data folder, made when they are not there."""
    folders = Folders(data / "traffic")
    for folder in (folders.segments, folders.scratch, folders.incoming):
        folder.mkdir(parents=True, exist_ok=True)
    return folders


@contextmanager
def bench(folders: Folders, import_id: int) -> Iterator[Path]:
    """A folder for the work of one import, locked while it runs and gone afterwards."""
    folder = folders.scratch / str(import_id)
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def gate(folders: Folders) -> Iterator[Callable[[], bool]]:
    """A lock that all processes share; answers what tries to take it, without waiting. Given back at the end."""
    with (folders.root / "gate").open("w") as file:

        def enter() -> bool:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            return True

        yield enter


def dead(folders: Folders, running: list[int]) -> list[int]:
    """Those of the imports whose process is gone."""
    return [import_id for import_id in running if not _lives(folders.scratch / str(import_id))]


def _lives(folder: Path) -> bool:
    try:
        with (folder / "lock").open("r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def sweep(folders: Folders, living: list[int], counted: list[str]) -> None:
    """Remove what dead imports left: their scratch, and segments that never came into the manifest."""
    keep = set(counted)
    mine = tuple(f"{import_id}-" for import_id in living)
    for folder in folders.scratch.iterdir():
        if not folder.name.isdecimal() or int(folder.name) not in living:
            shutil.rmtree(folder, ignore_errors=True)
    for file in folders.segments.iterdir():
        if file.name not in keep and not file.name.startswith(mine):
            file.unlink(missing_ok=True)
    for file in folders.incoming.iterdir():
        if not file.name.startswith(mine):
            file.unlink(missing_ok=True)


def is_whole(file: Path, size_bytes: int) -> bool:
    """Whether a segment is there as it was written, by its size and by the marks at both ends."""
    try:
        with file.open("rb") as segment:
            begin = segment.read(len(PARQUET))
            segment.seek(-len(PARQUET), os.SEEK_END)
            return begin == segment.read() == PARQUET and segment.tell() == size_bytes
    except OSError:
        return False


def publish(file: Path, folder: Path) -> int:
    """Put a finished file on the disk for good, under its own name in the folder; answers its size in bytes."""
    with file.open("rb") as written:
        os.fsync(written.fileno())
        size = os.fstat(written.fileno()).st_size
    file.replace(folder / file.name)
    return size


def settle(folder: Path) -> None:
    """Make the new names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
