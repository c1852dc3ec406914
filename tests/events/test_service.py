"""A page of events for an account: what any of its words hears, in one statement."""

import random
from typing import Any, Final

import pytest

from artel.db import Database, Read, Write, outbox
from artel.events import service
from artel.events.service import Look
from artel.events.sight import Sight
from tests.conftest import Run
from tests.counting import counted
from tests.events.happening import Happened, happen

SHOPS: Final = 40


def heard_by(event: Happened, words: list[str]) -> bool:
    return not set(words).isdisjoint(event.audience())


async def publish_all(tx: Write) -> None:
    while await outbox.publish(tx):
        pass


def many_events(seed: int) -> list[Happened]:
    """Most of them one shop's, others several shops' at once, and such that nobody hears of."""
    draw = random.Random(seed)
    audiences = [
        " ".join(f"shop/{draw.randint(1, SHOPS)}" for _ in range(draw.randint(0, 4)))
        if draw.random() < 0.5
        else "shop/1 account/9"
        for _ in range(300)
    ]
    return [Happened(number, f"order/{number}", words) for number, words in enumerate(audiences, 1)]


async def pages(db: Database, words: list[str], limit: int) -> list[int]:
    """The numbers of the events of all pages."""
    sight, after, found = Sight(everything=False, words=tuple(words)), 0, list[int]()
    while True:
        look, statements = await db.read(counted, _look, sight, after, limit)
        assert statements == 1, "for any number of words"
        assert len(look.events) <= limit
        found += [number(each) for each in look.events]
        if not look.more:
            return found
        after = look.upto


async def _look(tx: Read, sight: Sight, after: int, limit: int) -> Look:
    return await service.look(tx, sight, 300, after, ["*"], limit)


def number(told: Any) -> int:
    return int(told.subject.removeprefix("order/"))


@pytest.mark.parametrize("limit", [1, 7, 200])
def test_pages_hold_what_any_word_hears_once_and_in_order(db: Database, run: Run, limit: int) -> None:
    events = many_events(seed=limit)
    run(db.write(happen, *events))
    run(db.write(publish_all))
    for words in ([], ["account/9"], ["shop/1", "shop/2"], ["account/8", *(f"shop/{each}" for each in range(SHOPS))]):
        wanted = [event.number for event in events if heard_by(event, words)]
        assert run(pages(db, words, limit)) == wanted, f"seed {limit}, {words}"
