"""Texts that people type: how they are compared, and how an address is made of a name."""

import re
import unicodedata
from itertools import pairwise
from typing import Annotated, Final

from msgspec import Meta, UnsetType

from artel.kernel.errors import Refusal
from artel.kernel.patterns import told

SLUG_MAX: Final = 100
ADDRESS_MAX: Final = 2_000  # characters; what browsers and proxies agree on

# Without \s, which each engine of regular expressions reads in its own way.
PRINTS: Final = told(r"[^\x00-\x20\x7f-\xa0]", "is blank: write at least one character that can be seen")
_NO_ADDRESS: Final = "is no address of the web: write it as https://example.com/page"
# RFC 3986 and 3987: a host of letters, digits and dots with an optional port; no one's password, no literal of IPv6.
_ADDRESS: Final = (
    r"https?://[A-Za-z0-9._~%\u00c0-\u1fff\u3041-\ud7ff-]+(:[0-9]{1,5})?"
    r"([/?#][^\x00-\x20\x7f-\xa0\"<>\\^`{|}]*)?"
)

Slug = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=SLUG_MAX,
        pattern=told(
            r"^[a-z0-9]+(-[a-z0-9]+)*$(?!\n)",
            "may have small Latin letters, digits and single hyphens only, such as winter-books",
        ),
        description="Its name in addresses; unique.",
    ),
]
Title = Annotated[str, Meta(min_length=1, max_length=200, pattern=PRINTS)]
Website = Annotated[
    str, Meta(max_length=ADDRESS_MAX, pattern=told(rf"^(|{_ADDRESS})$(?!\n)", _NO_ADDRESS), description="'' for none.")
]
Link = Annotated[str, Meta(max_length=ADDRESS_MAX, pattern=told(rf"^{_ADDRESS}$(?!\n)", _NO_ADDRESS))]

# GOST 7.79-2000 (ISO 9), system B, without its marks: they have no place in an address. With the letters of Ukrainian
# and Belarusian.
_LATIN: Final = {
    **{"а": "a", "б": "b", "в": "v", "г": "g", "д": "d", "е": "e", "ё": "yo", "ж": "zh", "з": "z", "и": "i", "й": "j"},
    **{"к": "k", "л": "l", "м": "m", "н": "n", "о": "o", "п": "p", "р": "r", "с": "s", "т": "t", "у": "u", "ф": "f"},
    **{"х": "x", "ч": "ch", "ш": "sh", "щ": "shh", "ъ": "", "ы": "y", "ь": "", "э": "e", "ю": "yu", "я": "ya"},
    **{"і": "i", "ї": "yi", "є": "ye", "ґ": "g", "ў": "u", "’": "", "'": ""},
}


class SlugNeeded(Refusal):
    """{field}: cannot be made of this name, so give one."""

    code, kind = "request.slug_needed", "invalid"


def folded(text: str) -> str:
    """What makes two texts one when they are compared: case, compatibility forms, ё and spaces do not tell them apart.

    Unicode TR15 (NFKC) and TR21 (case folding).
    """
    once = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(unicodedata.normalize("NFKC", once).replace("ё", "е").split())


def slug_of(name: str) -> str:
    """The name in an address: Russian transliterated, accents dropped; '' when no Latin or Cyrillic letter is in it."""
    letters = unicodedata.normalize("NFC", name).lower()
    latin = "".join(_latin(letter, following) for letter, following in pairwise([*letters, ""]))
    plain = unicodedata.normalize("NFKD", latin).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:SLUG_MAX].rstrip("-")


def slug_for(name: str, given: str | UnsetType) -> str:
    """The slug that was given, or else one made of the name. Raises SlugNeeded when the name gives none."""
    slug = given or slug_of(name)
    if not slug:
        raise SlugNeeded(field="slug")
    return slug


def _latin(letter: str, following: str) -> str:
    if letter == "ц":  # c before i, e, y, j, else cz
        return "c" if _LATIN.get(following, following)[:1] in tuple("ieyj") else "cz"
    return _LATIN.get(letter, letter)
