"""R15 with merging: small segments become few, and every line counts as before."""

import asyncio
import errno
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import duckdb
import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, note
from hypothesis import settings as hypothesis_settings
from msgspec.structs import replace

from artel.kernel.page import Cut
from artel.traffic.imports import demo, folders, geo, manifest, merge, rejected, service, weave
from artel.traffic.imports.model import Segment
from artel.traffic.imports.weave import Merging, Workshop
from artel.traffic.reports import catalogue
from artel.traffic.reports import service as reports
from artel.traffic.reports.model import Geo, Question
from tests.traffic.imports.lines import held
from tests.traffic.imports.lines import shop as line
from tests.traffic.imports.test_once import PHASES, SHOP, Crash, World, counted, forget, play, steps, texts

TINY = Merging(small_rows=8, files=1, rows=12)
NEVER = Merging(small_rows=0)
ON_SQLITE = pytest.mark.parametrize("settings", ["sqlite"], indirect=True)


@pytest.fixture
def no_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replaced files go with the next import, as if a day had passed."""
    monkeypatch.setattr(manifest, "KEPT_US", -1)


def in_parts(run, shop: Workshop, folder: Path, lines: list[str], parts: int) -> Counter[int]:
    """Import lines as many logs, each of which leaves a segment of its own; answers what they are."""
    for number in range(parts):
        log = folder / f"part-{number}"
        log.write_text("".join(each + "\n" for each in lines[number::parts]))
        run(service.import_logs(replace(shop, merging=NEVER), [log], SHOP))
    return counted("".join(each + "\n" for each in lines))


def merge_now(run, shop: Workshop, folder: Path, merging: Merging) -> None:
    """An import that brings nothing, and merges."""
    (folder / "empty").touch()
    assert run(service.import_logs(replace(shop, merging=merging), [folder / "empty"], SHOP)).run.status == "done"


def shown(run, shop: Workshop) -> list[Segment]:
    return run(shop.db.read(manifest.shown, "requests"))


def on_disk(shop: Workshop) -> set[str]:
    return {file.name for file in (shop.data / "traffic/segments").iterdir()}


class Merged(World):
    """A world in which every import merges, and some die at it."""

    def __init__(self, folder: Path, run, workshop: Workshop, deaths: list[str]) -> None:
        super().__init__(folder, run, workshop)
        self.deaths = deaths

    def check(self) -> None:
        self.deaths.clear()
        super().check()


def deadly(monkeypatch: pytest.MonkeyPatch, deaths: list[str]) -> None:
    """Each merge takes the next of the deaths: the place where it dies, or '' to live."""
    publish, swap, whole = folders.publish, manifest.replace, merge.merge_small

    def die_at(place: str) -> None:
        if deaths and deaths[0] in (place, "") and deaths.pop(0):
            raise Crash

    def publish_or_die(file: Path, folder: Path) -> int:
        if "merged" not in file.name:
            return publish(file, folder)
        die_at("before the rename")
        size = publish(file, folder)
        die_at("after the rename")
        return size

    async def swap_or_die(tx, *args: object) -> None:
        await swap(tx, *args)
        die_at("before the commit")

    async def merge_or_die(*args: object) -> None:
        await whole(*args)
        die_at("after the commit")

    monkeypatch.setattr(folders, "publish", publish_or_die)
    monkeypatch.setattr(manifest, "replace", swap_or_die)
    monkeypatch.setattr(merge, "merge_small", merge_or_die)


# Histories alone seldom leave two small segments.
IN_PIECES = [
    step for i in (2, 3) for step in (("import", "a", ""), ("append", "a", f"{line(i)}\n{line(0)}\nrubbish\n"))
]
places = st.sampled_from(["", "before the rename", "after the rename", "before the commit", "after the commit"])


@ON_SQLITE
@hypothesis_settings(
    max_examples=15,
    phases=PHASES,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    history=steps, first=texts, block=st.sampled_from([1024, 1 << 20]), deaths=st.lists(places, min_size=2, max_size=8)
)
def test_any_history_with_merges_that_die_counts_as_one_clean_run(
    tmp_path_factory, run, shop, history, first, block, deaths, no_grace
) -> None:
    folder = tmp_path_factory.mktemp("logs")
    run(forget(shop))
    note(f"{history!r} {first!r} {block} {deaths}")
    with pytest.MonkeyPatch.context() as monkeypatch:
        world = Merged(folder, run, replace(shop, data=folder, block_bytes=block, merging=TINY), deaths)
        deadly(monkeypatch, deaths)
        world.write("a", first)
        play(world, [*IN_PIECES, *history, *IN_PIECES])
    shutil.rmtree(folder)


@ON_SQLITE
@pytest.mark.parametrize("fault", ["the parts stay", "another occurrence", "another source"])
def test_the_guard_sees_a_planted_fault(tmp_path: Path, run, shop, monkeypatch, fault: str) -> None:
    world = World(tmp_path, run, replace(shop, merging=TINY))
    if fault == "the parts stay":
        swap = manifest.replace
        monkeypatch.setattr(manifest, "replace", lambda tx, i, parts, whole: swap(tx, i, parts[:1], whole))
    else:
        column = "occurrence" if fault == "another occurrence" else "source_id"
        worse = f"* REPLACE (({column} + 1)::{'INTEGER' if column == 'occurrence' else 'BIGINT'} AS {column})"
        monkeypatch.setattr(merge, "_COPY", merge._COPY.replace("*", worse))
    for name in "ab":
        world.write(name, (line(ord(name)) + "\n") * 3)
        world.take(name)
    world.append("a", (line(ord("a")) + "\n") * 2)
    world.write("c", line(0) + "\n" + (line(ord("a")) + "\n") * 4)
    with pytest.raises(AssertionError):
        world.check()


@ON_SQLITE
def test_a_merge_that_would_lose_a_line_is_given_up(tmp_path: Path, run, shop, monkeypatch) -> None:
    lines = in_parts(run, shop, tmp_path, [line(i) for i in range(20)], 5)
    monkeypatch.setattr(
        merge, "_COPY", merge._COPY.replace("hive_partitioning = false)", "hive_partitioning = false) LIMIT 19")
    )
    merge_now(run, shop, tmp_path, Merging(files=4))
    assert len(shown(run, shop)) == 5
    assert held(run, shop.db, shop.data) == lines


@pytest.mark.parametrize("place", ["before", "after"])
def test_a_merge_that_is_killed_changes_nothing_and_the_next_one_does_it(
    tmp_path: Path, run, shop, settings, place: str, no_grace
) -> None:
    lines = in_parts(run, shop, tmp_path, [line(i) for i in range(12)], 3)
    command = [sys.executable, "-m", "tests.traffic.imports.killed_merging", str(tmp_path / "part-0")]
    process = subprocess.Popen(
        [*command, str(settings.data), settings.database, place], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout and process.stdout.readline() == "merging\n"
    process.kill()
    process.wait()
    process.stdout.close()
    assert len(on_disk(shop)) == (4 if place == "after" else 3)
    assert len(shown(run, shop)) == 3 and held(run, shop.db, shop.data) == lines
    merge_now(run, shop, tmp_path, TINY)
    assert len(shown(run, shop)) == 1 and held(run, shop.db, shop.data) == lines
    merge_now(run, shop, tmp_path, TINY)
    assert on_disk(shop) == {each.name for each in shown(run, shop)}, "orphans were left"
    assert [each.status for each in run(shop.db.read(manifest.listed, Cut())).items].count("failed") == 1


def test_reports_say_the_same_before_and_after_also_to_who_read_the_manifest_before(
    tmp_path: Path, run, shop, monkeypatch
) -> None:
    demo.write_log(tmp_path / "log", 3000)
    rows = (tmp_path / "log").read_text().splitlines()
    in_parts(run, shop, tmp_path, [*rows, *(f"rubbish {i}" for i in range(4))], 40)
    folder, about = folders.prepare(shop.data), geo.describe()
    desk = reports.Desk(shop.pool, folder.segments, folder.root, Geo(about.name, about.date), geo.country_name, "UTC")

    def answers() -> Iterator[object]:
        for report in catalogue.REPORTS:
            yield run(reports.ask(shop.db, desk, report.name, Question()))
        yield run(reports.pages(shop.db, desk, "carts", True, 1000, None))
        yield [(each.reason, each.line_no, each.text, each.source) for each in run(rejected.listed(shop, Cut())).items]

    before, old, stock = list(answers()), shown(run, shop), run(shop.db.read(manifest.stock))
    assert len(old) == 40
    merge_now(run, shop, tmp_path, Merging(files=2))
    assert [each.rows for each in shown(run, shop)] == [sum(each.rows for each in old)]
    assert len(run(shop.db.read(manifest.shown, "rejected"))) == 1
    assert list(answers()) == before
    assert run(shop.db.read(manifest.stock)) == stock
    merge_now(run, shop, tmp_path, Merging(files=2))
    assert on_disk(shop) >= {each.name for each in old}, "a report that runs would miss them"
    monkeypatch.setattr(manifest, "KEPT_US", -1)
    merge_now(run, shop, tmp_path, Merging(files=2))
    assert not on_disk(shop) & {each.name for each in old}
    assert list(answers()) == before


def test_an_import_goes_on_when_what_it_is_compared_with_is_merged(tmp_path: Path, run, shop, monkeypatch) -> None:
    lines = in_parts(run, shop, tmp_path, [line(i) for i in range(10)], 5)
    pause, surveys = weave.in_thread, 0

    async def merged_meanwhile(shop: Workshop, use, *args: object):
        nonlocal surveys
        if use is weave.stored and args[0] is weave._write:
            surveys += 1
            await other_import(shop)
        return await pause(shop, use, *args)

    async def other_import(shop: Workshop) -> None:
        ready = folders.prepare(shop.data)
        with folders.bench(ready, 1):  # an import of before: its folder is free
            await merge.merge_small(replace(shop, merging=Merging(files=2)), ready, 1, ready.scratch / "1")

    (tmp_path / "log").write_text("".join(line(i) + "\n" for i in range(15)))
    with monkeypatch.context() as planted:
        planted.setattr(weave, "in_thread", merged_meanwhile)
        done = run(service.import_logs(replace(shop, merging=NEVER), [tmp_path / "log"], SHOP)).run
    assert (surveys, done.duplicates, done.parsed) == (1, 10, 5)
    assert [each.rows for each in shown(run, shop)] == [10, 5]
    assert held(run, shop.db, shop.data) == counted((tmp_path / "log").read_text())
    assert not lines - held(run, shop.db, shop.data)


def test_of_two_merges_at_once_one_wins(tmp_path: Path, run, shop, no_grace) -> None:
    lines = in_parts(run, shop, tmp_path, [line(i) for i in range(30)], 10)
    ready = folders.prepare(shop.data)

    async def at_once() -> None:
        benches = [ready.scratch / str(number) for number in (1, 2, 3)]
        for bench in benches:
            bench.mkdir()
        lively = replace(shop, merging=Merging(files=2))
        await asyncio.gather(*(merge.merge_small(lively, ready, int(bench.name), bench) for bench in benches))

    run(at_once())
    assert [each.rows for each in shown(run, shop)] == [30]
    assert held(run, shop.db, shop.data) == lines
    merge_now(run, shop, tmp_path, NEVER)
    assert on_disk(shop) == {each.name for each in shown(run, shop)}


def test_imports_that_merge_at_once_count_every_line_once(tmp_path: Path, run, shop) -> None:
    lines = [line(i % 40, ident=f"{i % 90:08}") for i in range(400)]
    logs = []
    for number in range(6):  # each overlaps its neighbours
        logs.append(tmp_path / f"log-{number}")
        logs[-1].write_text("".join(each + "\n" for each in lines[number * 50 : number * 50 + 150]))
    lively = replace(shop, block_bytes=2048, merging=Merging(small_rows=40, files=1, rows=100))

    async def at_once() -> list:
        return await asyncio.gather(*(service.import_logs(lively, [log], SHOP) for log in logs))

    assert {each.run.status for each in run(at_once())} == {"done"}
    each_log = [counted(log.read_text()) for log in logs]
    found = held(run, shop.db, shop.data)
    assert found == Counter({key: max(each[key] for each in each_log) for key in set().union(*each_log)})


@pytest.mark.parametrize("merging", [Merging(files=8), NEVER])
def test_two_hundred_tiny_imports_leave_few_segments(tmp_path: Path, run, shop, no_grace, merging) -> None:
    imports = (200 if shop.db.engine == "sqlite" else 40) if merging.small_rows else 20
    most = most_on_disk = 0
    for number in range(imports):
        with (tmp_path / "log").open("a") as log:
            log.write(line(number) + "\n")
        run(service.import_logs(replace(shop, merging=merging), [tmp_path / "log"], SHOP))
        most, most_on_disk = max(most, len(shown(run, shop))), max(most_on_disk, len(on_disk(shop)))
    assert held(run, shop.db, shop.data) == counted((tmp_path / "log").read_text())
    assert (most <= 8) == bool(merging.small_rows), "without merging there is one for each import"
    assert (most_on_disk <= 18) == bool(merging.small_rows)


@ON_SQLITE
def test_an_import_is_done_although_the_disk_is_full_when_it_merges(tmp_path: Path, run, shop, monkeypatch) -> None:
    lines = in_parts(run, shop, tmp_path, [line(i) for i in range(12)], 3)
    publish = folders.publish

    def full(file: Path, folder: Path) -> int:
        if "merged" in file.name:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return publish(file, folder)

    with monkeypatch.context() as planted:
        planted.setattr(folders, "publish", full)
        merge_now(run, shop, tmp_path, TINY)
    assert len(shown(run, shop)) == 3
    (shop.data / "traffic/segments" / shown(run, shop)[0].name).rename(tmp_path / "part")
    merge_now(run, shop, tmp_path, TINY)
    assert len(shown(run, shop)) == 3, "a part that cannot be read is no reason to lose the others"
    (tmp_path / "part").rename(shop.data / "traffic/segments" / shown(run, shop)[0].name)
    merge_now(run, shop, tmp_path, TINY)
    assert len(shown(run, shop)) == 1 and held(run, shop.db, shop.data) == lines


@pytest.mark.parametrize("limited", [True, False])
def test_lines_of_64_kib_are_merged_in_little_memory(tmp_path: Path, monkeypatch, limited: bool) -> None:
    ready = folders.prepare(tmp_path)
    parts = [Segment(number, f"{number}.parquet", 250, 0, 0, 0) for number in range(8)]
    for part in parts:
        text = f"SELECT range AS line_no, repeat('x', 65000) || range AS text FROM range({part.rows})"
        duckdb.execute(f"COPY ({text}) TO '{ready.segments / part.name}' (FORMAT parquet)")
    if not limited:
        monkeypatch.setattr(merge, "_COPY", merge._COPY.replace(", ROW_GROUP_SIZE_BYTES '16MB'", ""))
    whole = merge._write(ready, "rejected", parts, ready.scratch / "merged.parquet")
    assert (whole is not None) == limited, "2,000 such lines are 130 MB"


def segments_of(*rows: int) -> list[Segment]:
    return [Segment(number, f"{number}", count, 0, number, number) for number, count in enumerate(rows)]


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ((), []),
        ((4,), []),
        ((4, 6), [[4, 6]]),
        ((4, 7), []),
        ((4, 6, 1), [[4, 6]]),
        ((4, 6, 1, 9, 1), [[4, 6], [1, 9]]),
        ((9, 2, 2, 9), [[2, 2]]),
    ],
)
def test_neighbours_that_fit_are_merged_and_none_is_merged_alone(rows: tuple[int, ...], found: list[list[int]]) -> None:
    grouped = merge.groups(segments_of(*rows), Merging(rows=10))
    assert [[each.rows for each in group] for group in grouped] == found
