"""The country of an address, offline.

Shipped is DB-IP Lite, packed by scripts/pack_geo: one line of JSON (name, date, link, licence, codes, number of IPv4
and of IPv6 ranges), then for each of the two families the starts of the ranges and one byte per range that is an
index into the codes. Starts are differences (32 bits for IPv4, the upper 64 bits for IPv6), little-endian, written as
planes: all lowest bytes, then all second ones, … The operator may name an .mmdb file instead.

An address that is private, reserved, multicast or documentation has no country, whatever a database says.
"""

import datetime
import socket
import sys
from array import array
from bisect import bisect_right
from collections.abc import Callable
from functools import cache, lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from itertools import accumulate
from pathlib import Path
from typing import Final

import maxminddb
import msgspec
import zstandard
from msgspec import Struct

from artel.traffic.imports.model import GeoDatabaseUnreadable

FOLDER: Final = Path(__file__).parent / "geo"
REMEMBERED: Final = 32_768  # addresses, 6 MB: they come again in every block of a log
INVALID: Final = "!"  # what `find` answers for a text that is no address at all

# The special-purpose registries of IANA (RFC 6890 and later), and what is not unicast.
NOWHERE: Final = tuple(
    ip_network(text)
    for text in [
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",
        "::/3",
        "4000::/2",
        "8000::/1",
        "2001::/23",
        "2001:db8::/32",
        "2002::/16",
        "3fff::/20",
    ]
)
_MAPPED: Final = b"\0" * 10 + b"\xff\xff"  # ::ffff:1.2.3.4 is the IPv4 address inside


class GeoDatabase(Struct, frozen=True):
    """Which database told the countries, for the reports to name."""

    name: str
    date: str  # of its data, ISO 8601
    link: str
    licence: str


class Countries(Struct, frozen=True):
    """A loaded database. `find` answers a code of two letters, '' for none, '!' when the text is no address."""

    about: GeoDatabase
    find: Callable[[str], str]


class _Head(Struct, frozen=True):
    name: str
    date: str
    link: str
    licence: str
    codes: list[str]
    v4: int
    v6: int


def load(database: str = "") -> Countries:
    """The shipped database, or the .mmdb file at the path. Takes about 0.1 s and 6 MB once.

    Raises GeoDatabaseUnreadable.
    """
    return _mmdb(database) if database else _packed()


def describe(database: str = "") -> GeoDatabase:
    """Name and date of the database that `load` would load. Raises GeoDatabaseUnreadable."""
    if database:
        return _mmdb(database).about
    head = msgspec.json.decode(_unpacked()[0], type=_Head)
    return GeoDatabase(head.name, head.date, head.link, head.licence)


@cache
def country_names() -> dict[str, str]:
    """English names by code (CLDR)."""
    lines = (FOLDER / "country_names.txt").read_text(encoding="utf-8").splitlines()
    return dict(line.split("\t", 1) for line in lines)


def country_name(code: str) -> str:
    """The English name; the code itself when it has none, '' for the unknown country."""
    return country_names().get(code, code)


def _unpacked() -> tuple[bytes, bytes]:
    raw = zstandard.ZstdDecompressor().decompress((FOLDER / "dbip-country.zst").read_bytes())
    head, _, body = raw.partition(b"\n")
    return head, body


@cache
def _packed() -> Countries:
    line, body = _unpacked()
    head = msgspec.json.decode(line, type=_Head)
    at = 0
    starts: list[array[int]] = []
    codes: list[bytes] = []
    for kind, count in (("I", head.v4), ("Q", head.v6)):
        width = array(kind).itemsize
        planes = bytearray(count * width)
        for place in range(width):
            planes[place::width] = body[at + place * count : at + (place + 1) * count]
        steps = array(kind)
        steps.frombytes(bytes(planes))
        if sys.byteorder != "little":
            steps.byteswap()
        starts.append(array(kind, accumulate(steps)))
        codes.append(body[at + width * count : at + (width + 1) * count])
        at += (width + 1) * count

    def known(family: int, number: int) -> str:
        return head.codes[codes[family][bisect_right(starts[family], number) - 1]]

    return Countries(GeoDatabase(head.name, head.date, head.link, head.licence), _finder(known))


def _mmdb(path: str) -> Countries:
    try:
        reader = maxminddb.open_database(path, maxminddb.MODE_AUTO)
    except (OSError, maxminddb.InvalidDatabaseError) as fault:
        raise GeoDatabaseUnreadable(path=path, reason=str(fault)) from None
    about = reader.metadata()
    built = datetime.datetime.fromtimestamp(about.build_epoch, datetime.UTC).date().isoformat()

    def known(family: int, number: int) -> str:
        packed = number.to_bytes(4) if family == 0 else (number << 64).to_bytes(16)
        record = reader.get(socket.inet_ntop((socket.AF_INET, socket.AF_INET6)[family], packed))
        return _code(record)

    return Countries(GeoDatabase(about.database_type, built, "", ""), _finder(known))


def _code(record: object) -> str:
    """The code in a record: `country.iso_code` as MaxMind writes it, or `country_code`."""
    if not isinstance(record, dict):
        return ""
    country = record.get("country")
    code = country.get("iso_code") if isinstance(country, dict) else record.get("country_code")
    return code if isinstance(code, str) else ""


def _finder(known: Callable[[int, int], str]) -> Callable[[str], str]:
    nowhere = _marks(IPv4Network, 0), _marks(IPv6Network, 64)

    @lru_cache(REMEMBERED)
    def find(text: str) -> str:
        try:
            packed = socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text)
        except (OSError, ValueError):  # ValueError: a NUL, or a text that is not ASCII
            return INVALID
        if len(packed) == 16 and packed[:12] == _MAPPED:
            packed = packed[12:]
        family = 0 if len(packed) == 4 else 1
        number = int.from_bytes(packed if family == 0 else packed[:8])
        if bisect_right(nowhere[family], number) % 2:
            return ""
        return known(family, number)

    return find


def _marks(family: type[IPv4Network] | type[IPv6Network], dropped: int) -> list[int]:
    """Where the special networks begin and end, in turn: an odd number of marks below means inside."""
    spans = sorted(
        (int(net.network_address) >> dropped, (int(net.broadcast_address) + 1) >> dropped)
        for net in NOWHERE
        if isinstance(net, family)
    )
    marks: list[int] = []
    for begin, end in spans:
        if marks and begin == marks[-1]:
            marks[-1] = end
        else:
            marks += [begin, end]
    return marks
