"""Jobs at the command line."""

import json
import subprocess

from artel.settings import Settings
from tests.jobs.board import Board
from tests.servers import ARTEL


def artel(settings: Settings, *words: str) -> "subprocess.CompletedProcess[str]":
    where = ["--data", str(settings.data), "--database", settings.database]
    return subprocess.run([ARTEL, "jobs", *words, *where], capture_output=True, text=True, timeout=60)


def test_jobs_are_listed_by_status_and_page(board: Board, settings: Settings) -> None:
    anna, eric = board.customer(), board.executor()
    first, second, third = (board.posted(anna, title=title)["id"] for title in ("One", "[b]Two[/b]", "Three"))
    board.moved(eric, second, "fulfilment")

    shown = artel(settings, "list")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "[b]Two[/b]" in shown.stdout and "100.00 RUB" in shown.stdout
    listed = json.loads(artel(settings, "list", "--status", "open", "--json").stdout)
    assert [(job["id"], job["status"]) for job in listed["items"]] == [(third, "open"), (first, "open")]
    page = artel(settings, "list", "--limit", "2")
    assert "Three" in page.stdout and "One" not in page.stdout
    after = page.stderr.partition("--after ")[2].strip()
    assert "One" in artel(settings, "list", "--after", after).stdout


def test_a_cursor_of_nowhere_is_refused_in_one_line(board: Board, settings: Settings) -> None:
    done = artel(settings, "list", "--after", "x")
    assert done.returncode == 1
    assert done.stderr.startswith("artel: after: ") and done.stderr.count("\n") == 1
