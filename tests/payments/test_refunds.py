"""Proof: what was promised is given back once, whatever fails, and never more than was taken."""

import asyncio

import pytest

from artel.payments import model, rules, service
from artel.payments.model import Filter, Receipt, RefundRow
from artel.payments.provider import ProviderFailed
from artel.payments.service import Providers
from artel.payments.simulator import Simulator
from tests.payments.till import DAY_US, GIVEN_BACK, KINDS, REFUND_KEYS, TOTAL, Till


def test_a_refund_is_promised_out_of_what_was_taken_and_never_more(till: Till) -> None:
    assert till.promise(TOTAL) == [], "nothing was taken"
    till.take()
    assert [row.amount_minor for row in till.promise(TOTAL - 1)] == [TOTAL - 1]
    assert [row.amount_minor for row in till.promise(TOTAL)] == [1]
    assert till.promise(1) == []


def test_of_two_payments_the_older_is_given_back_first(till: Till) -> None:
    till.take()
    till.take()
    assert [row.amount_minor for row in till.promise(TOTAL + 5)] == [TOTAL, 5]


def test_twenty_who_promise_at_once_promise_no_more_than_was_taken(till: Till) -> None:
    till.take()

    async def together() -> list[list[RefundRow]]:
        promise = service.promise_refund
        return await asyncio.gather(
            *(till.db.write(promise, till.order.order_id, 1_000, "why") for _ in range(20)),
        )

    assert sum(row.amount_minor for rows in till.run(together()) for row in rows) == TOTAL


@pytest.mark.parametrize("method", ["ok", "refund_fails_first"])
def test_what_was_promised_is_given_back_once(till: Till, method: str) -> None:
    till.take(method)
    till.promise(TOTAL)
    for _ in range(6):
        till.refund()
        till.later(DAY_US)
    (shown,) = till.read(service.of_order, till.order.order_id)
    assert [refund.status for refund in shown.refunds] == ["done"]
    assert till.seen(GIVEN_BACK) == [TOTAL]
    assert len(till.seen(REFUND_KEYS)) == 1
    assert till.seen(KINDS) == ["payment.refund_promised", "payment.refunded"]


def test_several_who_give_back_at_once_give_once(till: Till) -> None:
    till.take()
    till.promise(TOTAL)

    async def together() -> list[service.Pass]:
        return await asyncio.gather(*(service.refund_due(till.db, till.providers) for _ in range(8)))

    assert sum(each.done for each in till.run(together())) == 1
    assert till.seen(GIVEN_BACK) == [TOTAL]


class Refusing(Simulator):
    """Gives nothing back."""

    async def refund(self, reference: str, amount_minor: int, key: str) -> str:
        raise ProviderFailed("the account is closed")


def test_a_refund_that_never_succeeds_is_given_up_told_and_listed_and_can_be_tried_again(till: Till) -> None:
    providers, till.providers = till.providers, Providers({"test": Refusing(till.db, 0)})
    till.take()
    till.promise(TOTAL)
    tries = 0
    for _ in range(rules.REFUND_TRIES_MAX + 5):
        tries += len(till.refund().failures)
        till.later(DAY_US)
    assert tries == rules.REFUND_TRIES_MAX
    assert till.seen(KINDS)[-1] == "payment.refund_failed"
    (shown,) = till.read(service.list_payments, None, Filter(status="refund_failed")).items
    assert till.read(service.count).refunds_failed == 1
    (refund,) = shown.refunds
    assert (refund.status, refund.tries) == ("failed", tries)
    assert till.write(service.retry_refund, None, refund.id).status == "pending"
    with pytest.raises(model.AlreadySettled):
        till.write(service.retry_refund, None, refund.id)
    till.providers = providers
    till.refund()
    assert till.seen(GIVEN_BACK) == [TOTAL]
    assert till.read(service.count).refunds_failed == 0


def test_a_refund_that_waits_for_its_provider_is_not_confirmed_by_hand(till: Till) -> None:
    payment = till.take()
    (refund,) = till.promise(TOTAL)
    with pytest.raises(model.NotByHand):
        till.write(service.confirm_refund, refund, payment, None, model.Remark())
    till.refund()
    with pytest.raises(model.AlreadySettled):
        till.write(service.confirm_refund, refund, payment, None, model.Remark())


def test_a_refund_by_hand_waits_until_somebody_says_that_it_was_paid_out(till: Till) -> None:
    payment = till.begin("", "manual")
    settled = till.write(service.receive, payment.id, Receipt(TOTAL), None)
    (refund,) = till.promise(TOTAL)
    till.later(DAY_US)
    assert till.refund().done == 0
    done = till.write(service.confirm_refund, refund, settled, None, model.Remark("in cash"))
    assert (done.status, done.note) == ("done", "in cash")
    assert till.seen(KINDS) == ["payment.refund_promised", "payment.refunded"]
