"""The dialect of the e-shop: its transcript, on both databases."""

from pathlib import Path

import pytest

from artel.db import Database, Write
from tests.conftest import Client, Run
from tests.dialects import transcript
from tests.people import People
from tests.shop import shelf

FOLDER = Path(__file__).parent / "transcripts"


async def _enter_shop(tx: Write) -> None:
    shop_id = await shelf.enter_shop(tx)
    for title, description, price_minor, stock in (("Мы", "Роман", 450_00, 5), ("Dubliners", "Stories", 399_50, 2)):
        product_id = await shelf.enter_product(tx, title=title, description=description)
        await shelf.enter_offer(tx, shop_id=shop_id, product_id=product_id, price_minor=price_minor, stock=stock)


def test_a_client_of_the_e_shop_gets_what_its_transcript_says(client: Client, db: Database, run: Run) -> None:
    run(db.write(_enter_shop))
    transcript.replay(FOLDER / "bookshop.txt", client)


def test_a_changed_answer_is_caught(client: Client, db: Database, run: Run, tmp_path: Path) -> None:
    run(db.write(_enter_shop))
    planted = (FOLDER / "bookshop.txt").read_text("utf-8").replace("Basket is empty", "Cart is empty")
    (tmp_path / "planted.txt").write_text(planted, "utf-8")
    with pytest.raises(AssertionError, match="'Basket is empty'"):
        transcript.replay(tmp_path / "planted.txt", client)


def test_a_session_of_the_api_opens_the_e_shop_in_its_own_way(client: Client, people: People) -> None:
    person = people.person(name="Anna")
    asked = {"Cookie": f"AIOHTTP_SESSION={person.session}"}
    assert client.get("/v1/user", headers=asked).json()["login"] == person.login
    assert client.get("/v1/user", token=person.session).status_code == 401
    assert client.get("/api/v1/me", headers=asked).status_code == 401


def test_a_page_of_another_site_orders_nothing_with_the_cookie(client: Client, people: People) -> None:
    asked = {"Cookie": f"AIOHTTP_SESSION={people.person().session}"}
    body = {"products": [{"id": 1, "quantity": 1}]}
    assert (
        client.request("PUT", "/v1/basket", headers=asked | {"Origin": "https://evil.example"}, json=body).status_code
        == 403
    )
    assert client.request("PUT", "/v1/basket", headers=asked, json=body).status_code == 404


def test_a_trailing_slash_is_another_path(client: Client) -> None:
    assert [client.get(path).status_code for path in ("/v1/user", "/v1/user/")] == [401, 404]


def test_a_shop_with_more_than_one_page_of_offers_is_shown_whole(
    client: Client, db: Database, run: Run, people: People
) -> None:
    async def fill(tx: Write) -> None:
        shop_id = await shelf.enter_shop(tx)
        for _ in range(201):
            await shelf.enter_offer(tx, shop_id=shop_id)

    run(db.write(fill))
    answer = client.get("/v1/shop_catalog?id=1", headers={"Cookie": f"AIOHTTP_SESSION={people.person().session}"})
    assert [line["id"] for line in answer.json()["catalog"]] == list(range(1, 202))
