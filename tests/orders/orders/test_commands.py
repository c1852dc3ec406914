"""Orders at the command line."""

import csv
import subprocess
from pathlib import Path
from typing import Any

from artel.settings import Settings
from tests.orders.orders.market import Market
from tests.servers import ARTEL


def artel(settings: Settings, *words: str) -> "subprocess.CompletedProcess[str]":
    where = ["--data", str(settings.data), "--database", settings.database]
    return subprocess.run([ARTEL, "orders", *words, *where], capture_output=True, text=True, timeout=60)


def rows(text: str) -> list[dict[str, Any]]:
    return list(csv.DictReader(text.splitlines()))


def test_orders_are_exported_by_time_and_shop(market: Market, settings: Settings, tmp_path: Path) -> None:
    books, toys, anna = market.shop(), market.shop(), market.people.person()
    lines = [(market.offer(shop), 1) for shop in (books, toys)]
    first, second = (market.order(anna, *lines, note="=cmd()") for _ in range(2))

    whole = artel(settings, "export")
    assert (whole.returncode, whole.stderr) == (0, "")
    assert [(row["number"], row["note"]) for row in rows(whole.stdout)] == [
        (order["number"], "'=cmd()") for order in (first, first, second, second)
    ]
    owner = market.people.person("owner").session
    saved = market.client.get("/api/v1/orders/sheet.csv?whose=all", token=owner)
    assert saved.content == whole.stdout.encode(), "over HTTP it is the same file"
    some = artel(settings, "export", "--shop", str(toys.shop_id), "--from", second["placed_at"], "--to", "2999-01-01")
    assert [(row["number"], row["shop_id"]) for row in rows(some.stdout)] == [(second["number"], str(toys.shop_id))]

    file = tmp_path / "orders.csv"
    written = artel(settings, "export", "-o", str(file))
    assert (written.returncode, written.stdout) == (0, "")
    assert "4 lines" in written.stderr and file.read_text("utf-8") == whole.stdout
    assert list(tmp_path.glob("*.part")) == []


def test_an_export_that_cannot_be_is_refused_in_one_line(market: Market, settings: Settings, tmp_path: Path) -> None:
    wrong = artel(settings, "export", "--from", "yesterday")
    assert (wrong.returncode, wrong.stdout) == (1, "") and "from: " in wrong.stderr
    wrong = artel(settings, "export", "--shop", "99", "-o", str(tmp_path / "none.csv"))
    assert (wrong.returncode, wrong.stderr) == (1, "artel: There is no shop 99.\n")
    assert not list(tmp_path.glob("none*"))
    wrong = artel(settings, "export", "-o", str(tmp_path / "no such folder" / "x.csv"))
    assert wrong.returncode == 1 and len(wrong.stderr.splitlines()) <= 2 and "Traceback" not in wrong.stderr
