"""The dialect of the log analyser: its transcripts, on both databases."""

import shutil
from pathlib import Path

import pytest

from artel.settings import Settings
from tests.conftest import Client
from tests.dialects import transcript

FOLDER = Path(__file__).parent / "transcripts"


def test_users_get_what_their_transcript_says(client: Client) -> None:
    transcript.replay(FOLDER / "loganalysis_users.txt", client)


def test_a_changed_answer_is_caught(client: Client, tmp_path: Path) -> None:
    planted = (FOLDER / "loganalysis_users.txt").read_text("utf-8").replace('"hello": "world"', '"hello": "word"')
    (tmp_path / "planted.txt").write_text(planted, "utf-8")
    with pytest.raises(AssertionError, match="'world' is not 'word'|'word'"):
        transcript.replay(tmp_path / "planted.txt", client)


def test_the_root_gives_a_browser_the_start_page(client: Client) -> None:
    answer = client.get("/", headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert answer.headers["content-type"].startswith("text/html")
    assert "Artel" in answer.text


def test_the_log_is_parsed_and_the_seven_reports_answer_as_their_transcript_says(
    client: Client, settings: Settings
) -> None:
    shutil.copy(Path(__file__).parent / "shop.log", settings.data / settings.traffic_log)
    transcript.replay(FOLDER / "loganalysis_reports.txt", client)


def test_without_the_configured_log_there_is_nothing_to_parse(client: Client) -> None:
    client.register("anna")
    answer = client.get("/parse", headers={"Authorization": client.log_in("anna")})
    assert answer.status_code == 404
    assert answer.json()["error_code"] == 404
    assert "logs.txt" in answer.json()["message"]
