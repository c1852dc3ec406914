"""Asking an installation: what the manifest shows, and what happens when files are not as they should be."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from artel.db import Database
from artel.kernel.page import Page
from artel.settings import Settings
from artel.traffic.reports import engine, service
from artel.traffic.reports.model import Question, ReportsBusy, ReportTooLarge, SegmentsUnreadable, TableQuestion
from tests.traffic.reports.comparing import desk, expected, rounded, told
from tests.traffic.reports.conftest import Store
from tests.traffic.reports.logs import line, random_log, write_segments

Run = Callable[[Awaitable[Any]], Any]
LOG = random_log(21, 150, datetime(2018, 8, 1, tzinfo=UTC), 90)
SCOPE = engine.Scope(0, 2**62, bots=True)


def test_a_question_is_answered_from_what_the_manifest_shows(
    db: Database, settings: Settings, store: Store, run: Run
) -> None:
    folder = store(LOG)[0].parent
    (folder / "orphan.parquet").write_bytes(b"PAR1 never finished")
    question = Question(from_time="2018-08-01T00:30", to_time="2018-08-01T01:30")
    with desk(folder) as at:
        for report in ("1", "5", "funnel"):
            answer = run(service.ask(db, at, report, question))
            assert told(answer) == rounded(expected(LOG, report, question))


def test_a_table_is_read_page_by_page(db: Database, store: Store, run: Run) -> None:
    folder = store(LOG)[0].parent
    with desk(folder) as at:
        first: Page[Any] = run(service.table(db, at, "payments", TableQuestion(limit=4)))
        rest = run(service.table(db, at, "payments", TableQuestion(limit=1_000, after=first.next)))
        whole = run(service.table(db, at, "payments", TableQuestion(limit=1_000)))
    assert len(first.items) == 4
    assert first.items + rest.items == whole.items
    assert rest.next is None


def test_a_segment_that_was_swept_away_meanwhile_is_looked_up_again(db: Database, store: Store, run: Run) -> None:
    folder = store(LOG)[0].parent
    reads = 0

    class Swept:
        """A database whose manifest names a file that is gone, once."""

        async def read(self, use: Any, *arguments: Any) -> Any:
            nonlocal reads
            reads += 1
            shown = await db.read(use, *arguments)
            return shown if reads > 1 else [*shown, type(shown[0])(*_gone(shown[0]))]

    with desk(folder) as at:
        answer = run(service.ask(Swept(), at, "unpaid-carts", Question()))  # type: ignore[arg-type]
    assert (reads, answer.requests_read) == (2, len(LOG))


def _gone(segment: Any) -> list[Any]:
    named = {"name": "gone.parquet"}
    return [named.get(field, getattr(segment, field)) for field in segment.__struct_fields__]


def test_a_missing_or_damaged_segment_is_refused_with_what_to_do(db: Database, store: Store, run: Run) -> None:
    paths = store(LOG)
    with desk(paths[0].parent) as at:
        paths[1].write_bytes(paths[1].read_bytes()[:-200])
        with pytest.raises(SegmentsUnreadable, match="artel doctor"):
            run(service.ask(db, at, "1", Question()))
        paths[1].unlink()
        with pytest.raises(SegmentsUnreadable, match="artel doctor"):
            run(service.ask(db, at, "1", Question()))


@pytest.mark.parametrize("name", ["a[1]", "b*", "c?d", "e=f", "g'h", "{i,j}"])
def test_the_name_of_a_folder_is_no_pattern(tmp_path: Path, name: str) -> None:
    folder, other = tmp_path / name, tmp_path / "b_other"
    segments = {}
    for place in (folder, other):
        place.mkdir()
        segments[place] = [path.replace(place / path.name) for path in write_segments(LOG[:20], tmp_path)]
    with engine.opened(segments[folder], SCOPE, engine.Terms(), tmp_path) as log:
        assert engine.rows(log, "select count(*) from requests") == [(20,)]
        assert len(engine.rows(log, "select * from requests limit 1")[0]) == len(LOG[0])


def test_a_question_that_takes_too_long_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "TIME_LIMIT_S", 0.2)
    with (
        pytest.raises(ReportTooLarge, match="Narrow the period"),
        engine.opened([], SCOPE, engine.Terms(), tmp_path) as log,
    ):
        engine.rows(log, "select count(*) from range(1000000) as a, range(1000000) as b where a.range + b.range = 3")
    assert list(tmp_path.iterdir()) == []


def test_a_question_that_takes_too_much_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "MEMORY_LIMIT", "20MB")
    with pytest.raises(ReportTooLarge, match="20MB"), engine.opened([], SCOPE, engine.Terms(), tmp_path) as log:
        engine.rows(log, "select length(string_agg(repeat('x', 1000), '')) from range(1000000)")


def test_what_a_killed_question_left_is_removed_later(tmp_path: Path) -> None:
    old, young = tmp_path / "report-old", tmp_path / "report-young"
    for left in (old, young):
        left.mkdir()
        (left / "spill.tmp").write_bytes(b"x")
    os.utime(old, (0, 0))
    with engine.opened([], SCOPE, engine.Terms(), tmp_path):
        assert (old.exists(), young.exists()) == (False, True)


def test_a_category_of_quotes_is_a_value_and_no_sql(tmp_path: Path) -> None:
    category = "x' or '1' = '1"
    log = [line(at_us=1, kind="category", category=name, country="DE") for name in (category, "caviar")]
    segments = write_segments(log, tmp_path)
    with engine.opened(segments, SCOPE, engine.Terms(category=category), tmp_path) as connection:
        found = engine.rows(connection, "select count(*) from requests where category = (select category from asked)")
    assert found == [(1,)]


def test_questions_beyond_the_places_are_refused_at_once_and_the_others_answered(
    db: Database, store: Store, run: Run
) -> None:
    folder = store(LOG)[0].parent
    let_go = Event()

    async def crowd(at: service.Desk) -> list[Any]:
        busy = asyncio.get_running_loop().run_in_executor(at.threads, let_go.wait)
        crowded = [asyncio.create_task(service.ask(db, at, "4", Question())) for _ in range(service.QUESTIONS_MAX)]
        while not at.places.locked():
            await asyncio.sleep(0)
        refused = await asyncio.gather(
            *(service.ask(db, at, "4", Question()) for _ in range(3)), return_exceptions=True
        )
        gone = [crowded.pop() for _ in range(2)]  # who goes away gives the place back
        for each in gone:
            each.cancel()
        await asyncio.gather(*gone, return_exceptions=True)
        assert not at.places.locked()
        let_go.set()
        answers = await asyncio.gather(*crowded, service.ask(db, at, "4", Question()))
        await busy
        assert all(isinstance(each, ReportsBusy) and each.facts == {"retry_s": service.RETRY_S} for each in refused)
        return list(answers)

    with desk(folder) as at:
        answers = run(crowd(at))
    assert [answer.requests_read for answer in answers] == [len(LOG)] * (service.QUESTIONS_MAX - 1)


def test_a_question_that_is_refused_gives_its_place_back(db: Database, store: Store, run: Run) -> None:
    paths = store(LOG)
    with desk(paths[0].parent) as at:
        paths[0].unlink()
        for _ in range(service.QUESTIONS_MAX + 1):
            with pytest.raises(SegmentsUnreadable):
                run(service.ask(db, at, "1", Question()))
