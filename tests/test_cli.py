"""`artel serve`: what it refuses before it serves."""

import os
import socket
import subprocess
from pathlib import Path

import httpx

from tests.servers import ARTEL, free_port


def _serve(data: Path, *words: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [ARTEL, "serve", "--data", data, *words],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


def _refused(ended: "subprocess.CompletedProcess[str]") -> str:
    assert (ended.returncode, ended.stdout) == (1, ""), ended.stderr
    assert ended.stderr.startswith("artel: ")
    assert ended.stderr.count("\n") == 1, ended.stderr
    return ended.stderr


def test_a_server_that_cannot_listen_says_so_in_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert "already in use" in _refused(_serve(tmp_path, "--port", port))
    assert "nowhere.invalid" in _refused(_serve(tmp_path, "--host", "nowhere.invalid", "--port", port))


def test_a_server_whose_settings_are_wrong_says_so_in_one_line(tmp_path: Path) -> None:
    assert "ARTEL_GEO_DATABASE" in _refused(_serve(tmp_path, ARTEL_GEO_DATABASE="absent.mmdb"))
    assert "ARTEL_BODY_MAX_BYTES" in _refused(_serve(tmp_path, ARTEL_BODY_MAX_BYTES="many"))
    assert "PostgreSQL" in _refused(_serve(tmp_path, "--workers", "2")).replace("postgresql", "PostgreSQL")


def test_a_server_whose_database_does_not_answer_says_so_in_one_line(tmp_path: Path) -> None:
    nobody = f"postgresql://artel:secret@127.0.0.1:{free_port()}/artel"
    told = _refused(_serve(tmp_path, "--port", str(free_port()), "--database", nobody))
    assert told.startswith("artel: the database is not available: ") and "secret" not in told


def test_port_0_is_a_free_one_and_told(tmp_path: Path) -> None:
    with subprocess.Popen([ARTEL, "serve", "--data", tmp_path, "--port", "0"], stdout=subprocess.PIPE) as server:
        assert server.stdout
        url = server.stdout.readline().split()[3].decode()
        try:
            with httpx.Client(transport=httpx.HTTPTransport(retries=7)) as client:
                client.get(f"{url}healthz").raise_for_status()
        finally:
            server.terminate()


def test_a_damaged_key_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "artel.key").write_bytes(b"x")
    assert "artel.key" in _refused(_serve(tmp_path, "--port", str(free_port())))
    assert (tmp_path / "artel.key").read_bytes() == b"x"
