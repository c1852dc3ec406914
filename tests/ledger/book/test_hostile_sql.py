"""R8: hostile statements through the application's role can neither unbalance nor edit the book.

Each attempt is a transaction of one or several statements, as somebody who took over the application could send them.
After each that was let in, the book is still balanced, and what was written before is as it was.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any, Final, Protocol

import apsw
import asyncpg
import pytest

from artel.db.opening import DATABASE_FILE
from artel.db.sqlite import connect
from artel.ledger.book.model import Posting, escrow, fees, revenue
from artel.settings import Settings
from tests.conftest import Run
from tests.ledger.book.bank import ANNA, BELA, RUB, Bank
from tests.proofs.conftest import SCALE

ATTEMPTS: Final = 1_000 * SCALE
NOW_US: Final = 1_800_000_000_000_000
KEPT: Final = {
    "ledger_transfers": "id",
    "ledger_entries": "transfer_id, place",
}
Attempt = list[str]
Shot = tuple[tuple[Any, ...], ...]


class Target(Protocol):
    """A database under attack."""

    def attack(self, statements: Attempt) -> bool:
        """Whether they were let in and committed."""

    def ask(self, query: str) -> list[tuple[Any, ...]]: ...


class SqliteTarget:
    """The writer's own connection."""

    def __init__(self, settings: Settings) -> None:
        self.connection = connect(settings.data / DATABASE_FILE)

    def attack(self, statements: Attempt) -> bool:
        try:
            self.connection.execute("begin immediate")
            for statement in statements:
                self.connection.execute(statement)
            self.connection.execute("commit")
        except apsw.Error:
            if self.connection.in_transaction:
                self.connection.execute("rollback")
            return False
        return True

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        return list(self.connection.execute(query))

    def close(self) -> None:
        self.connection.close()


class PostgresTarget:
    """A role that may do to tables whatever can be granted, and owns none of them."""

    ROLE = "hostile"

    def __init__(self, settings: Settings, run: Run) -> None:
        self.run = run
        self.owner = run(asyncpg.connect(settings.database))
        exists = f"exists (select from pg_roles where rolname = '{self.ROLE}')"
        grants = f"""do $$ begin if not {exists} then create role {self.ROLE} login; end if; end $$;
            grant all on all tables in schema public to {self.ROLE};
            grant all on all sequences in schema public to {self.ROLE}"""
        run(self.owner.execute(grants))
        self.connection = run(asyncpg.connect(settings.database, user=self.ROLE))

    def attack(self, statements: Attempt) -> bool:
        async def send() -> None:
            async with self.connection.transaction():
                for statement in statements:
                    await self.connection.execute(statement)

        try:
            self.run(send())
        except (asyncpg.PostgresError, asyncpg.InterfaceError):
            return False
        return True

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self.run(self.owner.fetch(query))]

    def close(self) -> None:
        self.run(asyncio.sleep(0))
        self.run(self.connection.close())
        self.run(self.owner.execute(f"drop owned by {self.ROLE}"))
        self.run(self.owner.close())


@pytest.fixture
def target(bank: Bank, settings: Settings, run: Run) -> Iterator[Target]:
    """A book with something of everything, open to attacks."""
    for place in (ANNA, BELA, escrow(1, RUB), revenue(1, RUB)):
        bank.fill(place, 1_000)
    for number in range(10):
        bank.post(Posting(ANNA, -10), Posting(BELA, 9), Posting(fees(RUB), 1), reference=f"job/{number}")
    bank.reverse(3)
    held = bank.hold(ANNA, 50)
    bank.settle(held.id, Posting(BELA, 20))
    bank.hold(ANNA, 60)
    found = PostgresTarget(settings, run) if settings.database else SqliteTarget(settings)
    yield found
    found.close()


# --- what is tried

COLUMNS: Final = {
    "ledger_transfers": ("kind", "reference", "note", "effective_us", "key", "input_hash", "entries", "txid", "id"),
    "ledger_entries": ("transfer_id", "place", "account_id", "currency", "amount_minor", "booked_us", "balance_minor"),
    "ledger_accounts": ("purpose", "owner", "currency", "hot", "floor_minor", "posted_minor", "last_us", "created_us"),
    "ledger_blocks": ("last_id", "transfers", "hash"),
    "ledger_holds": ("account_id", "amount_minor", "status", "key", "posted_minor", "transfer_id"),
}
TEXTS: Final = {"kind", "reference", "note", "key", "currency", "purpose", "owner", "status"}
TRANSFER: Final = "kind, reference, note, by_account_id, effective_us, key, input_hash, reverses_id, entries, txid"
ENTRY: Final = "transfer_id, place, account_id, currency, amount_minor, booked_us, balance_minor"
LAST: Final = "(SELECT max(id) FROM ledger_transfers)"


class Hostile:
    """Thinks of attempts."""

    def __init__(self, rng: random.Random, engine: str) -> None:
        self.rng, self.engine, self.sqlite = rng, engine, engine == "sqlite"
        self.number = 0

    def attempt(self) -> tuple[str, Attempt]:
        """What kind it is of, and its statements."""
        self.number += 1
        kinds: list[Callable[[], Attempt]] = [
            *(self.edit, self.erase, self.overwrite, self.unbalanced, self.more_entries, self.not_all, self.smuggled),
            *(self.shifted, self.misplaced, self.opened_rich, self.strange_amounts),
        ]
        if not self.sqlite:  # there a trigger sees only the tables of its own database
            kinds.append(self.hidden)
        make = self.rng.choice(kinds)
        return make.__name__, make()

    def edit(self) -> Attempt:
        """A column of some rows, or of all of them."""
        table = self.rng.choice(list(COLUMNS))
        column = self.rng.choice(COLUMNS[table])
        or_what = self.rng.choice(["", "OR REPLACE ", "OR IGNORE "]) if self.sqlite else ""
        return [f"UPDATE {or_what}{table} SET {column} = {self._value(column)} {self._where(table)}"]

    def _value(self, column: str) -> str:
        if column in TEXTS:
            return self.rng.choice(["'x'", f"{column} || 'x'", "'EUR'", "''", "'world'", "'pending'"])
        if column in ("input_hash", "hash"):
            return "X'00'" if self.sqlite else r"'\x00'"
        return self.rng.choice([f"{column} + 1", f"{column} - 1", f"-{column}", "0", "1", "NULL", "1000000"])

    def _where(self, table: str) -> str:
        number = self.rng.randint(1, 8)
        of = {"ledger_entries": "transfer_id", "ledger_blocks": "number"}.get(table, "id")
        return self.rng.choice(["", f"WHERE {of} = {number}", f"WHERE {of} > {number}"])

    def erase(self) -> Attempt:
        table = self.rng.choice(list(COLUMNS))
        if self.sqlite or self.rng.random() < 0.6:
            return [f"DELETE FROM {table} {self._where(table)}"]
        return [f"TRUNCATE {table} {self.rng.choice(['', 'CASCADE', 'RESTART IDENTITY CASCADE'])}"]

    def overwrite(self) -> Attempt:
        """Rows that are there, by what resolves a conflict with them."""
        table = self.rng.choice(["ledger_transfers", "ledger_entries", "ledger_accounts", "ledger_holds"])
        column = self.rng.choice([each for each in COLUMNS[table] if each not in ("id", "transfer_id", "place")])
        if not self.sqlite:
            value = self._value(column).replace(column, f"{table}.{column}")
            key = "transfer_id, place" if table == "ledger_entries" else "id"
            overriding = "" if table == "ledger_entries" else "OVERRIDING SYSTEM VALUE "
            return [
                f"INSERT INTO {table} {overriding}SELECT * FROM {table} {self._where(table)} "
                f"ON CONFLICT ({key}) DO UPDATE SET {column} = {value}"
            ]
        copied = f"CREATE TEMP TABLE copied_{self.number} AS SELECT * FROM {table} {self._where(table)}"
        changed = f"UPDATE copied_{self.number} SET {column} = {self._value(column)}"
        return [copied, changed, f"INSERT OR REPLACE INTO {table} SELECT * FROM copied_{self.number}"]

    def _transfer(self, entries: int, txid: str = "") -> str:
        txid = txid or ("0" if self.sqlite else "CAST(CAST(pg_current_xact_id() AS TEXT) AS BIGINT)")
        empty = "X''" if self.sqlite else "''"
        return (
            f"INSERT INTO ledger_transfers ({TRANSFER}) "
            f"VALUES ('x', 'x', '', NULL, 0, 'hostile/{self.number}', {empty}, NULL, {entries}, {txid})"
        )

    def _entries(self, *sides: tuple[int, str, str], booked: int = 0, transfer: str = LAST, first: int = 1) -> str:
        """Sides are a place, an account by its purpose, and an amount."""
        rows = []
        for place, purpose, amount in sides:
            where = (
                f"FROM ledger_accounts a WHERE a.id = (SELECT min(id) FROM ledger_accounts WHERE purpose = '{purpose}')"
            )
            balance = f"CASE a.hot WHEN 0 THEN a.posted_minor + {amount} END"
            rows.append(
                f"SELECT {transfer}, {place}, a.id, a.currency, {amount}, "
                f"{booked if booked else NOW_US + self.number}, {balance} {where}"
            )
        return f"INSERT INTO ledger_entries ({ENTRY}) " + " UNION ALL ".join(rows)

    def _two(self) -> tuple[str, str]:
        one, other = self.rng.sample(["world", "fees", "wallet", "escrow", "revenue"], 2)
        return one, other

    def _hot(self) -> tuple[str, str]:
        return self.rng.choice([("world", "fees"), ("fees", "world"), ("payouts", "world")])

    def _moved(self, purpose: str, amount: int) -> str:
        return (
            f"UPDATE ledger_accounts SET posted_minor = posted_minor + {amount}, last_us = {NOW_US + self.number} "
            f"WHERE hot = 0 AND id = (SELECT min(id) FROM ledger_accounts WHERE purpose = '{purpose}')"
        )

    def unbalanced(self) -> Attempt:
        """Money out of nothing, in one statement or in two, its accounts moved or not."""
        (one, other), amount, more = self._two(), self.rng.randint(1, 900), self.rng.choice([-1, 1, 100])
        if self.rng.random() < 0.3:
            one, other = self._hot()
        moves = [self._moved(one, amount), self._moved(other, more - amount)] if self.rng.random() < 0.7 else []
        first, second = (1, one, str(amount)), (2, other, str(more - amount))
        if self.rng.random() < 0.5:
            return [self._transfer(2), *moves, self._entries(first, second)]
        return [self._transfer(2), *moves, self._entries(first), self._entries(second)]

    def more_entries(self) -> Attempt:
        """For a transfer that is complete."""
        old, place = self.rng.randint(1, 14), self.rng.randint(1, 5)
        one, other = self._hot()
        sides = (place, one, "5"), (place + 1, other, "-5")
        return [self._entries(*sides, transfer=str(old))]

    def not_all(self) -> Attempt:
        """A transfer without its entries, or without some of them."""
        one, other = self._hot()
        count = self.rng.randint(0, 2)
        sides = [(1, one, "5"), (2, other, "-5")][:count]
        return [self._transfer(3), *([self._entries(*sides)] if sides else [])]

    def smuggled(self) -> Attempt:
        """Balanced, and past the accounts: their balances stay, or only one of them moves."""
        (one, other), amount = self._two(), self.rng.choice([1, 50, 5_000])
        moves = [self._moved(one, amount), self._moved(other, -amount)]
        kept = self.rng.sample(moves, self.rng.randint(0, 1))
        return [self._transfer(2), *kept, self._entries((1, one, str(amount)), (2, other, str(-amount)))]

    def hidden(self) -> Attempt:
        """Unbalanced, where a table of the session's own hides the one that a trigger would look at."""
        table = self.rng.choice(["ledger_transfers", "ledger_entries", "ledger_accounts"])
        hides = f"CREATE TEMP TABLE {table} ON COMMIT DROP AS SELECT * FROM public.{table}"
        if self.rng.random() < 0.5:
            hides += " WHERE false"
        one, other = self._hot()
        into, rest = self._entries((1, one, "500"), (2, other, "-1")).split(" SELECT", 1)
        entries = into.replace("ledger_entries", "public.ledger_entries") + " SELECT" + rest
        looked_at = entries.replace("FROM ledger_", "FROM public.ledger_")
        new = self._transfer(2).replace("ledger_transfers", "public.ledger_transfers")
        return [new, hides, looked_at]

    def shifted(self) -> Attempt:
        """Balanced, with balances and times that do not continue those before."""
        one, other = self._two()
        wrong = self.rng.choice(["5, a.currency, 7", "a.id, 'EUR', 7", "a.id, a.currency, 7"])
        booked = self.rng.choice([1, NOW_US + self.number])
        entries = self._entries((1, one, "7"), (2, other, "-7"), booked=booked)
        if self.rng.random() < 0.5:
            entries = entries.replace("a.id, a.currency, 7", wrong)
        else:
            entries = entries.replace("a.posted_minor +", "a.posted_minor + 1000 +")
        return [self._transfer(2), *([self._moved(one, 7), self._moved(other, -7)][: self.rng.randint(0, 2)]), entries]

    def misplaced(self) -> Attempt:
        """Balanced between hot accounts, with places that have gaps, repeat, or are out of order."""
        one, other = self._hot()
        places = self.rng.choice([(0, 1), (1, 3), (2, 3), (1, 1), (-1, 2), (2, 1)])
        return [self._transfer(self.rng.randint(2, 3)), self._entries((places[0], one, "5"), (places[1], other, "-5"))]

    def opened_rich(self) -> Attempt:
        """A new account that has money from its first day, or an account moved without an entry."""
        values = self.rng.choice(["500, 0, 1", "500, 0, NULL", "-500, 0, 1", "0, 0, 1"])
        columns = "purpose, owner, currency, hot, floor_minor, cap_minor, posted_minor, held_minor, last_us, created_us"
        place = f"'wallet', 'x{self.number}', 'RUB', 0, 0, NULL"
        new = f"INSERT INTO ledger_accounts ({columns}) VALUES ({place}, {values}, 0)"
        return [self.rng.choice([new, self._moved(self._two()[0], self.rng.choice([5, -5, 500]))])]

    def strange_amounts(self) -> Attempt:
        """Words, halves, and what is too large."""
        one, other = self._hot() if self.rng.random() < 0.7 else self._two()
        amounts = [("'abc'", "'xyz'"), ("1.5", "-1.5"), ("9e18", "-9e18"), ("0", "0"), ("X'01'", "X'02'")]
        first, second = self.rng.choice(amounts)
        return [self._transfer(2), self._entries((1, one, first), (2, other, second))]


# --- what must hold


def written(target: Target) -> dict[str, Shot]:
    """What is never changed: transfers and entries, and holds that are settled."""
    shot = {name: tuple(target.ask(f"SELECT * FROM {name} ORDER BY {key}")) for name, key in KEPT.items()}
    shot["ledger_holds"] = tuple(target.ask("SELECT * FROM ledger_holds WHERE status <> 'pending' ORDER BY id"))
    names = "id, purpose, owner, currency, hot, floor_minor, created_us"
    return shot | {"ledger_accounts": tuple(target.ask(f"SELECT {names} FROM ledger_accounts ORDER BY id"))}


def faults(target: Target, before: dict[str, Shot]) -> list[str]:
    """What an attempt broke."""
    after = written(target)
    found = [f"{name} were edited" for name, rows in before.items() if not set(rows) <= set(after[name])]
    entries = after["ledger_entries"]
    sums: Counter[Any] = Counter()
    for transfer_id, _, account_id, currency, amount, _, _ in entries:
        if not isinstance(amount, int):
            return [f"the amount {amount!r}"]
        sums["transfer", transfer_id, currency] += amount
        sums["account", account_id] += amount
    found += [f"{key} sums to {left}" for key, left in sums.items() if key[0] == "transfer" and left]
    places: dict[int, list[int]] = {}
    for entry in entries:
        places.setdefault(entry[0], []).append(entry[1])
    said = {row[0]: list(range(1, row[-2] + 1)) for row in after["ledger_transfers"]}
    found += [] if said == places else ["entries and transfers do not fit"]
    balances = "SELECT id, posted_minor, held_minor, floor_minor FROM ledger_accounts WHERE hot = 0"
    for number, posted, held, floor in target.ask(balances):
        if posted != sums["account", number]:
            found.append(f"account {number} has {posted}, its entries sum to {sums['account', number]}")
        if floor is not None and posted - held < floor:
            found.append(f"account {number} is below its floor")
    return found


def _under_attack(target: Target, engine: str, attempts: int) -> tuple[Counter[str], list[str]]:
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    hostile = Hostile(random.Random(seed), engine)
    let_in: Counter[str] = Counter()
    holes: list[str] = []
    before = written(target)
    for _ in range(attempts):
        kind, statements = hostile.attempt()
        if target.attack(statements):
            let_in[kind] += 1
            holes += [f"{fault}: {statements}" for fault in faults(target, before)]
            if holes:
                return let_in, holes
            before = written(target)
    return let_in, holes


def test_hostile_statements_neither_unbalance_nor_edit_the_book(target: Target, settings: Settings) -> None:
    let_in, holes = _under_attack(target, "postgresql" if settings.database else "sqlite", ATTEMPTS)
    print(f"{ATTEMPTS} attempts, let in without an effect on the book: {dict(let_in)}")
    assert holes == []
    assert sum(let_in.values()) < ATTEMPTS / 2


def test_without_the_triggers_they_are_let_through(target: Target, settings: Settings) -> None:
    """The canary."""
    engine = "postgresql" if settings.database else "sqlite"
    if isinstance(target, PostgresTarget):
        for table in COLUMNS:
            target.run(target.owner.execute(f"alter table {table} disable trigger user"))
    else:
        with closing(connect(settings.data / DATABASE_FILE)) as connection:
            triggers = "select name from sqlite_master where type = 'trigger' and name like 'ledger%'"
            for (name,) in list(connection.execute(triggers)):
                connection.execute(f"drop trigger {name}")
    assert _under_attack(target, engine, ATTEMPTS)[1]


def test_what_the_product_sends_is_let_in(target: Target, bank: Bank) -> None:
    before = written(target)
    bank.post(Posting(ANNA, -10), Posting(BELA, 9), Posting(fees(RUB), 1))
    assert faults(target, before) == []
