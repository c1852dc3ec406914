"""Search: every statement. What an index is asked and given differs between the databases, what it holds does not."""

from typing import Any, ClassVar, Final

from sqlalchemy import BigInteger, BindParameter, bindparam, column, delete, func, insert, literal, select, table, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.base import Executable
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ClauseElement
from sqlalchemy.sql.functions import FunctionElement

from artel.db import Command, Query
from artel.db.listed import listed
from artel.shop.search.model import Candidate, NewWord, Word
from artel.shop.search.tables import search_keys, search_products, search_words

CANDIDATES_MAX: Final = 500  # products that are looked at for one query, the newest
ALIKE_MAX: Final = 40  # stems that are compared letter by letter for one mistyped word


search_index: Final = table("search_index", column("rowid", BigInteger))


class _Indexing(Executable, ClauseElement):
    """Puts the stems of a product into the index."""

    inherit_cache = False
    _binds: ClassVar[list[BindParameter[Any]]] = [
        bindparam(name) for name in ("product_id", "title_words", "author_words", "text_words")
    ]


@compiles(_Indexing, "sqlite")
def _indexing_sqlite(element: _Indexing, compiler: SQLCompiler, **rest: Any) -> str:
    values = ", ".join(compiler.process(each, **rest) for each in element._binds)
    return f"INSERT INTO search_index (rowid, title, authors, body) VALUES ({values})"  # noqa: S608 - placeholders


@compiles(_Indexing, "postgresql")
def _indexing_postgresql(element: _Indexing, compiler: SQLCompiler, **rest: Any) -> str:
    product_id, *texts = (compiler.process(each, **rest) for each in element._binds)
    vectors = (
        f"setweight(to_tsvector('simple', CAST({words} AS TEXT)), '{weight}')"
        for words, weight in zip(texts, "ABC", strict=True)
    )
    return f"INSERT INTO search_index (rowid, vector) VALUES ({product_id}, {' || '.join(vectors)})"  # noqa: S608


class _Newest(FunctionElement[int]):
    """The newest products that have what is asked for, said to each database in its own language."""

    inherit_cache = True


@compiles(_Newest, "sqlite")
def _newest_sqlite(element: _Newest, compiler: SQLCompiler, **rest: Any) -> str:
    fts5, _ = element.clauses
    matching = f"SELECT rowid FROM search_index WHERE search_index MATCH {compiler.process(fts5, **rest)}"  # noqa: S608
    return f"({matching} ORDER BY rowid DESC LIMIT {CANDIDATES_MAX})"


@compiles(_Newest, "postgresql")
def _newest_postgresql(element: _Newest, compiler: SQLCompiler, **rest: Any) -> str:
    _, tsquery = element.clauses
    return f"search_newest(CAST({compiler.process(tsquery, **rest)} AS TEXT), {CANDIDATES_MAX})"


INDEX = Command(_Indexing())
UNINDEX = Command(delete(search_index).where(search_index.c.rowid == bindparam("product_id")))
_keep = upsert(search_products).values(
    product_id=bindparam("product_id"),
    title_key=bindparam("title_key"),
    title_words=bindparam("title_words"),
    author_words=bindparam("author_words"),
    authors=bindparam("authors"),
)
_changed = ("title_key", "title_words", "author_words", "authors")
KEEP = Command(
    _keep.on_conflict_do_update(index_elements=["product_id"], set_={each: _keep.excluded[each] for each in _changed})
)
FORGET = Command(delete(search_products).where(search_products.c.product_id == bindparam("product_id")))

_new = listed("words", word=str, shown=str)
ADD_WORDS = Query(
    NewWord,
    upsert(search_words)
    .from_select(["word", "shown"], select(_new.c.word, _new.c.shown).where(text("1 = 1")))  # else ON is of a join
    .on_conflict_do_nothing(index_elements=["word"])
    .returning(search_words.c.id, search_words.c.word),
)
ADD_KEY = Command(insert(search_keys).values(key=bindparam("key"), word_id=bindparam("word_id")))

_newest = _Newest(bindparam("fts5"), bindparam("tsquery")).table_valued("rowid", name="newest")
CANDIDATES = Query(
    Candidate,
    select(search_products.c.product_id, search_products.c.title_words, search_products.c.author_words).join_from(
        _newest, search_products, search_products.c.product_id == _newest.c.rowid
    ),
)
_asked = listed("mistyped", place=int, least=int, key=str)
_known = listed("known", word=str)
_shared = (
    select(
        _asked.c.place,
        search_keys.c.word_id,
        func.row_number()
        .over(partition_by=_asked.c.place, order_by=(func.count().desc(), search_keys.c.word_id))
        .label("rank"),
    )
    .join_from(_asked, search_keys, search_keys.c.key == _asked.c.key)
    .group_by(_asked.c.place, _asked.c.least, search_keys.c.word_id)
    .having(func.count() >= _asked.c.least)
    .subquery("shared")
)
# The stems that are like mistyped ones, and those that are known as they are.
VOCABULARY = Query(
    Word,
    select(_shared.c.place, search_words.c.word, search_words.c.shown)
    .join_from(_shared, search_words, search_words.c.id == _shared.c.word_id)
    .where(_shared.c.rank <= ALIKE_MAX)
    .union_all(
        select(literal(-1).label("place"), search_words.c.word, search_words.c.shown).where(
            search_words.c.word.in_(select(_known.c.word))
        )
    ),
)
