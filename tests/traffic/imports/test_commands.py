"""The command line of imports, in processes of its own as an operator runs it."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from artel.traffic.imports import commands, manifest, service
from artel.traffic.imports.demo import write_log
from artel.traffic.imports.folders import prepare
from artel.traffic.imports.model import Options
from artel.traffic.schema import REQUEST_COLUMNS
from tests.traffic.imports.lines import shop as line

DEMO_DIGEST = "d2bed5d24eaafbc4"
PROGRAM = "from artel.cli import main; main()"


def artel(*words: str, feed: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-W", "error", "-c", PROGRAM, "traffic", *words]
    return subprocess.run(command, input=feed, capture_output=True, check=False)


def test_import_tells_what_it_did_and_refuses_in_one_line(tmp_path: Path) -> None:
    data, log = f"--data={tmp_path / 'data'}", tmp_path / "access.log"
    log.write_text(line(0) + "\nrubbish\x1b[2J\n" + line(1) + "\n")
    first = artel("import", str(log), data, "--json")
    assert first.returncode == 1
    assert b"artel: rejected 1 of 3 lines (format 1): they are kept apart, the others are imported." in first.stderr
    assert first.stderr.count(b"\n") == 1
    told = json.loads(first.stdout)
    assert [told["run"][name] for name in ("lines", "parsed", "rejected", "duplicates")] == [3, 2, 1, 0]
    assert told["reasons"] == [{"reason": "format", "lines": 1}]

    log.write_text(log.read_text() + "\nwrong again\n")
    assert artel("import", str(log), data, "--lenient").returncode == 0
    piped = artel("import", "-", data, feed=log.read_bytes())
    assert piped.returncode == 0
    assert "duplicates skipped" in piped.stdout.decode() and piped.stderr == b""

    shown = artel("rejected", data)
    assert shown.returncode == 0
    assert shown.stdout.decode().startswith(f"{log}:2: does not match the format: rubbish\\x1b")
    assert b"\x1b[2J" not in shown.stdout
    assert json.loads(artel("imports", data, "--json").stdout)[0]["what"] == "standard input"

    for words, code in [
        (["import", str(tmp_path / "absent.log")], 1),
        (["import", str(log), "--format=apache"], 1),
        (["import", str(log), "--timezone=Middle/Earth"], 1),
        (["rejected", "--reason=ugly"], 1),
        (["import"], 2),
    ]:
        refused = artel(*words, data)
        assert refused.returncode == code, refused.stderr
        assert b"Traceback" not in refused.stderr
        assert code == 2 or refused.stderr.count(b"\n") == 1, refused.stderr


def test_an_unknown_format_ends_with_one_line_and_code_1(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("what is this\n")
    refused = artel("import", str(tmp_path / "log"), f"--data={tmp_path / 'data'}")
    assert refused.returncode == 1
    assert refused.stderr.decode().count("\n") == 1 and "'what is this'" in refused.stderr.decode()


def test_the_demo_log_is_always_the_same(tmp_path: Path) -> None:
    for name, seed, style in [("a", 1, "shop"), ("b", 1, "shop"), ("c", 2, "shop"), ("d", 1, "combined")]:
        write_log(tmp_path / name, 2_000, seed, style)
    digests = [hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() for name in "abcd"]
    assert digests[0] == digests[1] and len(set(digests)) == 3
    assert digests[0].startswith(DEMO_DIGEST), "another demo log would change every number that the docs show"


def test_a_segment_has_the_columns_that_reports_read(run, shop, tmp_path: Path) -> None:
    write_log(tmp_path / "log", 500)
    done = run(service.import_logs(shop, [tmp_path / "log"], Options())).run
    assert done.parsed == 500
    (segment,) = run(shop.db.read(manifest.shown, "requests"))
    file = str(prepare(shop.data).segments / segment.name)
    columns = duckdb.execute("DESCRIBE SELECT * FROM read_parquet($1)", [file]).fetchall()
    assert {name: kind for name, kind, *_ in columns} == REQUEST_COLUMNS
    nulls = " + ".join(f"count(*) FILTER ({name} IS NULL)" for name in REQUEST_COLUMNS)
    assert duckdb.execute(f"SELECT {nulls} FROM read_parquet($1)", [file]).fetchone() == (0,)
    stock = run(shop.db.read(manifest.stock))
    found = duckdb.execute("SELECT count(*), 0, min(at_us), max(at_us) FROM read_parquet($1)", [file]).fetchone()
    assert (stock.rows, stock.rejected, stock.at_min_us, stock.at_max_us) == found


@pytest.mark.parametrize("command", ["import", "imports", "rejected"])
def test_each_command_has_help_with_an_example(command: str) -> None:
    found = {each.name: each for each in commands.app.registered_commands}
    assert f"Example: artel traffic {command} " in (found[command].epilog or "")
