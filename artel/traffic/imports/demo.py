"""A log of a shop that never was: the same for the same seed, as long as you like.

Visitors come and go by a day's rhythm, look at categories and goods, put what they just looked at into a cart, and
some of them pay. The lines of those who are there at once are mixed, as in a real log.
"""

import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from msgspec import Struct

BEGIN_S: Final = 1_533_081_600  # 2018-08-01 00:00:00 UTC, a Wednesday
ADDRESSES_MAX: Final = 200_000  # of returning visitors
LINES_PER_ADDRESS: Final = 24
_BATCH_LINES: Final = 20_000

Visit = Callable[[], tuple[str, str, list[str]]]  # a new one: address, user agent, pages with the last one first

GOODS: Final = {
    "fresh_fish": ["salmon", "tuna", "codfish", "herring", "crucian", "marlene", "smelt"],
    "frozen_fish": ["pike", "eel", "carp", "shark", "salmon", "peljad"],
    "semi_manufactures": ["crab_meat", "squid_rings", "salmon_cutlet", "soup_set", "stuffing_eel"],
    "canned_food": ["sprats", "midii", "pate_of_tuna"],
    "caviar": ["black_caviar", "red_caviar", "squash_caviar"],
}
AGENTS: Final = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/68.0.3440.84 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 11_4 like Mac OS X) AppleWebKit/605.1 Version/11.0 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (X11; Linux x86_64; rv:61.0) Gecko/20100101 Firefox/61.0",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
]
# First bytes of networks of several countries, and one (10.) that has none.
NETWORKS: Final = ["121.165", "77.88", "8.20", "185.10", "46.4", "200.160", "101.32", "2.16", "94.25", "10.0"]
FORMATS: Final = ("shop", "combined")


class Pace(Struct, frozen=True):
    """How busy the shop is: seconds between two lines on the average, and how many visitors are there at once."""

    gap_s: float
    visitors: int


BUSY: Final = Pace(1.2, 120)
QUIET: Final = Pace(40.0, 4)  # 25,000 lines in two weeks


def write_log(path: Path, lines: int, seed: int = 1, style: str = "shop", pace: Pace = BUSY) -> None:
    """Write so many lines in the style `shop` or `combined`. About 2 s for a million."""
    assert style in FORMATS, f"the generator knows {FORMATS}"
    draw = random.Random(seed)
    write = _shop if style == "shop" else _combined
    with path.open("w", encoding="ascii") as file:
        batch: list[str] = []
        for line in write(draw, _visits(draw, lines), lines, pace):
            batch.append(line)
            if len(batch) == _BATCH_LINES:
                file.writelines(batch)
                batch.clear()
        file.writelines(batch)


def _visits(draw: random.Random, lines: int) -> Visit:
    """Makes visits: an address, a user agent, and the pages, the last one first."""
    goods = [(category, good) for category, names in GOODS.items() for good in names]
    pages = ["", *[f"{category}/" for category in GOODS], *[f"{category}/{good}/" for category, good in goods]]
    count = min(ADDRESSES_MAX, max(40, lines // LINES_PER_ADDRESS))
    bits, chance = draw.getrandbits, draw.random
    addresses = [f"{NETWORKS[bits(16) % len(NETWORKS)]}.{bits(8)}.{bits(8)}" for _ in range(count)]
    favourites = [pages[bits(16) % len(pages)] for _ in range(8)]
    cart = 8_000

    def visit() -> tuple[str, str, list[str]]:
        nonlocal cart
        who = int(chance() ** 2 * count)  # some come more often than others
        walk = ["", favourites[bits(3)]]
        walk += [pages[int(chance() * len(pages))] for _ in range(bits(4))]
        if chance() < 0.25:
            cart += 1
            for _ in range(1 + bits(1)):
                number = int(chance() * len(goods))
                category, good = goods[number]
                walk += [f"{category}/{good}/", f"cart?goods_id={number + 1}&amount={1 + bits(2)}&cart_id={cart}"]
            if chance() < 0.6:
                walk.append(f"pay?user_id={who + 100_000}&cart_id={cart}")
                if chance() < 0.95:
                    walk.append(f"success_pay_{cart}/")
        walk.reverse()
        return addresses[who], AGENTS[who % len(AGENTS)], walk

    return visit


def _mixed(
    draw: random.Random, visit: Visit, lines: int, pace: Pace, pattern: str
) -> Iterator[tuple[str, str, str, str]]:
    """Time as text, address, agent and page of each line, in the order of time."""
    chance = draw.random
    present = [visit() for _ in range(pace.visitors)]
    at, second, stamp = float(BEGIN_S), 0, ""
    for _ in range(lines):
        at += chance() * pace.gap_s * 2 * (1 if (int(at) // 3600) % 24 >= 8 else 3)  # nights are quiet
        if int(at) != second:
            second = int(at)
            stamp = time.strftime(pattern, time.gmtime(second))
        place = int(chance() * pace.visitors)
        address, agent, walk = present[place]
        page = walk.pop()
        if not walk:
            present[place] = visit()
        yield stamp, address, agent, page


def _shop(draw: random.Random, visit: Visit, lines: int, pace: Pace) -> Iterator[str]:
    bits = draw.getrandbits
    for stamp, address, _, page in _mixed(draw, visit, lines, pace, "%Y-%m-%d %H:%M:%S"):
        yield f"shop_api      | {stamp} [{bits(32):08X}] INFO: {address} https://all_to_the_bottom.com/{page}\n"


def _combined(draw: random.Random, visit: Visit, lines: int, pace: Pace) -> Iterator[str]:
    bits = draw.getrandbits
    for stamp, address, agent, page in _mixed(draw, visit, lines, pace, "%d/%b/%Y:%H:%M:%S +0000"):
        status = 404 if bits(6) == 0 else 200
        yield f'{address} - - [{stamp}] "GET /{page} HTTP/1.1" {status} {bits(14)} "-" "{agent}"\n'
