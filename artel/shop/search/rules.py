"""Search: pure decisions: words and their stems, which words are alike, how well a product fits."""

import functools
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from os.path import commonprefix
from typing import Final

from msgspec import Struct
from snowballstemmer.english_stemmer import EnglishStemmer
from snowballstemmer.russian_stemmer import RussianStemmer

from artel.kernel.text import folded
from artel.shop.search.model import Candidate, Term, Word

WORD: Final = re.compile(r"[^\W_]+")
# Apostrophes, the marks of stress, and what is not seen: soft hyphens, and spaces and joiners of no width.
DROPPED: Final = str.maketrans("", "", "'\u2019\u0300\u0301\u00ad\u200b\u200c\u200d\u2060\ufeff")
CYRILLIC: Final = re.compile("[\u0400-\u04ff]")
ACCENTED: Final = re.compile("[\u00c0-\u024f\u1e00-\u1eff]")  # Latin letters with marks
LATIN: Final = re.compile("[a-z]")
WORD_MAX: Final = 40  # letters; more is no word
TEXT_WORDS_MAX: Final = 400  # of a description are indexed
QUERY_WORDS_MAX: Final = 8
TITLE_KEY_BYTES_MAX: Final = 100  # fits a cursor; what begins alike so far is sorted by its id
BEGINNING_MIN: Final = 2  # letters of an unfinished last word
FAR: Final = 99  # more mistakes than are counted
ALIKE_MAX: Final = 5  # stems that one mistyped word is taken for
STOP_WORDS: Final = frozenset(
    [
        *("a", "an", "and", "at", "by", "for", "in", "of", "on", "or", "the", "to"),
        *("в", "во", "за", "и", "из", "или", "к", "ко", "на", "не", "о", "об", "от", "по", "с", "со", "у"),
    ]
)
ISBN: Final = re.compile(r"(?:97[89])?\d{9}[\dx]")

# What the keys of a keyboard give in the other layout (ЙЦУКЕН and QWERTY).
_KEYS_LATIN: Final = "qwertyuiop[]asdfghjkl;'zxcvbnm,."
_KEYS_CYRILLIC: Final = "йцукенгшщзхъфывапролджэячсмитьбю"
TO_CYRILLIC_LAYOUT: Final = str.maketrans(_KEYS_LATIN + "`", _KEYS_CYRILLIC + "е")
TO_LATIN_LAYOUT: Final = str.maketrans(_KEYS_CYRILLIC, _KEYS_LATIN)

# Russian as it is written in Latin letters, the longest first: there are many habits, these are the common ones.
_SOUNDS: Final = {
    **{"shch": "щ", "sch": "щ", "yo": "е", "zh": "ж", "kh": "х", "ts": "ц", "ch": "ч", "sh": "ш", "yu": "ю"},
    **{"ya": "я", "ye": "е", "iy": "ий", "yy": "ый", "ey": "ей", "oy": "ой", "ay": "ай", "ju": "ю", "ja": "я"},
    **{"a": "а", "b": "б", "c": "к", "d": "д", "e": "е", "f": "ф", "g": "г", "h": "х", "i": "и", "j": "й", "k": "к"},
    **{"l": "л", "m": "м", "n": "н", "o": "о", "p": "п", "q": "к", "r": "р", "s": "с", "t": "т", "u": "у", "v": "в"},
    **{"w": "в", "x": "кс", "y": "ы", "z": "з"},
}
# The y between two vowels belongs to the second one: kamenskaya, istoriya.
_SOUND: Final = re.compile(
    "|".join(f"{each}(?![aeou])" if each.endswith("y") and len(each) == 2 else each for each in _SOUNDS)
)


def words(text: str) -> list[str]:
    """The words of a text as they are compared: folded, accents of Latin letters and marks of stress dropped."""
    plain = ACCENTED.sub(_without_accent, folded(text).translate(DROPPED))
    return [word[:WORD_MAX] for word in WORD.findall(plain)]


def _without_accent(found: re.Match[str]) -> str:
    return unicodedata.normalize("NFD", found[0])[0]


@functools.lru_cache(32_768)
def stem(word: str) -> str:
    """A word without its ending (Snowball, https://snowballstem.org): Russian or English by its letters."""
    # A stemmer keeps the word that it works on, so that two threads cannot share one.
    if CYRILLIC.search(word):
        stemmed: str = RussianStemmer().stemWord(word)
        return stemmed
    if LATIN.search(word):
        stemmed = EnglishStemmer().stemWord(word)
        return stemmed  # noqa: RET504 - the stemmer has no types
    return word


def stems(text: Iterable[str]) -> str:
    """The stems of words, with spaces between."""
    return " ".join(map(stem, text))


def title_key(title: Iterable[str]) -> str:
    """What titles are sorted by: their words, as many as fit."""
    return " ".join(title).encode()[:TITLE_KEY_BYTES_MAX].decode("utf-8", "ignore").rstrip()


def isbn13(text: str) -> str | None:
    """The 13 digits of what looks like an ISBN, or None; the check digit of an ISBN-10 is computed anew."""
    digits = re.sub(r"[-\s\u2010-\u2015]", "", text).lower().removeprefix("isbn").lstrip(":")
    if not digits.isascii() or not ISBN.fullmatch(digits):
        return None
    if len(digits) == 13:
        return digits if digits.isdigit() else None
    body = "978" + digits[:9]
    weighed = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(body))
    return body + str(-weighed % 10)


def terms(query: str) -> list[Term]:
    """What is asked for. Words that say nothing are left out unless there are no others; the last may be unfinished."""
    isbn = isbn13(query)
    if isbn:
        return [Term(isbn, (isbn,))]
    typed = words(query)[:QUERY_WORDS_MAX]
    telling = [word for word in typed if word not in STOP_WORDS] or typed
    asked = [Term(word, (stem(word),)) for word in dict.fromkeys(telling)]
    if typed and asked and typed[-1] == asked[-1].word and len(typed[-1]) >= BEGINNING_MIN:
        asked[-1] = Term(asked[-1].word, asked[-1].stems, (asked[-1].word,))
    return asked


def fts5(asked: Sequence[Term], *, in_name: bool) -> str:
    """The terms in the language of SQLite's FTS5; `in_name` asks the title and the authors alone."""
    groups = (
        " OR ".join([*(f'"{each}"' for each in one.stems), *(f'"{each}"*' for each in one.beginnings)]) for one in asked
    )
    every = " AND ".join(f"({group})" for group in groups)
    return f"{{title authors}} : ({every})" if in_name else every


def tsquery(asked: Sequence[Term], *, in_name: bool) -> str:
    """The terms in the language of PostgreSQL's to_tsquery; `in_name` asks the title and the authors alone."""
    where = "AB" if in_name else ""
    groups = (
        " | ".join(
            [*(f"'{each}':{where or 'ABC'}" for each in one.stems), *(f"'{each}':*{where}" for each in one.beginnings)]
        )
        for one in asked
    )
    return " & ".join(f"({group})" for group in groups)


# --- when nothing is found


def other_layout(query: str) -> str:
    """The query as the same keys give it in the other keyboard layout."""
    typed = query.casefold()
    return typed.translate(TO_LATIN_LAYOUT if CYRILLIC.search(typed) else TO_CYRILLIC_LAYOUT)


def by_sound(word: str) -> list[str]:
    """A word in Latin letters as it may be meant in Cyrillic ones, the likeliest first."""
    if not LATIN.search(word):
        return []
    sounded = _SOUND.sub(lambda found: _SOUNDS[found[0]], word)
    return [sounded[:-1] + "ий", sounded] if sounded.endswith("кы") else [sounded]  # dostoevsky


def tolerance(word: str) -> int:
    """How many mistakes are forgiven in a stem: none in two letters, one in up to five, else two."""
    return 0 if len(word) < 3 or word.isdigit() else 1 if len(word) <= 5 else 2


def keys(word: str) -> list[str]:
    """What a stem of the vocabulary is found by when it is mistyped; a short one is found as a long one, too."""
    return [*(_omissions(word) if len(word) <= 6 else ()), *(_trigrams(word) if len(word) >= 4 else ())]


def wanted_keys(word: str) -> tuple[int, list[str]]:
    """The keys of a mistyped stem, and how many of them a similar one has at least."""
    if tolerance(word) < 2:
        return 1, _omissions(word) if tolerance(word) else []
    return max(2, len(word) - 3 * tolerance(word)), _trigrams(word)


def _omissions(word: str) -> list[str]:
    return ["-" + each for each in {word, *(word[:place] + word[place + 1 :] for place in range(len(word)))}]


def _trigrams(word: str) -> list[str]:
    padded = f"^{word}$"
    return list({padded[place : place + 3] for place in range(len(word))})


def distance(one: str, other: str, limit: int) -> int:
    """Letters changed, left out, added, or swapped with their neighbour (optimal string alignment), or FAR."""
    # A mistake brings in one letter and takes out another at most: most words are told apart by that.
    if abs(len(one) - len(other)) > limit or len({*one} ^ {*other}) > 2 * limit:
        return FAR
    alike_first = len(commonprefix((one, other)))
    one, other = one[alike_first:], other[alike_first:]
    before: list[int] = []
    last = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        row = [i] + [FAR] * len(other)
        for j in range(max(1, i - limit), min(len(other), i + limit) + 1):  # farther off the diagonal is over the limit
            b = other[j - 1]
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and b == one[i - 2]:
                cost = min(cost, before[j - 2] + 1)
            row[j] = cost
        if min(row) > limit and min(last) > limit:  # a swap looks two rows back
            return FAR
        before, last = last, row
    return last[-1] if last[-1] <= limit else FAR


def alike(term: Term, vocabulary: Iterable[Word]) -> list[str]:
    """The stems that a mistyped word may be: the nearest only, those with the same first letter before others.

    A mistake in an ending changes what is taken for the stem, so whole words are compared, too.
    """
    root, whole = (term.stems[0], tolerance(term.stems[0])), (term.word, tolerance(term.word))
    ranked = []
    for each in vocabulary:
        far = distance(root[0], each.word, root[1])
        if far > 1:
            far = min(far, distance(whole[0], each.shown, whole[1]))
        ranked.append((far, each.word[:1] != term.word[:1], each.word))
    ranked.sort()
    nearest = [word for far, _, word in ranked if far <= max(1, ranked[0][0]) and far < FAR]
    return nearest[:ALIKE_MAX]


def possible(query: str, asked: Sequence[Term]) -> list[tuple[str]]:
    """Stems that the query may mean besides those that are like its own."""
    in_layout = [term.stems[0] for term in terms(other_layout(query))]
    sounded = [stem(each) for term in asked for each in by_sound(term.word)]
    return [(each,) for each in dict.fromkeys([*in_layout, *sounded])]


def corrected(query: str, asked: Sequence[Term], vocabulary: Sequence[Word]) -> list[Term]:
    """The terms that the query is taken for when nothing has those typed; a word like no other is left out."""
    known = {each.word for each in vocabulary if each.place < 0}
    in_layout = terms(other_layout(query))
    if in_layout and all(term.stems[0] in known for term in in_layout):
        return _instead(query, asked, in_layout)
    meant = []
    for place, term in enumerate(asked):
        near = alike(term, (each for each in vocabulary if each.place == place))
        sounded = [stem(each) for each in by_sound(term.word)]
        stems = tuple(dict.fromkeys([*near, *(each for each in sounded if each in known)]))
        if stems:
            meant.append(Term(term.word, stems, term.beginnings))
    return meant or _instead(query, asked, in_layout)


def _instead(query: str, asked: Sequence[Term], meant: Sequence[Term]) -> list[Term]:
    """The terms with the words that were typed for them, as far as they are told apart."""
    typed = [term.word for term in asked] if len(asked) == len(meant) else [query] * len(meant)
    return [Term(word, term.stems, term.beginnings) for word, term in zip(typed, meant, strict=True)]


# --- how well a product fits

IN_TITLE: Final = 100
IN_AUTHORS: Final = 90
IN_TEXT: Final = 10
SECOND_CHOICE: Final = 20  # less for a corrected word
BEGUN: Final = 30  # less for a word that only begins so
WHOLE_TITLE: Final = 40
IN_FRONT: Final = 10


class Pattern(Struct, frozen=True):
    """A term as it is looked for in words with a space on either side; this is done for hundreds of products."""

    first: str
    others: tuple[str, ...]
    beginnings: tuple[str, ...]

    def worth(self, words: str, most: int) -> int:
        """What the term is worth in these words; 0 when it is not there."""
        if self.first in words:
            return most
        if any(each in words for each in self.others):
            return most - SECOND_CHOICE
        return most - BEGUN if any(each in words for each in self.beginnings) else 0


def scorer(asked: Sequence[Term]) -> Callable[[Candidate], int]:
    """How well a product fits: each term where it weighs most, and more the less else is in the title."""
    patterns = [
        Pattern(
            f" {term.stems[0]} ",
            tuple(f" {each} " for each in term.stems[1:]),
            tuple(f" {each}" for each in term.beginnings),
        )
        for term in asked
    ]

    def score(candidate: Candidate) -> int:
        title, authors = f" {candidate.title_words} ", f" {candidate.author_words} "
        points, in_title = 0, 0
        for pattern in patterns:
            worth = pattern.worth(title, IN_TITLE)
            in_title += worth > 0
            points += max(worth, pattern.worth(authors, IN_AUTHORS), IN_TEXT)
        if in_title:
            telling = [word for word in title.split() if word not in STOP_WORDS] or title.split()
            points += WHOLE_TITLE * min(in_title, len(telling)) // len(telling)
            points += IN_FRONT * (patterns[0].worth(f" {telling[0]} ", IN_TITLE) > 0)
        return points

    return score


def taken_for(typed: Sequence[Term], asked: Sequence[Term], best: Candidate, shown: dict[str, str]) -> dict[str, str]:
    """Which words were taken for others: those that the best product has instead, '' for a word that was left out."""
    has = {*best.title_words.split(), *best.author_words.split()}
    corrected: dict[str, str] = {}
    for term in asked:
        used = next((each for each in term.stems if each in has), term.stems[0])
        if used != stem(term.word):
            corrected[term.word] = f"{corrected.get(term.word, '')} {shown.get(used, used)}".strip()
    words_typed, words_asked = {term.word for term in typed}, {term.word for term in asked}
    if words_asked < words_typed:
        corrected |= dict.fromkeys(words_typed - words_asked, "")
    return corrected
