"""Tokens, sealing, and the installation's key."""

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from artel.kernel.secrets import KEY_BYTES, Sealer, load_key, new_token, token_hash

KEY, OTHER_KEY = bytes(KEY_BYTES), bytes([1]) * KEY_BYTES
MAKE_KEY = """
import sys, pathlib, artel.kernel.secrets as secrets
sys.stdin.read(1)
sys.stdout.write(secrets.load_key(pathlib.Path(sys.argv[1])).hex())
"""


def test_two_tokens_differ_and_hold_256_bits() -> None:
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(len(token) == 43 for token in tokens)


def test_the_hash_of_a_token_does_not_hold_the_token() -> None:
    token = new_token()
    assert token_hash(token) == token_hash(token)
    assert token_hash(token) != token_hash(token + "x")
    assert token.encode() not in token_hash(token)


@pytest.mark.parametrize("token", ["", "\0", "\ud800", "щука", "x" * 100_000])
def test_any_text_has_a_hash(token: str) -> None:
    assert len(token_hash(token)) == 32


def test_a_sealed_text_opens_in_its_own_row() -> None:
    sealed = Sealer(KEY).seal(b"secret", "row 1")
    assert Sealer(KEY).open(sealed, "row 1") == b"secret"
    assert b"secret" not in sealed


def test_a_sealed_text_moved_to_another_row_does_not_open() -> None:
    assert Sealer(KEY).open(Sealer(KEY).seal(b"secret", "row 1"), "row 2") is None


def test_a_sealed_text_does_not_open_under_another_key() -> None:
    assert Sealer(OTHER_KEY).open(Sealer(KEY).seal(b"secret", "row"), "row") is None


@pytest.mark.parametrize("place", [0, 11, 12, 17, -1])
def test_a_sealed_text_with_one_bit_changed_does_not_open(place: int) -> None:
    sealed = bytearray(Sealer(KEY).seal(b"secret", "row"))
    sealed[place] ^= 1
    assert Sealer(KEY).open(bytes(sealed), "row") is None


@pytest.mark.parametrize("size_bytes", [0, 1, 12, 27])
def test_a_sealed_text_that_was_cut_does_not_open(size_bytes: int) -> None:
    assert Sealer(KEY).open(Sealer(KEY).seal(b"secret", "row")[:size_bytes], "row") is None


def test_the_same_text_is_sealed_differently_every_time() -> None:
    assert Sealer(KEY).seal(b"secret", "row") != Sealer(KEY).seal(b"secret", "row")


def test_the_key_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "artel.key"
    key = load_key(path)
    assert len(key) == KEY_BYTES
    assert load_key(path) == key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_processes_that_start_at_once_agree_on_one_key(tmp_path: Path) -> None:
    path = tmp_path / "artel.key"
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", MAKE_KEY, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    for process in processes:
        assert process.stdin
        process.stdin.write("x")
        process.stdin.flush()
    keys = {process.communicate(timeout=60)[0] for process in processes}
    assert keys == {path.read_bytes().hex()}
    assert list(tmp_path.iterdir()) == [path]
