"""R15: whatever becomes of a log, its lines count as in one clean run."""

import asyncio
import gzip
import random
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, Phase, given, note
from hypothesis import settings as hypothesis_settings
from msgspec.structs import replace
from sqlalchemy import delete

from artel.db import Command
from artel.db.opening import open_database
from artel.kernel.page import Cut
from artel.traffic.imports import manifest, service
from artel.traffic.imports import segments as loom_sql
from artel.traffic.imports.model import Options
from artel.traffic.imports.tables import imports, reasons, segments, sources, tails
from artel.traffic.imports.weave import Workshop
from tests.traffic.imports.lines import held, identity
from tests.traffic.imports.lines import shop as shop_line

SHOP = Options(format="shop")
# Few different lines, so that they meet again: equal times, equal lines, rejected ones, blank ones.
LINES = [
    shop_line(0),
    shop_line(0, "fresh_fish/"),
    shop_line(1, "fresh_fish/tuna/"),
    shop_line(1, "cart?goods_id=1&amount=1&cart_id=1"),
    shop_line(90_000),
    "rubbish",
    shop_line(5).replace("08-01", "02-31"),
    "",
]

CLEAR = [Command(delete(table)) for table in (tails, segments, sources, reasons, imports)]


PHASES = [Phase.explicit, Phase.reuse, Phase.generate]  # shrinking would take minutes: the seed is printed


class Crash(Exception):
    """Planted: what the importer was doing ends here."""


def counted(text: str) -> Counter[int]:
    """What a clean run counts in a text."""
    if not text.strip():
        return Counter()  # a file of nothing but blank lines is no log yet
    lines = text.split("\n")
    return Counter(identity(line) for line in (lines if lines[-1] else lines[:-1]))


class World:
    """Some log files, what was imported of them, and what must be in the store then."""

    def __init__(self, folder: Path, run, workshop: Workshop) -> None:
        self.folder, self.run, self.workshop = folder, run, workshop
        self.files: dict[str, str] = {"a": ""}
        self.texts: list[str] = []  # all that was ever imported
        self.least: Counter[int] = Counter()  # of lines that surely ended
        self.most: Counter[int] = Counter()

    def path(self, name: str) -> Path:
        return self.folder / name

    def write(self, name: str, text: str) -> None:
        self.files[name] = text
        data = text.encode()
        self.path(name).write_bytes(gzip.compress(data, mtime=0) if name.endswith(".gz") else data)

    def append(self, name: str, text: str) -> None:
        self.files[name] += text
        with self.path(name).open("ab") as file:
            file.write(text.encode())

    def take(self, name: str, crash_after: int = 0) -> None:
        steps = 0

        def progress(counts: object) -> None:
            nonlocal steps
            steps += 1
            if steps == crash_after:
                raise Crash

        text = self.files[name]
        self.texts.append(text)
        self.most |= counted(text)
        try:
            summary = self.run(service.import_logs(self.workshop, [self.path(name)], SHOP, progress))
        except Crash:
            return  # if the file is rewritten now, nobody will ever read the rest of it
        self.least |= counted(text[: text.rfind("\n") + 1])
        done = summary.run
        assert done.parsed + done.rejected + done.duplicates == done.lines
        assert sum(each.lines for each in summary.reasons) == done.rejected

    def check(self) -> None:
        for name in self.files:
            self.take(name)
        for text in self.files.values():
            if not any(other.startswith(text) and other != text for other in self.texts):
                self.least |= counted(text)  # else its last line may have been cut off: another log goes on there
        found = held(self.run, self.workshop.db, self.workshop.data)
        found += held(self.run, self.workshop.db, self.workshop.data, "rejected")
        assert not self.least - found, "lines are lost"
        assert not found - self.most, "lines are counted twice"


texts = st.lists(st.sampled_from(LINES), min_size=1, max_size=12).map(lambda lines: "\n".join(lines) + "\n")
cut_texts = st.tuples(texts, st.integers(0, 40)).map(lambda t: t[0][: -t[1]] if t[1] else t[0])
names = st.sampled_from(["a", "b", "c", "a.gz"])
steps = st.lists(
    st.one_of(
        st.tuples(st.just("append"), names, cut_texts),
        st.tuples(st.just("import"), names, st.just("")),
        st.tuples(st.just("crash"), names, st.sampled_from(["1", "2", "3"])),
        st.tuples(st.just("copy"), names, names),
        st.tuples(st.just("move"), names, names),
        st.tuples(st.just("part"), names, names),
        st.tuples(st.just("rewrite"), names, cut_texts),
        st.tuples(st.just("join"), names, names),
    ),
    min_size=1,
    max_size=10,
)


def play(world: World, history: list[tuple[str, str, str]]) -> None:
    for verb, name, other in history:
        if name not in world.files:
            continue
        if verb == "append" and not name.endswith(".gz"):
            world.append(name, other)
        elif verb == "import":
            world.take(name)
        elif verb == "crash":
            world.take(name, int(other))
        elif verb == "copy":
            world.write(other, world.files[name])
        elif verb == "part":
            world.write(other, world.files[name][: len(world.files[name]) // 2])
        elif verb == "move":
            world.write(other, world.files.pop(name))
            if name != other:
                world.path(name).unlink()
                world.write("a", world.files.get("a", ""))
        elif verb == "rewrite":
            world.write(name, other)
        elif verb == "join":
            world.write(name, world.files[name] + world.files.get(other, ""))
    world.check()


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
@hypothesis_settings(
    max_examples=25,
    phases=PHASES,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(history=steps, first=texts, block=st.sampled_from([1024, 1500, 1 << 20]))
def test_any_history_of_files_counts_as_one_clean_run(tmp_path_factory, run, shop, history, first, block) -> None:
    folder = tmp_path_factory.mktemp("logs")
    with_own_store = replace(shop, data=folder, block_bytes=block)
    run(forget(shop))
    world = World(folder, run, with_own_store)
    note(f"{history!r} {first!r} {block}")
    world.write("a", first)
    play(world, history)
    shutil.rmtree(folder)


async def forget(workshop: Workshop) -> None:
    """Empty the manifest, so that one migrated database serves all examples."""

    async def clear(tx) -> None:
        for command in CLEAR:
            await tx.run(command)

    await workshop.db.write(clear)


def test_two_importers_of_one_file_at_once_count_it_once(tmp_path: Path, run, shop) -> None:
    logs = [tmp_path / "log", tmp_path / "copy", tmp_path / "log"]
    text = "".join(shop_line(i % 50, ident=f"{i % 700:08}") + "\n" for i in range(1000))
    for log in set(logs):
        log.write_text(text)
    small = replace(shop, block_bytes=8192)

    async def all_at_once() -> list:
        return await asyncio.gather(*(service.import_logs(small, [log], SHOP) for log in logs))

    summaries = run(all_at_once())
    assert sum(each.run.parsed for each in summaries) == 1000
    assert held(run, shop.db, shop.data) == counted(text)


def test_an_import_that_is_killed_and_run_again_counts_every_line_once(tmp_path: Path, run, settings) -> None:
    seed = random.randrange(2**32)
    print("seed", seed)
    draw = random.Random(seed)
    log = tmp_path / "log"
    text = "".join(shop_line(i % 80_000, ident=f"{i % 90_000:08}") + "\n" for i in range(100_000))
    log.write_text(text)
    command = [sys.executable, "-m", "tests.traffic.imports.killed", str(log), str(settings.data), settings.database]
    for _ in range(4):
        process = subprocess.Popen([*command, "65536"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert process.stdout
        for _ in range(draw.randrange(1, 30)):  # so many blocks are committed when it dies
            process.stdout.readline()
        process.kill()
        process.wait()
        process.stdout.close()
    done = subprocess.run([*command, "1048576"], stdout=subprocess.PIPE, check=True, text=True)
    assert done.stdout.endswith("done\n")
    db = run(open_database(settings.database, settings.data))
    try:
        assert held(run, db, settings.data) == counted(text)
        states = [each.status for each in run(db.read(manifest.listed, Cut())).items]
        assert states[0] == "done" and set(states[1:]) <= {"failed"}
        names = set(run(db.read(manifest.segment_names)))
        assert {file.name for file in (settings.data / "traffic/segments").iterdir()} == names, "orphans were left"
    finally:
        run(db.close())


def test_a_line_that_grows_counts_only_as_it_is_now(tmp_path: Path, run, shop) -> None:
    world = World(tmp_path, run, shop)
    whole = shop_line(1, "fresh_fish/tuna/")
    world.write("a", shop_line(0) + "\n" + whole[:-5])
    world.take("a")
    world.take("a")
    assert held(run, shop.db, shop.data) == counted(shop_line(0) + "\n" + whole[:-5])
    world.append("a", whole[-5:] + "\n")
    world.take("a")
    assert held(run, shop.db, shop.data) == counted(shop_line(0) + "\n" + whole)
    rejected = held(run, shop.db, shop.data, "rejected")
    assert not rejected


def test_a_copy_keeps_the_line_that_its_original_outgrew(tmp_path: Path, run, shop) -> None:
    world = World(tmp_path, run, shop)
    first, grown = shop_line(0), shop_line(0) + "fresh_fish/"
    world.write("a", first)
    world.take("a")
    world.write("b", first + "\n")  # here the line is complete
    world.take("b")
    assert held(run, shop.db, shop.data) == counted(first)
    world.append("a", "fresh_fish/\n")
    world.take("a")
    assert held(run, shop.db, shop.data) == counted(first + "\n" + grown)


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
@pytest.mark.parametrize("fault", ["no ordinals", "no comparison"])
def test_the_guard_sees_a_planted_fault(tmp_path: Path, run, shop, monkeypatch, fault: str) -> None:
    world = World(tmp_path, run, replace(shop, block_bytes=128))
    if fault == "no ordinals":
        broken = loom_sql._ORDINALS.replace("coalesce(b.before, 0)", "0")
        monkeypatch.setattr(loom_sql, "_ORDINALS", broken)
    else:
        compare = loom_sql.compare
        monkeypatch.setattr(loom_sql, "compare", lambda *given: compare(*given[:-1], []))
    world.write("a", (shop_line(0) + "\n") * 6)
    world.take("a")
    world.write("b", (shop_line(0) + "\n") * 6)
    with pytest.raises(AssertionError):
        world.check()
