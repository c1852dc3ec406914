"""Vouchers over HTTP, on both databases: who makes, sees and changes which."""

import re
from typing import Any, Final

import pytest

from artel.db import Database
from artel.orders.vouchers import rules, service
from tests.conftest import Client, Run
from tests.orders.market import Market, open_market
from tests.orders.vouchers.till import enter_order
from tests.people import People, dump

PATH: Final = "/api/v1/vouchers"
NOBODY: Final = 10**9
TENTH: Final = {"code": "WINTER-10", "percent_bp": 1_000}


@pytest.fixture
def market(people: People, db: Database, run: Run) -> Market:
    return open_market(people, db, run)


def make(client: Client, token: str, **fields: Any) -> Any:
    return client.post(PATH, token=token, json=TENTH | fields)


def made(client: Client, token: str, **fields: Any) -> Any:
    answer = make(client, token, **fields)
    assert answer.status_code == 201, answer.text
    return answer.json()


def refused(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


# --- making


def test_a_member_makes_a_voucher_in_the_currency_of_the_shop(client: Client, market: Market) -> None:
    answer = make(client, market.member, shop_id=market.shop_id, minimum_minor=500, until_at="2999-01-01T03:00+03:00")
    voucher = answer.json()
    assert answer.headers["etag"] == '"1"'
    assert (voucher["shop_id"], voucher["code"], voucher["currency"]) == (market.shop_id, "WINTER-10", "RUB")
    assert (voucher["percent_bp"], voucher["amount_minor"], voucher["minimum_minor"]) == (1_000, 0, 500)
    assert (voucher["until_at"], voucher["uses_max"]) == ("2999-01-01T00:00:00.000000Z", 0)
    assert (voucher["used"], voucher["active"], voucher["once_per_customer"]) == (0, True, False)
    assert voucher["from_at"] == voucher["created_at"]
    assert client.get(f"{PATH}/{voucher['id']}", token=market.member).json() == voucher


def test_a_code_is_made_where_none_is_given(client: Client, market: Market) -> None:
    codes = {client.post(PATH, token=market.owner, json={"percent_bp": 500}).json()["code"] for _ in range(5)}
    assert len(codes) == 5
    assert all(
        re.fullmatch(rf"[{rules.ALPHABET}]{{4}}-[{rules.ALPHABET}]{{4}}-[{rules.ALPHABET}]{{4}}", each)
        for each in codes
    )


def test_a_code_is_given_once_however_it_is_spelt(client: Client, market: Market) -> None:
    made(client, market.member, shop_id=market.shop_id)
    for code in ("WINTER-10", "winter10", "Win-ter-10"):
        assert refused(make(client, market.owner, code=code)) == (409, "vouchers.code_taken")
    made(client, market.owner, code="WINTER-11")


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"code": "W 10!"}, "code"),
        ({"code": "A-B-C"}, "code"),
        ({"percent_bp": 0}, "percent_bp"),
        ({"amount_minor": 100}, "percent_bp"),
        ({"percent_bp": 0, "amount_minor": 100}, "currency"),
        ({"from_at": "soon"}, "from_at"),
        ({"from_at": "2030-01-01", "until_at": "2030-01-01"}, "until_at"),
        ({"until_at": "2020-01-01"}, "until_at"),
    ],
)
@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_an_unfit_voucher_is_refused_by_name(client: Client, market: Market, fields: Any, named: str) -> None:
    answer = make(client, market.owner, **fields)
    assert refused(answer) == (400, "vouchers.unfit")
    assert answer.json()["facts"]["field"] == named


def test_who_may_make_a_voucher(client: Client, people: People, market: Market, db: Database, run: Run) -> None:
    before = run(db.read(dump))["vouchers"]
    for token in (market.member, market.staff, market.customer):
        assert refused(make(client, token)) == (403, "vouchers.owner_only")
    for token in (market.stranger, market.staff, market.customer):
        assert refused(make(client, token, shop_id=market.shop_id)) == (403, "shops.not_yours")
    assert refused(make(client, market.owner, shop_id=NOBODY)) == (404, "shops.unknown")
    narrow = people.token(people.person("owner"), "orders:write").token
    assert refused(make(client, narrow)) == (403, "auth.forbidden")
    assert client.post(PATH, json=TENTH).status_code == 401
    assert run(db.read(dump))["vouchers"] == before
    assert made(client, market.owner, code="ALL-10")["shop_id"] is None
    assert made(client, market.owner, code="SHOP-10", shop_id=market.shop_id)["shop_id"] == market.shop_id


def test_another_currency_than_the_shops_is_refused(client: Client, market: Market) -> None:
    answer = make(client, market.owner, shop_id=market.shop_id, currency="EUR")
    assert (refused(answer), answer.json()["facts"]["field"]) == ((400, "vouchers.unfit"), "currency")
    assert made(client, market.owner, shop_id=market.other_id, currency="EUR")["currency"] == "EUR"


# --- seeing


def test_everybody_sees_the_vouchers_of_their_own_shops(client: Client, market: Market) -> None:
    everywhere = made(client, market.owner, code="ALL-10")
    mine = made(client, market.member, code="MINE", shop_id=market.shop_id)
    theirs = made(client, market.stranger, code="THEIRS", shop_id=market.other_id)

    def listed(token: str, query: str = "") -> list[Any]:
        return client.get(f"{PATH}?{query}", token=token).json()["items"]

    assert listed(market.owner) == [theirs, mine, everywhere], "the newest first"
    assert listed(market.member) == [mine]
    assert listed(market.stranger) == [theirs]
    assert listed(market.staff) == listed(market.customer) == []
    assert (
        listed(market.owner, f"shop_id={market.shop_id}")
        == listed(market.member, f"shop_id={market.shop_id}")
        == [mine]
    )
    answer = client.get(f"{PATH}?shop_id={market.shop_id}", token=market.stranger)
    assert refused(answer) == (403, "shops.not_yours")


def test_a_list_goes_on_where_it_stopped(client: Client, market: Market) -> None:
    ids = [made(client, market.member, code=f"CODE-{each}", shop_id=market.shop_id)["id"] for each in range(5)]
    found, after = [], ""
    while True:
        page = client.get(f"{PATH}?limit=2{after}", token=market.member).json()
        found += [each["id"] for each in page["items"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert found == ids[::-1]


def test_another_shops_voucher_is_as_if_it_were_not_there(client: Client, market: Market) -> None:
    theirs = made(client, market.stranger, code="THEIRS", shop_id=market.other_id)["id"]
    everywhere = made(client, market.owner, code="ALL-10")["id"]
    for voucher_id in (theirs, everywhere, NOBODY):
        for token in (market.member, market.customer, market.staff):
            assert refused(client.get(f"{PATH}/{voucher_id}", token=token)) == (404, "vouchers.missing")
            answer = client.request("PATCH", f"{PATH}/{voucher_id}", token=token, json={"active": False})
            assert refused(answer) == (404, "vouchers.missing")
    assert client.get(f"{PATH}/{theirs}", token=market.owner).json()["active"]


# --- changing


def test_a_voucher_is_changed_and_withdrawn(client: Client, market: Market) -> None:
    voucher = made(client, market.member, shop_id=market.shop_id)
    path = f"{PATH}/{voucher['id']}"
    changes = {"uses_max": 5, "minimum_minor": 100, "until_at": "2999-01-01T00:00:00Z", "active": False}
    changed = client.request("PATCH", path, token=market.member, json=changes, headers={"If-Match": '"1"'})
    assert changed.status_code == 200, changed.text
    wanted = voucher | changes | {"until_at": "2999-01-01T00:00:00.000000Z", "version": 2}
    assert changed.json() | {"updated_at": ""} == wanted | {"updated_at": ""}
    forever = client.request("PATCH", path, token=market.member, json={"until_at": "", "active": True})
    assert (forever.json()["until_at"], forever.json()["version"]) == (None, 3)
    same = client.request("PATCH", path, token=market.member, json={"active": True})
    assert same.json()["version"] == 3, "nothing changed"


def test_a_change_for_a_version_that_is_gone_is_refused(client: Client, market: Market) -> None:
    path = f"{PATH}/{made(client, market.member, shop_id=market.shop_id)['id']}"
    client.request("PATCH", path, token=market.owner, json={"uses_max": 5})
    answer = client.request("PATCH", path, token=market.member, json={"uses_max": 7}, headers={"If-Match": '"1"'})
    assert refused(answer) == (412, "vouchers.stale")
    facts = answer.json()["facts"]
    assert (facts["base"], facts["theirs"]["uses_max"], facts["yours"]) == (1, 5, {"uses_max": 7})
    assert client.get(path, token=market.member).json()["uses_max"] == 5


@pytest.mark.parametrize(
    "fields", [{"code": "OTHER"}, {"percent_bp": 1}, {"shop_id": 1}, {"once_per_customer": True}, {"used": 0}]
)
@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_what_a_voucher_takes_off_and_whose_it_is_stays_for_good(client: Client, market: Market, fields: Any) -> None:
    path = f"{PATH}/{made(client, market.owner)['id']}"
    answer = client.request("PATCH", path, token=market.owner, json=fields)
    assert refused(answer) == (400, "request.malformed")


def test_a_limit_below_the_uses_is_refused(
    client: Client, people: People, market: Market, db: Database, run: Run
) -> None:
    path = f"{PATH}/{made(client, market.owner)['id']}"
    anna = people.person().account_id
    for _ in range(3):
        order_id = run(db.write(enter_order, anna))
        run(db.write(service.redeem, "winter10", anna, order_id, "RUB", [(1, 1_000)]))
    answer = client.request("PATCH", path, token=market.owner, json={"uses_max": 2})
    assert refused(answer) == (409, "vouchers.used_more_often")
    assert client.request("PATCH", path, token=market.owner, json={"uses_max": 3}).json()["used"] == 3
