"""R7: orders, carts, vouchers, payments, wallets, payouts, expiry and crashes at random equal a model in plain Python.

After every step the database holds what the model says: stock, states, money, uses of vouchers, carts, and each account
of the book. At the end every history, replayed, gives its row.
"""

import random
from collections.abc import Sequence
from typing import Any, Final

import pytest
from msgspec import Struct
from sqlalchemy import bindparam, select

from artel.db import Command, Database, Query, Read, Write
from artel.db.statement import Params
from artel.kernel.actor import SYSTEM, Actor
from artel.kernel.errors import Refusal
from artel.ledger.book import model as places
from artel.ledger.book import service as book
from artel.ledger.book.model import AccountFilter, BookAccount, Intent, Posting
from artel.orders.carts import service as carts
from artel.orders.carts.service import Owner
from artel.orders.orders import checks, history, money, moves, paying, service
from artel.orders.orders.model import Cancelling, CopiesBack, LineWanted, Placing, Refunding, Shipping, Terms
from artel.orders.orders.tables import orders
from artel.orders.payouts import service as payouts
from artel.orders.payouts.model import RunWanted
from artel.orders.vouchers.tables import vouchers
from artel.payments.model import Wish
from artel.payments.tables import payments, refunds
from artel.shop.offers import service as offers
from artel.shop.shops import service as shops
from artel.shop.shops.model import Commission
from tests.conftest import Run
from tests.orders.orders.market import check_histories, pay, stocks
from tests.orders.vouchers.till import enter_voucher
from tests.orders.waiting import pass_time
from tests.people import People
from tests.proofs.conftest import SCALE
from tests.proofs.orders_model import (
    COMMISSION_BP,
    CONFIRM_S,
    CUSTOMERS,
    HOLD_S,
    LOOKS,
    PAID,
    PRICE_OF,
    SELLS,
    SHOP_OF,
    STOCK,
    USES_MAX,
    Model,
)
from tests.shop.shelf import enter_offer, enter_shop

RUNS: Final = SCALE  # each with a new database
STEPS: Final = 360
CRASHES: Final = 0.2  # of the transactions end in the middle
PEOPLE: Final = (*CUSTOMERS, SELLS, LOOKS, "staff")
TERMS: Final = Terms(HOLD_S, CONFIRM_S)
US: Final = 1_000_000


class Crash(Exception):
    """The process ended here."""


class Fragile:
    """A transaction that ends with its n-th statement."""

    def __init__(self, tx: Write, statements: int) -> None:
        self._tx, self._left, self.now_us = tx, statements, tx.now_us

    def _count(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise Crash

    async def one(self, query: Query[Any], **params: Any) -> Any:
        self._count()
        return await self._tx.one(query, **params)

    async def all(self, query: Query[Any], **params: Any) -> list[Any]:
        self._count()
        return await self._tx.all(query, **params)

    async def run(self, command: Command, **params: Any) -> int:
        self._count()
        return await self._tx.run(command, **params)

    async def many(self, command: Command, params: Sequence[Params]) -> None:
        self._count()
        await self._tx.many(command, params)


async def _fragile(tx: Write, statements: int, use: Any, *args: Any) -> Any:
    return await use(Fragile(tx, statements), *args)


class Found(Struct, frozen=True):
    """An order as the model knows it."""

    status: str
    total: int
    refunded: int


ORDERS: Final = Query(
    Found,
    select(orders.c.status, orders.c.total_minor.label("total"), orders.c.refunded_minor.label("refunded")).order_by(
        orders.c.id
    ),
)
ORDER_IDS: Final = Query(int, select(orders.c.id).order_by(orders.c.id))
USED: Final = Query(int, select(vouchers.c.used).where(vouchers.c.code == bindparam("code")))
TAKEN: Final = Query(int, select(payments.c.taken_minor).where(payments.c.order_id == bindparam("of_id")))
PROMISED: Final = Query(int, select(refunds.c.amount_minor).where(refunds.c.order_id == bindparam("of_id")))


class Simulation:
    """One run: the product on one side, the model on the other."""

    def __init__(self, db: Database, run: Run, people: People, rng: random.Random) -> None:
        self.db, self.run, self.rng, self.model = db, run, rng, Model()
        entered = {name: people.person(*(["staff"] if name == "staff" else [])) for name in PEOPLE}
        self.actors = {
            name: Actor(person.account_id, name, frozenset({"staff" if name == "staff" else "customer"}))
            for name, person in entered.items()
        }
        self.shops, self.offers = run(db.write(self._enter))
        self.ids: list[int] = []
        self.done: dict[str, int] = {}

    async def _enter(self, tx: Write) -> tuple[dict[str, int], dict[int, int]]:
        entered = {name: await enter_shop(tx, tax_bp=0, confirms=int(name == LOOKS)) for name in (SELLS, LOOKS)}
        for name, shop_id in entered.items():
            await shops.add_member(tx, SYSTEM, shop_id, self.actors[name].account_id)
            await shops.set_commission(tx, SYSTEM, shop_id, Commission(COMMISSION_BP[name]))
        for code, uses_max in USES_MAX.items():
            await enter_voucher(tx, code, uses_max=uses_max, once_per_customer=int(code == "ONCE"))
        return entered, {
            offer: await enter_offer(tx, shop_id=entered[shop], price_minor=PRICE_OF[offer], stock=STOCK)
            for offer, shop in SHOP_OF.items()
        }

    # --- steps: what the product answered, then whether the model would have

    def step(self) -> None:
        kind = self.rng.choices(
            [
                *("put", "supply", "place", "pay", "confirm", "cancel", "ship", "complete", "refund", "wait", "expire"),
                *("credit", "pay_from_wallet", "pay_out"),
            ],
            [2, 2, 6, 4, 4, 2, 7, 3, 4, 1, 2, 1, 3, 1],
        )[0]
        outcome = getattr(self, f"_{kind}")()
        self.done[f"{kind} {outcome}"] = self.done.get(f"{kind} {outcome}", 0) + 1

    def _try(self, use: Any, *args: Any) -> str:
        """One transaction of the product: done, refused, or crashed in the middle."""
        try:
            if self.rng.random() < CRASHES:
                answer = self.run(self.db.write(_fragile, self.rng.randrange(24), use, *args))
            else:
                answer = self.run(self.db.write(use, *args))
        except Refusal:
            return "refused"
        except Crash:
            return "crashed"
        return "refused" if answer is False else "done"

    def _agree(self, outcome: str, expected: Any) -> str:
        """The model makes the step unless it crashed."""
        if outcome != "crashed":
            assert (outcome == "done") == bool(expected()), f"the product: {outcome}; the model: the opposite"
        return outcome

    def _put(self) -> str:
        who, offer, count = self.rng.choice(CUSTOMERS), self.rng.choice(list(SHOP_OF)), self.rng.randint(0, 3)
        owner = Owner(self.actors[who].account_id)
        outcome = self._try(carts.set_line, owner, self.offers[offer], count)
        if outcome == "done":
            cart = self.model.carts[who]
            cart.pop(offer, None)
            cart |= {offer: count} if count else {}
        return outcome

    def _supply(self) -> str:
        offer = self.rng.choice(list(SHOP_OF))
        outcome = self._try(offers.give_back, [(self.offers[offer], 3)])
        self.model.stock[offer] += 3 if outcome == "done" else 0
        return outcome

    def _place(self) -> str:
        who, cart = self.rng.choice(CUSTOMERS), self.rng.random() < 0.4
        chosen = self.rng.sample(list(SHOP_OF), self.rng.randint(1, 3))
        wanted = None if cart else {offer: self.rng.randint(1, 3) for offer in chosen}
        voucher = self.rng.choice([None, None, *USES_MAX])
        lines = None if wanted is None else [LineWanted(self.offers[offer], count) for offer, count in wanted.items()]
        outcome = self._try(service.place, self.actors[who], Placing(lines=lines, voucher=voucher), TERMS)
        self._agree(outcome, lambda: self.model.place(who, wanted, voucher))
        self.ids = self.run(self.db.read(_all, ORDER_IDS))
        return outcome

    def _pay(self) -> str:
        number = self._some("awaiting_payment")
        return (
            "skipped"
            if number is None
            else self._agree(self._try(pay, self.ids[number]), lambda: self.model.pay(number))
        )

    def _pay_from_wallet(self) -> str:
        number = self._some("awaiting_payment")
        if number is None:
            return "skipped"
        who = self.actors[self.model.orders[number].customer]
        outcome = self._try(paying.pay, who, self.ids[number], Wish("wallet"), None)
        return self._agree(outcome, lambda: self.model.pay_from_wallet(number))

    def _credit(self) -> str:
        who, amount = self.rng.choice(CUSTOMERS), self.rng.randint(1, 6_000)
        wallet = places.wallet(self.actors[who].account_id, "RUB")
        postings = (Posting(wallet, amount), Posting(places.world("RUB"), -amount))
        outcome = self._try(book.post, Intent("credit", "test", f"test/{self.rng.random()}", postings))
        return self._agree(outcome, lambda: self.model.credit(who, amount))

    def _pay_out(self) -> str:
        return self._agree(self._try(payouts.run, SYSTEM, RunWanted()), self.model.pay_out)

    def _confirm(self) -> str:
        who, shop = self.rng.choice([SELLS, LOOKS, LOOKS, "staff", "anna"]), self.rng.choice([SELLS, LOOKS, LOOKS])
        return self._move(
            "check_availability",
            who,
            moves.confirm,
            (self.shops[shop], TERMS),
            lambda n: self.model.confirm(n, who, shop),
        )

    def _cancel(self) -> str:
        who = self.rng.choice(PEOPLE)
        return self._move("paid", who, moves.cancel, (Cancelling(),), lambda number: self.model.cancel(number, who))

    def _ship(self) -> str:
        who, shop = self.rng.choice([SELLS, SELLS, LOOKS, "staff", "staff", "boris"]), self.rng.choice([SELLS, LOOKS])
        return self._move(
            "paid", who, moves.ship, (self.shops[shop], Shipping()), lambda n: self.model.ship(n, who, shop)
        )

    def _complete(self) -> str:
        who = self.rng.choice([*PEOPLE, "staff", "staff"])
        return self._move("shipped", who, moves.complete, (), lambda number: self.model.complete(number, who))

    def _refund(self) -> str:
        who, restock = self.rng.choice([SELLS, LOOKS, "staff", "staff", "anna"]), self.rng.random() < 0.5
        offer, count, amount = self.rng.choice(list(SHOP_OF)), self.rng.randint(1, 2), self.rng.randint(1, 3_000)
        copies = [CopiesBack(self.offers[offer], count)]
        body, expected = self.rng.choice(
            [
                (
                    Refunding(lines=copies, restock=restock),
                    lambda n: self.model.refund_copies(n, who, offer, count, restock=restock),
                ),
                (Refunding(amount_minor=amount), lambda n: self.model.refund_amount(n, who, amount)),
                (
                    Refunding(everything=True, restock=restock),
                    lambda n: self.model.refund_everything(n, who, restock=restock),
                ),
            ]
        )
        return self._move(self.rng.choice(PAID), who, moves.refund, (body,), expected)

    def _wait(self) -> str:
        seconds = self.rng.choice([350, 350, 1_000, 90_000])
        self.run(self.db.write(pass_time, seconds * US))
        self.model.pass_time(seconds)
        return "done"

    def _expire(self) -> str:
        """One, which may crash, then all the others."""
        number = self._some("awaiting_payment")
        if number is not None:
            self._try(moves.expire, self.ids[number])
        freed = self.run(moves.expire_due(self.db))
        assert self.model.expire() >= freed
        return "done"

    def _move(self, status: str, who: str, use: Any, rest: tuple[Any, ...], expected: Any) -> str:
        number = self._some(status)
        if number is None:
            return "skipped"
        outcome = self._try(use, self.actors[who], self.ids[number], *rest)
        return self._agree(outcome, lambda: expected(number))

    def _some(self, status: str) -> int | None:
        """Mostly an order of that status, else any of them; None when there is none yet."""
        fit = [number for number, order in enumerate(self.model.orders) if order.status == status]
        any_of_them = range(len(self.ids))
        among = fit if fit and self.rng.random() < 0.8 else any_of_them
        return self.rng.choice(among) if among else None

    # --- the comparison

    def compare(self) -> None:
        """Raises AssertionError where the database holds something else than the model."""
        self.run(self.db.read(self._compare))

    async def _compare(self, tx: Read) -> None:
        assert await stocks(tx) == list(self.model.stock.values()), "stock"
        for found, order in zip(await tx.all(ORDERS), self.model.orders, strict=True):
            assert found == Found(order.status, order.total(), sum(order.refunded.values())), order
        for order_id, order in zip(self.ids, self.model.orders, strict=True):
            money = sum(await tx.all(TAKEN, of_id=order_id)) - sum(await tx.all(PROMISED, of_id=order_id))
            assert money == order.kept, "money"
        accounts = (await book.list_accounts(tx, AccountFilter(limit=200))).items
        has = {self._named(each): each.posted_minor for each in accounts if each.posted_minor}
        assert has == self.model.book(), "the book"
        for code in USES_MAX:
            assert await tx.one(USED, code=code) == self.model.used(code), code
        for name, cart in self.model.carts.items():
            shown = await carts.show(tx, Owner(self.actors[name].account_id))
            offers_of = {self.offers[offer]: count for offer, count in cart.items()}
            assert {line.offer_id: line.quantity for line in shown.lines} == offers_of, "cart"

    def _named(self, account: BookAccount) -> str:
        """The account as the model calls it."""
        people = {f"account/{actor.account_id}": name for name, actor in self.actors.items()}
        known = people | {f"shop/{shop_id}": name for name, shop_id in self.shops.items()}
        return f"{account.purpose} {known.get(account.owner, account.owner)}".strip()


async def _all(tx: Read, query: Query[Any]) -> list[Any]:
    return await tx.all(query)


@pytest.fixture
def simulation(db: Database, run: Run, people: People, rng: random.Random) -> Simulation:
    return Simulation(db, run, people, rng)


def go(simulation: Simulation) -> None:
    for _ in range(STEPS):
        simulation.step()
        simulation.compare()
    # The passing of time moves the end of a hold, which no history tells: first all that waits is over.
    simulation.run(simulation.db.write(pass_time, 2 * CONFIRM_S * US))
    simulation.model.pass_time(2 * CONFIRM_S)
    while simulation.run(moves.expire_due(simulation.db)):
        simulation.model.expire()
    simulation.compare()
    simulation.run(simulation.db.read(check_histories))
    assert simulation.run(simulation.db.read(checks.check)) == []


@pytest.mark.parametrize("number", range(RUNS))
def test_whatever_happens_orders_are_as_the_model_says(simulation: Simulation, number: int) -> None:
    go(simulation)
    print(sorted(simulation.done.items()))
    made = {name for name in simulation.done if name.endswith("done")}
    assert len(made) >= 9, f"steps that were never made: {sorted(simulation.done)}"


PLANTED: Final = {
    "stock that does not come back": (moves.offers, "give_back"),
    "vouchers that stay used": (moves.vouchers, "release"),
    "refunds that nobody promises": (moves.payments, "promise_refund"),
    "a history with gaps": (history, "_remember"),
}


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
@pytest.mark.parametrize("fault", PLANTED)
def test_a_planted_fault_is_found(simulation: Simulation, fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module, name = PLANTED[fault]
    whole = getattr(module, name)

    async def forgetful(tx: Write, *args: Any) -> Any:
        if name == "_remember" and args[0] is None:  # the first event of an order
            await whole(tx, *args)

    monkeypatch.setattr(module, name, forgetful)
    simulation.rng.seed(1)  # once in a while chance brings nothing about that the fault is in
    with pytest.raises(AssertionError):
        go(simulation)


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_a_commission_that_stays_with_the_platform_is_found(
    simulation: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(money, "_commission_back", lambda part, amount_minor: 0)
    simulation.rng.seed(1)
    with pytest.raises(AssertionError, match="the book"):
        go(simulation)
