"""Search: the index of products, and finding them in spite of typing mistakes.

What fits is scored by rules of our own, so that both databases give the same order, and a product's score does not
change when others are added: a page of a search can be continued.
"""

from collections.abc import Sequence

import msgspec

from artel.db import Read, Write
from artel.db.listed import rows
from artel.shop.search import queries, rules
from artel.shop.search.model import Candidate, Document, Found, Hit, Term, Word

# --- keeping the index


async def index(tx: Write, product_id: int, title: str, authors: Sequence[str], text: str) -> None:
    """Make a product findable, or findable as it is now. To be called by every write of what is given here.

    `text` is all else that it is to be found by: the description, the publisher, the ISBN as 13 digits.
    """
    await index_all(tx, [Document(product_id, title, authors, text)])


async def index_all(tx: Write, documents: Sequence[Document]) -> None:
    """The same for many products at once: the cost of a thousand is that of six statements and their rows."""
    shown: dict[str, str] = {}  # stems and the first word that had them
    written = [_written(each, shown) for each in documents]
    await tx.many(queries.UNINDEX, [{"product_id": each.product_id} for each in documents])
    await tx.many(queries.INDEX, written)
    await tx.many(queries.KEEP, written)
    # In one order, so that two who add the same words do not wait for each other in a circle.
    added = await tx.all(queries.ADD_WORDS, words=rows(sorted(shown.items())))
    await tx.many(
        queries.ADD_KEY, [{"key": key, "word_id": word.id} for word in added for key in rules.keys(word.word)]
    )


async def remove(tx: Write, product_id: int) -> None:
    """Let a product be found no more."""
    await tx.run(queries.UNINDEX, product_id=product_id)
    await tx.run(queries.FORGET, product_id=product_id)


def _written(document: Document, shown: dict[str, str]) -> dict[str, int | str]:
    title = rules.words(document.title)
    authors = [word for name in document.authors for word in rules.words(name)]
    for word in (*title, *authors):
        shown.setdefault(rules.stem(word), word)
    return {
        "product_id": document.product_id,
        "title_key": rules.title_key(title),
        "title_words": rules.stems(title),
        "author_words": rules.stems(authors),
        "text_words": rules.stems(rules.words(document.text)[: rules.TEXT_WORDS_MAX]),
        "authors": msgspec.json.encode(list(document.authors)).decode(),
    }


# --- finding


async def find(tx: Read, query: str) -> Found:
    """The products that have every word of the query, the best first. One statement, three when nothing was found.

    Words are compared by their stems; the last may be unfinished. When nothing has all of them, they are taken for
    similar ones, for what the same keys give in the other keyboard layout, or for Russian in Latin letters.
    """
    typed = rules.terms(query)
    candidates = await _candidates(tx, typed) if typed else []
    if candidates or not typed:
        return await _found(tx, typed, candidates)
    vocabulary = await _vocabulary(tx, query, typed)
    asked = rules.corrected(query, typed, vocabulary)
    candidates = await _candidates(tx, asked) if asked else []
    found = await _found(tx, asked, candidates)
    if not found.hits:
        return found
    best = next(each for each in candidates if each.product_id == found.hits[0].product_id)
    shown = {each.word: each.shown for each in vocabulary}
    return msgspec.structs.replace(found, corrected=rules.taken_for(typed, asked, best, shown))


async def _candidates(tx: Read, asked: Sequence[Term], *, in_name: bool = False) -> list[Candidate]:
    fts5, tsquery = rules.fts5(asked, in_name=in_name), rules.tsquery(asked, in_name=in_name)
    return await tx.all(queries.CANDIDATES, fts5=fts5, tsquery=tsquery)


async def _found(tx: Read, asked: Sequence[Term], candidates: list[Candidate]) -> Found:
    capped = len(candidates) == queries.CANDIDATES_MAX
    if capped:  # the newest that say it somewhere may leave out some that are called so
        candidates += await _candidates(tx, asked, in_name=True)
    score = rules.scorer(asked)
    scores = {each.product_id: score(each) for each in candidates}
    best_first = sorted(scores.items(), key=lambda hit: (-hit[1], -hit[0]))
    return Found([Hit(*hit) for hit in best_first], capped=capped)


async def _vocabulary(tx: Read, query: str, typed: Sequence[Term]) -> list[Word]:
    mistyped = [
        (place, least, key)
        for place, term in enumerate(typed)
        for least, keys in map(rules.wanted_keys, dict.fromkeys((term.stems[0], term.word)))
        for key in keys
    ]
    return await tx.all(queries.VOCABULARY, mistyped=rows(mistyped), known=rows(rules.possible(query, typed)))
