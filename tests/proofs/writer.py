"""A process that writes as fast as it can and acknowledges each write on a pipe, until it is killed."""

import asyncio
import logging
import multiprocessing
import os
import time
from collections.abc import Awaitable, Callable
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

from artel.db import Database, StorageUnavailable, Write
from artel.db.opening import open_database
from tests.proofs.pairs import write_pair

Deed = Callable[[Write, str, Callable[[], None] | None], Awaitable[None]]

WRITERS = 32
TOO_EARLY_S = 0.002  # how long before its commit the planted fault acknowledges a write
PIPE_READ_BYTES = 1 << 20

# Processes are forked from one that has loaded everything, so that a kill costs milliseconds and not a start of Python.
_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload([__name__])


def start(
    url: str, folder: Path, name: str, *, too_early: bool = False, deed: Deed = write_pair
) -> tuple[BaseProcess, Connection]:
    """Start a writer of one deed; `too_early` plants the fault of acknowledging before the commit."""
    reading, writing = _processes.Pipe(duplex=False)
    process = _processes.Process(target=_write, args=(url, folder, name, writing, too_early, deed), daemon=True)
    process.start()
    writing.close()
    return process, reading


def acknowledged(reading: Connection) -> list[str]:
    """Everything that a killed writer acknowledged."""
    text = b""
    while piece := os.read(reading.fileno(), PIPE_READ_BYTES):
        text += piece
    reading.close()
    return [line.decode() for line in text.split(b"\n")[:-1]]  # a line without an end was not acknowledged


def _write(url: str, folder: Path, name: str, pipe: Connection, too_early: bool, deed: Deed) -> None:
    logging.disable()  # a killed server is no news here
    asyncio.run(_write_on(url, folder, name, pipe.fileno(), too_early, deed))


async def _write_on(url: str, folder: Path, name: str, pipe: int, too_early: bool, deed: Deed) -> None:
    db = await open_database(url, folder)
    names = [f"{name}-{number}" for number in range(WRITERS)]
    await asyncio.gather(*(_one_after_another(db, each, pipe, too_early, deed) for each in names))


async def _one_after_another(db: Database, name: str, pipe: int, too_early: bool, deed: Deed) -> None:
    number = 0
    while True:
        number += 1
        pair = f"{name}-{number}"
        tell = partial(_tell, pipe, pair, pause_s=TOO_EARLY_S if too_early else 0)
        try:
            await db.write(deed, pair, tell if too_early else None)
        except StorageUnavailable:  # the server was killed: what is not acknowledged may be lost
            await asyncio.sleep(0.005)
            continue
        if not too_early:
            tell()


def _tell(pipe: int, pair: str, pause_s: float) -> None:
    os.write(pipe, f"{pair}\n".encode())
    if pause_s:
        time.sleep(pause_s)
