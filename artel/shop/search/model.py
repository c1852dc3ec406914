"""Search: the words."""

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta, Struct

QUERY_MAX = 200  # characters
Words = Annotated[str, Meta(max_length=QUERY_MAX, description="Words of a title, an author, a description; an ISBN.")]


class Document(Struct, frozen=True):
    """What a product is found by: its title most of all, then its authors, then any other text."""

    product_id: int
    title: str
    authors: Sequence[str]
    text: str


class Term(Struct, frozen=True):
    """One word that was asked for: every one of the stems and beginnings serves, the first of them best."""

    word: str  # as it was typed
    stems: tuple[str, ...]
    beginnings: tuple[str, ...] = ()


class Candidate(Struct, frozen=True):
    """A product that has every term somewhere, with the stems of its title and its authors."""

    product_id: int
    title_words: str
    author_words: str


class Word(Struct, frozen=True):
    """A stem of the vocabulary; `place` is the word of the query that it is like, -1 for none in particular."""

    place: int
    word: str
    shown: str


class NewWord(Struct, frozen=True):
    """A stem that was just added to the vocabulary."""

    id: int
    word: str


class Hit(Struct, frozen=True):
    """A product that was found. The score says how well it fits, and depends on nothing but the query and itself."""

    product_id: int
    score: int


class Found(Struct, frozen=True):
    """The products that fit, the best first.

    `corrected` tells which words were taken for others, or left out (''), when nothing was found as it was typed. When
    `capped`, there are more products than were looked at.
    """

    hits: list[Hit]
    corrected: dict[str, str] = {}
    capped: bool = False
