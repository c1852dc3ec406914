"""R15: whatever becomes of a log, its lines count as in one clean run."""

import gzip
import shutil
from collections import Counter
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, note
from hypothesis import settings as hypothesis_settings
from msgspec.structs import replace
from sqlalchemy import delete

from artel.db import Command
from artel.traffic.imports import importer
from artel.traffic.imports.model import Options
from artel.traffic.imports.tables import imports, reasons, segments, sources, tails
from artel.traffic.imports.weave import Workshop
from tests.traffic.imports.lines import held, identity, shop

SHOP = Options(format="shop")
# Few different lines, so that they meet again: equal times, equal lines, rejected ones, blank ones.
LINES = [
    shop(0),
    shop(0, "fresh_fish/"),
    shop(1, "fresh_fish/tuna/"),
    shop(1, "cart?goods_id=1&amount=1&cart_id=1"),
    shop(90_000),
    "rubbish",
    shop(5).replace("08-01", "02-31"),
    "",
]

CLEAR = [Command(delete(table)) for table in (tails, segments, sources, reasons, imports)]


class Crash(Exception):
    """Planted: what the importer was doing ends here."""


def counted(text: str) -> Counter[int]:
    """What a clean run counts in a text."""
    return Counter(identity(line) for line in text.split("\n") if line.strip())


class World:
    """Some log files, what was imported of them, and what must be in the store then."""

    def __init__(self, folder: Path, run, workshop: Workshop) -> None:
        self.folder, self.run, self.workshop = folder, run, workshop
        self.files: dict[str, str] = {"a": ""}
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

    def imported(self, text: str) -> None:
        self.least |= counted(text[: text.rfind("\n") + 1])
        self.most |= counted(text)

    def take(self, name: str, crash_after: int = 0) -> None:
        steps = 0

        def progress(counts: object) -> None:
            nonlocal steps
            steps += 1
            if steps == crash_after:
                raise Crash

        self.imported(self.files[name])
        try:
            summary = self.run(importer.import_logs(self.workshop, [self.path(name)], SHOP, progress))
        except Crash:
            return
        done = summary.run
        assert done.parsed + done.rejected + done.duplicates == done.lines
        assert sum(each.lines for each in summary.reasons) == done.rejected

    def check(self) -> None:
        for name in self.files:
            self.take(name)
        for text in self.files.values():
            self.least |= counted(text)
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
    max_examples=40, deadline=None, print_blob=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(history=steps, first=texts, block=st.sampled_from([128, 400, 1 << 20]))
def test_any_history_of_files_counts_as_one_clean_run(tmp_path_factory, run, shop, history, first, block) -> None:
    folder = tmp_path_factory.mktemp("logs")
    with_own_store = replace(shop, data=folder, block_bytes=block)
    run(forget(shop))
    world = World(folder, run, with_own_store)
    note(str(folder))
    world.write("a", first)
    play(world, history)
    shutil.rmtree(folder)


async def forget(workshop: Workshop) -> None:
    """Empty the manifest, so that one migrated database serves all examples."""

    async def clear(tx) -> None:
        for command in CLEAR:
            await tx.run(command)

    await workshop.db.write(clear)
