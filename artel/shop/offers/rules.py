"""Offers: pure decisions."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from artel.kernel.clock import iso
from artel.kernel.errors import Malformed
from artel.kernel.page import Cut, Place, PlaceText, cursor
from artel.kernel.text import folded
from artel.shop.offers.model import (
    Choice,
    CompareAtTooLow,
    Facets,
    LanguageChoice,
    Named,
    NothingToRank,
    Offer,
    OfferFilter,
    OfferList,
    OfferRow,
    OfferWanted,
    Price,
    PriceRange,
    PriceRow,
    Sort,
    StockUnclear,
    StockWanted,
    Suggestion,
    Tally,
)
from artel.shop.shops.model import ShopRow

# Where ranges of prices begin: 1, 2, 5, 10, 20, 50 … of the currency's hundred minor units.
PRICE_STEPS: Final = (0, *(100 * digit * 10**power for power in range(8) for digit in (1, 2, 5)))
SUGGESTED_MAX: Final = 10
SUGGESTED_AUTHORS_MAX: Final = 3  # of these: who types a name may want any of the books
SUGGESTED_OF: Final = 50  # products, the best
_strings = msgspec.json.Decoder(list[str]).decode


def shown(row: OfferRow) -> Offer:
    """The offer as an answer."""
    return Offer(
        row.id,
        row.shop_id,
        row.shop_name,
        row.product_id,
        row.title,
        _strings(row.authors) if row.authors else [],
        row.image,
        row.category_id,
        row.language,
        row.price_minor,
        row.compare_at_minor or None,
        row.currency,
        row.stock,
        bool(row.active),
        bool(row.for_sale),
        iso(row.created_us),
        iso(row.updated_us),
        row.version,
    )


def price_shown(row: PriceRow) -> Price:
    """A price of the history as an answer."""
    return Price(row.id, row.price_minor, row.compare_at_minor or None, row.currency, iso(row.at_us))


def summed(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Offers and quantities, each offer once, in the order in which they are locked."""
    quantities: Counter[int] = Counter()
    for offer_id, quantity in pairs:
        assert quantity > 0, "a quantity is checked where it is decoded"
        quantities[offer_id] += quantity
    return sorted(quantities.items())


def entered(place: int, shop: ShopRow, body: OfferWanted) -> tuple[int | str, ...]:
    """A new offer as the parameter of queries.CREATE."""
    return (
        place,
        shop.id,
        body.product_id,
        body.price_minor,
        shop.currency,
        body.compare_at_minor or 0,
        body.stock,
        int(body.active),
    )


def check_compare_at(price_minor: int, compare_at_minor: int | None) -> None:
    """Refuse a struck-through price that is none. Raises CompareAtTooLow."""
    if compare_at_minor is not None and compare_at_minor <= price_minor:
        raise CompareAtTooLow(price_minor=price_minor)


def check_one_of_two(body: StockWanted) -> None:
    """Refuse a stock that is said in both ways or in none. Raises StockUnclear."""
    if (body.stock is msgspec.UNSET) == (body.add is msgspec.UNSET):
        raise StockUnclear


# --- lists


def filters_of(query: OfferFilter) -> frozenset[str]:
    """The filters that are given."""
    given = {name for name in OfferFilter.__struct_fields__ if getattr(query, name) not in (None, False, "")}
    return frozenset(given)


def order_of(query: OfferList) -> Sort:
    """The order of the list. Raises NothingToRank."""
    if query.sort == "relevance" and not query.q:
        raise NothingToRank
    return query.sort or ("relevance" if query.q else "newest")


# What the cursor of each order holds, after the order's own name: the value that it goes by, and the offer's id.
_PLACES: Final[dict[str, Any]] = {
    "relevance": tuple[str, Place, Place, Place],  # score, product, offer
    "title": tuple[str, PlaceText, Place],
    "price": tuple[str, Place, Place],
    "-price": tuple[str, Place, Place],
    "newest": tuple[str, Place, Place],
}


def place_of(query: OfferList, order: Sort) -> tuple[Any, ...] | None:
    """What the cursor holds; None when the list is read from its start. Raises Malformed for another order's cursor."""
    if query.after is None:
        return None
    cut = Cut(query.limit, query.after)
    name, *place = cut.place(_PLACES[order])
    if name != order:
        raise Malformed(field="after", problem="is not a cursor that this list gave out")
    return tuple(place)


def cursor_of(row: OfferRow, order: Sort, score: int = 0) -> str:
    """The cursor that names an offer in an order; `score` is its product's, for the order of relevance."""
    if order == "relevance":
        return cursor((order, score, row.product_id, row.id))
    values = {"title": row.title_key, "price": row.price_minor, "-price": row.price_minor, "newest": row.id}
    return cursor((order, values[order], row.id))


# --- facets


def facets(tallies: Sequence[Tally], looked_at_max: int, corrected: dict[str, str]) -> Facets:
    """The facets out of what was counted; the commonest values first."""
    found: dict[str, list[Tally]] = defaultdict(list)
    for each in sorted(tallies, key=lambda tally: (-tally.count, tally.name, tally.id)):
        found[each.of].append(each)
    numbers = {of: sum(each.count for each in found[of]) for of in ("looked", "all", "in_stock")}

    def choices(of: str) -> list[Choice]:
        return [Choice(each.id, each.name, each.count) for each in found[of]]

    return Facets(
        count=numbers["all"],
        capped=numbers["looked"] == looked_at_max,
        in_stock=numbers["in_stock"],
        categories=choices("category"),
        authors=choices("author"),
        shops=choices("shop"),
        languages=[LanguageChoice(each.name, each.count) for each in found["language"]],
        prices=[_range(each) for each in sorted(found["price"], key=lambda tally: tally.id)],
        corrected=corrected,
    )


def _range(tally: Tally) -> PriceRange:
    above = tally.id + 1
    return PriceRange(PRICE_STEPS[tally.id], PRICE_STEPS[above] if above < len(PRICE_STEPS) else None, tally.count)


def suggestions(named: Iterable[Named], typed: str, corrected: Mapping[str, str]) -> list[Suggestion]:
    """Authors in whose names every word begins one, then titles, each once, in the order of the products."""
    words = [folded(corrected.get(word, word)) for word in folded(typed).split()]
    titles: dict[str, Suggestion] = {}
    authors: dict[str, Suggestion] = {}
    for each in named:
        titles.setdefault(folded(each.title), Suggestion("title", each.title))
        for name in _strings(each.authors):
            parts = folded(name).split()
            if all(any(part.startswith(word) for part in parts) for word in words if word):
                authors.setdefault(folded(name), Suggestion("author", name))
    few = list(authors.values())[:SUGGESTED_AUTHORS_MAX]
    return [*few, *titles.values()][:SUGGESTED_MAX]
