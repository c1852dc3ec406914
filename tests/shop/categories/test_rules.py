"""The tree of categories: order and moves, without a database."""

from hypothesis import given
from hypothesis import strategies as st

from artel.shop.categories import rules
from artel.shop.categories.model import DEPTH_MAX, CategoryInItself, CategoryRow, CategoryTooDeep


def _tree(parents: list[int | None]) -> dict[int, CategoryRow]:
    """A tree: the parent of each category in turn, by its place among those before it."""
    tree: dict[int, CategoryRow] = {}
    for number, above in enumerate(parents, 1):
        parent = tree.get(above % number) if above is not None else None
        if parent and rules.depth(parent.path) == DEPTH_MAX:
            parent = None
        path = rules.path_below(parent, number)
        tree[number] = CategoryRow(number, parent.id if parent else None, f"c-{number}", "", 0, path, 1)
    return tree


TREES = st.lists(st.none() | st.integers(0, 30), min_size=1, max_size=30).map(_tree)


@given(TREES)
def test_each_category_comes_once_and_after_the_one_that_it_is_in(tree: dict[int, CategoryRow]) -> None:
    shown = [row.id for row in rules.in_order(tree.values())]
    assert sorted(shown) == sorted(tree)
    assert all(row.parent_id is None or shown.index(row.parent_id) < shown.index(row.id) for row in tree.values())


@given(TREES, st.data())
def test_a_move_is_refused_exactly_when_it_makes_a_circle_or_too_many_levels(
    tree: dict[int, CategoryRow], data: st.DataObject
) -> None:
    moved = data.draw(st.sampled_from(sorted(tree)))
    parent_id = data.draw(st.sampled_from([None, *sorted(tree)]))
    below = {row.id for row in tree.values() if f"/{moved}/" in row.path}
    height = max(rules.depth(tree[each].path) for each in below) - rules.depth(tree[moved].path)
    above = rules.depth(tree[parent_id].path) if parent_id else 0
    try:
        path = rules.path_moved(tree, moved, parent_id)
    except CategoryInItself:
        assert parent_id in below
    except CategoryTooDeep:
        assert above + 1 + height > DEPTH_MAX
    else:
        assert parent_id not in below
        assert rules.depth(path) + height <= DEPTH_MAX
        assert path == f"{tree[parent_id].path if parent_id else '/'}{moved}/"
