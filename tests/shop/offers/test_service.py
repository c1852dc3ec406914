"""Offers: selling copies, giving them back, and what people change."""

import json
from typing import Any

import pytest
from sqlalchemy import bindparam, select

from artel.db import Database, Query, Read, Write
from artel.db.tables import outbox
from artel.demo.business import At
from artel.kernel.actor import SYSTEM, Actor
from artel.kernel.page import Cut
from artel.shop.offers import service
from artel.shop.offers.model import (
    STOCK_MAX,
    CompareAtTooLow,
    NotEnoughStock,
    Offer,
    OfferEdit,
    OfferExists,
    OfferList,
    OfferStale,
    OfferUnknown,
    OfferWanted,
    StockTooLarge,
    StockUnclear,
    StockWanted,
    SuggestionQuery,
)
from artel.shop.products.model import ProductUnknown
from artel.shop.search import service as search
from artel.shop.shops.model import NotYourShop
from tests.conftest import Client, Run
from tests.counting import counted
from tests.people import People, Things
from tests.shop.shelf import enter_offer, enter_product, enter_shop

TOLD = Query(str, select(outbox.c.body).where(outbox.c.kind == bindparam("kind")).order_by(outbox.c.id))


async def _told(tx: Read, kind: str) -> list[str]:
    return await tx.all(TOLD, kind=kind)


async def _stock(tx: Read, offer_id: int) -> int:
    return (await service.look(tx, [offer_id]))[offer_id].stock


def test_an_offer_is_looked_at_with_the_terms_of_its_shop(db: Database, run: Run) -> None:
    async def entered(tx: Write) -> list[int]:
        shop_id = await enter_shop(tx, name="Books", tax_bp=1000, tax_included=0, confirms=1, low_stock=7)
        taxed = await enter_product(tx, title="War and Peace", tax_bp=0)
        return [
            await enter_offer(tx, shop_id=shop_id, price_minor=5, stock=3, compare_at_minor=9),
            await enter_offer(tx, shop_id=shop_id, product_id=taxed),
        ]

    plain, taxed = run(db.write(entered))
    found = run(db.read(service.look, [taxed, plain, 10**17, plain]))
    assert set(found) == {plain, taxed}
    assert (found[plain].tax_bp, found[taxed].tax_bp, found[taxed].title) == (1000, 0, "War and Peace")
    terms = found[plain]
    assert (terms.shop_name, terms.tax_included, terms.confirms, terms.low_stock) == ("Books", 0, 1, 7)
    assert (terms.price_minor, terms.stock, terms.compare_at_minor, terms.active) == (5, 3, 9, 1)
    assert run(db.read(service.look, [])) == {}


def test_copies_of_one_offer_wanted_twice_are_added(db: Database, run: Run) -> None:
    offer_id = run(db.write(enter_offer, stock=5))
    with pytest.raises(NotEnoughStock) as refused:
        run(db.write(service.take, [(offer_id, 3), (offer_id, 3)]))
    assert (refused.value.facts["left"], refused.value.facts["wanted"]) == (5, 6)
    sold = run(db.write(service.take, [(offer_id, 3), (offer_id, 2)]))
    assert sold[offer_id].stock == 0
    run(db.write(service.give_back, [(offer_id, 1), (offer_id, 1)]))
    assert run(db.read(_stock, offer_id)) == 2


def test_what_is_sold_together_is_sold_whole_or_not_at_all(db: Database, run: Run) -> None:
    there, short = run(db.write(enter_offer)), run(db.write(enter_offer, stock=1))
    for wanted, refusal in (([(there, 1), (short, 2)], NotEnoughStock), ([(there, 1), (10**17, 1)], OfferUnknown)):
        with pytest.raises(refusal):
            run(db.write(service.take, wanted))
        assert run(db.read(_stock, there)) == 10


@pytest.mark.parametrize("fault", ["withdrawn", "the shop is closed", "the product is gone"])
def test_what_is_not_for_sale_is_not_sold(db: Database, run: Run, fault: str) -> None:
    async def entered(tx: Write) -> int:
        return await enter_offer(
            tx,
            active=int(fault != "withdrawn"),
            shop_id=await enter_shop(tx, closed_us=int(fault == "the shop is closed")),
            product_id=await enter_product(tx, deleted_us=int(fault == "the product is gone")),
        )

    offer_id = run(db.write(entered))
    with pytest.raises(OfferUnknown):
        run(db.write(service.take, [(offer_id, 1)]))
    assert run(db.read(_stock, offer_id)) == 10
    assert run(db.read(service.look, [offer_id]))[offer_id].active == 0


def test_a_sale_that_leaves_few_copies_tells_it_once(db: Database, run: Run) -> None:
    """Low is 3 in this shop: 5 to 4 is nothing, 4 to 2 is told, 2 to 1 was told before."""
    offer_id = run(db.write(enter_offer, stock=5))
    for quantity, told in ((1, 0), (2, 1), (1, 1)):
        run(db.write(service.take, [(offer_id, quantity)]))
        assert len(run(db.read(_told, "stock.low"))) == told
    run(db.write(service.give_back, [(offer_id, 4)]))
    run(db.write(service.take, [(offer_id, 4)]))
    assert len(run(db.read(_told, "stock.low"))) == 2


# --- what people change


@pytest.fixture
def keeper(people: People) -> tuple[Actor, Things]:
    """A member of a shop, and the shop."""
    person = people.person()
    return Actor(person.account_id, person.login, frozenset({"customer"})), people.things(person)


def _offered(db: Database, run: Run, keeper: tuple[Actor, Things], **fields: Any) -> Offer:
    who, things = keeper
    product_id = fields.pop("product_id", None) or run(db.write(enter_product))
    wanted = OfferWanted(**{"product_id": product_id, "price_minor": 500, "stock": 3} | fields)
    offer: Offer = run(db.write(service.create, who, things.shop_id, wanted))
    return offer


def _edit(db: Database, run: Run, who: Actor, offer_id: int, if_match: int | None = None, **fields: Any) -> Offer:
    offer: Offer = run(db.write(service.edit, who, offer_id, OfferEdit(**fields), if_match))
    return offer


def test_an_offer_is_made_in_the_shops_currency_and_shown_with_its_product(
    db: Database, run: Run, keeper: tuple[Actor, Things]
) -> None:
    offer = _offered(db, run, keeper, compare_at_minor=700)
    assert (offer.currency, offer.price_minor, offer.compare_at_minor, offer.stock) == ("RUB", 500, 700, 3)
    assert (offer.active, offer.for_sale, offer.version, offer.authors) == (True, True, 1, [])
    assert run(db.read(service.get, offer.id)) == offer


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"product_id": 10**17}, ProductUnknown),
        ({"compare_at_minor": 500}, CompareAtTooLow),
    ],
)
def test_an_offer_that_cannot_be_is_refused(
    db: Database, run: Run, keeper: tuple[Actor, Things], fields: dict[str, Any], refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        _offered(db, run, keeper, **fields)


def test_a_product_is_offered_once_by_a_shop(db: Database, run: Run, keeper: tuple[Actor, Things]) -> None:
    offer = _offered(db, run, keeper)
    with pytest.raises(OfferExists):
        _offered(db, run, keeper, product_id=offer.product_id)


def test_only_members_of_the_shop_and_owners_change_its_offers(
    db: Database, run: Run, keeper: tuple[Actor, Things]
) -> None:
    offer = _offered(db, run, keeper)
    stranger = Actor(10**17, "stranger", frozenset({"staff"}))
    for use, *args in (
        (service.create, stranger, offer.shop_id, OfferWanted(product_id=1, price_minor=1)),
        (service.edit, stranger, offer.id, OfferEdit(price_minor=1), None),
        (service.withdraw, stranger, offer.id),
        (service.set_stock, stranger, offer.id, StockWanted(stock=1)),
    ):
        with pytest.raises(NotYourShop):
            run(db.write(use, *args))
    with pytest.raises(NotYourShop):
        run(db.read(service.of_shop, stranger, offer.shop_id, Cut()))
    assert _edit(db, run, SYSTEM, offer.id, price_minor=501).price_minor == 501


def test_every_price_is_kept_and_told_of_once(db: Database, run: Run, keeper: tuple[Actor, Things]) -> None:
    who, _ = keeper
    offer = _offered(db, run, keeper)
    for fields in ({"price_minor": 400}, {"price_minor": 400}, {"active": False}, {"compare_at_minor": 450}):
        _edit(db, run, who, offer.id, **fields)
    _edit(db, run, who, offer.id, price_minor=600, compare_at_minor=None)
    history = run(db.read(service.prices, offer.id, Cut()))
    assert [(each.price_minor, each.compare_at_minor) for each in history.items] == [
        (600, None),
        (400, 450),
        (400, None),
        (500, None),
    ]
    told = [json.loads(body) for body in run(db.read(_told, "offer.price_changed"))]
    assert [(each["old_price_minor"], each["price_minor"]) for each in told] == [(500, 400), (400, 400), (400, 600)]
    first = run(db.read(service.prices, offer.id, Cut(limit=3)))
    rest = run(db.read(service.prices, offer.id, Cut(limit=3, after=first.next)))
    assert [*first.items, *rest.items] == history.items
    with pytest.raises(OfferUnknown):
        run(db.read(service.prices, 10**17, Cut()))


def test_a_price_that_waited_for_another_one_to_be_set_is_later_than_that(
    db: Database, run: Run, keeper: tuple[Actor, Things]
) -> None:
    async def change(tx: Write, price_minor: int, began_before_us: int) -> None:
        began = At(tx, tx.now_us - began_before_us)
        await service.edit(began, who, offer.id, OfferEdit(price_minor=price_minor), None)

    who, _ = keeper
    offer = _offered(db, run, keeper)
    run(db.write(change, 400, 0))
    run(db.write(change, 300, 1_000_000))
    history = run(db.read(service.prices, offer.id, Cut())).items
    assert [each.price_minor for each in history] == [300, 400, 500]
    assert history[0].at > history[1].at > history[2].at
    assert run(db.read(service.get, offer.id)).updated_at == history[0].at


def test_a_change_for_another_version_is_refused_with_both(
    db: Database, run: Run, keeper: tuple[Actor, Things]
) -> None:
    who, _ = keeper
    offer = _offered(db, run, keeper)
    run(db.write(service.take, [(offer.id, 1)]))
    run(db.write(service.set_stock, who, offer.id, StockWanted(add=5)))
    assert _edit(db, run, who, offer.id, if_match=1, price_minor=1).version == 2  # a sale is no new version
    with pytest.raises(OfferStale) as refused:
        _edit(db, run, who, offer.id, if_match=1, price_minor=2)
    facts = refused.value.facts
    assert (facts["base"], facts["version"], facts["theirs"]["price_minor"], facts["yours"]) == (
        1,
        2,
        1,
        {"price_minor": 2},
    )


def test_a_price_may_not_reach_the_one_that_is_struck_through(
    db: Database, run: Run, keeper: tuple[Actor, Things]
) -> None:
    who, _ = keeper
    offer = _offered(db, run, keeper, compare_at_minor=600)
    with pytest.raises(CompareAtTooLow):
        _edit(db, run, who, offer.id, price_minor=600)
    assert _edit(db, run, who, offer.id, price_minor=599).compare_at_minor == 600


@pytest.mark.parametrize(
    ("body", "left"),
    [
        (StockWanted(stock=0), 0),
        (StockWanted(stock=7), 7),
        (StockWanted(add=4), 7),
        (StockWanted(add=-3), 0),
        (StockWanted(add=-4), NotEnoughStock),
        (StockWanted(add=STOCK_MAX), StockTooLarge),
        (StockWanted(add=STOCK_MAX - 3), STOCK_MAX),
        (StockWanted(), StockUnclear),
        (StockWanted(stock=1, add=1), StockUnclear),
    ],
)
def test_a_stock_is_counted_or_added_to_and_never_below_nothing(
    db: Database, run: Run, keeper: tuple[Actor, Things], body: StockWanted, left: Any
) -> None:
    who, _ = keeper
    offer = _offered(db, run, keeper)
    if isinstance(left, int):
        assert run(db.write(service.set_stock, who, offer.id, body)).stock == left
        return
    with pytest.raises(left):
        run(db.write(service.set_stock, who, offer.id, body))
    assert run(db.read(_stock, offer.id)) == 3


def test_an_offer_that_is_withdrawn_is_shown_to_who_knows_it_and_comes_back(
    db: Database, run: Run, keeper: tuple[Actor, Things]
) -> None:
    who, things = keeper
    offer = _offered(db, run, keeper)
    for _ in range(2):
        run(db.write(service.withdraw, who, offer.id))
    found = run(db.read(service.get, offer.id))
    assert (found.active, found.for_sale, found.version) == (False, False, 2)
    assert offer.id not in [each.id for each in run(db.read(service.list_offers, OfferList())).items]
    assert offer.id in [each.id for each in run(db.read(service.of_shop, who, things.shop_id, Cut())).items]
    assert _edit(db, run, who, offer.id, active=True).for_sale
    assert offer.id in [each.id for each in run(db.read(service.list_offers, OfferList())).items]


def test_suggestions_are_titles_and_authors_of_what_can_be_bought(client: Client, db: Database, run: Run) -> None:
    books = [("Белая гвардия", "Михаил Булгаков"), ("Белый пароход", "Чингиз Айтматов"), ("Бег", "Михаил Булгаков")]
    for number, (title, author) in enumerate([*books, ("Белый шум", "Дон Делилло")]):
        product_id = run(db.write(enter_product, title=title))
        run(db.write(search.index, product_id, title, [author], ""))
        run(db.write(enter_offer, product_id=product_id, active=int(number < 3)))

    def suggested(words: str) -> list[tuple[str, str]]:
        answer = client.get("/api/v1/search/suggestions", params={"q": words})
        assert answer.status_code == 200, answer.text
        return [(each["kind"], each["text"]) for each in answer.json()["items"]]

    assert sorted(suggested("бел")) == [("title", "Белая гвардия"), ("title", "Белый пароход")]
    assert suggested("булг")[0] == ("author", "Михаил Булгаков")
    assert sorted(suggested("Михаил бул")) == [
        ("author", "Михаил Булгаков"),
        ("title", "Бег"),
        ("title", "Белая гвардия"),
    ]
    assert ("author", "Михаил Булгаков") in suggested("булгаов"), "typing mistakes do not matter"
    assert suggested("белый шум") == suggested("") == suggested("xyzzy") == []
    assert client.get("/api/v1/search/suggestions", params={"q": "x" * 1_000}).status_code == 400


def test_suggestions_are_ten_at_most_and_take_four_statements(db: Database, run: Run) -> None:
    for number in range(30):
        product_id = run(db.write(enter_product, title=f"Река {number}"))
        names = [f"Река Иванова {number}", f"Река Петров {number}"]
        run(db.write(search.index, product_id, f"Река {number}", names, ""))
        run(db.write(enter_offer, product_id=product_id))
    for words, most in (("река", 2), ("рекаа", 4)):
        shown, statements = run(db.read(counted, service.suggest, SuggestionQuery(words)))
        assert [each.kind for each in shown.items] == ["author"] * 3 + ["title"] * 7
        assert statements <= most
