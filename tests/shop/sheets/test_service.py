"""The catalogue as CSV on both databases: export, import, again; what is refused; who may."""

import asyncio
import csv
import io
import json
from collections.abc import AsyncIterator
from typing import Any, Final

import pytest

from artel.db import Database, Write
from artel.db.statement import Engine
from artel.kernel.actor import SYSTEM
from artel.shop.categories import service as categories
from artel.shop.categories.model import DEPTH_MAX, CategoryWanted
from artel.shop.offers import service as offers
from artel.shop.offers.model import OfferWanted
from artel.shop.products import service as products
from artel.shop.products.model import Image, ProductWanted
from artel.shop.sheets import export, service
from artel.shop.sheets.model import COLUMNS, ImportQuery, LineProblem, Report
from artel.shop.shops import service as shops
from artel.shop.shops.model import ShopRow, ShopWanted
from tests.conftest import Client, Run
from tests.counting import counted
from tests.people import People, dump

NASTY: Final = [
    "=1+1",
    "'=1",
    "-5",
    "@x",
    "\tx",
    'a"b,c;d',
    "one\r\ntwo\n",
    "\u202eabc",
    "|\\|",
    "'",
    "'Salem's",
    " x ",
]


async def pieces(text: str, size: int = 1_000) -> AsyncIterator[bytes]:
    data = text.encode()
    for begin in range(0, len(data), size):
        yield data[begin : begin + size]


async def load(db: Database, text: str, *, dry_run: bool = False) -> Report:
    return await service.import_sheet(db, SYSTEM, pieces(text), None, ImportQuery(dry_run))


async def written(db: Database) -> str:
    return "".join([line async for page in export.catalogue(db) for line in page])


async def fill(db: Database) -> None:
    """Two shops with what can be in a catalogue, the nastiest of texts among it; and products that nobody offers."""
    ids = [
        (await db.write(shops.create, SYSTEM, ShopWanted(name=name, slug=slug, currency=currency))).id
        for name, slug, currency in (("=B's, «shop»", "b", "RUB"), ("A", "a", "KWD"), ("Empty", "z", "JPY"))
    ]
    root = await db.write(categories.create, SYSTEM, CategoryWanted(name="Книги|все", slug="all"))
    leaf = await db.write(categories.create, SYSTEM, CategoryWanted(name="-Leaf", slug="leaf", parent_id=root.id))
    for number, text in enumerate(NASTY):
        body = ProductWanted(
            kind="goods" if number % 2 else "book",
            title=text if text.strip("\r\n\t ") else "x",
            shop_id=(*ids, None)[number % 4],
            description=text,
            category_id=leaf.id if number % 3 else None,
            authors=[text + "|", "Лев Толстой"],
            attributes={text: text, "n": -1, "yes": True},
            images=[Image("https://x.example/1", text.replace("\n", " ")), Image("https://x.example/2")],
            tax_bp=number or None,
            year=None if number % 2 else 2001,
        )
        product = await db.write(products.create, SYSTEM, body)
        for place in range(number % 3):
            offer = OfferWanted(product_id=product.id, price_minor=number * 1_005, stock=number, active=number != 5)
            await db.write(offers.create, SYSTEM, ids[place], offer)
    isbn = ProductWanted(kind="book", title="Last", shop_id=ids[1], isbn="978-5-699-12014-7", pages=7, publisher="=P")
    last = await db.write(products.create, SYSTEM, isbn)
    wanted = OfferWanted(product_id=last.id, price_minor=1, compare_at_minor=10**15)
    await db.write(offers.create, SYSTEM, ids[1], wanted)


def test_exported_and_imported_into_nothing_the_catalogue_is_exported_as_the_same_bytes(
    db: Database, other_db: Database, run: Run
) -> None:
    run(fill(db))
    before = run(written(db))
    assert run(load(db, before)).left == len(list(csv.reader(io.StringIO(before, newline="")))) - 1
    dry = run(load(other_db, before, dry_run=True))
    assert dry.refused == 0 and run(other_db.read(dump))["products"] == []
    report = run(load(other_db, before))
    assert (report.changed, report.problems) == (0, [])
    assert report.made > 20, "a product that two lines tell of is made by the first"
    assert run(written(other_db)) == before
    again = run(load(other_db, before))
    assert (again.left, again.made, again.changed) == (again.lines, 0, 0)


def test_an_import_that_broke_off_is_completed_by_the_next_one_and_doubles_nothing(db: Database, run: Run) -> None:
    lines = ["shop,shop_name,currency,sku,kind,title,price,stock", "s,Shop,RUB,,,,,"]
    lines += [f"s,,RUB,k{number},goods,Thing {number},{number}.50,3" for number in range(700)]
    text = "\n".join(lines) + "\n"

    async def broken() -> AsyncIterator[bytes]:
        yield text[: len(text) // 2].encode()
        raise ConnectionError

    with pytest.raises(ConnectionError):
        run(service.import_sheet(db, SYSTEM, broken(), None, ImportQuery()))
    there = len(run(db.read(dump))["products"])
    assert 0 < there < 700
    report = run(load(db, text))
    assert (report.made, report.left) == (700 - there, there + 1)
    rows = run(db.read(dump))
    assert len(rows["products"]) == len(rows["offers"]) == len(rows["product_skus"]) == 700


def test_two_imports_of_one_file_at_once_double_nothing(db: Database, run: Run) -> None:
    lines = ["shop,shop_name,currency,sku,kind,title,category,category_names,price,stock", "s,Shop,RUB,,,,,,,"]
    lines += [f"s,,RUB,k{n},goods,Thing {n},c{n % 9}/d{n % 9},C|D,{n}.50,3" for n in range(900)]
    text = "\n".join(lines) + "\n"

    async def both() -> list[Report]:
        return await asyncio.gather(load(db, text), load(db, text))

    reports = run(both())
    assert [(each.lines, each.problems) for each in reports] == [(901, []), (901, [])]
    assert sum(each.made for each in reports) == 901
    rows = run(db.read(dump))
    counts = {name: len(rows[name]) for name in ("products", "offers", "product_skus", "categories", "shops")}
    assert counts == {"products": 900, "offers": 900, "product_skus": 900, "categories": 18, "shops": 1}


def test_a_category_that_would_be_too_deep_is_told_and_leaves_nothing(db: Database, run: Run) -> None:
    slugs = [f"c{level}" for level in range(DEPTH_MAX + 1)]
    text = f"sku,kind,title,category,category_names\n1,goods,A mug,{'/'.join(slugs)},{'|'.join(slugs)}\n"
    assert [each.column for each in run(load(db, text)).problems] == ["category"]
    assert slugs[-1] not in {each.slug for each in run(db.read(categories.tree)).items}


def test_every_problem_of_every_line_is_told_and_the_other_lines_are_imported(db: Database, run: Run) -> None:
    text = (
        "shop,shop_name,currency,isbn,sku,kind,title,language,year,attributes,category,price,compare_at,stock,active\n"
        "s,Shop,RUB,,,,,,,,,,,,\n"
        "s,,RUB,,good,goods,A mug,,,,,350,400.00,12,yes\n"
        "s,,RUB,123,,book,,xxx,later,{,,1,,1,1\n"
        "nobody,,RUB,,b,goods,B,,,,,1,,1,1\n"
        "s,,EUR,,c,goods,C,,,,,1,,1,1\n"
        "s,,RUB,,d,goods,D,,,,no/where,1,,1,1\n"
        "s,,RUB,,e,goods,E,,,,,1.005,,1,1\n"
        "s,,RUB,,f,goods,F,,,,,5,4,1,1\n"
        "s,,RUB,,g,goods,G,,,,,5,,-1,1\n"
        "s,,RUB,,h,goods,H,,,,,5,,1,maybe\n"
        "s,,RUB,,i,goods,I,,2001,,,5,,1,1\n"
        "s,,RUB,,,goods,J,,,,,5,,1,1\n"
        "s,,RUB,,k,goods,K,,,,,,,1,1\n"
        "s,,RUB,,l,goods,\0,,,,,1,,1,1\n"
        "s,,RUB,,m\n"
        "s,,RUB,978-5-699-12014-7,,book,Good,ru,2001,,,1,,,\n"
    )
    report = run(load(db, text))
    assert (report.lines, report.made, report.refused) == (16, 3, 13)
    columns: dict[int, set[str]] = {}
    for each in report.problems:
        columns.setdefault(each.line, set()).add(each.column)
    assert columns == {
        4: {"isbn", "title", "language", "year", "attributes"},
        5: {"shop"},
        6: {"currency"},
        7: {"category"},
        8: {"price"},
        9: {"compare_at"},
        10: {"stock"},
        11: {"active"},
        12: {"year"},
        13: {"isbn"},
        14: {"price"},
        15: {"title"},
        16: {""},
    }
    rows = run(db.read(dump))
    assert sorted(row[3] for row in rows["products"]) == ["A mug", "Good"]
    assert all(isinstance(each, LineProblem) and each.problem for each in report.problems)


def test_columns_that_are_left_out_stay_and_an_empty_cell_empties(db: Database, run: Run) -> None:
    run(load(db, "shop,shop_name,currency,sku\na,A,RUB,\n"))
    full = "shop,sku,kind,title,authors,description,price,compare_at,stock\n"
    run(load(db, full + "a,1,book,Title,Somebody,Words,10,20,5\n"))
    prices = run(load(db, "shop,sku,price\na,1,11.5\n"))
    assert (prices.changed, prices.refused) == (1, 0)
    (row,) = list(csv.DictReader(io.StringIO(run(written(db)))))[1:]
    assert [row[each] for each in ("title", "authors", "price", "compare_at", "stock")] == [
        "Title",
        "Somebody",
        "11.50",
        "20.00",
        "5",
    ]
    run(load(db, full + "a,1,book,Title,,,11.50,,0\n"))
    (row,) = list(csv.DictReader(io.StringIO(run(written(db)))))[1:]
    assert [row[each] for each in ("title", "authors", "description", "compare_at", "stock")] == [
        "Title",
        "",
        "",
        "",
        "0",
    ]
    history = run(db.read(dump))["offer_prices"]
    assert [row[2] for row in history] == [1_000, 1_150, 1_150], "prices that a sheet sets are in the history, too"


def test_a_dry_run_tells_what_an_import_does_and_writes_nothing(db: Database, run: Run) -> None:
    run(fill(db))
    text = run(written(db)).replace("Last", "First")
    text += "z,,JPY,z,new,,goods,New,,,,,,,,,,,,5,,1,1\n"
    before = run(db.read(dump))
    dry = run(load(db, text, dry_run=True))
    assert run(db.read(dump)) == before
    done = run(load(db, text))
    assert (dry.made, dry.changed, dry.left, dry.refused) == (done.made, done.changed, done.left, done.refused)
    assert (done.made, done.changed, done.refused) == (1, 1, 0)


class CountingDatabase:
    """Counts the statements of what is written."""

    engine: Engine = "sqlite"

    def __init__(self, db: Database) -> None:
        self._db, self.count, self.read, self.close = db, 0, db.read, db.close

    async def write(self, use: Any, *args: Any) -> Any:
        async def counting(tx: Write) -> Any:
            result, statements = await counted(tx, use, *args)
            self.count += statements
            return result

        return await self._db.write(counting)


def test_lines_that_change_everything_are_written_together(db: Database, run: Run) -> None:
    header = "shop,shop_name,currency,sku,isbn,kind,title,authors,publisher,images,price,compare_at,stock,active\n"
    opened = header + "a,A,RUB,,,,,,,,,,,\nb,B,RUB,,,,,,,,,,,\n"

    def sheet(count: int, sign: str, plus: int) -> str:
        lines = [
            f"{'ab'[each % 2]},,RUB,k{each},,book,{sign} {each},{sign}|{each},{sign},https://x.example/{sign},"
            f"{each + plus + 1}.00,{each + plus + 9}.00,{each + plus},{plus % 2}\n"
            for each in range(count)
        ]
        return header + "".join(lines)

    run(load(db, opened + sheet(150, "one", 1)))
    statements = {}
    for count, sign, plus in ((10, "two", 2), (150, "three", 3)):
        counting = CountingDatabase(db)
        report = run(load(counting, sheet(count, sign, plus)))
        assert (report.changed, report.lines, report.problems) == (count, count, [])
        statements[count] = counting.count
        assert run(load(db, sheet(count, sign, plus))).left == count, "and so they are now"
    assert statements[150] == statements[10] < 60
    there = run(db.read(dump))
    prices = [row[1:3] for row in there["offer_prices"]]
    assert len(prices) == 150 + 10 + 150, "each price that was ever set is kept"
    told = [row[1] for row in there["outbox"]]
    assert told.count("offer.price_changed") == 160 and told.count("product.edited") == 2 * 160


def test_a_line_says_the_same_as_the_api_would(client: Client, people: People, db: Database, run: Run) -> None:
    owner = people.person("owner").session
    run(load(db, "shop,shop_name,currency,sku\na,A,RUB,\n"))
    for field, value in (
        ("title", " "),
        ("title", "x" * 501),
        ("language", "rus"),
        ("tax_bp", "10001"),
        ("pages", "0"),
    ):
        body: dict[str, Any] = {"kind": "book", "title": "T", field: int(value) if value.isdigit() else value}
        assert client.post("/api/v1/products", token=owner, json=body).status_code == 400
        cells = {"shop": "a", "sku": "1", "kind": "book", "title": "T", field: value}
        report = run(load(db, ",".join(cells) + "\n" + ",".join(cells.values()) + "\n"))
        assert [each.column for each in report.problems] == [field]
    assert run(db.read(dump))["products"] == []


# --- over HTTP


def test_the_members_of_a_shop_load_and_save_its_sheet_and_nobody_else(
    client: Client, people: People, db: Database, run: Run
) -> None:
    member, stranger = people.person(), people.person("staff")
    shop, other = (run(db.write(shops.create, SYSTEM, ShopWanted(name=name, currency="RUB"))) for name in ("A", "B"))
    run(db.write(shops.add_member, SYSTEM, shop.id, member.account_id))
    path, text = f"/api/v1/shops/{shop.id}/sheet", "sku,kind,title,price,stock\n1,goods,A mug,5.00,3\n"
    for person, status in ((stranger, 403), (None, 401)):
        token = person.session if person else None
        assert client.post(path, token=token, content=text.encode()).status_code == status
        assert client.get(f"{path}.csv", token=token).status_code == status
    dry = client.post(path, token=member.session, content=text.encode(), params={"dry_run": "true"}).json()
    assert (dry["made"], dry["dry_run"]) == (1, True) and run(db.read(dump))["products"] == []
    assert client.post(path, token=member.session, content=text.encode()).json()["made"] == 1
    saved = client.get(f"{path}.csv", token=member.session)
    assert saved.headers["content-type"] == "text/csv; charset=utf-8"
    assert saved.text.startswith(",".join(COLUMNS)) and "A mug" in saved.text
    again = client.post(path, token=member.session, content=saved.content).json()
    assert (again["lines"], again["left"]) == (1, 1), again
    for wrong in (f"shop,sku,price\n{other.slug},1,1\n", "shop_name,sku,currency\nMine,,RUB\n"):
        answer = client.post(path, token=member.session, content=wrong.encode()).json()
        assert answer["made"] == answer["changed"] == 0, answer
    broken = client.post(path, token=member.session, content=b"colour\n")
    assert (broken.status_code, broken.json()["code"]) == (400, "sheets.header")


@pytest.mark.parametrize("size", [1, 4, 500])
def test_a_sheet_over_http_is_the_file_of_the_command_line(
    client: Client, people: People, db: Database, run: Run, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    run(fill(db))
    owner = people.person("owner").session
    for slug in ("a", "b", "z"):
        shop = run(db.read(shops.row_by_slug, slug))
        written = "".join(run(lines_of(db, shop)))
        monkeypatch.setattr(export, "PAGE", size)
        saved = client.get(f"/api/v1/shops/{shop.id}/sheet.csv", token=owner)
        assert saved.headers["content-disposition"] == 'attachment; filename="catalogue.csv"'
        assert saved.content == written.encode()
        assert written.count("\n") > 5 or slug == "z"


async def lines_of(db: Database, shop: ShopRow) -> list[str]:
    """What `artel catalogue export --shop` writes."""
    return [line async for page in export.of_shop(db, shop) for line in page]


def test_a_member_does_not_change_what_another_shop_entered_but_offers_it(
    client: Client, people: People, db: Database, run: Run
) -> None:
    member = people.person()
    run(load(db, "shop,shop_name,currency,isbn,kind,title\na,A,RUB,,,\nb,B,RUB,,,\na,,RUB,9785699120147,book,Theirs\n"))
    shop = run(db.read(shops.by_slug, "b"))
    run(db.write(shops.add_member, SYSTEM, shop.id, member.account_id))
    path = f"/api/v1/shops/{shop.id}/sheet"
    taken = client.post(path, token=member.session, content=b"isbn,title,price\n9785699120147,Mine,5\n").json()
    assert [each["column"] for each in taken["problems"]] == ["title"], json.dumps(taken)
    sold = client.post(path, token=member.session, content=b"isbn,price,stock\n978-5-699-12014-7,5,1\n").json()
    assert sold["made"] == 1, sold
