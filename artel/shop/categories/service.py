"""Categories: use cases. On PostgreSQL rows are locked so that the tree stays one, whoever changes it at once."""

import msgspec

from artel.db import Query, Read, Write, emit, violating
from artel.kernel.actor import Actor
from artel.kernel.text import slug_for
from artel.kernel.versions import changed, refuse_stale
from artel.shop.categories import queries, rules
from artel.shop.categories.model import (
    CATEGORIES_MAX,
    Added,
    CategoriesFull,
    Category,
    CategoryEdit,
    CategoryNotEmpty,
    CategoryRow,
    CategorySlugTaken,
    CategoryStale,
    CategoryUnknown,
    CategoryWanted,
    Deleted,
    Edited,
    Tree,
)

# --- for the other nouns of the shop


async def hold(tx: Write, category_id: int) -> None:
    """Keep a category from being deleted until the transaction ends. Raises CategoryUnknown."""
    await _exists(tx, queries.HOLD, category_id)


async def below(tx: Read, category_id: int) -> list[int]:
    """The ids of the category and of all that are below it, in one statement. Raises CategoryUnknown."""
    found = await tx.all(queries.BELOW, category_id=category_id)
    if not found:
        raise CategoryUnknown(category=category_id)
    return found


# --- the tree


async def tree(tx: Read) -> Tree:
    """The whole tree at once: each category after the one that it is in."""
    return Tree([rules.shown(row) for row in rules.in_order(await tx.all(queries.TREE))])


async def get(tx: Read, category_id: int) -> Category:
    """One category. Raises CategoryUnknown."""
    return rules.shown(await _exists(tx, queries.BY_ID, category_id))


async def create(tx: Write, who: Actor, body: CategoryWanted) -> Category:
    """Add a category. Raises CategorySlugTaken, SlugNeeded, CategoriesFull, CategoryTooDeep, CategoryUnknown."""
    slug = slug_for(body.name, body.slug)
    parent = await _exists(tx, queries.BY_ID_LOCKED, body.parent_id) if body.parent_id else None
    # Before anything is written: an import goes on after this refusal.
    rules.check_depth(rules.depth(parent.path) + 1 if parent else 1)
    with violating("categories_slug_uq", CategorySlugTaken(slug=slug)):
        category_id = await tx.one(
            queries.ADD, parent_id=body.parent_id, slug=slug, name=body.name, position=body.position
        )
    if category_id is None:
        raise CategoriesFull(limit=CATEGORIES_MAX)
    row = await tx.one(queries.PLACE, category_id=category_id, new_path=rules.path_below(parent, category_id))
    assert row is not None, "the row was added by this transaction"
    await emit(tx, Added(row.id, who.account_id))
    return rules.shown(row)


async def edit(tx: Write, who: Actor, category_id: int, body: CategoryEdit, if_match: int | None) -> Category:
    """Change the given fields; another parent moves it with all that is below.

    Raises CategoryUnknown, CategoryStale, CategorySlugTaken, CategoryInItself, CategoryTooDeep.
    """
    if body.parent_id is not msgspec.UNSET:
        await tx.all(queries.LOCK_TREE)  # of two moves at once the second sees the tree that the first one left
    row = await _exists(tx, queries.BY_ID_LOCKED, category_id)
    category = rules.shown(row)
    refuse_stale(CategoryStale, if_match, category, body)
    changes = changed(category, body)
    if not changes:
        return category
    if "parent_id" in changes:
        await _move(tx, row, changes["parent_id"])
    new = msgspec.structs.replace(category, **changes)
    with violating("categories_slug_uq", CategorySlugTaken(slug=new.slug)):
        written = await tx.one(
            queries.EDIT,
            category_id=category_id,
            new_parent_id=new.parent_id,
            new_slug=new.slug,
            new_name=new.name,
            new_position=new.position,
        )
    assert written is not None, "the row is locked since it was read"
    await emit(tx, Edited(category_id, who.account_id, sorted(changes)))
    return rules.shown(written)


async def delete(tx: Write, who: Actor, category_id: int) -> None:
    """Delete a category in which nothing is. Raises CategoryUnknown, CategoryNotEmpty."""
    await _exists(tx, queries.BY_ID_FOR_DELETE, category_id)
    with violating("products_category_id_fk", CategoryNotEmpty(category=category_id)):
        deleted = await tx.run(queries.DELETE, category_id=category_id)
    if not deleted:
        raise CategoryNotEmpty(category=category_id)
    await emit(tx, Deleted(category_id, who.account_id))


async def _move(tx: Write, row: CategoryRow, parent_id: int | None) -> None:
    """Put the category and all that is below it into their new place; the tree is locked."""
    everything = {each.id: each for each in await tx.all(queries.TREE)}
    await tx.run(
        queries.MOVE,
        old_path=row.path,
        old_path_end=row.path[:-1] + "0",  # the character after "/"
        kept_from=len(row.path) + 1,  # counted from 1
        new_path=rules.path_moved(everything, row.id, parent_id),
    )


async def _exists(tx: Read, query: Query[CategoryRow], category_id: int) -> CategoryRow:
    row = await tx.one(query, category_id=category_id)
    if row is None:
        raise CategoryUnknown(category=category_id)
    return row
