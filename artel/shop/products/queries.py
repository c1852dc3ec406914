"""Products: every statement."""

from functools import lru_cache
from typing import Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    Select,
    bindparam,
    delete,
    insert,
    literal_column,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from artel.db import Command, Query, among
from artel.db.listed import listed
from artel.kernel.page import PAGE_MAX
from artel.shop.categories.tables import categories
from artel.shop.products.model import AuthorKey, AuthorRow, ImageRow, KnownIsbn, ProductRow
from artel.shop.products.tables import authors, books, product_authors, product_images, products

_the_product = products.c.id == bindparam("product_id")
_lives = products.c.deleted_us == 0


def _whole(of: FromClause) -> Select[tuple[object, ...]]:
    """Products with what they have as books and with their categories."""
    columns = {column.name: column for column in (*books.c, *of.c)} | {
        "category_name": categories.c.name.label("category_name"),
        "category_slug": categories.c.slug.label("category_slug"),
    }
    return select(*(columns[field] for field in ProductRow.__struct_fields__)).select_from(
        of.outerjoin(books, books.c.product_id == of.c.id).outerjoin(categories, categories.c.id == of.c.category_id)
    )


BY_ID = Query(ProductRow, _whole(products).where(_the_product, _lives))
BY_ID_LOCKED = Query(
    ProductRow, _whole(products).where(_the_product, _lives).with_for_update(of=products, key_share=True)
)
AMONG_LOCKED = Query(  # in one order, so that two who edit the same ones do not wait for each other in a circle
    ProductRow,
    _whole(products)
    .where(among(products.c.id, "product_ids"), _lives)
    .order_by(products.c.id)
    .with_for_update(of=products, key_share=True),
)

AMONG = Query(ProductRow, _whole(products).where(among(products.c.id, "product_ids"), _lives).order_by(products.c.id))
_isbns = listed("isbns", isbn=str)
KNOWN_ISBNS = Query(
    KnownIsbn, select(books.c.product_id, books.c.isbn).join_from(_isbns, books, books.c.isbn == _isbns.c.isbn)
)

FILTERS: Final[dict[str, ColumnElement[bool]]] = {  # by the field of ProductFilter that asks for it
    "kind": products.c.kind == bindparam("kind"),
    "category": among(products.c.category_id, "category_ids"),
    "author": products.c.id.in_(
        select(product_authors.c.product_id).where(product_authors.c.author_id == bindparam("author_id"))
    ),
    "language": products.c.language == bindparam("language"),
    "shop": products.c.shop_id == bindparam("shop_id"),
    "isbn": products.c.id.in_(select(books.c.product_id).where(books.c.isbn == bindparam("isbn"))),
}


@lru_cache  # one statement for each combination of filters: 64 at most
def listing(filters: frozenset[str]) -> Query[ProductRow]:
    """A page of the living products, by id, that pass these filters. What is not filtered is not in the statement.

    PostgreSQL plans a limit that is a parameter for a tenth of the table, and reads all of the books and categories
    for that. The largest page, as a literal, tells it how few there are.
    """
    found = (
        select(products)
        .where(products.c.id > bindparam("after_id"), _lives, *(FILTERS[name] for name in sorted(filters)))
        .order_by(products.c.id)
        .limit(literal_column(str(PAGE_MAX + 1)))
        .subquery("found")
    )
    return Query(ProductRow, _whole(found).order_by(found.c.id).limit(bindparam("row_limit")))


AUTHORS_OF = Query(
    AuthorRow,
    select(product_authors.c.product_id, authors.c.id, authors.c.name)
    .join_from(product_authors, authors, authors.c.id == product_authors.c.author_id)
    .where(among(product_authors.c.product_id, "product_ids"))
    .order_by(product_authors.c.product_id, product_authors.c.position),
)
IMAGES_OF = Query(
    ImageRow,
    select(product_images.c.product_id, product_images.c.url, product_images.c.alt)
    .where(among(product_images.c.product_id, "product_ids"))
    .order_by(product_images.c.product_id, product_images.c.position),
)

_entered = listed(
    "entered",
    place=int,
    shop_id=int,
    kind=str,
    title=str,
    description=str,
    category_id=int,
    language=str,
    attributes=str,
    tax_bp=int,
)
_fields = [column for column in _entered.c if column.name != "place"]
# The ids grow with the places.
ENTER = Query(
    int,
    insert(products)
    .from_select(
        [*(column.name for column in _fields), "created_us", "updated_us", "deleted_us", "version"],
        select(
            *_fields,
            bindparam("now_us", type_=BigInteger),
            bindparam("now_us", type_=BigInteger),
            literal_column("0"),
            literal_column("1"),
        ).order_by(_entered.c.place),
    )
    .returning(products.c.id),
)
ENTER_BOOK = Command(
    insert(books).values(
        product_id=bindparam("product_id"),
        isbn=bindparam("isbn"),
        publisher=bindparam("publisher"),
        year=bindparam("year"),
        pages=bindparam("pages"),
    )
)
EDIT = Command(
    update(products)
    .where(_the_product)
    .values(
        title=bindparam("new_title"),
        description=bindparam("new_description"),
        category_id=bindparam("new_category_id"),
        language=bindparam("new_language"),
        attributes=bindparam("new_attributes"),
        tax_bp=bindparam("new_tax_bp"),
        updated_us=bindparam("now_us"),
        version=products.c.version + 1,
    )
)
EDIT_BOOK = Command(
    update(books)
    .where(books.c.product_id == bindparam("of_product"))
    .values(
        isbn=bindparam("new_isbn"),
        publisher=bindparam("new_publisher"),
        year=bindparam("new_year"),
        pages=bindparam("new_pages"),
    )
)
NEW_VERSION = Command(
    update(products).where(_the_product).values(updated_us=bindparam("now_us"), version=products.c.version + 1)
)
DELETE = Command(
    update(products)
    .where(_the_product)
    .values(
        deleted_us=bindparam("now_us"),
        updated_us=bindparam("now_us"),
        category_id=None,
        version=products.c.version + 1,
    )
)
FREE_ISBN = Command(update(books).where(books.c.product_id == bindparam("of_product")).values(isbn=None))

_named = listed("named", name_key=str, name=str)
KNOWN_AUTHORS = Query(
    AuthorKey,
    select(authors.c.id, authors.c.name_key).join_from(_named, authors, authors.c.name_key == _named.c.name_key),
)
_new_authors = upsert(authors).from_select(
    ["name_key", "name"],
    # In one order, so that two who add the same ones never wait for each other in a circle.
    select(_named.c.name_key, _named.c.name).where(text("1 = 1")).order_by(_named.c.name_key),
)
ADD_AUTHORS = Query(
    AuthorKey,
    _new_authors.on_conflict_do_update(  # changes nothing, so that whoever was second is answered too
        index_elements=["name_key"], set_={"name_key": _new_authors.excluded.name_key}
    ).returning(authors.c.id, authors.c.name_key),
)
NAME_AUTHOR = Command(
    insert(product_authors).values(
        product_id=bindparam("product_id"), author_id=bindparam("author_id"), position=bindparam("position")
    )
)
DROP_AUTHORS = Command(delete(product_authors).where(product_authors.c.product_id == bindparam("product_id")))
ADD_IMAGE = Command(
    insert(product_images).values(
        product_id=bindparam("product_id"),
        position=bindparam("position"),
        url=bindparam("url"),
        alt=bindparam("alt"),
    )
)
DROP_IMAGES = Command(delete(product_images).where(product_images.c.product_id == bindparam("product_id")))
