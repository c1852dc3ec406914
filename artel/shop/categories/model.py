"""Categories: the words."""

from typing import Annotated, ClassVar, Final

from msgspec import UNSET, Meta, Struct, UnsetType

from artel.db import Event
from artel.kernel.errors import Refusal
from artel.kernel.text import Slug, Title

DEPTH_MAX: Final = 8  # levels of the tree: nobody finds anything below
CATEGORIES_MAX: Final = 2_000  # of all: the whole tree is shown at once

CategoryId = Annotated[int, Meta(ge=1, le=10**18 - 1)]
Position = Annotated[int, Meta(ge=0, le=1_000_000, description="Among its siblings, the smallest first.")]


class CategoryWanted(Struct, frozen=True, forbid_unknown_fields=True):
    """A category to be added: at the top, or below `parent_id`. `slug` is made of the name when it is left out."""

    name: Title
    slug: Slug | UnsetType = UNSET
    parent_id: CategoryId | None = None
    position: Position = 0


class CategoryEdit(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The fields to change. Another `parent_id` moves it with all that is below; null moves it to the top."""

    name: Title | UnsetType = UNSET
    slug: Slug | UnsetType = UNSET
    parent_id: CategoryId | None | UnsetType = UNSET
    position: Position | UnsetType = UNSET


class Category(Struct, frozen=True):
    """A category; `depth` is 1 at the top."""

    id: int
    parent_id: int | None
    slug: str
    name: str
    position: int
    depth: int
    version: int


class CategoryRow(Struct, frozen=True):
    """A category as the database holds it; `path` are the ids from the root to itself: /1/7/12/."""

    id: int
    parent_id: int | None
    slug: str
    name: str
    position: int
    path: str
    version: int


class Tree(Struct, frozen=True):
    """Every category: each after the one that it is in, siblings by position."""

    items: list[Category]


class _OfCategory(Event, frozen=True):
    """Something that happened to a category."""

    category_id: int
    by: int

    def subject(self) -> str:
        """The category."""
        return f"category/{self.category_id}"


class Added(_OfCategory, frozen=True):
    """A category was added."""

    kind: ClassVar[str] = "category.added"


class Edited(_OfCategory, frozen=True):
    """Fields of a category were changed, or it was moved."""

    kind: ClassVar[str] = "category.edited"
    fields: list[str]


class Deleted(_OfCategory, frozen=True):
    """A category was deleted."""

    kind: ClassVar[str] = "category.deleted"


class CategoryUnknown(Refusal):
    """There is no category {category}."""

    code, kind = "categories.unknown", "missing"


class CategoryInItself(Refusal):
    """Category {category} cannot be put below {parent}, which is itself or in it."""

    code, kind = "categories.in_itself", "conflict"


class CategoryTooDeep(Refusal):
    """The tree has at most {limit} levels, and this would make {depth}."""

    code, kind = "categories.too_deep", "conflict"


class CategoriesFull(Refusal):
    """There are {limit} categories already, which is all that there may be."""

    code, kind = "categories.full", "conflict"


class CategoryNotEmpty(Refusal):
    """Category {category} holds categories or products: move or delete them first."""

    code, kind = "categories.not_empty", "conflict"


class CategorySlugTaken(Refusal):
    """Another category has the slug {slug}: give one of your own."""

    code, kind = "categories.slug_taken", "conflict"


class CategoryStale(Refusal):
    """The category is at version {version}, your change was made for {base}: look at it again."""

    code, kind = "categories.stale", "stale"
