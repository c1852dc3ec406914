"""Every valid line has an invalid neighbour."""

from pathlib import Path

import duckdb
import pytest

from artel.traffic.imports import formats, geo, manifest, segments, service
from artel.traffic.imports.folders import prepare
from artel.traffic.imports.logs import Block, clean
from artel.traffic.imports.model import FormatName, FormatUnknown, Options, PatternInvalid
from artel.traffic.imports.segments import Loom, Reading
from tests.traffic.imports.lines import shop as shop_line

CLF = '8.8.8.8 - anna [01/Aug/2018:00:28:36 +0200] "GET /fresh_fish/?a=1 HTTP/1.1" 200 512'
COMBINED = CLF + ' "https://a.example/" "Mozilla/5.0"'
CADDY = (
    '{"level":"info","ts":1533083316.25,"request":{"remote_ip":"10.0.0.1","client_ip":"8.8.8.8","method":"GET",'
    '"uri":"/fresh_fish/?a=1","headers":{"User-Agent":["Mozilla/5.0"],"Referer":["https://a.example/"]}},'
    '"status":200,"size":512}'
)
CLOUDFRONT = "2018-08-01\t00:28:36\tFRA2\t512\t8.8.8.8\tGET\td1.cloudfront.net\t/fresh_fish/\t200\thttps://a.example/\tMozilla/5.0%2520(X11)\ta=1"
PATTERN = r"(?P<ip>\S+) (?P<time>\S+ \S+) (?P<url>\S+) (?P<status>\d+)"
CUSTOM = "8.8.8.8 2018-08-01 00:28:36 /fresh_fish/ 200"

GOOD_AND_BAD = [
    ("shop", shop_line(0, "fresh_fish/"), shop_line(0, "fresh_fish/").replace("[AAAAAAAA]", "[AAAAAAA]"), "format"),
    ("shop", shop_line(0), shop_line(0).replace("08-01", "02-31"), "time"),
    ("shop", shop_line(0), shop_line(0).replace("2018", "2100"), "time"),
    ("shop", shop_line(0), shop_line(0).replace("8.8.8.8", "8.8.8.800"), "address"),
    ("shop", shop_line(0).replace("8.8.8.8", "2001:4860:4860::8888"), shop_line(0, address="1:2"), "address"),
    ("shop", shop_line(0), shop_line(0) + " more", "format"),
    ("combined", COMBINED, CLF, "format"),
    ("combined", COMBINED + ' "10.0.0.1"', COMBINED + "more", "format"),
    ("combined", COMBINED.replace("8.8.8.8", "host.example"), COMBINED.replace("8.8.8.8", "8.8.8"), "address"),
    ("combined", COMBINED.replace("Mozilla", r"a \"quoted\" \\"), COMBINED.replace("Mozilla", 'a "quoted"'), "format"),
    ("combined", COMBINED, COMBINED.replace("01/Aug", "31/Feb"), "time"),
    ("combined", COMBINED, COMBINED.replace(" 512 ", " 99999999999999999999 "), "number"),
    (
        "combined",
        COMBINED.replace("GET /fresh_fish/?a=1 HTTP/1.1", r"\x16\x03"),
        COMBINED.replace("200", "2x0"),
        "format",
    ),
    ("common", CLF, COMBINED, "format"),
    ("common", CLF.replace(" 512", " -"), CLF.replace(" 512", ""), "format"),
    ("caddy", CADDY, CADDY[:-1], "format"),
    ("caddy", CADDY, CADDY.replace("8.8.8.8", "nobody"), "address"),
    (
        "caddy",
        CADDY.replace("1533083316.25", '"2018-08-01T00:28:36.25Z"'),
        CADDY.replace("1533083316.25", '"soon"'),
        "time",
    ),
    ("caddy", CADDY, CADDY.replace("1533083316.25", "1e300"), "time"),
    ("caddy", CADDY, CADDY.replace("Mozilla/5.0", r"\ud800"), "format"),
    ("cloudfront", CLOUDFRONT, CLOUDFRONT.replace("\t", " "), "format"),
    ("cloudfront", CLOUDFRONT, CLOUDFRONT.replace("08-01", "02-31"), "time"),
    ("custom", CUSTOM, CUSTOM + " more", "format"),
    (
        "custom",
        CUSTOM.replace("2018-08-01 00:28:36", "01/Aug/2018:00:28:36 +0000"),
        CUSTOM.replace("08-01", "13-01"),
        "time",
    ),
]


@pytest.fixture(scope="module")
def loom(tmp_path_factory: pytest.TempPathFactory):
    made = Loom(tmp_path_factory.mktemp("loom"), 0)
    yield made
    made.close()


def named(name: str) -> formats.Format:
    found = formats.named(name, PATTERN if name == "custom" else "", "")
    assert found
    return found


def verdict(loom: Loom, name: str, line: str, timezone: str = "UTC"):
    reading = Reading(named(name), timezone)
    loom.spool(Block(clean(line.encode() + b"\n"), 1, len(line) + 1))
    segments.parse(loom, reading, geo.load())
    return loom.run("SELECT reason, at_us, ip, u, method, status, bytes, referrer, agent FROM lines")[0]


@pytest.mark.parametrize(("name", "good", "bad", "reason"), GOOD_AND_BAD)
def test_a_line_is_understood_and_its_neighbour_is_not(loom, name, good, bad, reason) -> None:
    assert verdict(loom, name, good)[0] == ""
    assert verdict(loom, name, bad)[0] == reason


AT = 1533083316 * 1_000_000
REQUEST = ("8.8.8.8", "/fresh_fish/?a=1", "GET", 200, 512)


@pytest.mark.parametrize(
    ("name", "line", "fields"),
    [
        ("combined", COMBINED, (AT - 7_200_000_000, *REQUEST, "https://a.example/", "Mozilla/5.0")),
        ("common", CLF, (AT - 7_200_000_000, *REQUEST, "", "")),
        ("caddy", CADDY, (AT + 250_000, *REQUEST, "https://a.example/", "Mozilla/5.0")),
        ("cloudfront", CLOUDFRONT, (AT, *REQUEST, "https://a.example/", "Mozilla/5.0%20(X11)")),
        ("custom", CUSTOM, (AT, "8.8.8.8", "/fresh_fish/", "", 200, 0, "", "")),
        ("shop", shop_line(1716, "fresh_fish/"), (AT, "8.8.8.8", "/fresh_fish/", "", 0, 0, "", "")),
    ],
)
def test_the_fields_of_each_format(loom, name, line, fields) -> None:
    assert verdict(loom, name, line) == ("", *fields)


@pytest.mark.parametrize(
    ("local", "utc"),
    [
        ("2018-01-15 12:00:00", "2018-01-15 11:00:00"),
        ("2018-07-15 12:00:00", "2018-07-15 10:00:00"),
        ("2018-10-28 02:30:00", "2018-10-28 00:30:00"),  # occurs twice: the first one
        ("2018-10-28 03:00:00", "2018-10-28 02:00:00"),
        ("2018-03-25 02:30:00", "2018-03-25 01:30:00"),  # never occurred
        ("2018-03-25 01:59:59", "2018-03-25 00:59:59"),
    ],
)
def test_local_times_become_utc(loom, local, utc) -> None:
    line = shop_line(0).replace("2018-08-01 00:00:00", local)
    expected = verdict(loom, "shop", shop_line(0).replace("2018-08-01 00:00:00", utc))
    assert verdict(loom, "shop", line, "Europe/Berlin")[1] == expected[1]


@pytest.mark.parametrize(
    ("page", "means"),
    [
        ("", ("home", "", "", 0, 0, 0, 0)),
        ("fresh_fish/", ("category", "fresh_fish", "", 0, 0, 0, 0)),
        ("fresh_fish", ("other", "", "", 0, 0, 0, 0)),
        ("fresh_fish/tuna/", ("good", "fresh_fish", "tuna", 0, 0, 0, 0)),
        ("fresh_fish/tuna/x/", ("other", "", "", 0, 0, 0, 0)),
        ("cart?goods_id=8&amount=2&cart_id=86", ("cart", "", "", 8, 2, 86, 0)),
        ("cart?cart_id=86&amount=2&goods_id=8", ("cart", "", "", 8, 2, 86, 0)),
        ("cart?goods_id=8&amount=2", ("other", "", "", 0, 0, 0, 0)),
        ("cart?goods_id=99999999999999999999&amount=2&cart_id=86", ("other", "", "", 0, 0, 0, 0)),
        ("cart/", ("other", "", "", 0, 0, 0, 0)),
        ("pay?user_id=5&cart_id=86", ("pay", "", "", 0, 0, 86, 5)),
        ("pay?user_id=x&cart_id=86", ("other", "", "", 0, 0, 0, 0)),
        ("success_pay_86/", ("paid", "", "", 0, 0, 86, 0)),
        ("success_pay_/", ("other", "", "", 0, 0, 0, 0)),
    ],
)
def test_what_an_address_means(loom, page, means) -> None:
    verdict(loom, "shop", shop_line(0, page))
    assert loom.run("SELECT kind, category, good, goods_id, amount, cart_id, user_id FROM pages") == [means]


@pytest.mark.parametrize(
    ("agent", "bot"),
    [("Mozilla/5.0 (compatible; Googlebot/2.1)", 1), ("curl/8.0", 1), ("Mozilla/5.0 (X11) Firefox/61.0", 0), ("-", 0)],
)
def test_bots_are_told_by_their_names(loom, agent, bot) -> None:
    verdict(loom, "combined", COMBINED.replace("Mozilla/5.0", agent))
    assert loom.run("SELECT bot FROM visitors") == [(bot,)]


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
@pytest.mark.parametrize("each", formats.BUILT_IN, ids=lambda each: each.name)
def test_a_format_is_recognised_by_its_lines(run, shop, tmp_path: Path, each) -> None:
    log = tmp_path / "log"
    log.write_text(f"rubbish\n{each.example}\n")
    done = run(service.import_logs(shop, [log], Options())).run
    assert (done.format, done.parsed, done.rejected) == (each.name, 1, 1)
    stored = run(shop.db.read(manifest.shown, "requests"))
    file = str(prepare(shop.data).segments / stored[0].name)
    assert duckdb.execute("SELECT category FROM read_parquet($1)", [file]).fetchall() == [("fresh_fish",)]


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_an_unknown_format_is_told_with_its_first_line_and_the_known_ones(run, shop, tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("\nrubbish\x1b[2J\n" * 3)
    summary = run(service.import_logs(shop, [log], Options()))
    assert summary.run.status == "failed"
    assert FormatUnknown.code and "shop, combined, common, caddy, cloudfront, custom" in str(summary.problems[0])
    assert r"'rubbish\x1b[2J'" in str(summary.problems[0])


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        ("(", "unterminated"),
        ("(?P<ip>.*)", "it needs the groups"),
        (PATTERN + "(?P<colour>.)", "colour"),
    ],
)
def test_a_pattern_that_cannot_work_is_refused(pattern, problem) -> None:
    with pytest.raises(PatternInvalid, match=problem):
        formats.named("", pattern, "")


def test_a_format_that_nobody_knows_is_refused() -> None:
    with pytest.raises(FormatName, match="no format named apache"):
        formats.named("apache", "", "")


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_a_pattern_that_only_python_takes_is_refused(run, shop, tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text(CUSTOM)
    with pytest.raises(PatternInvalid, match="perl operator"):
        run(service.import_logs(shop, [log], Options(pattern=PATTERN + "(?= x)")))


def test_an_address_with_a_line_break_is_none_and_moves_no_other_to_another_country(loom) -> None:
    lines = [CADDY.replace("8.8.8.8", address) for address in ("1.1.1.1", "8.8.8.8\\n1.1.1.1", "8.8.8.8")]
    text = "\n".join(lines).encode() + b"\n"
    loom.spool(Block(text, len(lines), len(text)))
    parsed = segments.parse(loom, Reading(named("caddy"), "UTC"), geo.load())
    assert (parsed.requests, parsed.rejected) == (2, 1)
    assert loom.run("SELECT reason FROM lines ORDER BY line") == [("",), ("address",), ("",)]
    assert loom.run("SELECT ip, country FROM visitors ORDER BY ip") == [("1.1.1.1", "AU"), ("8.8.8.8", "US")]
