"""A real server process for the tests that need one: small limits, SQLite."""

import socket
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from tests.servers import Server, serving

BODY_MAX_BYTES = 65_536
BODY_TIMEOUT_S = 1
ANSWER_S = 20  # patience of the test, not a promise

Raw = Callable[..., bytes]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    limits = {"ARTEL_BODY_MAX_BYTES": str(BODY_MAX_BYTES), "ARTEL_BODY_TIMEOUT_S": str(BODY_TIMEOUT_S)}
    with serving(tmp_path_factory.mktemp("edge") / "data", limits) as server:
        yield server


@pytest.fixture
def raw(server: Server) -> Raw:
    """Sends bytes as they are, and answers everything that comes back until the server closes or falls silent."""

    def send(*pieces: bytes) -> bytes:
        answer = b""
        with socket.create_connection(("127.0.0.1", server.port), timeout=ANSWER_S) as connection:
            with suppress(ConnectionError):  # the server may answer and close before it has read everything
                for piece in pieces:
                    connection.sendall(piece)
            with suppress(ConnectionError):
                while b"\r\n\r\n" not in answer:
                    answer += connection.recv(65_536) or b"\r\n\r\n"
                connection.settimeout(0.2)
                with suppress(TimeoutError):
                    while piece := connection.recv(65_536):
                        answer += piece
        return answer

    return send
