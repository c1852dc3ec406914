"""The vocabulary of the reports: what can be asked, what is answered, and why a question is refused."""

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct

from artel.kernel.errors import Refusal

Measure = Literal["requests", "visitors"]
Shape = Literal["ranking", "number", "series", "steps"]

TOP_DEFAULT: Final = 10  # names listed below the winners
TOP_MAX: Final = 1_000  # a longer list is a table: `artel traffic table`
SERIES_MAX: Final = 100_000  # rows of a series: eleven years of hours
TABLE_PAGE_DEFAULT: Final = 50
TABLE_PAGE_MAX: Final = 1_000  # each page costs as much as the whole table, so fewer and larger ones are better
CURSOR_MAX: Final = 2_000  # characters: a cursor holds the names of a category and a good

Short = Annotated[str, Meta(max_length=200)]
_PERIOD: Final = {"from_time": "from", "to_time": "to"}  # `from` is a word of Python


class Question(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename=_PERIOD):
    """What a report is asked.

    The period is half open: `from` belongs to it, `to` doesn't. A time without an offset, like `2018-08-01` or
    `2018-08-01T10:00`, is in `timezone` (an IANA name; none: the installation's). A report reads the lines of the
    period, and without bots no line of a bot, as if the log held nothing else. `by` says what counts: every request,
    or every visitor (address and user agent) once. `top` bounds what is listed below the winners.
    """

    category: Short | None = None
    from_time: Short | None = None
    to_time: Short | None = None
    timezone: Short | None = None
    bots: bool = True
    by: Measure = "requests"
    top: Annotated[int, Meta(ge=1, le=TOP_MAX)] = TOP_DEFAULT


class TableQuestion(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which page of a table is wanted: at most `limit` rows after the one that `after` names."""

    bots: bool = True
    limit: Annotated[int, Meta(ge=1, le=TABLE_PAGE_MAX)] = TABLE_PAGE_DEFAULT
    after: Annotated[str, Meta(max_length=CURSOR_MAX, extra_json_schema={"format": "cursor"})] | None = None


class Report(Struct, frozen=True):
    """One report of the catalogue. `number` is its place among the seven, if it has one."""

    name: str
    title: str
    definition: str
    shape: Shape
    number: int | None = None
    unit: str = ""  # what a number counts, where it isn't the measure that was asked for
    category: str | None = None  # the category it asks about unless told; None: it asks about none
    measures: bool = True  # whether it can count visitors as well as requests
    nameless: bool = False  # whether something can be counted that has no name
    geo: bool = False  # whether the answer depends on the database of countries


class Geo(Struct, frozen=True):
    """Which database told the countries, its date (ISO 8601), and the link that its licence asks for."""

    name: str
    date: str
    link: str = ""


class Ranked(Struct, frozen=True):
    """A name and how often it was counted. `code` is the short form of a name that has one (ISO 3166-1
    alpha-2).
    """

    name: str
    count: int
    code: str = ""


class Ranking(Struct, frozen=True):
    """Names by count. `winners` are all that share the greatest count, by name; none when nothing was
    counted.
    """

    winners: tuple[Ranked, ...] = ()
    runners_up: tuple[Ranked, ...] = ()


class Point(Struct, frozen=True):
    """One step of a series or a funnel, in its natural order."""

    name: str
    count: int


class Asked(Struct, frozen=True, rename=_PERIOD):
    """The parameters that an answer was computed with; the times are UTC."""

    timezone: str
    bots: bool
    by: Measure | None  # None: this report counts what its unit says
    category: str | None
    from_time: str | None
    to_time: str | None


class Answer(Struct, frozen=True):
    """What a report says, with what is needed to judge it.

    `value` is the greatest count of a ranking or series, the visits that paid, or the number that was asked
    for. `out_of` is the whole that it belongs to: all that was counted, of names known and unknown.
    `unknown_share` (0 to 1) is the part of it that has no name; None where that cannot happen. `watermark`
    is the time of the last line that was read; None when none was. `with_goods` is the same ranking with
    the goods' pages counted as well.
    """

    report: str
    number: int | None
    title: str
    definition: str
    shape: Shape
    unit: str
    value: int
    out_of: int
    winners: tuple[Ranked, ...]
    runners_up: tuple[Ranked, ...]
    with_goods: Ranking | None
    points: tuple[Point, ...]
    unknown_share: float | None
    geo: Geo | None
    requests_read: int
    watermark: str | None
    asked: Asked


class ReportUnknown(Refusal):
    """There is no report {report}. There are: {reports}."""

    code, kind = "reports.unknown", "missing"


class TableUnknown(Refusal):
    """There is no table {table}. There are: {tables}."""

    code, kind = "reports.table_unknown", "missing"


class QuestionMalformed(Refusal):
    """{field}: {problem}."""

    code, kind = "reports.malformed", "invalid"


class SegmentsUnreadable(Refusal):
    """The stored log could not be read: {reason}. Run `artel doctor`, then ask again."""

    code, kind = "reports.unreadable", "unavailable"


class ReportsBusy(Refusal):
    """So many questions are being answered that this one would wait for long: try again in {retry_s} s."""

    code, kind = "reports.busy", "unavailable"


class ReportTooLarge(Refusal):
    """This answer takes more than {limit}. Narrow the period with from and to."""

    code, kind = "reports.too_large", "too_large"


class CategoryRow(Struct, frozen=True):
    """A category and the requests of its own page and of its goods' pages."""

    category: str
    requests: int
    goods_requests: int


class GoodRow(Struct, frozen=True):
    """A good, known by category and name. `goods_id` is the shop's number of it, 0 when it never came to a
    cart.
    """

    category: str
    good: str
    goods_id: int
    requests: int
    carts: int
    amount: int


class CartRow(Struct, frozen=True):
    """A cart into which something was put. `paid` tells whether its success line is there."""

    cart_id: int
    created_at: str
    goods: int
    amount: int
    paid: bool


class CartLineRow(Struct, frozen=True):
    """One good in one cart, amounts added up. `address` put it in; the smallest if several did.

    A good whose page nobody at that address had asked for has no name, and is told apart by `goods_id`.
    """

    cart_id: int
    category: str
    good: str
    goods_id: int
    amount: int
    created_at: str
    address: str


class PaymentRow(Struct, frozen=True):
    """Who asked to pay a cart, and whether that came to an end.

    `user_id` is 0 and `asked_at` None for a cart with a success line that nobody had asked to pay;
    `paid_at` is the first success line, None while there is none.
    """

    cart_id: int
    user_id: int
    asked_at: str | None
    paid_at: str | None


TableName = Literal["categories", "goods", "carts", "cart-lines", "payments"]
TableRow = CategoryRow | GoodRow | CartRow | CartLineRow | PaymentRow
TABLES: Final[dict[TableName, type[TableRow]]] = {
    "categories": CategoryRow,
    "goods": GoodRow,
    "carts": CartRow,
    "cart-lines": CartLineRow,
    "payments": PaymentRow,
}


def columns_of(row: type[TableRow]) -> tuple[str, ...]:
    """The names of a table's columns, as they are written out."""
    return tuple(field.encode_name for field in msgspec.structs.fields(row))
