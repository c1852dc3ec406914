"""`artel catalogue`: files, what is printed, exit codes."""

import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.servers import ARTEL


def artel(*arguments: str | Path) -> tuple[int, str, str]:
    done = subprocess.run([ARTEL, *arguments], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    path = tmp_path / "in.csv"
    path.write_text(
        "shop,shop_name,currency,sku,kind,title,price,stock\na,Shop A,RUB,,,,,\na,,RUB,1,goods,Кружка,350.00,12\n",
        "utf-8",
    )
    return path


def test_a_file_is_tried_imported_and_exported(tmp_path: Path, sheet: Path) -> None:
    data = ("--data", tmp_path / "data")
    code, said, _ = artel("catalogue", "import", sheet, "--dry-run", *data)
    assert (code, said) == (0, "2 lines: 2 would be made, 0 would be changed, 0 as they were, 0 refused.\n")
    code, said, errors = artel("catalogue", "import", sheet, "--json", *data)
    assert (code, errors, json.loads(said)["made"]) == (0, "", 2)
    code, said, errors = artel("catalogue", "export", "-o", tmp_path / "out.csv", *data)
    assert (code, said, errors.split()[:2]) == (0, "", ["2", "lines"])
    assert "Кружка" in (tmp_path / "out.csv").read_text("utf-8")
    assert not list(tmp_path.glob("*.part"))
    code, one, _ = artel("catalogue", "export", "--shop", "a", *data)
    assert code == 0 and one.count("\n") == 2 and "Кружка" in one
    code, _, errors = artel("catalogue", "export", "--shop", "nobody", *data)
    assert (code, errors) == (1, "artel: There is no shop nobody.\n")


def test_what_is_no_plain_file_is_written_to_and_a_link_goes_on_leading_where_it_did(
    tmp_path: Path, sheet: Path
) -> None:
    data = ("--data", tmp_path / "data")
    artel("catalogue", "import", sheet, *data)
    expected = artel("catalogue", "export", *data)[1]
    pipe, link, target = (tmp_path / name for name in ("pipe", "link", "target.csv"))
    os.mkfifo(pipe)
    with ThreadPoolExecutor(1) as threads:
        read = threads.submit(pipe.read_text, "utf-8")
        assert artel("catalogue", "export", "-o", pipe, *data)[0] == 0
        assert read.result(timeout=10) == expected and pipe.is_fifo()
    link.symlink_to(target)
    assert artel("catalogue", "export", "-o", link, *data)[0] == 0
    assert link.is_symlink() and target.read_text("utf-8") == expected
    code, _, errors = artel("catalogue", "export", "-o", tmp_path, *data)
    assert (code, errors) == (1, f"artel: --output: {tmp_path}: Is a directory.\n")


def test_a_bad_line_is_told_on_standard_error_and_ends_with_1_unless_leniently(tmp_path: Path, sheet: Path) -> None:
    data = ("--data", tmp_path / "data")
    with sheet.open("a", encoding="utf-8") as file:
        file.write("a,,RUB,2,goods,B\x1b[2J,cheap,1\n")
    code, said, errors = artel("catalogue", "import", sheet, *data)
    assert code == 1 and "2 made" in said and "1 refused" in said
    assert errors == "artel: line 4, price: cheap is no amount: write it as 1234.50\n"
    assert artel("catalogue", "import", sheet, "--lenient", *data)[0] == 0
    assert artel("catalogue", "import", tmp_path / "none.csv", *data)[0] == 1
