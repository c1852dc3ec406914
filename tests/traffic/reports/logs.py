"""Random logs: lines as dictionaries with the columns of a segment, and the segments made of them."""

import csv
import hashlib
import random
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from artel.traffic.schema import REQUEST_COLUMNS

Line = dict[str, Any]
US = 1_000_000
COUNTRIES = ("CN", "US", "DE", "FR", "", "")
GOODS = (
    ("fresh_fish", "salmon"),
    ("fresh_fish", "tuna"),
    ("frozen_fish", "salmon"),
    ("frozen_fish", "pike"),
    ("semi_manufactures", "crab_meat"),
    ("semi_manufactures", "soup_set"),
    ("caviar", "рыба"),
)
KINDS = ("home", "category", "good", "good", "cart", "cart", "pay", "paid", "other")
_SHOP = re.compile(r"shop_api +\| (\S+ \S+) \[\w+] INFO: (\S+) https://[^/]+(/[^?]*)(?:\?(.*))?")


def line(**told: Any) -> Line:
    """A request of nothing in particular, with what is told of it; what follows from that is filled in."""
    blank: Line = {name: "" if kind == "VARCHAR" else 0 for name, kind in REQUEST_COLUMNS.items()}
    found = blank | {"ip": "192.0.2.1", "kind": "home", "occurrence": 1, "source_id": 1} | told
    found["slot"] = found["at_us"] // (900 * US)
    identity = f"{found['ip']} {found['agent']}".encode()
    found["visitor"] = int.from_bytes(hashlib.blake2b(identity, digest_size=8).digest(), "big")
    return found


def random_log(seed: int, lines: int, begin: datetime, pause_s: int) -> list[Line]:
    """Lines in no order at all, crowded enough for ties of every kind: of times, counts, names, carts, users."""
    chance = random.Random(seed)
    addresses = [f"192.0.2.{n}" for n in range(chance.randint(1, 9))]
    country = {address: chance.choice(COUNTRIES) for address in addresses}
    at_us = round(begin.timestamp()) * US
    log = []
    for number in range(lines):
        at_us += chance.choice((0, 0, 1, pause_s, chance.randint(0, 4 * pause_s))) * US
        log.append(_random_line(chance, addresses, country, at_us, number))
    chance.shuffle(log)
    return log


def _random_line(chance: random.Random, addresses: list[str], country: dict[str, str], at_us: int, number: int) -> Line:
    address = chance.choice(addresses)
    agent = chance.choice(("", "", "Firefox", "Googlebot"))
    kind = chance.choice(KINDS)
    told: Line = {
        "source_id": chance.randint(1, 3),
        "line_no": chance.randint(1, 3) * 1_000 + number,
        "line_hash": number,
        "at_us": at_us,
        "ip": address,
        "country": country[address],
        "agent": agent,
        "bot": int(agent == "Googlebot"),
        "kind": kind,
        "path": f"/{kind}/",
        "status": chance.choice((0, 200, 200, 304, 404, 404, 500)),
    }
    category, good = chance.choice(GOODS)
    match kind:
        case "category":
            told |= {"category": category, "path": f"/{category}/"}
        case "good":
            told |= {"category": category, "good": good, "path": f"/{category}/{good}/"}
        case "cart":
            told |= {"goods_id": chance.randint(1, 4), "amount": chance.choice((0, 1, 1, 2, 5))}
            told |= {"cart_id": chance.randint(1, 12)}
        case "pay":
            told |= {"user_id": chance.choice((0, 7, 8, 9, 81270149216)), "cart_id": chance.randint(1, 14)}
        case "paid":
            told |= {"cart_id": chance.choice((1, 2, 3, 4, 5, 6, 13, 15))}
    return line(**told)


def shop_log(path: Path) -> list[Line]:
    """The lines of a log in the shop's own format, without countries."""
    log = []
    with path.open(encoding="utf-8") as text:
        for number, written in enumerate(text, 1):
            matched = _SHOP.fullmatch(written.rstrip("\n"))
            assert matched, f"line {number} is not the shop's: {written!r}"
            log.append(_shop_line(number, *matched.groups()))
    return log


def _shop_line(number: int, time: str, address: str, path: str, query: str | None) -> Line:
    at_us = round(datetime.fromisoformat(time).replace(tzinfo=UTC).timestamp()) * US
    told: Line = {"line_no": number, "at_us": at_us, "ip": address, "path": path}
    values = dict(pair.split("=") for pair in (query or "").split("&") if pair)
    told |= {name: int(value) for name, value in values.items()}
    parts = [part for part in path.split("/") if part]
    if path in ("/cart", "/pay"):
        told["kind"] = path[1:]
    elif path.startswith("/success_pay_"):
        told |= {"kind": "paid", "cart_id": int(parts[0].removeprefix("success_pay_"))}
    elif len(parts) == 2:
        told |= {"kind": "good", "category": parts[0], "good": parts[1]}
    elif len(parts) == 1:
        told |= {"kind": "category", "category": parts[0]}
    return line(**told)


def write_segments(log: Sequence[Line], folder: Path, files: int = 1) -> list[Path]:
    """The log as Parquet segments; none for no lines."""
    columns = ", ".join(f"'{name}': '{kind}'" for name, kind in REQUEST_COLUMNS.items())
    paths = []
    for number in range(files):
        part = log[number::files]
        if not part:
            continue
        text, path = folder / f"{number}.csv", folder / f"segment-{number}.parquet"
        with text.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n").writerows(
                [found[name] for name in REQUEST_COLUMNS] for found in part
            )
        with duckdb.connect() as connection:
            connection.execute(
                f"copy (select * from read_csv('{text}', header=false, columns={{{columns}}}, nullstr='~null~', "
                "auto_detect=false, delim=',', quote='\"', escape='\"', parallel=false)) "
                f"to '{path}' (format parquet)"
            )
        paths.append(path)
    return paths
