"""R16 and bad files: nothing crashes, every line is accounted for, and what was good stays."""

import errno
import gzip
import io
import os
import random
import threading
from pathlib import Path

import duckdb
import pytest
import zstandard
from msgspec.structs import replace

from artel.kernel.page import Cut
from artel.traffic.imports import folders, logs, manifest, rejected, segments, service
from artel.traffic.imports.model import (
    LogMissing,
    NothingToImport,
    Options,
    StorageFull,
    TimezoneChanged,
    TimezoneUnknown,
    UploadTooLarge,
)
from tests.conftest import REAL_LOG
from tests.traffic.imports.lines import held
from tests.traffic.imports.lines import shop as line

SHOP = Options(format="shop")
pytestmark = pytest.mark.parametrize("settings", ["sqlite"], indirect=True)


def import_bytes(run, shop, path: Path, data: bytes, options: Options = SHOP):
    path.write_bytes(data)
    return run(service.import_logs(shop, [path], options))


def hostile(draw: random.Random) -> bytes:
    """A line that somebody made to hurt."""
    good = line(draw.randrange(80_000), draw.choice(["", "fresh_fish/", "cart?goods_id=1&amount=1&cart_id=7"])).encode()
    kind = draw.randrange(12)
    if kind == 0:
        return good
    if kind == 1:
        return draw.randbytes(draw.randrange(200)).replace(b"\n", b"")
    if kind == 2:
        at = draw.randrange(len(good))
        return good[:at] + bytes([draw.randrange(256)]).replace(b"\n", b"x") + good[at + 1 :]
    if kind == 3:
        return good + b"\r"
    if kind == 4:
        return good.replace(b"08-01", b"%02d-%02d" % (draw.randrange(100), draw.randrange(100)))
    if kind == 5:
        return good.replace(b"8.8.8.8", draw.choice([b"::1", b"::", b"1:2:3", b"....", b"9" * 50, b"2001:db8::g"]))
    if kind == 6:
        return good + b"?goods_id=" + b"9" * draw.randrange(1, 60)
    if kind == 7:
        return b'"' * draw.randrange(50) + b"\\" * draw.randrange(20) + b"\x01\x02\x00" * draw.randrange(3)
    if kind == 8:
        return "сайт/рыба/\u2028\u0085\ufeff💥".encode() + good
    if kind == 9:
        return good[: draw.randrange(len(good))]
    if kind == 10:
        return draw.choice([b" ", b"\t", b"#", b"=1+1", b"\x1b[2J", b"'; DROP TABLE lines; --"])
    return b"A" * draw.choice([65_535, 65_536, 65_537, 70_000]) if draw.random() < 0.01 else good[::-1]


def test_a_hundred_thousand_hostile_lines_are_all_accounted_for(run, shop, tmp_path: Path) -> None:
    seed = random.randrange(2**32)
    print("seed", seed)
    draw = random.Random(seed)
    lines = [line(0).encode(), *(hostile(draw) for _ in range(100_000))]
    wanted = sum(1 for each in lines if each.replace(b"\r", b"", 1).strip(b" \t") if each not in (b"", b"\r"))
    summary = import_bytes(run, replace(shop, block_bytes=1 << 20), tmp_path / "log", b"\n".join(lines) + b"\n")
    done = summary.run
    assert done.status == "done"
    assert done.parsed + done.rejected + done.duplicates == done.lines
    assert abs(done.lines - wanted) <= sum(1 for each in lines if not each.strip())
    assert sum(each.lines for each in summary.reasons) == done.rejected
    assert {each.reason for each in summary.reasons} >= {"format", "time", "address", "too_long"}
    assert sum(held(run, shop.db, shop.data).values()) == done.parsed
    assert sum(held(run, shop.db, shop.data, "rejected").values()) == done.rejected


@pytest.mark.parametrize("size", [65_537, 1 << 20, 10_000_000])
def test_a_giant_line_is_rejected_and_its_neighbours_are_not(run, shop, tmp_path: Path, size: int) -> None:
    data = (line(0) + "\n").encode() + b"x" * size + ("\n" + line(1) + "\n").encode()
    small = replace(shop, block_bytes=1 << 19)
    summary = import_bytes(run, small, tmp_path / "log", data)
    assert (summary.run.parsed, summary.run.rejected) == (2, 1)
    assert summary.reasons[0].reason == "too_long"
    shown = run(rejected.listed(shop, Cut()))
    assert (shown.items[0].line_no, len(shown.items[0].text)) == (2, 65_536)
    again = import_bytes(run, small, tmp_path / "copy", gzip.compress(data))
    assert again.run.duplicates == 3
    other = import_bytes(run, small, tmp_path / "other", b"x" * (size + 1) + b"\n")
    assert other.run.rejected == 1, "giant lines that differ at the end are different"


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.ZstdCompressor().compress], ids=["gzip", "zstd"])
def test_of_a_truncated_archive_what_was_good_is_kept(run, shop, tmp_path: Path, pack) -> None:
    data = pack("".join(line(i % 80_000, ident=f"{i:08}") + "\n" for i in range(20_000)).encode())
    summary = import_bytes(run, shop, tmp_path / "cut", data[: len(data) // 2])
    assert summary.run.status == "failed"
    assert 0 < summary.run.parsed < 20_000
    assert f"The {summary.run.parsed} lines before the damage are imported" in str(summary.problems[0])
    whole = import_bytes(run, shop, tmp_path / "whole", data)
    assert whole.run.status == "done"
    assert sum(held(run, shop.db, shop.data).values()) == 20_000
    known = import_bytes(run, shop, tmp_path / "moved", data)
    assert (known.run.lines, known.run.known) == (0, 20_000)


def test_the_same_lines_packed_in_any_way_are_one(run, shop, tmp_path: Path) -> None:
    text = "".join(line(i) + "\n" for i in range(50)).encode()
    frames = zstandard.ZstdCompressor().compress(text[:999]) + zstandard.ZstdCompressor().compress(text[999:])
    members = gzip.compress(text[:999]) + gzip.compress(text[999:])
    for number, data in enumerate([text, gzip.compress(text), members, frames, text.replace(b"\n", b"\r\n")]):
        done = import_bytes(run, shop, tmp_path / f"log{number}", data).run
        assert (done.parsed, done.duplicates) == ((50, 0) if number == 0 else (0, 50))


def test_a_bad_file_does_not_keep_the_others_from_being_imported(run, shop, tmp_path: Path) -> None:
    (tmp_path / "bad").write_bytes(b"\x1f\x8b" + bytes(50))
    (tmp_path / "dir").mkdir()
    (tmp_path / "good").write_text(line(0) + "\n")
    summary = run(
        service.import_logs(shop, [tmp_path / "bad", tmp_path / "gone", tmp_path / "dir", tmp_path / "good"], SHOP)
    )
    assert summary.run.status == "failed" and summary.run.parsed == 1
    assert [str(problem).count("\n") for problem in summary.problems] == [0, 0, 0]


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstandard.compress])
def test_a_named_pipe_is_read_as_standard_input_is(run, shop, tmp_path: Path, pack) -> None:
    """What a shell makes of `artel traffic import <(zcat old.gz)`."""
    text = "".join(line(i) + "\n" for i in range(10_000)).encode()
    os.mkfifo(tmp_path / "pipe")
    for parsed in (10_000, 0):
        feeder = threading.Thread(target=(tmp_path / "pipe").write_bytes, args=[pack(text)])
        feeder.start()
        done = run(service.import_logs(shop, [tmp_path / "pipe"], Options())).run
        feeder.join()
        assert (done.status, done.lines, done.parsed) == ("done", 10_000, parsed)


def test_a_zstd_archive_may_begin_with_a_frame_to_be_skipped(run, shop, tmp_path: Path) -> None:
    """As pzstd's do: RFC 8878, 3.1.2."""
    skipped = b"\x5f\x2a\x4d\x18" + (5).to_bytes(4, "little") + b"notes"
    for number, frames in enumerate([[skipped, 0], [1, skipped], [skipped, 2, skipped, 3]]):
        parts = [each if isinstance(each, bytes) else zstandard.compress(f"{line(each)}\n".encode()) for each in frames]
        done = import_bytes(run, shop, tmp_path / f"{number}.zst", b"".join(parts), Options()).run
        assert (done.status, done.parsed) == ("done", len(frames) // 2)


def test_files_are_found_in_folders_and_by_patterns(tmp_path: Path, run, shop) -> None:
    for name in ("a.log", "b.log.gz", "deep/c.log"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert [path.name for path in logs.find([str(tmp_path)]) if path and "data" not in path.parts] == [
        "a.log",
        "b.log.gz",
        "c.log",
    ]
    assert [path.name for path in logs.find([str(tmp_path / "*.log")]) if path] == ["a.log"]
    assert logs.find(["-"]) == [None]
    with pytest.raises(LogMissing):
        logs.find([str(tmp_path / "absent.log")])
    with pytest.raises(LogMissing):
        logs.find([""])
    (tmp_path / "empty").mkdir()
    with pytest.raises(NothingToImport):
        logs.find([str(tmp_path / "empty")])
    with pytest.raises(NothingToImport):
        logs.find([str(tmp_path / "*.txt")])


@pytest.mark.parametrize("place", ["spool", "publish", "settle", "copy", "chunk"])
def test_a_full_disk_leaves_the_former_state(run, shop, tmp_path: Path, monkeypatch, place: str) -> None:
    import_bytes(run, shop, tmp_path / "first", (line(0) + "\n").encode())
    before, files = held(run, shop.db, shop.data), sorted((shop.data / "traffic/segments").iterdir())
    stock = run(shop.db.read(manifest.stock))

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def copy(*_: object) -> None:
        raise duckdb.IOException("Could not write file: No space left on device")

    where = {
        "spool": (segments.Loom, "spool", full),
        "publish": (folders, "publish", full),
        "settle": (folders, "settle", full),
        "copy": (segments, "write", copy),
        "chunk": (segments, "compare", copy),
    }
    with monkeypatch.context() as planted:
        planted.setattr(*where[place])
        with pytest.raises(StorageFull, match="the disk is full"):
            import_bytes(run, shop, tmp_path / "second", (line(1) + "\n").encode())
    assert held(run, shop.db, shop.data) == before
    assert run(shop.db.read(manifest.stock)) == stock
    assert run(shop.db.read(manifest.listed, Cut())).items[0].status == "failed"
    import_bytes(run, shop, tmp_path / "second", (line(1) + "\n").encode())
    assert sum(held(run, shop.db, shop.data).values()) == 2
    assert len(list((shop.data / "traffic/segments").iterdir())) == len(files) + 1, "orphans were swept"
    assert not list((shop.data / "traffic/scratch").iterdir())


def test_one_store_keeps_to_one_time_zone(run, shop, tmp_path: Path) -> None:
    import_bytes(run, shop, tmp_path / "log", (line(0) + "\n").encode())
    with pytest.raises(TimezoneChanged, match=r"UTC, not Europe/Berlin"):
        import_bytes(run, shop, tmp_path / "more", (line(1) + "\n").encode(), replace(SHOP, timezone="Europe/Berlin"))
    for name in ("Middle/Earth", "../etc", "Europe", ""):
        with pytest.raises(TimezoneUnknown):
            import_bytes(run, shop, tmp_path / "more", b"", replace(SHOP, timezone=name))


def test_an_empty_file_is_fine_and_blank_lines_are_accounted_for(run, shop, tmp_path: Path) -> None:
    assert import_bytes(run, shop, tmp_path / "empty", b"", Options()).run.status == "done"
    assert import_bytes(run, shop, tmp_path / "blank", b"\n \n\t\n\r\n", SHOP).run.lines == 0
    done = import_bytes(run, shop, tmp_path / "log", f"\n\n{line(0)}\n\nrubbish\n".encode()).run
    assert (done.lines, done.parsed, done.rejected) == (5, 1, 4)
    assert [(each.line_no, each.reason) for each in run(rejected.listed(shop, Cut())).items] == [
        (1, "blank"),
        (2, "blank"),
        (4, "blank"),
        (5, "format"),
    ]


def test_rejected_lines_come_in_pages(run, shop, tmp_path: Path) -> None:
    text = "".join(f"rubbish {i}\n" for i in range(5)) + line(0).replace("08-01", "02-31") + "\n"
    import_bytes(run, shop, tmp_path / "log", text.encode())
    first = run(rejected.listed(shop, Cut(limit=4)))
    second = run(rejected.listed(shop, Cut(limit=4, after=first.next)))
    assert [each.text for each in first.items] == [f"rubbish {i}" for i in range(4)]
    assert [(each.line_no, each.reason) for each in second.items] == [(5, "format"), (6, "time")]
    assert second.next is None
    assert [each.line_no for each in run(rejected.listed(shop, Cut(), "time")).items] == [6]


def test_an_upload_is_imported_and_a_too_large_one_is_not(run, shop) -> None:
    async def body(pieces: int):
        for i in range(pieces):
            yield (line(i) + "\n").encode()

    assert run(service.import_upload(shop, body(5), "upload", SHOP, 10_000)).run.parsed == 5
    with pytest.raises(UploadTooLarge):
        run(service.import_upload(shop, body(500), "upload", SHOP, 10_000))
    assert sum(held(run, shop.db, shop.data).values()) == 5
    assert not list((shop.data / "traffic/incoming").iterdir())


@pytest.mark.skipif(not REAL_LOG.exists(), reason="the real log is not here")
def test_every_line_of_the_real_log_is_understood(run, shop) -> None:
    done = run(service.import_logs(shop, [REAL_LOG], Options())).run
    assert (done.format, done.lines, done.parsed) == ("shop", 24_284, 24_284)


def test_standard_input_may_be_packed(run, shop, monkeypatch) -> None:
    text = "".join(line(i) + "\n" for i in range(50)).encode()
    for number, data in enumerate([text, gzip.compress(text), text + line(99).encode()]):
        stream = io.TextIOWrapper(io.BytesIO(data))
        monkeypatch.setattr("sys.stdin", stream)
        done = run(service.import_logs(shop, [None], Options())).run
        assert (done.lines, done.parsed) == [(50, 50), (50, 0), (51, 1)][number]
