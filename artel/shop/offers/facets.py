"""The statement that counts facets: one for each combination of filters, over a bounded number of offers."""

from functools import lru_cache
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    Select,
    Text,
    case,
    cast,
    func,
    literal,
    literal_column,
    select,
    union_all,
)

from artel.db import Query
from artel.shop.offers.listing import GATHERED_BY, STATEMENTS_KEPT, Filters
from artel.shop.offers.model import Tally
from artel.shop.offers.queries import AUTHORS, CATEGORIES, SHOPS, WRITTEN, condition
from artel.shop.offers.rules import PRICE_STEPS
from artel.shop.offers.tables import offers

LOOKED_AT_MAX: Final = 5_000  # offers: a page of facets keeps the reader of SQLite for about ten milliseconds
CHOICES_MAX: Final = 30  # of one facet, the commonest


@lru_cache(STATEMENTS_KEPT)
def counting(filters: Filters, by: str) -> Query[Tally]:
    """The facets of what passes the filters, among the offers that one of them leaves ('' for all: the newest)."""
    looked = _looked_at(filters, by)
    rest = filters - GATHERED_BY.get(by, frozenset())
    counted = (
        select(looked).where(*(condition(each, looked) for each in sorted(rest))).cte("counted").prefix_with(_ONCE)
    )
    # Adding nothing keeps SQLite from reading who wrote every product and looking for it among what was counted.
    product_id = counted.c.product_id + literal_column("0")
    by_author = select(WRITTEN.c.author_id).join_from(counted, WRITTEN, WRITTEN.c.product_id == product_id)
    return Query(
        Tally,
        union_all(
            _whole("looked", looked),
            _whole("all", counted),
            _whole("in_stock", counted).where(counted.c.stock > 0),
            _named("shop", select(counted.c.shop_id.label("id")), SHOPS),
            _ranked("category", _with_those_above(counted), CATEGORIES),
            _named("author", select(by_author.subquery("by_author").c.author_id.label("id")), AUTHORS),
            _tally("language", literal(0, BigInteger), counted.c.language).group_by(counted.c.language),
            _tally("price", _step(counted.c.price_minor), literal("", Text)).group_by(_step(counted.c.price_minor)),
        ),
    )


_ONCE: Final = "MATERIALIZED"  # else each of the counts would gather anew


def _looked_at(filters: Filters, by: str) -> FromClause:
    columns = (offers.c.id, offers.c.product_id, offers.c.shop_id, offers.c.category_id, offers.c.language)
    first = sorted(GATHERED_BY.get(by, frozenset()) & filters)
    looked = select(*columns, offers.c.price_minor, offers.c.stock).where(
        offers.c.for_sale == literal_column("1"), *(condition(each, offers) for each in first)
    )
    if not by:
        looked = looked.order_by(offers.c.id.desc())
    return looked.limit(literal_column(str(LOOKED_AT_MAX))).cte("looked").prefix_with(_ONCE)


def _tally(of: str, key: ColumnElement[Any], name: ColumnElement[Any]) -> Select[Any]:
    return select(literal(of, Text).label("of"), key.label("id"), name.label("name"), func.count().label("count"))


def _whole(of: str, source: FromClause) -> Select[Any]:
    return _tally(of, literal(0, BigInteger), literal("", Text)).select_from(source)


def _named(of: str, keys: Select[Any], named: FromClause) -> Select[Any]:
    """The commonest keys with their names."""
    each = keys.subquery(f"{of}_keys")
    counts = select(each.c.id, func.count().label("count")).where(each.c.id.is_not(None)).group_by(each.c.id)
    return _ranked(of, counts, named)


def _ranked(of: str, counts: Select[Any], named: FromClause) -> Select[Any]:
    """The keys of the highest counts with their names."""
    each = counts.subquery(f"{of}_counts")
    commonest = select(each).order_by(each.c.count.desc(), each.c.id).limit(literal_column(str(CHOICES_MAX)))
    found = commonest.subquery(f"{of}_commonest")
    return select(literal(of, Text).label("of"), named.c.id, named.c.name, found.c.count.label("count")).join_from(
        found, named, named.c.id == found.c.id
    )


def _with_those_above(counted: FromClause) -> Select[Any]:
    """How many offers are in each category or below it: a filter by the category leaves all of these."""
    own = select(counted.c.category_id.label("id"), func.count().label("count")).group_by(counted.c.category_id)
    up = own.cte("up", recursive=True)
    up = up.union_all(
        select(CATEGORIES.c.parent_id, up.c.count)
        .join_from(up, CATEGORIES, CATEGORIES.c.id == up.c.id)
        .where(CATEGORIES.c.parent_id.is_not(None))
    )
    count = cast(func.sum(up.c.count), BigInteger)
    return select(up.c.id, count.label("count")).where(up.c.id.is_not(None)).group_by(up.c.id)


def _step(price: ColumnElement[int]) -> ColumnElement[int]:
    """The last step that the price reaches."""
    steps: list[Any] = [
        (price >= literal_column(str(step)), literal_column(str(place))) for place, step in enumerate(PRICE_STEPS)
    ]
    return case(*reversed(steps), else_=literal_column("0"))
