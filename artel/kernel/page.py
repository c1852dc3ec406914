"""Keyset pages: `{items, next}`; `next` is an opaque cursor that names the last item shown."""

import base64
import binascii
from typing import Annotated, Any, Final, Generic, TypeVar

import msgspec
from msgspec import Meta, Struct

from artel.kernel.errors import Malformed
from artel.kernel.patterns import told

PAGE_DEFAULT: Final = 50
PAGE_MAX: Final = 200  # larger pages hold a reader too long; ask for the next one
CURSOR_MAX: Final = 200  # characters
NEWEST: Final = 2**62  # before the first of a list that begins with its newest row

Place = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]  # what the database can compare
PlaceText = Annotated[str, Meta(pattern=told(r"^[^\x00]*$", "holds a NUL character"))]

Limit = Annotated[int, Meta(ge=1, le=PAGE_MAX, description="How many at most.")]
Cursor = Annotated[
    str,
    Meta(max_length=CURSOR_MAX, description="`next` of the page before.", extra_json_schema={"format": "cursor"}),
]

Item = TypeVar("Item")
Where = TypeVar("Where")


class Page(Struct, Generic[Item], frozen=True):
    """One page of a list; `next` is null on the last."""

    items: list[Item]
    next: str | None = None


class Cut(Struct, frozen=True, forbid_unknown_fields=True):
    """Which page is wanted: at most `limit` items after the one that `after` names."""

    limit: Limit = PAGE_DEFAULT
    after: Cursor | None = None

    def key(self, first: int) -> int:
        """The id after which the page begins; `first` when the list is read from its start."""
        return first if self.after is None else self.place(Place)

    def place(self, kind: type[Where]) -> Where:
        """What the cursor holds, for lists that are in the order of more than an id. Raises Malformed."""
        assert self.after is not None, "the list is read from its start"
        padded = self.after + "=" * (-len(self.after) % 4)
        try:
            return msgspec.json.decode(base64.b64decode(padded, altchars=b"-_", validate=True), type=kind)
        except (binascii.Error, msgspec.MsgspecError, UnicodeEncodeError, ValueError):
            raise Malformed(field="after", problem="is not a cursor that this list gave out") from None


def cursor(place: Any) -> str:
    """A place in a list as `after` takes it; no longer than CURSOR_MAX."""
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).rstrip(b"=").decode()


def page(rows: list[Item], cut: Cut, key: str) -> Page[Item]:
    """A page out of `limit + 1` rows: the one too many says that there is a next page."""
    if len(rows) <= cut.limit:
        return Page(rows)
    shown = rows[: cut.limit]
    return Page(shown, cursor(getattr(shown[-1], key)))
