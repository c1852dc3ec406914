"""S9: many writers at once: money is neither made nor lost, and nobody meets an error."""

import asyncio
import random
from typing import Any, Final

import asyncpg

from artel.ledger.book import service
from artel.ledger.book.model import (
    HoldIntent,
    HoldOver,
    Intent,
    Made,
    NotEnoughMoney,
    Place,
    Posting,
    escrow,
    fees,
    revenue,
    wallet,
    world,
)
from artel.settings import Settings
from tests.ledger.book.bank import BELA, RUB, Bank

WRITERS: Final = 16
ROUNDS: Final = 25
PEOPLE: Final = [wallet(number, RUB) for number in range(1, 6)]
START_MINOR: Final = 10_000
FEES, WORLD = fees(RUB), world(RUB)


def _intent(key: str, *postings: Posting) -> Intent:
    return Intent(kind="test.moved", reference="test/1", key=key, postings=postings)


def _rng() -> random.Random:
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    return random.Random(seed)


def test_transfers_in_both_directions_lose_no_update_and_wait_for_nobody_in_a_circle(
    bank: Bank, settings: Settings
) -> None:
    rng = _rng()
    for place in PEOPLE:
        bank.fill(place, START_MINOR)
    expected = dict.fromkeys([*PEOPLE, FEES], START_MINOR) | {FEES: 0}

    async def writer(number: int) -> None:
        for round_ in range(ROUNDS):
            places = rng.sample(PEOPLE, rng.randint(2, 4))
            amounts = [rng.randint(1, 5) for _ in places[1:]]
            postings = [Posting(place, amount) for place, amount in zip(places[1:], amounts, strict=True)]
            whole = [Posting(places[0], -sum(amounts) - 1), *postings, Posting(FEES, 1)]
            rng.shuffle(whole)
            await bank.clock.write(service.post, _intent(f"{number}/{round_}", *whole))
            for each in whole:
                expected[each.place] += each.amount_minor

    async def all_of_them() -> None:
        await asyncio.gather(*map(writer, range(WRITERS)))

    bank.run(all_of_them())
    assert {place: bank.balance(place).posted_minor for place in expected} == expected
    for place in expected:
        lines = bank.lines(place, limit=200)
        assert [line.balance_minor - line.amount_minor for line in lines[:-1]] == [
            line.balance_minor for line in lines[1:]
        ]
    if settings.database:
        assert bank.run(_deadlocks(settings.database)) == 0


async def _deadlocks(url: str) -> int:
    """How many PostgreSQL has broken in this database; asked anew, since a session reports when it is idle."""
    await asyncio.sleep(1.1)
    connection = await asyncpg.connect(url)
    found: int = await connection.fetchval("select deadlocks from pg_stat_database where datname = current_database()")
    await connection.close()
    return found


def test_of_a_hundred_that_spend_one_balance_at_once_one_succeeds(bank: Bank) -> None:
    """S9: as transfers, as holds, and as both."""
    for take in ("post", "hold", "both"):
        place = wallet(len(take) * 100, RUB)
        bank.fill(place, 100)

        async def spend(number: int, place: Place = place, take: str = take) -> Any:
            if take == "hold" or (take == "both" and number % 2):
                wanted = HoldIntent(place, 100, "test.held", "test/1", f"{take}/{number}")
                return await bank.clock.write(service.hold, wanted)
            wanted_transfer = _intent(f"{take}/{number}", Posting(place, -100), Posting(BELA, 100))
            return await bank.clock.write(service.post, wanted_transfer)

        async def all_of_them() -> list[Any]:
            return list(await asyncio.gather(*map(spend, range(100)), return_exceptions=True))

        answers = bank.run(all_of_them())
        refused = [each for each in answers if isinstance(each, NotEnoughMoney)]
        assert len(refused) == 99, [each for each in answers if not isinstance(each, NotEnoughMoney)]
        assert bank.balance(place).available_minor == 0


def test_accounts_that_many_open_at_once_are_opened_once(bank: Bank) -> None:
    for round_ in range(5):
        job, shop = escrow(round_, RUB), revenue(round_, RUB)

        async def pay(number: int, round_: int = round_, job: Place = job, shop: Place = shop) -> Made:
            postings = [Posting(WORLD, -3), Posting(job, 1), Posting(shop, 1), Posting(FEES, 1)]
            return await bank.clock.write(service.post, _intent(f"{round_}/{number}", *postings))

        async def all_of_them() -> list[Made]:
            return list(await asyncio.gather(*map(pay, range(WRITERS))))

        assert len({each.id for each in bank.run(all_of_them())}) == WRITERS
        assert bank.balance(job).posted_minor == bank.balance(shop).posted_minor == WRITERS
    assert bank.balance(FEES).posted_minor == 5 * WRITERS


def test_a_random_mix_of_holds_and_transfers_at_once_keeps_every_balance(bank: Bank) -> None:
    rng = _rng()
    for place in PEOPLE:
        bank.fill(place, 500)

    async def act(number: int) -> None:
        place, other = rng.sample(PEOPLE, 2)
        amount = rng.randint(50, 300)
        try:
            held = await bank.clock.write(
                service.hold, HoldIntent(place, amount, "test.held", "test/1", f"hold/{number}")
            )
            if rng.random() < 0.4:
                await bank.clock.write(service.void, held.id)
            elif rng.random() < 0.8:
                to = (Posting(other, rng.randint(1, amount)),)
                await bank.clock.write(service.settle_hold, held.id, to, kind="test.settled")
            await bank.clock.write(service.post, _intent(f"{number}", Posting(place, -amount), Posting(other, amount)))
        except (NotEnoughMoney, HoldOver):
            return

    async def all_of_them() -> None:
        async def writer(number: int) -> None:
            for round_ in range(10):
                await act(number * 100 + round_)

        await asyncio.gather(*map(writer, range(WRITERS)))

    bank.run(all_of_them())
    balances = [bank.balance(place) for place in PEOPLE]
    assert sum(each.posted_minor for each in balances) == 500 * len(PEOPLE)
    assert min(each.available_minor for each in balances) >= 0
    held = [row for row in bank.rows()["ledger_holds"] if row.status == "pending"]
    of = {bank.account_id(place): place for place in PEOPLE}
    for account_id, place in of.items():
        assert bank.balance(place).held_minor == sum(row.amount_minor for row in held if row.account_id == account_id)
