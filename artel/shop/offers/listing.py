"""The statements of lists of offers: one for each combination of filters and order, made when it is first asked for.

A condition that is switched off by a parameter (`:x IS NULL OR …`) would keep the databases from using an index. A list
is read in one of three ways, so that a page costs about as much in a large catalogue as in a small one:

- straight: the offers in their order, until the page is full. For filters that the index of the order serves itself.
- walk: the same, but no further than WALK_MAX offers. It fills a page whenever a filter leaves one offer in a hundred.
- gather: every offer that one filter leaves, sorted. For filters that leave few.

The subqueries with a limit and the materialised ones hold both databases to the way that was chosen.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    Select,
    Text,
    bindparam,
    func,
    literal,
    literal_column,
    select,
    tuple_,
    union_all,
)

from artel.db import Query
from artel.db.listed import listed
from artel.shop.offers.model import OfferRow
from artel.shop.offers.queries import condition, shown
from artel.shop.offers.tables import offers

WALK_MAX: Final = 2_000
COUNTED_MAX: Final = 2_000  # when filters are compared by how many offers they leave
STATEMENTS_KEPT: Final = 256

Filters = frozenset[str]  # names of OfferFilter's fields, and `after` when the page is not the first

# The column that an order goes by, before the id, and whether the largest comes first.
ORDERS: Final = {"price": ("price_minor", False), "-price": ("price_minor", True), "title": ("title_key", False)}
NEWEST: Final = ("id", True)
PRICES: Final = frozenset({"price_from", "price_to"})
# What can be gathered by, and the filters that it is made of.
GATHERED_BY: Final = {
    "q": frozenset({"q"}),
    "author": frozenset({"author"}),
    "shop": frozenset({"shop"}),
    "category": frozenset({"category"}),
    "price": PRICES,
    "language": frozenset({"language"}),
}
_COLUMNS: Final = {
    **{"shop": "shop_id", "category": "category_id", "author": "product_id", "language": "language", "q": "product_id"},
    **{"price_from": "price_minor", "price_to": "price_minor", "in_stock": "stock"},
}
_SERVED: Final = {"price_minor": PRICES, "title_key": frozenset({"language"})}  # filters that an order's index serves
_HELD: Final = frozenset({"shop_id", "category_id", "language", "price_minor"})  # by every index of offers for sale
_for_sale = offers.c.for_sale == literal_column("1")  # a parameter would not match the partial indexes


class Left(Struct, frozen=True):
    """How many offers a filter leaves, at most COUNTED_MAX."""

    by: str
    count: int


def _goes_by(order: str) -> tuple[str, bool]:
    return ORDERS.get(order, NEWEST)


def ways(filters: Filters, order: str) -> list[str]:
    """By what the list can be gathered, the most selective as a rule first; the order's own filters are not told."""
    own = _SERVED.get(_goes_by(order)[0], frozenset())
    return [by for by, made_of in GATHERED_BY.items() if made_of & filters - own]


@lru_cache(STATEMENTS_KEPT)
def straight(filters: Filters, order: str) -> Query[OfferRow]:
    """The first offers in the order that pass the filters."""
    ids = select(*_columns((), _goes_by(order)[0])).where(_for_sale, *_conditions(offers, filters, order))
    return _page(_first(ids, offers, order), order)


@lru_cache(STATEMENTS_KEPT)
def walk(filters: Filters, order: str) -> Query[OfferRow]:
    """Those among the next WALK_MAX offers in the order that pass the filters: perhaps fewer than there are."""
    own = filters & ({"after"} | _SERVED.get(_goes_by(order)[0], frozenset()))
    walked = (
        select(*_columns(filters - own, _goes_by(order)[0]))
        .where(_for_sale, *_conditions(offers, own, order))
        .order_by(*_in_order(offers, order))
        .limit(literal_column(str(WALK_MAX)))
        .subquery("walked")
    )
    return _page(_passing(walked, filters - own, order), order)


@lru_cache(STATEMENTS_KEPT)
def gather(filters: Filters, order: str, by: str) -> Query[OfferRow]:
    """All that one filter leaves, then the others, then the order."""
    own = GATHERED_BY[by] & filters
    gathered = (
        select(*_columns(filters - own, *({_goes_by(order)[0]} & _HELD)))
        .where(_for_sale, *_conditions(offers, own, order))
        .cte("gathered")
        .prefix_with("MATERIALIZED")
    )
    return _page(_passing(gathered, filters - own, order), order)


@lru_cache(STATEMENTS_KEPT)
def ranked(filters: Filters) -> Query[OfferRow]:
    """Offers of the products in the parameter `ranked`, in its order; `after_id` is of the first of them."""
    given = listed("ranked", product_id=int, position=int)
    ids = (
        select(offers.c.id, given.c.position)
        .join_from(given, offers, offers.c.product_id == given.c.product_id)
        .where(
            _for_sale,
            (given.c.position > 0) | (offers.c.id > bindparam("after_id", type_=BigInteger)),
            *(condition(each, offers) for each in sorted(filters - {"q", "after"})),
        )
        .order_by(given.c.position, offers.c.id)
        .limit(bindparam("row_limit"))
        .subquery("ids")
    )
    return Query(OfferRow, shown(ids).order_by(ids.c.position, ids.c.id))


@lru_cache(STATEMENTS_KEPT)
def comparison(of: tuple[str, ...], filters: Filters) -> Query[Left]:
    """How many offers each of these filters leaves, so that the list is gathered by the fewest."""
    return Query(Left, union_all(*(_counted(by, filters) for by in of)))


def _counted(by: str, filters: Filters) -> Select[str, int]:
    few = (
        select(offers.c.id)
        .where(_for_sale, *(condition(each, offers) for each in sorted(GATHERED_BY[by] & filters)))
        .limit(literal_column(str(COUNTED_MAX)))
        .subquery()
    )
    return select(literal(by, Text).label("by"), func.count().label("count")).select_from(few)


def _passing(source: FromClause, filters: Filters, order: str) -> FromClause:
    """The first of a source that pass the filters.

    What the source does not hold is looked up for those that pass the rest, by a subquery for each: PostgreSQL would
    make a join of it, and read the whole table for that.
    """
    wanted = {_goes_by(order)[0], *(_COLUMNS[each] for each in filters if each != "after")}
    row = offers.alias("row")
    looked_up = [
        select(row.c[name]).where(row.c.id == source.c.id).scalar_subquery().label(name)
        for name in sorted(wanted - set(source.c.keys()))
    ]
    seen = select(source, *looked_up).subquery("seen") if looked_up else source
    ids = select(*dict.fromkeys((seen.c.id, seen.c[_goes_by(order)[0]]))).where(*_conditions(seen, filters, order))
    return _first(ids, seen, order)


def _columns(filters: Iterable[str], *names: str) -> list[ColumnElement[Any]]:
    """The id, and what the filters look at as far as the indexes hold it."""
    held = [column for column in (_COLUMNS.get(each, "") for each in sorted(filters)) if column in _HELD]
    return [offers.c[name] for name in dict.fromkeys(("id", *names, *held))]


def _conditions(source: FromClause, filters: Iterable[str], order: str) -> list[ColumnElement[bool]]:
    return [_after(source, order) if each == "after" else condition(each, source) for each in sorted(filters)]


def _after(source: FromClause, order: str) -> ColumnElement[bool]:
    name, largest_first = _goes_by(order)
    last_id = bindparam("after_id", type_=BigInteger)
    if name == "id":
        return source.c.id < last_id
    here = tuple_(source.c[name], source.c.id)
    last = tuple_(bindparam("after_value", type_=source.c[name].type), last_id)
    return here < last if largest_first else here > last


def _in_order(source: FromClause, order: str) -> list[ColumnElement[Any]]:
    name, largest_first = _goes_by(order)
    columns: list[ColumnElement[Any]] = [source.c[each] for each in dict.fromkeys((name, "id"))]
    return [each.desc() for each in columns] if largest_first else columns


def _first(ids: Select[Any], source: FromClause, order: str) -> FromClause:
    return ids.order_by(*_in_order(source, order)).limit(bindparam("row_limit")).subquery("ids")


def _page(ids: FromClause, order: str) -> Query[OfferRow]:
    return Query(OfferRow, shown(ids).order_by(*_in_order(ids, order)))
