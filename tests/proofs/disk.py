"""Disks for SQLite: one that remembers what was written and synced, one that fails when it is told to.

After https://sqlite.org/testing.html, "Crash Testing" and "I/O Error Testing".
"""

# ruff: noqa: N802 - apsw calls the methods by these names

import random
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Literal, NamedTuple

import apsw

SECTOR_BYTES = 512  # the least that a disk writes as a whole
KEPT, TORN, SCRAMBLED = 0.4, 0.6, 0.7  # what becomes of an unsynced write: up to these shares; else it is gone

Fault = type[apsw.Error]


class Step(NamedTuple):
    """One thing that was done to a file."""

    what: Literal["write", "truncate", "sync", "delete"]
    name: str
    offset: int = 0  # of a truncation: the new size
    content: bytes = b""


class Remembering(apsw.VFS):
    """A file system that remembers every step."""

    def __init__(self, name: str) -> None:
        super().__init__(name, "")
        self.vfs = name
        self.steps: list[Step] = []

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:
        return _RememberingFile(name, flags, self.steps)

    def xDelete(self, name: str, sync: bool) -> None:
        super().xDelete(name, sync)
        self.steps.append(Step("delete", Path(name).name))


class _RememberingFile(apsw.VFSFile):
    def __init__(self, name: str | apsw.URIFilename | None, flags: list[int], steps: list[Step]) -> None:
        super().__init__("", name, flags)  # type: ignore[arg-type]
        self._name = Path(name.filename() if isinstance(name, apsw.URIFilename) else name or "").name
        self._steps = steps

    def xWrite(self, data: bytes, offset: int) -> None:
        super().xWrite(data, offset)
        self._steps.append(Step("write", self._name, offset, bytes(data)))

    def xTruncate(self, size: int) -> None:
        super().xTruncate(size)
        self._steps.append(Step("truncate", self._name, size))

    def xSync(self, flags: int) -> None:
        super().xSync(flags)
        self._steps.append(Step("sync", self._name))


class Disk:
    """What is on the disk, and what the operating system has not written yet."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self._synced = {name: bytearray(content) for name, content in files.items()}
        self._waiting: dict[str, list[Step]] = {}

    def do(self, step: Step) -> None:
        """Go on by one step."""
        if step.what == "delete":
            self._synced.pop(step.name, None)
            self._waiting.pop(step.name, None)
        elif step.what == "sync":
            _apply(self._synced.setdefault(step.name, bytearray()), self._waiting.pop(step.name, []))
        else:
            self._waiting.setdefault(step.name, []).append(step)

    def cut(self, rng: random.Random) -> dict[str, bytearray]:
        """The files after a power cut at this instant: any part of what was not synced is there, torn, or garbage."""
        files = {name: bytearray(content) for name, content in self._synced.items()}
        for name, steps in self._waiting.items():
            _apply(files.setdefault(name, bytearray()), _survivors(steps, rng))
        return files


def _survivors(steps: Iterable[Step], rng: random.Random) -> Iterator[Step]:
    for step in steps:
        fate = rng.random()
        if fate < KEPT:
            yield step
        elif step.what == "write" and fate < TORN:
            for start in range(0, len(step.content), SECTOR_BYTES):
                if rng.random() < 0.5:
                    sector = step.content[start : start + SECTOR_BYTES]
                    yield step._replace(offset=step.offset + start, content=sector)
        elif step.what == "write" and fate < SCRAMBLED:
            yield step._replace(content=rng.randbytes(len(step.content)))


def _apply(content: bytearray, steps: Iterable[Step]) -> None:
    for step in steps:
        if step.what == "truncate":
            del content[step.offset :]
        else:
            content.extend(bytes(max(0, step.offset - len(content))))
            content[step.offset : step.offset + len(step.content)] = step.content


class Failing(apsw.VFS):
    """A file system of which some steps fail."""

    def __init__(self, name: str) -> None:
        super().__init__(name, "")
        self.vfs = name
        self.done = 0
        self.failed = 0
        self._fails: Callable[[str, int], Fault | None] = lambda what, number: None

    def fail(self, fails: Callable[[str, int], Fault | None]) -> None:
        """From now on `fails(what, number of the step)` says which error a step meets, if any."""
        self.done = self.failed = 0
        self._fails = fails

    def repair(self) -> None:
        """There is space again, and nothing fails any more."""
        self._fails = lambda what, number: None

    def step(self, what: str) -> None:
        """Count a step, or fail it."""
        self.done += 1
        fault = self._fails(what, self.done)
        if fault:
            self.failed += 1
            raise fault("planted")

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:
        return _FailingFile(name, flags, self)


class _FailingFile(apsw.VFSFile):
    def __init__(self, name: str | apsw.URIFilename | None, flags: list[int], disk: Failing) -> None:
        super().__init__("", name, flags)  # type: ignore[arg-type]
        self._disk = disk

    def xRead(self, amount: int, offset: int) -> bytes:
        self._disk.step("read")
        return super().xRead(amount, offset)

    def xWrite(self, data: bytes, offset: int) -> None:
        self._disk.step("write")
        super().xWrite(data, offset)

    def xTruncate(self, size: int) -> None:
        self._disk.step("truncate")
        super().xTruncate(size)

    def xSync(self, flags: int) -> None:
        self._disk.step("sync")
        super().xSync(flags)
