"""Lists of offers: right against a model in Python, stable under inserts, few statements, by the indexes."""

import asyncio
import itertools
import random
from collections.abc import Awaitable, Iterator
from contextlib import closing
from typing import Any

import asyncpg
import msgspec
import pytest
from sqlalchemy import Table, bindparam, update

from artel.db import Command, Database, Query, Read, Write
from artel.db.opening import DATABASE_FILE
from artel.db.sqlite import connect
from artel.kernel.errors import Malformed
from artel.kernel.page import CURSOR_MAX
from artel.settings import Settings
from artel.shop.categories.tables import categories
from artel.shop.offers import facets, listing, service
from artel.shop.offers.model import NothingToRank, Offer, OfferFilter, OfferList, OfferPage
from artel.shop.offers.tables import offers
from artel.shop.search import service as search
from tests.conftest import Run
from tests.counting import counted
from tests.shop.offers.known import SORTS, some_filters, stock_shelves
from tests.shop.shelf import enter, enter_offer, enter_product, enter_shop


def read_all(run: Run, db: Database, wanted: OfferList) -> tuple[list[Offer], int]:
    """Every page, and the most statements that one took."""
    most = 0
    found, after = [], None
    while True:
        answer: OfferPage
        page = msgspec.structs.replace(wanted, after=after)
        answer, statements = run(db.read(counted, service.list_offers, page))
        most = max(most, statements)
        found += answer.items
        if answer.next is None:
            return found, most
        assert len(answer.items) == wanted.limit
        assert len(answer.next) <= CURSOR_MAX
        after = answer.next


def test_every_filter_and_order_shows_what_the_model_shows(db: Database, run: Run) -> None:
    rng = random.Random(3)
    known = run(db.write(stock_shelves))
    for number, given in enumerate(some_filters(rng, 40)):
        sort = SORTS[number % len(SORTS)]
        query = OfferList(**given, sort=sort, limit=rng.choice((1, 7, 50)))
        found, most = read_all(run, db, query)
        expected = sorted((each for each in known if each.passes(query)), key=lambda each: each.place(sort))
        assert [offer.id for offer in found] == [each.id for each in expected], (given, sort)
        assert most <= 4, (given, sort, most)


@pytest.fixture
def short_walks(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A walk of 5 offers, so that a small catalogue is too large for it."""
    monkeypatch.setattr(listing, "WALK_MAX", 5)
    caches = (listing.straight, listing.walk, listing.gather)
    for cached in caches:
        cached.cache_clear()
    yield
    for cached in caches:
        cached.cache_clear()


@pytest.mark.usefixtures("short_walks")
def test_what_a_short_walk_does_not_find_is_gathered(db: Database, run: Run) -> None:
    known = run(db.write(stock_shelves))
    for sort, given in itertools.product(SORTS, ({"shop": 2}, {"category": 2, "language": "ru", "in_stock": True})):
        query = OfferList(**given, sort=sort, limit=4)
        found, most = read_all(run, db, query)
        expected = sorted((each for each in known if each.passes(query)), key=lambda each: each.place(sort))
        assert [offer.id for offer in found] == [each.id for each in expected]
        assert 2 <= most <= 3


@pytest.mark.usefixtures("short_walks")
def test_a_short_walk_alone_is_seen_to_show_too_little(db: Database, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The canary of the test above."""
    known = run(db.write(stock_shelves))
    monkeypatch.setattr(listing, "gather", lambda filters, order, by: listing.walk(filters, order))
    found, _ = read_all(run, db, OfferList(shop=2, limit=50))
    assert len(found) < sum(each.shop == 2 for each in known)


@pytest.mark.parametrize("sort", [*SORTS, "relevance"])
def test_offers_that_come_and_go_meanwhile_double_and_hide_nothing(db: Database, run: Run, sort: Any) -> None:
    run(db.write(stock_shelves))
    words = {"q": "книга"} if sort == "relevance" else {}
    before, _ = read_all(run, db, OfferList(sort=sort, limit=200, **words))
    shown: list[int] = []
    after = None
    while True:
        page = run(db.read(service.list_offers, OfferList(sort=sort, limit=9, after=after, **words)))
        shown += [offer.id for offer in page.items]
        after = page.next
        if after is None:
            break
        run(db.write(_add_and_withdraw, before[0].id))
    assert len(shown) == len(set(shown))
    there = [offer.id for offer in before]
    assert [each for each in shown if each in there] == there


async def _add_and_withdraw(tx: Write, seen: int) -> None:
    """One more that sorts in front, in the middle and at the end; and one that was shown already goes."""
    for price, title in ((1, "а"), (300, "книга 5"), (10_000, "я")):
        product_id = await enter_product(tx, title=title)
        await search.index(tx, product_id, title, [], "")
        await enter_offer(tx, product_id=product_id, price_minor=price)
    await tx.run(_update(offers, frozenset({"active"})), of_id=seen, new_active=0)


def test_relevance_puts_the_best_first_and_each_product_with_its_offers(db: Database, run: Run) -> None:
    async def entered(tx: Write) -> list[int]:
        ids = []
        for title in ("Мир и война", "Война", "Война и мир", "О мире без войны"):
            product_id = await enter_product(tx, title=title)
            await search.index(tx, product_id, title, [], "")
            ids += [await enter_offer(tx, product_id=product_id) for _ in range(2)]
        return ids

    ids = run(db.write(entered))
    found, most = read_all(run, db, OfferList(q="война и мир", limit=1))
    assert [offer.title for offer in found[::2]] == ["Война и мир", "Мир и война", "О мире без войны"]
    assert [offer.id for offer in found] == [*ids[4:6], *ids[0:2], *ids[6:8]]
    assert most <= 4


@pytest.mark.parametrize("sort", [*SORTS, "relevance"])
def test_a_cursor_of_another_order_or_of_nobody_is_refused(db: Database, run: Run, sort: Any) -> None:
    run(db.write(stock_shelves))
    words = {"q": "книга"} if sort == "relevance" else {}
    for other in SORTS:
        cursor = run(db.read(service.list_offers, OfferList(sort=other, limit=1))).next
        if other != sort:
            with pytest.raises(Malformed, match="after"):
                run(db.read(service.list_offers, OfferList(sort=sort, after=cursor, **words)))
    for broken in ("", "x", "bnVsbA", "WzFd", "WyJ0aXRsZSIsIlx1MDAwMCIsMV0"):  # the last holds a NUL
        with pytest.raises(Malformed, match="after"):
            run(db.read(service.list_offers, OfferList(sort=sort, after=broken, **words)))


def test_relevance_without_words_is_refused(db: Database, run: Run) -> None:
    with pytest.raises(NothingToRank):
        run(db.read(service.list_offers, OfferList(sort="relevance")))
    assert run(db.read(service.list_offers, OfferList(sort="relevance", q="!?"))).items == []


# --- the statements


def built() -> Iterator[Query[Any]]:
    """Every kind of statement with every filter, and with all of them."""
    names = frozenset(OfferFilter.__struct_fields__)
    for filters, after in itertools.product((frozenset({each}) for each in names), (frozenset(), frozenset({"after"}))):
        for order in SORTS:
            yield listing.straight(filters | after, order)
            yield listing.walk(filters | after, order)
            for by in listing.GATHERED_BY:
                yield listing.gather(filters | names | after, order, by)
        yield listing.ranked(filters)
        yield facets.counting(filters, "")
    for by in listing.GATHERED_BY:
        yield facets.counting(names, by)
    yield listing.comparison(("shop", "category", "language", "price"), names)


def test_both_databases_take_every_statement_that_is_built(settings: Settings) -> None:
    async def on_postgres() -> int:
        connection = await asyncpg.connect(settings.database)
        try:
            return len([await connection.prepare(text) for text in {each.postgresql.text for each in built()}])
        finally:
            await connection.close()

    if settings.database:
        assert asyncio.run(on_postgres()) > 50
        return
    with closing(connect(settings.data / DATABASE_FILE)) as connection:
        for text in {each.sqlite.text for each in built()}:
            connection.execute(f"explain {text}", [None] * text.count("?")).fetchall()


@pytest.mark.parametrize(
    ("statement", "index"),
    [
        (listing.straight(frozenset({"after"}), "price"), "offers_by_price_ix"),
        (listing.straight(frozenset({"price_from", "price_to"}), "-price"), "offers_by_price_ix"),
        (listing.straight(frozenset({"after"}), "title"), "offers_by_title_ix"),
        (listing.walk(frozenset({"shop", "category"}), "price"), "USING COVERING INDEX offers_by_price_ix"),
        (listing.walk(frozenset({"shop", "category"}), "title"), "USING COVERING INDEX offers_by_title_ix"),
        (listing.gather(frozenset({"shop", "category"}), "price", "shop"), "USING COVERING INDEX offers_of_shop_ix"),
        (listing.gather(frozenset({"category", "shop"}), "title", "category"), "COVERING INDEX offers_of_category_ix"),
        (listing.gather(frozenset({"language"}), "price", "language"), "USING COVERING INDEX offers_of_language_ix"),
        (listing.straight(frozenset({"language", "after"}), "title"), "offers_of_language_ix"),
        (listing.walk(frozenset({"language", "shop"}), "title"), "USING COVERING INDEX offers_of_language_ix"),
        (listing.gather(frozenset({"author"}), "price", "author"), "offers_product_ix"),
        (listing.gather(frozenset({"q"}), "title", "q"), "offers_product_ix"),
        (listing.ranked(frozenset()), "offers_product_ix"),
    ],
)
@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_a_list_is_read_by_its_index(settings: Settings, statement: Query[Any], index: str) -> None:
    with closing(connect(settings.data / DATABASE_FILE)) as connection:
        text = statement.sqlite.text
        plan = "\n".join(row[3] for row in connection.execute(f"explain query plan {text}", [None] * text.count("?")))
    assert index in plan, plan
    assert "SCAN offers" not in plan.replace("SCAN offers USING", ""), plan


# --- what lists are filtered and sorted by follows


def test_what_an_offer_is_listed_by_follows_its_product_and_shop(db: Database, run: Run) -> None:
    """Whoever writes them: here the rows are written past every service."""

    async def entered(tx: Write) -> tuple[int, int, int]:
        shop_id, product_id = await enter_shop(tx), await enter_product(tx, title="Before", language="en")
        early = await enter_offer(tx, shop_id=shop_id, product_id=product_id)
        await search.index(tx, product_id, "Before", [], "")
        return shop_id, product_id, early

    shop_id, product_id, offer_id = run(db.write(entered))
    assert _listed(run, db) == {offer_id: ("before", "en", None)}
    steps: list[tuple[str, dict[str, Any], Any]] = [
        ("products", {"language": "ru"}, ("before", "ru", None)),
        ("products", {"category_id": 1}, ("before", "ru", 1)),
        ("shops", {"closed_us": 5}, None),
        ("products", {"deleted_us": 5}, None),
        ("shops", {"closed_us": 0}, None),
        ("products", {"deleted_us": 0}, ("before", "ru", 1)),
        ("offers", {"active": 0}, None),
        ("offers", {"active": 1}, ("before", "ru", 1)),
    ]
    run(db.write(enter, categories, slug="a", path="/1/"))
    ids = {"products": product_id, "shops": shop_id, "offers": offer_id}
    for table, changes, expected in steps:
        run(db.write(_set, table, ids[table], changes))
        assert _listed(run, db).get(offer_id) == expected, (table, changes)
    run(db.write(search.index, product_id, "After", [], ""))
    assert _listed(run, db)[offer_id] == ("after", "ru", 1)


def _update(table: Table, names: frozenset[str]) -> Command:
    values = {name: bindparam(f"new_{name}") for name in sorted(names)}
    return Command(update(table).where(table.c.id == bindparam("of_id")).values(values))


async def _set(tx: Write, table: str, row_id: int, changes: dict[str, Any]) -> None:
    of = offers.metadata.tables[table]
    assert await tx.run(_update(of, frozenset(changes)), of_id=row_id, **{f"new_{k}": v for k, v in changes.items()})


def _listed(run: Run, db: Database) -> dict[int, tuple[str, str, int | None]]:
    """What the list shows, by what it is sorted and filtered by."""

    async def look(tx: Read) -> dict[int, tuple[str, str, int | None]]:
        found = await tx.all(listing.straight(frozenset(), "title"), row_limit=10)
        return {row.id: (row.title_key, row.language, row.category_id) for row in found}

    return run(db.read(look))


async def _entered_while_edited(db: Database, product_id: int, shop_id: int, *, product_first: bool) -> int:
    """An offer is entered and its product edited in two transactions; the first ends after the second has begun."""
    begun, over = asyncio.Event(), asyncio.Event()

    async def first_or_second(first: bool, work: Awaitable[Any]) -> Any:
        if not first:
            await begun.wait()
        done = await work
        if first:
            begun.set()
            await over.wait()
        return done

    async def enter_it(tx: Write) -> Any:
        entering = enter_offer(tx, shop_id=shop_id, product_id=product_id)
        return await first_or_second(not product_first, entering)

    async def edit_it(tx: Write) -> None:
        await first_or_second(product_first, _set(tx, "products", product_id, {"language": "ru"}))

    async def let_go() -> None:
        await begun.wait()
        await asyncio.sleep(0.3)  # the second reaches the lock meanwhile, or, without one, its end
        over.set()

    offer_id, _, _ = await asyncio.gather(db.write(enter_it), db.write(edit_it), let_go())
    return int(offer_id)


@pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
@pytest.mark.parametrize("product_first", [True, False])
def test_an_offer_that_is_entered_while_its_product_is_edited_has_the_new_values(
    db: Database, run: Run, product_first: bool
) -> None:
    product_id, shop_id = run(db.write(enter_product, language="en")), run(db.write(enter_shop))
    offer_id = run(_entered_while_edited(db, product_id, shop_id, product_first=product_first))
    assert _listed(run, db)[offer_id][1] == "ru"


@pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
def test_without_the_triggers_lock_the_old_values_would_stay(settings: Settings, db: Database, run: Run) -> None:
    """The canary of the test above."""

    async def weaken() -> None:
        connection = await asyncpg.connect(settings.database)
        trigger = await connection.fetchval("select pg_get_functiondef('offers_entered'::regproc)")
        weakened = trigger.replace("FOR SHARE OF products, shops", "")
        assert weakened != trigger
        await connection.execute(weakened)
        await connection.close()

    run(weaken())
    product_id, shop_id = run(db.write(enter_product, language="en")), run(db.write(enter_shop))
    offer_id = run(_entered_while_edited(db, product_id, shop_id, product_first=True))
    assert _listed(run, db)[offer_id][1] == "en"
