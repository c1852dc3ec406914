"""Stopping without losing a request.

A server that is told to stop closes the connections that clients keep open, and a request that is just being sent on
one of them gets no answer. So for a moment it goes on serving and ends every connection with its next answer. Then it
lets no new connection begin, answers those that had begun, and only after that it stops.
"""

import asyncio
import contextlib
import ctypes
import os
import signal
import socket
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final

DRAIN_S: Final = 1.0  # a client that asks at least once a second loses nothing
QUIET_S: Final = 0.3  # in which the connections that had begun are accepted and answered
CLOSE: Final = (b"connection", b"close")

# Classic BPF that drops what opens a connection: byte 13 of a TCP header holds the flags, SYN is 0x02, ACK 0x10.
# A closed socket would reset the connections that wait to be accepted. https://docs.kernel.org/networking/filter.html
DROP_NEW: Final = b"".join(
    struct.pack("HBBI", *instruction)
    for instruction in [(0x30, 0, 0, 13), (0x54, 0, 0, 0x12), (0x15, 0, 1, 0x02), (0x06, 0, 0, 0), (0x06, 0, 0, 65535)]
)
SO_ATTACH_FILTER: Final = 26  # Linux, asm-generic/socket.h


class Drain:
    """Whether the server is about to stop."""

    def __init__(self) -> None:
        self.leaving = False
        self._begun = asyncio.Event()

    def on_sigterm(self) -> None:
        """Take SIGTERM over from the server, on whose event loop this is called; its own end begins with SIGINT."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self._begin)

    async def begun(self) -> None:
        """Until the server is about to stop: answers that go on end then."""
        await self._begun.wait()

    def _begin(self) -> None:
        if not self.leaving:
            self.leaving = True
            self._begun.set()
            asyncio.get_running_loop().call_later(DRAIN_S, _refuse_new_connections)
            asyncio.get_running_loop().call_later(DRAIN_S + QUIET_S, signal.raise_signal, signal.SIGINT)


def _refuse_new_connections() -> None:
    code = ctypes.create_string_buffer(DROP_NEW)
    program = struct.pack("HL", len(DROP_NEW) // 8, ctypes.addressof(code))
    for listener in _listeners():
        with contextlib.suppress(OSError):  # a kernel without it: a connection that begins just then may be lost
            listener.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, program)


def _listeners() -> Iterator[socket.socket]:
    """The sockets on which this process listens: the server opened them and does not tell which they are."""
    descriptors = Path("/proc/self/fd")
    for descriptor in list(descriptors.iterdir()) if descriptors.exists() else ():
        with contextlib.suppress(OSError), socket.socket(fileno=os.dup(int(descriptor.name))) as found:
            if found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                yield found
