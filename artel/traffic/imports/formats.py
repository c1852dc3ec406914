"""The formats of access logs, as SQL over one text column.

A format says how the fields of a line are found. Regular expressions are RE2's. Each one is written so that RE2 can
run it in one pass, which is three times as fast: at most four groups, and at every character only one way to go on.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct

from artel.traffic.imports.model import FormatName, PatternInvalid

LINE_MAX_BYTES: Final = 65_536  # longer lines are rejected: no log of a web server needs more, hostile clients do

_CLF_TIME: Final = "epoch_us(try_strptime({0}, '%d/%b/%Y:%H:%M:%S %z'))"

FIELDS: Final = ("matched", "zoned", "at_us", "ip", "u", "method", "status", "bytes", "referrer", "agent")
# Seconds since 1970, or ISO 8601.
_ANY_TIME: Final = "try_cast(round(try_cast({0} AS DOUBLE) * 1e6) AS BIGINT), epoch_us(try_cast({0} AS TIMESTAMPTZ))"

_ABSENT: Final = {
    "zoned": "true",
    "method": "''",
    "status": "0",
    "bytes": "0",
    "referrer": "''",
    "agent": "''",
}


class Format(Struct, frozen=True):
    """How lines of one kind are read.

    `stages` are expressions that build on each other, the first one on the line `l`. `fields` are SQL expressions over
    them: matched, zoned (whether the time named its zone), at_us (null: no such time), ip, u (path and query), method,
    status, bytes (null: too large), referrer, agent, id.
    """

    name: str
    example: str
    stages: tuple[tuple[str, str], ...]
    fields: Mapping[str, str]
    hosts: bool = False  # whether a host name may stand in the place of an address

    @property
    def key(self) -> str:
        """Two formats of one name differ when they read lines in different ways."""
        return f"{self.name} {self.stages}" if self.name in {"custom", "cloudfront"} else self.name

    @property
    def constants(self) -> dict[str, str]:
        """The fields that are the same in every line, with their values."""
        fields = {**_ABSENT, **self.fields}
        return {name: fields[name] for name in FIELDS if fields[name] in {"true", "false", "''", "0"}}

    def select(self, relation: str) -> str:
        """The fields of every line `l`, with its hash `h`, of the relation."""
        for name, expression in self.stages:
            relation = f"(SELECT *, {expression} AS {name} FROM {relation})"  # noqa: S608 - texts of this module
        fields = {**_ABSENT, **self.fields}
        chosen = ", ".join(f"{fields[name]} AS {name}" for name in FIELDS)
        return f"SELECT l, h, {chosen} FROM {relation}"  # noqa: S608 - texts of this module


def literal(text: str) -> str:
    """A text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"


def _extract(source: str, pattern: str, names: Sequence[str]) -> str:
    return f"regexp_extract({source}, {literal(pattern)}, [{', '.join(map(literal, names))}])"


def _size(text: str) -> str:
    return f"CASE WHEN {text} IN ('', '-') THEN 0 ELSE try_cast({text} AS BIGINT) END"


def _dash(text: str) -> str:
    return f"CASE WHEN {text} = '-' THEN '' ELSE {text} END"


SHOP: Final = Format(
    name="shop",
    example="shop_api      | 2018-08-01 00:28:36 [OOZLQWZC] INFO: 121.165.118.201 https://shop.example/fresh_fish/",
    stages=(
        (
            "r",
            _extract(
                "l",
                r"^shop_api +\| (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) \[[A-Z0-9]{8}\] INFO: "
                r"([0-9a-fA-F:.]+) https?://[^/ ]+(/\S*)$",
                ["t", "ip", "u"],
            ),
        ),
    ),
    fields={
        "matched": "r.u <> ''",
        "zoned": "false",
        "at_us": "epoch_us(try_cast(r.t AS TIMESTAMP))",
        "ip": "r.ip",
        "u": "r.u",
    },
)

# The parts between quotation marks: before, request, status and size, referrer, blank, agent, more. Splitting is twice
# as fast as one expression. A mark that the server escaped (\") is put aside first; no clean line holds a chr(1).
_PARTS: Final = r"""
CASE WHEN contains(l, '\') THEN list_transform(
  string_split(replace(replace(l, '\\', chr(1) || 'b'), '\"', chr(1) || 'q'), '"'),
  lambda x: replace(replace(x, chr(1) || 'q', '\"'), chr(1) || 'b', '\\')
) ELSE string_split(l, '"') END
"""
_CLF_STAGES: Final = (
    ("s", _PARTS),
    ("r", _extract("s[1]", r"^(\S+) [^\[]*\[([^\]]+)\] $", ["ip", "t"])),
    ("n", _extract("s[3]", r"^ (\d\d\d) (\d+|-)( ?)$", ["status", "bytes", "blank"])),
    ("q", _extract("s[2]", r"^([A-Z]+) (?:https?://[^/ ]*)?(/[^ ]*)", ["method", "u"])),
)
_CLF_FIELDS: Final = {
    "at_us": _CLF_TIME.format("r.t"),
    "ip": "r.ip",
    "u": "q.u",
    "method": "q.method",
    "status": "coalesce(try_cast(n.status AS SMALLINT), 0)",
    "bytes": _size("n.bytes"),
}

COMBINED: Final = Format(
    name="combined",
    example='121.165.118.201 - - [01/Aug/2018:00:28:36 +0000] "GET /fresh_fish/ HTTP/1.1" 200 512 "-" "Mozilla/5.0"',
    stages=_CLF_STAGES,
    fields={
        **_CLF_FIELDS,
        "matched": "coalesce(len(s) >= 7 AND r.ip <> '' AND n.blank <> '' AND s[5] = ' ' "
        "AND (s[7] = '' OR starts_with(s[7], ' ')), false)",
        "referrer": _dash("s[4]"),
        "agent": _dash("s[6]"),
    },
    hosts=True,
)

COMMON: Final = Format(
    name="common",
    example='121.165.118.201 - - [01/Aug/2018:00:28:36 +0000] "GET /fresh_fish/ HTTP/1.1" 200 512',
    stages=_CLF_STAGES,
    fields={**_CLF_FIELDS, "matched": "coalesce(len(s) = 3 AND r.ip <> '' AND n.status <> '' AND n.blank = '', false)"},
    hosts=True,
)

_CADDY: Final = (
    "ts",
    "request.client_ip",
    "request.remote_ip",
    "request.uri",
    "request.method",
    "status",
    "size",
    "request.headers.Referer[0]",
    'request.headers."User-Agent"[0]',
)

CADDY: Final = Format(
    name="caddy",
    example='{"ts":1533083316.5,"request":{"remote_ip":"121.165.118.201","method":"GET","uri":"/fresh_fish/"},"status":200,"size":512}',
    stages=(
        (
            # try: a half of a surrogate pair passes json_valid and breaks the extraction
            "j",
            "CASE WHEN starts_with(l, '{') AND json_valid(l) THEN try(json_extract_string(l, ["
            + ", ".join(literal("$." + path) for path in _CADDY)
            + "])) END",
        ),
    ),
    fields={
        "matched": "coalesce(j[1] <> '' AND coalesce(j[2], j[3]) <> '' AND j[4] <> '' AND j[6] <> '', false)",
        "at_us": f"coalesce({_ANY_TIME.format('j[1]')}, epoch_us(try_strptime(j[1], '%Y/%m/%d %H:%M:%S')))",
        "ip": "coalesce(j[2], j[3])",
        "u": "CASE WHEN starts_with(j[4], '/') THEN j[4] ELSE '' END",
        "method": "coalesce(j[5], '')",
        "status": "coalesce(try_cast(j[6] AS SMALLINT), 0)",
        "bytes": "CASE WHEN j[7] IS NULL THEN 0 ELSE try_cast(j[7] AS BIGINT) END",
        "referrer": "coalesce(j[8], '')",
        "agent": "coalesce(j[9], '')",
    },
)

CLOUDFRONT_FIELDS: Final = (
    "date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent) "
    "cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header cs-protocol cs-bytes time-taken"
)


def cloudfront(header: str = CLOUDFRONT_FIELDS) -> Format:
    """CloudFront's standard log, whose line `#Fields:` names the columns."""
    columns = header.split()

    def column(name: str) -> str:
        return f"coalesce(c[{columns.index(name) + 1}], '')" if name in columns else "''"

    def decoded(name: str) -> str:
        return f"coalesce(try(url_decode({_dash(column(name))})), {column(name)})"

    query = _dash(column("cs-uri-query"))
    return Format(
        name="cloudfront",
        example="2018-08-01\t00:28:36\tFRA2\t512\t121.165.118.201\tGET\td1.cloudfront.net\t/fresh_fish/\t200\t-\tMozilla/5.0\t-",
        stages=(("c", "string_split(l, chr(9))"),),
        fields={
            "matched": f"len(c) >= {min(len(columns), 12)} AND regexp_full_match({column('sc-status')}, '[0-9]{{3}}')",
            "at_us": f"epoch_us(try_cast({column('date')} || ' ' || {column('time')} AS TIMESTAMP))",
            "ip": column("c-ip"),
            "u": f"{column('cs-uri-stem')} || CASE WHEN {query} = '' THEN '' ELSE '?' || {query} END",
            "method": column("cs-method"),
            "status": f"coalesce(try_cast({column('sc-status')} AS SMALLINT), 0)",
            "bytes": _size(column("sc-bytes")),
            "referrer": decoded("cs(Referer)"),
            "agent": decoded("cs(User-Agent)"),
        },
    )


_GROUPS: Final = ("time", "ip", "url", "request", "method", "status", "bytes", "referrer", "agent")


def custom(pattern: str) -> Format:
    """Lines that a regular expression with named groups (RE2) describes; it must fit the whole line.

    The groups: time, ip, and url or request are needed; method, status, bytes, referrer, agent may be there. A
    time is ISO 8601, as in `01/Aug/2018:00:28:36 +0000`, or seconds since 1970. Raises PatternInvalid.
    """
    try:
        compiled = re.compile(pattern)
    except re.error as fault:
        raise PatternInvalid(problem=str(fault)) from None
    known = compiled.groupindex
    if stranger := set(known) - set(_GROUPS):
        raise PatternInvalid(problem=f"no group is called {sorted(stranger)[0]}; known are {', '.join(_GROUPS)}")
    if not {"time", "ip"} <= set(known) or not {"url", "request"} & set(known):
        raise PatternInvalid(problem="it needs the groups (?P<time>…), (?P<ip>…) and (?P<url>…) or (?P<request>…)")
    numbered = {number: name for name, number in known.items()}
    names = [numbered.get(number, f"_{number}") for number in range(1, compiled.groups + 1)]
    whole = f"^(?:{pattern})$"
    group = {name: f"r.{name}" if name in known else "''" for name in _GROUPS}
    url = group["url"] if "url" in known else "q.u"
    return Format(
        name="custom",
        example=pattern,
        stages=(
            ("m", f"regexp_matches(l, {literal(whole)})"),
            ("r", _extract("l", whole, names)),
            ("q", _extract(group["request"], r"^([A-Z]+) (?:https?://[^/ ]*)?(/[^ ]*)", ["method", "u"])),
        ),
        fields={
            "matched": "m",
            "zoned": r"NOT regexp_full_match(r.time, '\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:[.,]\d+)?')",
            "at_us": f"coalesce({_ANY_TIME.format('r.time')}, {_CLF_TIME.format('r.time')})",
            "ip": group["ip"],
            "u": f"regexp_replace({url}, '^https?://[^/]*', '')",
            "method": group["method"] if "method" in known else "q.method",
            "status": f"coalesce(try_cast({group['status']} AS SMALLINT), 0)",
            "bytes": _size(group["bytes"]),
            "referrer": _dash(group["referrer"]),
            "agent": _dash(group["agent"]),
        },
        hosts=True,
    )


BUILT_IN: Final = (SHOP, COMBINED, COMMON, CADDY, cloudfront())
NAMES: Final = (*(each.name for each in BUILT_IN), "custom")


def named(name: str, pattern: str, head: str) -> Format | None:
    """The format that an operator asked for; None when it is to be recognised. `head` are the first lines of the log.

    Raises FormatName, PatternInvalid.
    """
    if pattern:
        if name not in {"", "custom"}:
            raise PatternInvalid(problem=f"the format {name} has its own")
        return custom(pattern)
    if name == "custom":
        raise PatternInvalid(problem="the format custom needs one, given as --pattern")
    if not name:
        return None
    for each in BUILT_IN:
        if each.name == name:
            return with_header(each, head)
    raise FormatName(name=name, known=", ".join(NAMES))


def with_header(chosen: Format, head: str) -> Format:
    """The format as the header of this log describes it: only CloudFront has one."""
    if chosen.name != "cloudfront":
        return chosen
    for line in head.splitlines():
        if line.startswith("#Fields:"):
            return cloudfront(line.removeprefix("#Fields:"))
    return chosen
