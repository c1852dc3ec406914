"""Countries of addresses."""

import ipaddress
import random
from pathlib import Path

import pytest

from artel.traffic.imports import geo
from artel.traffic.imports.model import GeoDatabaseUnreadable

FOLDER = Path(geo.__file__).parent / "geo"


@pytest.mark.parametrize(
    ("address", "country"),
    [
        ("8.8.8.8", "US"),
        ("121.165.118.201", "KR"),
        ("2a02:6b8::1", "RU"),
        ("::ffff:8.8.8.8", "US"),
        ("10.1.2.3", ""),
        ("100.64.0.1", ""),
        ("127.0.0.1", ""),
        ("192.168.255.255", ""),
        ("224.0.0.1", ""),
        ("237.84.2.178", ""),
        ("255.255.255.255", ""),
        ("::1", ""),
        ("fe80::1", ""),
        ("fc00::1", ""),
        ("ff02::1", ""),
        ("2001:db8::1", ""),
        ("::ffff:10.0.0.1", ""),
        ("1.2.3", geo.INVALID),
        ("1.2.3.256", geo.INVALID),
        ("01.2.3.4", geo.INVALID),
        ("1.2.3.4\0", geo.INVALID),
        ("١.2.3.4", geo.INVALID),
        (":", geo.INVALID),
        ("", geo.INVALID),
    ],
)
def test_the_country_of_an_address(address: str, country: str) -> None:
    assert geo.load().find(address) == country


def test_no_address_that_is_private_or_reserved_has_a_country() -> None:
    seed = random.randrange(2**32)
    print("seed", seed)
    draw, find, tried = random.Random(seed), geo.load().find, 0
    for _ in range(20_000):
        four, six = ipaddress.IPv4Address(draw.getrandbits(32)), ipaddress.IPv6Address(draw.getrandbits(128))
        for address in (four, six):
            if address.is_private or address.is_reserved or address.is_multicast:
                tried += 1
                assert find(str(address)) == "", address
    assert tried > 5_000


def test_the_database_names_itself_and_its_licence() -> None:
    about = geo.describe()
    assert about == geo.load().about
    assert (about.name, about.licence, about.link) == ("DB-IP Lite", "CC BY 4.0", "https://db-ip.com")
    assert about.date >= "2026-01-01"
    attribution = (FOLDER / "ATTRIBUTION.txt").read_text()
    assert about.link in attribution and "creativecommons.org/licenses/by/4.0" in attribution


def test_the_packed_database_is_small() -> None:
    assert (FOLDER / "dbip-country.zst").stat().st_size < 2_000_000


def test_every_country_of_the_database_has_an_english_name() -> None:
    codes = {geo.load().find(f"{a}.{b}.0.1") for a in range(1, 224) for b in range(0, 256, 3)} - {""}
    assert len(codes) > 150
    assert {code for code in codes if geo.country_name(code) == code} == set()
    assert geo.country_name("KR") == "South Korea"


def test_a_database_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GeoDatabaseUnreadable, match=r"absent\.mmdb"):
        geo.load(str(tmp_path / "absent.mmdb"))
    (tmp_path / "junk.mmdb").write_bytes(b"junk" * 100)
    with pytest.raises(GeoDatabaseUnreadable, match=r"junk\.mmdb"):
        geo.load(str(tmp_path / "junk.mmdb"))
