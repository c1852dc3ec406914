"""Logs as they lie on the disk: which files are meant, how they are opened, and their text in blocks of whole lines.

A block is clean: valid UTF-8, no NUL, no carriage return, no control character that could part a line, no line much
longer than the limit. What had to be changed is written out (`\\xff`), so that different lines stay different.
"""

import contextlib
import gzip
import hashlib
import sys
import zlib
from collections.abc import Iterator
from glob import glob, has_magic
from io import BufferedReader, BytesIO, RawIOBase
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, Literal, cast

import zstandard
from msgspec import Struct

from artel.traffic.imports.formats import LINE_MAX_BYTES
from artel.traffic.imports.model import LogMissing, LogUnreadable, NothingToImport

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

# Text per block. Two blocks are in memory at a time, each about five times its size while it is worked on: more would
# not fit into 400 MB, less would make more and smaller segments.
BLOCK_BYTES: Final = 16 * 1024 * 1024
FIRST_BYTES: Final = 4 * 1024 * 1024  # of the first block: the sooner it is split, the sooner two are in work
HEAD_BYTES: Final = 4096  # how much of a file's begin, and of what stands before an offset, tells that it is the same
SAMPLE_BYTES: Final = 256 * 1024  # of the file, to recognise the format
SAMPLE_LINES: Final = 100
_STEP_BYTES: Final = 64 * 1024
_CONTROLS: Final = b"\0", b"\x01"

Packing = Literal["plain", "gzip", "zstd"]
_DAMAGE: Final = (EOFError, gzip.BadGzipFile, zlib.error, zstandard.ZstdError)


class Damaged(Exception):  # noqa: N818 - caught by the importer and told as a refusal
    """The compressed stream ends too early or is corrupt; the lines before were given out."""


class Block(Struct, frozen=True):
    """Some whole lines of a log."""

    text: bytes | memoryview  # clean; only until the next block is asked for, so that it need not be copied
    lines: int  # blank ones too
    raw_bytes: int  # of the uncompressed log, line breaks too
    trail: bytes = b""  # the last of them as they were, up to HEAD_BYTES
    unfinished: bool = False  # one line at the end of the log that has no line break


def find(names: list[str]) -> list[Path | None]:
    """The files that are meant: files, folders (all files in them), patterns; None for `-`, standard input.

    Raises LogMissing, NothingToImport.
    """
    found: dict[Path | None, None] = {}
    for name in names:
        if name == "-":
            found[None] = None
            continue
        if not name:  # a variable of the shell that is not set; as a path it would be this folder
            raise LogMissing(path="''")
        path = Path(name)
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.is_file() and not p.name.startswith("."))
        elif path.exists():
            inside = [path]
        elif has_magic(name):
            inside = sorted(Path(match) for match in glob(name, recursive=True) if Path(match).is_file())  # noqa: PTH207
        else:
            raise LogMissing(path=name)
        if not inside:
            raise NothingToImport(path=name)
        found.update(dict.fromkeys(inside))
    return list(found)


def open_raw(path: Path | None) -> BufferedReader:
    """The bytes as they lie there, or as a pipe gives them. Raises LogUnreadable."""
    if path is None:
        return _piped(sys.stdin.buffer)
    try:
        file = path.open("rb", 0)
        return BufferedReader(file, SAMPLE_BYTES) if file.seekable() else _piped(BufferedReader(file))
    except OSError as fault:
        raise LogUnreadable(path=str(path), reason=fault.strerror or str(fault)) from None


def _piped(stream: BinaryIO) -> BufferedReader:
    begin = stream.read(SAMPLE_BYTES)  # a pipe gives its first bytes only once
    return BufferedReader(_Begun(begin, stream), SAMPLE_BYTES)


class _Begun(RawIOBase):
    """A stream of which the first bytes were read already."""

    def __init__(self, begin: bytes, rest: BinaryIO) -> None:
        self.begin, self.rest = begin, rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        view = memoryview(buffer).cast("B")
        part = self.begin[: len(view)] or self.rest.read(len(view))
        self.begin = self.begin[len(part) :]
        view[: len(part)] = part
        return len(part)

    def close(self) -> None:
        super().close()
        if self.rest is not sys.stdin.buffer:
            self.rest.close()


def packing(raw: BufferedReader) -> Packing:
    """How the file is compressed, by its first bytes and not by its name."""
    begin = raw.peek(4)[:4]
    if begin.startswith(b"\x1f\x8b"):
        return "gzip"
    if begin == b"\x28\xb5\x2f\xfd" or (begin[1:] == b"\x2a\x4d\x18" and begin[0] >> 4 == 5):  # or a skippable frame
        return "zstd"
    return "plain"


def text_of(raw: BufferedReader, how: Packing) -> BufferedReader:
    """The uncompressed text."""
    if how == "gzip":
        return cast(BufferedReader, gzip.GzipFile(fileobj=raw))
    return BufferedReader(_Zstd(raw), _STEP_BYTES) if how == "zstd" else raw


class _Zstd(RawIOBase):
    """Frames one after another; unlike the library's own reader, it tells when the last one is cut off."""

    def __init__(self, raw: BufferedReader) -> None:
        self.raw, self.ready, self.rest = raw, memoryview(b""), b""
        self.frame: zstandard.ZstdDecompressionObj | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        view = memoryview(buffer).cast("B")
        while not self.ready:
            piece = self.rest or self.raw.read(_STEP_BYTES)
            if not piece:
                if self.frame:
                    raise EOFError("the last zstd frame is cut off")
                return 0
            self.frame = self.frame or zstandard.ZstdDecompressor().decompressobj()
            self.ready = memoryview(self.frame.decompress(piece))
            self.rest = self.frame.unused_data if self.frame.eof else b""
            if self.frame.eof:
                self.frame = None
        part = self.ready[: len(view)]
        view[: len(part)] = part
        self.ready = self.ready[len(part) :]
        return len(part)


def sample(raw: BufferedReader) -> str:
    """The first lines of the text, as far as they can be read without moving on. Raises LogUnreadable."""
    begin = BytesIO(raw.peek(SAMPLE_BYTES))
    text = text_of(BufferedReader(begin), packing(raw))
    found = b""
    with contextlib.suppress(*_DAMAGE):
        while len(found) < SAMPLE_BYTES and (piece := text.read1(SAMPLE_BYTES)):
            found += piece
    return "\n".join(clean(found).decode().split("\n")[:SAMPLE_LINES])


def only_blank(raw: BufferedReader) -> bool:
    """Whether there is nothing but blank lines, which takes reading all of it. Raises Damaged."""
    text = text_of(raw, packing(raw))
    try:
        while piece := text.read1(_STEP_BYTES):
            if piece.strip():
                return False
    except _DAMAGE as fault:
        raise Damaged(str(fault)) from None
    return True


def head_mark(head: bytes, size: int, key: str) -> str:
    """A name for the first `size` bytes of a file that is read as the format `key`."""
    return f"{size}:{hashlib.sha256(key.encode() + bytes(1) + head[:size]).hexdigest()}"


def window_mark(trail: bytes) -> str:
    """A name for the last bytes before an offset."""
    return hashlib.sha256(trail[-HEAD_BYTES:]).hexdigest()


def tail_mark(line: bytes) -> str:
    """A name for a last line without a line break; it begins with its length in bytes."""
    return f"{len(line)}:{hashlib.sha256(line).hexdigest()}"


def head_sizes(size: int) -> list[int]:
    """The sizes that a head may have in a file of that size, largest first: powers of two."""
    return [1 << k for k in range(HEAD_BYTES.bit_length() - 1, -1, -1) if 1 << k <= size]


def blocks(text: BufferedReader, size: int = BLOCK_BYTES) -> Iterator[Block]:
    """The text in blocks of whole lines, at most `size` bytes; a last line without a line break is a block of its own.

    Raises Damaged at the end of what a damaged file gave.
    """
    buffer = bytearray(size)
    have, full = 0, min(size, FIRST_BYTES)
    while True:
        have, ended, damage = _fill(text, memoryview(buffer)[:full], have)
        end = buffer.rfind(b"\n", 0, have) + 1
        if end:
            view = memoryview(buffer)[:end]
            text_of_block = view if _is_clean(buffer, end) else clean(bytes(view))
            yield Block(text_of_block, buffer.count(b"\n", 0, end), end, bytes(view[-HEAD_BYTES:]))
        elif have == full:
            block, rest = _giant(text, bytes(buffer[:full]))
            yield block
            buffer[: len(rest)] = rest
            have = len(rest)
            continue
        buffer[: have - end] = buffer[end:have]
        have -= end
        if damage:
            raise Damaged(damage)
        if ended:
            if have:
                line = bytes(memoryview(buffer)[:have])
                yield Block(clean(line), 1, have, line, unfinished=True)
            return
        full = size


def _fill(text: BufferedReader, view: memoryview, have: int) -> tuple[int, bool, str]:
    """Read until the buffer is full; tells whether the text ended, and how it was damaged."""
    while have < len(view):
        try:
            got = text.readinto1(view[have:])  # not readinto: an error would take with it what was read before
        except _DAMAGE as fault:
            return have, True, str(fault) or type(fault).__name__
        if not got:
            return have, True, ""
        have += got
    return have, False, ""


def _giant(text: BufferedReader, begin: bytes) -> tuple[Block, bytes]:
    """A line that does not fit into the buffer: its first bytes, its length and its digest stand for it."""
    digest, size, trail = hashlib.blake2b(begin, digest_size=16), len(begin), begin[-HEAD_BYTES:]
    while piece := text.read(1024 * 1024):
        end = piece.find(b"\n")
        part = piece if end < 0 else piece[: end + 1]
        digest.update(part.removesuffix(b"\n"))
        size += len(part)
        trail = (trail + part)[-HEAD_BYTES:]
        if end >= 0:
            line = _short(begin, size - 1, digest.hexdigest()) + b"\n"
            return Block(clean(line), 1, size, trail), piece[end + 1 :]
    return Block(clean(_short(begin, size, digest.hexdigest())), 1, size, trail, unfinished=True), b""


def _short(line: bytes, size: int, digest: str) -> bytes:
    return line[:LINE_MAX_BYTES] + f"… [{size} bytes, blake2b {digest}]".encode()


def clean(data: bytes) -> bytes:
    """The lines with nothing in them that a reader could stumble over."""
    if _has_long_line(data, len(data)):
        data = b"\n".join(
            line
            if len(line) <= LINE_MAX_BYTES
            else _short(line, len(line), hashlib.blake2b(line, digest_size=16).hexdigest())
            for line in data.split(b"\n")
        )
    if not data.isascii():
        try:
            data.decode()
        except UnicodeDecodeError:
            data = data.decode("utf-8", "backslashreplace").encode()
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\\x0d")
    for control in _CONTROLS:
        if control in data:
            data = data.replace(control, f"\\x{control[0]:02x}".encode())
    return data


def _is_clean(buffer: bytearray, end: int) -> bool:
    """Whether `clean` would change nothing, found without a copy. Other text than ASCII is looked at by `clean`."""
    strange = (buffer.find(each, 0, end) >= 0 for each in (b"\r", *_CONTROLS))
    return buffer.isascii() and not any(strange) and not _has_long_line(buffer, end)


def _has_long_line(data: bytes | bytearray, size: int) -> bool:
    at = 0
    while size - at > LINE_MAX_BYTES:
        end = data.rfind(b"\n", at, at + LINE_MAX_BYTES + 1)
        if end < 0:
            return True
        at = end + 1
    return False
