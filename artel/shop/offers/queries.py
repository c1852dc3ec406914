"""Offers: the statements, and what those of lists are made of (listing.py)."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    Select,
    bindparam,
    case,
    exists,
    func,
    insert,
    literal_column,
    select,
    update,
)

from artel.db import Command, Query, among
from artel.db.listed import listed
from artel.shop.categories.tables import categories
from artel.shop.offers.model import STOCK_MAX, CatalogueLine, Named, OfferForSale, OfferRow, PriceRow
from artel.shop.offers.tables import offer_prices, offers
from artel.shop.products.tables import authors, product_authors, product_images, products
from artel.shop.search.tables import search_products
from artel.shop.shops.tables import shops

_the_offer = offers.c.id == bindparam("offer_id")

# --- selling

LOOK = Query(
    OfferForSale,
    select(
        offers.c.id,
        offers.c.shop_id,
        shops.c.name.label("shop_name"),
        offers.c.product_id,
        products.c.title,
        offers.c.price_minor,
        offers.c.compare_at_minor,
        offers.c.currency,
        offers.c.stock,
        offers.c.for_sale.label("active"),
        case((products.c.tax_bp < 0, shops.c.tax_bp), else_=products.c.tax_bp).label("tax_bp"),
        shops.c.tax_included,
        shops.c.confirms,
        shops.c.low_stock,
        shops.c.commission_bp,
    )
    .join_from(offers, products, products.c.id == offers.c.product_id)
    .join(shops, shops.c.id == offers.c.shop_id)
    .where(among(offers.c.id, "offer_ids")),
)
TAKE = Command(
    update(offers)
    .where(_the_offer, offers.c.for_sale == 1, offers.c.stock >= bindparam("quantity"))
    .values(stock=offers.c.stock - bindparam("quantity"))
)
GIVE_BACK = Command(update(offers).where(_the_offer).values(stock=offers.c.stock + bindparam("quantity")))

# --- one offer

_image = (
    select(product_images.c.url)
    .where(product_images.c.product_id == offers.c.product_id)
    .order_by(product_images.c.position)
    .limit(literal_column("1"))
    .scalar_subquery()
)
_SHOWN: Final[Mapping[str, ColumnElement[Any]]] = {
    **offers.c,
    "shop_name": shops.c.name,
    "title": products.c.title,
    "authors": search_products.c.authors,
    "image": _image,
}


def shown(source: FromClause) -> Select[Any]:
    """Offers as they are shown, for those that `source` is or names; `source` holds the ids of offers.

    The authors are the JSON list that search keeps of the product: one row by its key instead of a join with two tables
    and an aggregate. It is written by `search.index`, which every write of a product's title or authors goes through.
    """
    joined = source if source is offers else source.join(offers, offers.c.id == source.c.id)
    return select(*(_SHOWN[field].label(field) for field in OfferRow.__struct_fields__)).select_from(
        joined.join(shops, shops.c.id == offers.c.shop_id)
        .join(products, products.c.id == offers.c.product_id)
        .outerjoin(search_products, search_products.c.product_id == offers.c.product_id)
    )


BY_ID = Query(OfferRow, shown(offers).where(_the_offer))
AMONG = Query(OfferRow, shown(offers).where(among(offers.c.id, "offer_ids")))
OF_SHOP = Query(
    OfferRow,
    shown(offers)
    .where(offers.c.shop_id == bindparam("shop_id"), offers.c.id > bindparam("after_id"))
    .order_by(offers.c.id)
    .limit(bindparam("row_limit")),
)
CATALOGUE = Query(
    CatalogueLine,
    select(offers.c.id, products.c.title, products.c.description, offers.c.price_minor, offers.c.stock)
    .join_from(offers, products, products.c.id == offers.c.product_id)
    .where(
        offers.c.shop_id == bindparam("shop_id"),
        offers.c.active == 1,
        products.c.deleted_us == 0,
        offers.c.id > bindparam("after_id"),
    )
    .order_by(offers.c.id)
    .limit(bindparam("row_limit")),
)
LOCK = Query(int, select(offers.c.id).where(_the_offer).with_for_update(key_share=True))
LOCK_ALL = Query(  # in one order, so that two who edit the same ones do not wait for each other in a circle
    int,
    select(offers.c.id).where(among(offers.c.id, "offer_ids")).order_by(offers.c.id).with_for_update(key_share=True),
)

# What triggers fill in (tables.py) is left empty.
_wanted = listed(
    "wanted",
    place=int,
    shop_id=int,
    product_id=int,
    price_minor=int,
    currency=str,
    compare_at_minor=int,
    stock=int,
    active=int,
)
# Of living products; the ids grow with the places.
CREATE = Query(
    int,
    insert(offers)
    .from_select(
        [each.name for each in offers.c if each is not offers.c.id],
        select(
            *(column for column in _wanted.c if column.name != "place"),
            bindparam("now_us", type_=BigInteger),
            bindparam("now_us", type_=BigInteger),
            literal_column("1"),
            literal_column("0"),
            literal_column("NULL"),
            literal_column("''"),
            literal_column("''"),
        )
        .join_from(_wanted, products, products.c.id == _wanted.c.product_id)
        .where(products.c.deleted_us == 0)
        .order_by(_wanted.c.place),
    )
    .returning(offers.c.id),
)
EDIT = Command(
    update(offers)
    .where(_the_offer)
    .values(
        price_minor=bindparam("new_price_minor"),
        compare_at_minor=bindparam("new_compare_at_minor"),
        active=bindparam("new_active"),
        updated_us=bindparam("now_us"),
        version=offers.c.version + 1,
    )
)
WITHDRAW = Command(
    update(offers)
    .where(_the_offer, offers.c.active == 1)
    .values(active=0, updated_us=bindparam("now_us"), version=offers.c.version + 1)
)
SET_STOCK = Command(update(offers).where(_the_offer).values(stock=bindparam("new_stock")))
_new_stock = offers.c.stock + bindparam("more")
ADD_STOCK = Command(update(offers).where(_the_offer, _new_stock >= 0, _new_stock <= STOCK_MAX).values(stock=_new_stock))

ADD_PRICE = Command(
    insert(offer_prices)
    .inline()
    .values(
        offer_id=bindparam("offer_id"),
        price_minor=bindparam("price_minor"),
        compare_at_minor=bindparam("compare_at_minor"),
        currency=bindparam("currency"),
        at_us=bindparam("now_us"),
        account_id=bindparam("account_id"),
    )
)
PRICES = Query(
    PriceRow,
    select(*(offer_prices.c[field] for field in PriceRow.__struct_fields__))
    .where(offer_prices.c.offer_id == bindparam("offer_id"), offer_prices.c.id < bindparam("before_id"))
    .order_by(offer_prices.c.id.desc())
    .limit(bindparam("row_limit")),
)

# --- lists: their filters and orders; listing.py makes statements of them

_of_root = categories.alias("of_root")
_below = (  # "0" is the character after "/": from /1/7/ to before /1/70
    select(categories.c.id)
    .where(
        categories.c.path >= _of_root.c.path,
        categories.c.path < func.substr(_of_root.c.path, 1, func.length(_of_root.c.path) - 1) + "0",
        _of_root.c.id == bindparam("category"),
    )
    .scalar_subquery()
)
_by_author = select(product_authors.c.product_id).where(product_authors.c.author_id == bindparam("author"))


def condition(name: str, source: FromClause) -> ColumnElement[bool]:
    """One filter, on the offers' columns that `source` has."""
    column = source.c
    conditions: Mapping[str, Any] = {
        "shop": lambda: column.shop_id == bindparam("shop"),
        "category": lambda: column.category_id.in_(_below),
        "author": lambda: column.product_id.in_(_by_author),
        "language": lambda: column.language == bindparam("language"),
        "price_from": lambda: column.price_minor >= bindparam("price_from"),
        "price_to": lambda: column.price_minor <= bindparam("price_to"),
        "in_stock": lambda: column.stock > 0,
        "q": lambda: among(column.product_id, "product_ids"),
    }
    made: ColumnElement[bool] = conditions[name]()
    return made


_ranked = listed("ranked", product_id=int, position=int)
NAMED = Query(
    Named,
    select(products.c.title, search_products.c.authors)
    .join_from(_ranked, products, products.c.id == _ranked.c.product_id)
    .join(search_products, search_products.c.product_id == products.c.id)
    .where(exists().where(offers.c.product_id == products.c.id, offers.c.for_sale == 1))
    .order_by(_ranked.c.position),
)

# --- facets: what facets.py names the values by

SHOPS: Final = shops
CATEGORIES: Final = categories
AUTHORS: Final = authors
WRITTEN: Final = product_authors
