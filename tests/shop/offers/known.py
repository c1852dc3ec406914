"""A catalogue for the tests of lists, and what a model in Python knows of it."""

import random
from collections.abc import Iterator
from typing import Any, Final

from msgspec import Struct

from artel.db import Write
from artel.shop.categories.tables import categories
from artel.shop.offers.model import OfferFilter
from artel.shop.products.tables import authors, product_authors
from artel.shop.search import service as search
from tests.shop.shelf import enter, enter_all, enter_offer, enter_product, enter_shop

COUNT: Final = 120
SORTS: Final = ("price", "-price", "newest", "title")
CHOICES: Final[dict[str, tuple[Any, ...]]] = {
    "shop": (1, 2, 3, 9),
    "category": (1, 2, 3, 4, 9),
    "author": (1, 2, 9),
    "language": ("ru", "en", "fr"),
    "price_from": (0, 300),
    "price_to": (400, 10_000),
    "in_stock": (True,),
    "q": ("книга",),
}
ABOVE: Final = {1: {1}, 2: {1, 2}, 3: {1, 2, 3}, 4: {4}}  # a category and those that it lies in


class Known(Struct, frozen=True):
    """An offer as the model knows it."""

    id: int
    shop: int
    category: int
    author: int
    language: str
    price: int
    stock: int
    title: str

    def passes(self, query: OfferFilter) -> bool:
        return all(
            (
                query.shop in (None, self.shop),
                query.category is None or query.category in ABOVE[self.category],
                query.author in (None, self.author),
                query.language in (None, self.language),
                query.price_from is None or self.price >= query.price_from,
                query.price_to is None or self.price <= query.price_to,
                not query.in_stock or self.stock > 0,
                not query.q or query.q in self.title,
            )
        )

    def place(self, sort: str) -> tuple[Any, ...]:
        order: tuple[Any, ...] = {"price": (self.price,), "-price": (-self.price,), "title": (self.title,)}.get(
            sort, ()
        )
        return (*order, self.id if sort in ("price", "title") else -self.id)


async def stock_shelves(tx: Write) -> list[Known]:
    """A catalogue with many equal prices and titles."""
    rng = random.Random(11)
    for _ in range(3):
        await enter_shop(tx)
    for slug, parent, path in (("a", None, "/1/"), ("b", 1, "/1/2/"), ("c", 2, "/1/2/3/"), ("d", None, "/4/")):
        await enter(tx, categories, slug=slug, parent_id=parent, path=path)
    await enter_all(tx, authors, ({"name": f"Author {each}", "name_key": f"author {each}"} for each in (1, 2)))
    known = []
    for number in range(1, COUNT + 1):
        each = Known(
            number,
            rng.randint(1, 3),
            rng.randint(1, 4),
            rng.randint(1, 2),
            rng.choice(("ru", "en")),
            rng.randint(1, 6) * 100,
            rng.choice((0, 1, 2)),
            f"{rng.choice(('книга', 'тетрадь'))} {rng.randint(1, 9)}",
        )
        product_id = await enter_product(tx, title=each.title, category_id=each.category, language=each.language)
        await enter_all(tx, product_authors, [{"product_id": product_id, "author_id": each.author}])
        await search.index(tx, product_id, each.title, [f"Author {each.author}"], "")
        price = {"price_minor": each.price, "stock": each.stock}
        assert await enter_offer(tx, shop_id=each.shop, product_id=product_id, **price) == number
        known.append(each)
    await enter_offer(tx, active=0)  # neighbours that no list may show
    await enter_offer(tx, shop_id=await enter_shop(tx, closed_us=1))
    return known


def some_filters(rng: random.Random, count: int) -> Iterator[dict[str, Any]]:
    yield {}
    yield from ({name: value} for name, values in CHOICES.items() for value in values)
    for _ in range(count):
        names = rng.sample(sorted(CHOICES), rng.randint(2, 4))
        yield {name: rng.choice(CHOICES[name]) for name in names}
