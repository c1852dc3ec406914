"""Categories: every statement."""

from sqlalchemy import (
    BigInteger,
    Integer,
    Text,
    bindparam,
    delete,
    exists,
    func,
    insert,
    literal_column,
    select,
    update,
)

from artel.db import Command, Query
from artel.shop.categories.model import CATEGORIES_MAX, CategoryRow
from artel.shop.categories.tables import categories

_shown = [categories.c[field] for field in CategoryRow.__struct_fields__]
_the_category = categories.c.id == bindparam("category_id")
_of_root = categories.alias("of_root")
_children = categories.alias("children")

# With the slug for a path, which no other category has, until the id is known; see PLACE.
ADD = Query(
    int,
    insert(categories)
    .from_select(
        ["parent_id", "slug", "name", "path", "position", "version"],
        select(
            bindparam("parent_id", type_=BigInteger),
            bindparam("slug", type_=Text),
            bindparam("name", type_=Text),
            bindparam("slug", type_=Text),
            bindparam("position", type_=BigInteger),
            literal_column("1"),
        ).where(select(func.count()).select_from(categories).scalar_subquery() < CATEGORIES_MAX),
    )
    .returning(categories.c.id),
)
PLACE = Query(
    CategoryRow, update(categories).where(_the_category).values(path=bindparam("new_path")).returning(*_shown)
)
BY_ID = Query(CategoryRow, select(*_shown).where(_the_category))
BY_ID_LOCKED = Query(CategoryRow, select(*_shown).where(_the_category).with_for_update(key_share=True))
# What refers to the category cannot be added while this lock is held,
BY_ID_FOR_DELETE = Query(CategoryRow, select(*_shown).where(_the_category).with_for_update())
# and the category cannot be deleted while this one is.
HOLD = Query(CategoryRow, select(*_shown).where(_the_category).with_for_update(read=True, key_share=True))
TREE = Query(CategoryRow, select(*_shown))
LOCK_TREE = Query(int, select(categories.c.id).order_by(categories.c.id).with_for_update(key_share=True))
BELOW = Query(
    int,
    select(categories.c.id)
    .join_from(
        _of_root,
        categories,
        # "0" is the character after "/": from /1/7/ to before /1/70.
        (categories.c.path >= _of_root.c.path)
        & (categories.c.path < func.substr(_of_root.c.path, 1, func.length(_of_root.c.path) - 1) + "0"),
    )
    .where(_of_root.c.id == bindparam("category_id")),
)
EDIT = Query(
    CategoryRow,
    update(categories)
    .where(_the_category)
    .values(
        parent_id=bindparam("new_parent_id"),
        slug=bindparam("new_slug"),
        name=bindparam("new_name"),
        position=bindparam("new_position"),
        version=categories.c.version + 1,
    )
    .returning(*_shown),
)
MOVE = Command(
    update(categories)
    .where(categories.c.path >= bindparam("old_path"), categories.c.path < bindparam("old_path_end"))
    .values(
        path=bindparam("new_path", type_=Text) + func.substr(categories.c.path, bindparam("kept_from", type_=Integer))
    )
)
DELETE = Command(
    delete(categories).where(_the_category, ~exists().where(_children.c.parent_id == bindparam("category_id")))
)
