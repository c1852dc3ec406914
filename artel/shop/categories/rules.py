"""Categories: pure decisions."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from artel.shop.categories.model import (
    DEPTH_MAX,
    Category,
    CategoryInItself,
    CategoryRow,
    CategoryTooDeep,
    CategoryUnknown,
)


def depth(path: str) -> int:
    """How many levels the path has: 1 at the top."""
    return path.count("/") - 1


def path_below(parent: CategoryRow | None, category_id: int) -> str:
    """The path of a category right below the parent, or at the top. Raises CategoryTooDeep."""
    path = f"{parent.path if parent else '/'}{category_id}/"
    check_depth(depth(path))
    return path


def check_depth(levels: int) -> None:
    """Refuse a tree that grows too deep. Raises CategoryTooDeep."""
    if levels > DEPTH_MAX:
        raise CategoryTooDeep(limit=DEPTH_MAX, depth=levels)


def path_moved(tree: Mapping[int, CategoryRow], category_id: int, parent_id: int | None) -> str:
    """The path of a category that is moved below the parent, with all that is below itself.

    Raises CategoryUnknown, CategoryInItself, CategoryTooDeep.
    """
    moved = tree[category_id]
    parent = tree.get(parent_id) if parent_id else None
    if parent_id and parent is None:
        raise CategoryUnknown(category=parent_id)
    if parent and parent.path.startswith(moved.path):
        raise CategoryInItself(category=category_id, parent=parent_id)
    path = path_below(parent, category_id)
    deepest = max(depth(row.path) for row in tree.values() if row.path.startswith(moved.path))
    check_depth(depth(path) + deepest - depth(moved.path))
    return path


def in_order(rows: Iterable[CategoryRow]) -> Iterator[CategoryRow]:
    """Each after the one that it is in, siblings by position, then by id."""
    below: dict[int | None, list[CategoryRow]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: (row.position, row.id), reverse=True):
        below[row.parent_id].append(row)
    waiting = below[None]
    while waiting:
        row = waiting.pop()
        yield row
        waiting += below[row.id]


def shown(row: CategoryRow) -> Category:
    """The category as an answer."""
    return Category(row.id, row.parent_id, row.slug, row.name, row.position, depth(row.path), row.version)
