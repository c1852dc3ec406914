"""What is told of payments: nobody hears of a shop or of money that is not theirs to know."""

import json
from typing import Any

from artel.payments.model import Declined, OfPayment, Refunded, RefundFailed, RefundPromised


def events(shop_ids: list[int]) -> list[OfPayment]:
    of = (5, 12, 7, shop_ids)
    return [
        Declined(*of, "test"),
        RefundPromised(*of, 3, 49_900, "RUB", "came twice"),
        Refunded(*of, 3, 49_900, "RUB"),
        RefundFailed(*of, 3, 49_900, "RUB", 9),
    ]


def told(event: OfPayment) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(event.body())
    return body


def test_the_shops_of_an_order_hear_neither_of_each_other_nor_what_the_whole_order_was_worth() -> None:
    for event in events([31, 32]):
        assert event.audience() == ("account/7", "shop/31", "shop/32")
        assert not {"shop_ids", "amount_minor", "currency"} & told(event).keys()
        assert (told(event)["payment_id"], told(event)["order_id"]) == (5, 12)
    assert told(events([31, 32])[1])["reason"] == "came twice"


def test_where_one_shop_has_all_of_an_order_its_amounts_are_told() -> None:
    declined, *others = events([31])
    assert told(declined) == {"payment_id": 5, "order_id": 12, "account_id": 7, "provider": "test"}
    for event in others:
        assert (told(event)["amount_minor"], told(event)["currency"]) == (49_900, "RUB")
        assert "shop_ids" not in told(event)
