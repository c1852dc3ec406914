"""What the demo holds, by number: each shop, book, person and order is made of the seed and its own number alone.

So a larger demo begins like a smaller one, and any part of it can be made again after a load that broke off.
"""

from collections.abc import Mapping
from random import Random
from typing import Final

from msgspec import Struct

from artel.accounts.model import Registration
from artel.demo import texts, words
from artel.kernel.clock import US
from artel.kernel.text import slug_of
from artel.orders.delivery.model import MethodWanted
from artel.shop.categories.model import CategoryWanted
from artel.shop.offers.model import OfferWanted
from artel.shop.products import isbn
from artel.shop.products.model import Image, ProductWanted
from artel.shop.shops.model import ShopWanted

DAY_US: Final = 86_400 * US
SPAN_US: Final = 42 * DAY_US  # the orders are of the last six weeks
SHOPS_EACH: Final = 10  # for each step of the scale
BOOKS_EACH: Final = 100
PEOPLE_EACH: Final = 10
ORDERS_EACH: Final = 50
CARTS_EACH: Final = 3
JOBS_EACH: Final = 10
LINES_EACH: Final = 25_000  # of the log: about two weeks of a small shop
SHOPS_MAX: Final = 1_000  # more have no names of their own
ORDERS_MAX: Final = 5_000  # each is placed, paid and sent like any other, about thirty statements: it takes its time
CARTS_MAX: Final = 300
JOBS_MAX: Final = 1_000
LINES_MAX: Final = 250_000  # the reports tell no more from a longer log
OFFERS_OF: Final = (1, 2, 3, 2)  # of a book, by its number: two on the average


class Sizes(Struct, frozen=True):
    """How much of everything there is at a scale."""

    shops: int
    books: int
    people: int
    orders: int
    carts: int
    jobs: int
    log_lines: int


def sizes(scale: int) -> Sizes:
    """Everything grows with the scale, up to what makes sense in a demo."""
    return Sizes(
        shops=min(SHOPS_EACH * scale, SHOPS_MAX),
        books=BOOKS_EACH * scale,
        people=PEOPLE_EACH * scale,
        orders=min(ORDERS_EACH * scale, ORDERS_MAX),
        carts=min(CARTS_EACH * scale, CARTS_MAX),
        jobs=min(JOBS_EACH * scale, JOBS_MAX),
        log_lines=min(LINES_EACH * scale, LINES_MAX),
    )


def draw_for(seed: int, what: str, number: int) -> Random:
    """Chance, the same for the same thing of the same seed."""
    return Random(f"{seed} {what} {number}")


# --- who

PASSWORD: Final = "artel demo password"  # of every demo account; it is printed, and no secret
PEOPLE: Final = {  # those whom the documentation speaks of: login, name, roles
    "owner": ("Olga Petrova", "owner executor"),
    "staff": ("Semyon Ivanov", "staff"),
    "anna": ("Anna Orlova", "customer"),
    "egor": ("Egor Lebedev", "executor"),
}


def known(login: str) -> Registration:
    """One of those who have a login of their own."""
    first, last = PEOPLE[login][0].split()
    return _registration(login, first, last)


def person(seed: int, number: int) -> Registration:
    """A customer, by number from 1."""
    first, last = texts.russian_name(draw_for(seed, "person", number))
    return _registration(f"{slug_of(first)}-{number}", first, last)


def _registration(login: str, first: str, last: str) -> Registration:
    return Registration(
        login,
        PASSWORD,
        name=f"{first} {last}",
        first_name=first,
        last_name=last,
        email=f"{login}@example.com",
    )


# --- what

# A category: its slug, its name, the one above it, and what is written there (nothing: it only holds others).
CATEGORIES: Final = (
    ("fiction", "Художественная литература", "", ""),
    ("novels", "Романы", "fiction", "novel"),
    ("mystery", "Детективы", "novels", "novel"),
    ("historical-novels", "Исторические романы", "novels", "novel"),
    ("stories", "Рассказы", "fiction", "story"),
    ("children", "Детям", "", ""),
    ("tales", "Сказки", "children", "child"),
    ("picture-books", "Книжки-картинки", "children", "child"),
    ("knowledge", "Знания", "", ""),
    ("history", "История", "knowledge", "history"),
    ("science", "Природа и наука", "knowledge", "science"),
    ("home", "Дом и увлечения", "", ""),
    ("cooking", "Кулинария", "home", "kitchen"),
    ("gardening", "Сад и огород", "home", "garden"),
    ("crafts", "Рукоделие", "home", "craft"),
)
_LEAVES: Final = [(slug, genre) for slug, _, _, genre in CATEGORIES if genre]
_WEIGHTS: Final = [{"novel": 6, "story": 4, "child": 4}.get(genre, 2) for _, genre in _LEAVES]
_COVERS: Final = {"ru": "Обложка книги «{}»", "en": "The cover of “{}”"}
_ISBN_STEP: Final = 61_803_399  # has no factor in common with ten: every number gets another ISBN
_PAPER: Final = ("offset", "coated", "cream")


def category(number: int, parent_id: int | None) -> CategoryWanted:
    """A category of the tree, by number from 0."""
    slug, name, _, _ = CATEGORIES[number]
    return CategoryWanted(name=name, slug=slug, parent_id=parent_id, position=number)


def shop(seed: int, number: int) -> ShopWanted:
    """A shop, by number from 1. Each seventh adds the tax to its prices, each fifth confirms orders first."""
    draw = draw_for(seed, "shop", number)
    name, city = texts.shop_name(draw), draw.choice(words.CITIES)
    slug = f"{slug_of(name)}-{number}"
    return ShopWanted(
        name=f"{name}, {city[0]}",
        slug=slug,
        currency="RUB",
        description=f"Книжный магазин в {city[2]}. Отправляем заказы в день оплаты, выдаём в магазине.",
        site=f"https://{slug}.example",
        tax_bp=1_000,
        tax_included=number % 7 != 0,
        confirms=number % 5 == 0,
        low_stock=draw.choice((2, 3, 5)),
    )


def methods(seed: int, number: int) -> list[MethodWanted]:
    """How the shop of this number delivers."""
    draw = draw_for(seed, "delivery", number)
    post_minor, courier_minor = draw.randrange(150, 350, 10) * 100, draw.randrange(300, 600, 50) * 100
    return [
        MethodWanted(
            name="Почта", price_minor=post_minor, description="Три–восемь дней по стране.", free_from_minor=300_000
        ),
        MethodWanted(name="Курьер", price_minor=courier_minor, description="На следующий день, с 10 до 21 часа."),
    ]


def isbn_of(seed: int, number: int) -> str:
    """The ISBN of a book, with its check digit: 978-5 in Russian, 978-1 in English."""
    digits = (number * _ISBN_STEP + seed * 7_777_777) % 10**8
    twelve = f"978{5 if language_of(number) == 'ru' else 1}{digits:08d}"
    return twelve + isbn.check_digit(twelve)


def language_of(number: int) -> str:
    """Each third book is in English."""
    return "en" if number % 3 == 0 else "ru"


def book(seed: int, number: int, shop_ids: Mapping[int, int], category_ids: Mapping[str, int]) -> ProductWanted:
    """A book, by number from 1; the shops' ids by their numbers, the categories' by their slugs."""
    draw, language = draw_for(seed, "book", number), language_of(number)
    ((slug, genre),) = draw.choices(_LEAVES, _WEIGHTS)
    title = texts.title(draw, genre, language)
    writers = 1 if genre in ("novel", "story", "child") or draw.random() < 0.7 else 2
    name_of = texts.russian_name if language == "ru" else texts.english_name
    digits = isbn_of(seed, number)
    return ProductWanted(
        kind="book",
        title=title,
        shop_id=shop_ids[places(seed, number)[0]],
        description=texts.description(draw, genre, language),
        category_id=category_ids[slug],
        authors=list(dict.fromkeys(" ".join(name_of(draw)) for _ in range(writers))),
        language=language,
        isbn=digits,
        publisher=draw.choice(words.PUBLISHERS_RU if language == "ru" else words.PUBLISHERS_EN),
        year=2026 - int(30 * draw.random() ** 2),
        pages=draw.randrange(16, 64, 4) if genre == "child" else draw.randrange(160, 640, 8),
        attributes={
            "cover": draw.choice(("hard", "soft")),
            "weight_g": draw.randrange(150, 900, 5),
            "paper": draw.choice(_PAPER),
        },
        images=[Image(f"https://books.example/covers/{digits}.jpg", _COVERS[language].format(title))],
    )


def places(seed: int, number: int) -> list[int]:
    """The numbers of the shops that sell a book; the first of them entered it."""
    draw = draw_for(seed, "places", number)
    shops = min(SHOPS_EACH * ((number - 1) // BOOKS_EACH + 1), SHOPS_MAX)
    return draw.sample(range(1, shops + 1), OFFERS_OF[number % len(OFFERS_OF)])


def offers(seed: int, number: int, product_id: int) -> list[OfferWanted]:
    """The offers of a book, in the order of `places`: 5 to 4,000 roubles, 0 to 1,000 copies."""
    draw = draw_for(seed, "offers", number)
    roubles = 5 + 3_995 * draw.random() ** 2.5
    made = []
    for _ in range(OFFERS_OF[number % len(OFFERS_OF)]):
        price = min(max(round(roubles * draw.uniform(0.9, 1.1)), 5), 4_000)
        before = round(price * draw.uniform(1.15, 1.5)) if draw.random() < 0.15 else None
        stock = 0 if draw.random() < 0.04 else int(1_000 * draw.random() ** 3) + 1
        made.append(
            OfferWanted(
                product_id=product_id,
                price_minor=price * 100,
                compare_at_minor=before * 100 if before else None,
                stock=min(stock, 1_000),
            )
        )
    return made
