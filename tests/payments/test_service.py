"""Payments on both databases: one that waits, one truth, taken down once."""

import asyncio
from typing import Any

import pytest

from artel.db import Write
from artel.kernel.clock import US
from artel.kernel.errors import Refusal
from artel.payments import limits, model, rules, service
from artel.payments.model import Filter, PaymentRow, Receipt, Truth, Wish
from artel.payments.service import Providers
from artel.payments.simulator import Simulator
from tests.payments.till import CHECK_US, DAY_US, KINDS, TAKEN, TOTAL, Till
from tests.people import People

# --- beginning


def test_a_payment_that_is_begun_again_is_the_one_that_waits(till: Till) -> None:
    assert till.begin() == till.begin() == till.begin("late")
    assert till.begin(method="", provider="manual").id != till.begin().id


def test_twenty_who_begin_at_once_begin_one_payment(till: Till) -> None:
    async def together() -> list[PaymentRow]:
        wish = Wish("test", "ok")
        begun = (till.db.write(service.begin, till.order, wish, till.providers) for _ in range(20))
        return await asyncio.gather(*begun)

    assert len({row.id for row in till.run(together())}) == 1


def test_a_payment_that_failed_is_followed_by_a_new_one_and_not_for_ever(till: Till) -> None:
    ids = set()
    for _ in range(limits.PAYMENTS_MAX):
        payment = till.begin("declined")
        ids.add(payment.id)
        assert till.settle(payment, Truth("declined", 0, "")) is None
    assert len(ids) == limits.PAYMENTS_MAX
    with pytest.raises(model.TooManyPayments):
        till.begin()


@pytest.mark.parametrize(
    ("provider", "method", "refusal"),
    [
        ("test", "ok", None),
        ("test", "", None),
        ("manual", "", None),
        ("test", "no such way", model.MethodUnknown),
        ("manual", "cash", model.MethodUnknown),
        ("bank", "", model.ProviderUnknown),
    ],
)
def test_only_known_ways_to_pay_are_taken(
    till: Till, provider: str, method: str, refusal: type[Refusal] | None
) -> None:
    if refusal:
        with pytest.raises(refusal):
            till.begin(method, provider)
    else:
        assert till.begin(method, provider).method == (method or ("ok" if provider == "test" else ""))


def test_money_that_is_not_real_is_refused_unless_it_was_let_in(till: Till) -> None:
    till.providers = Providers({})
    with pytest.raises(model.MoneyNotReal, match="ARTEL_PAYMENTS_TEST=true"):
        till.begin()
    assert till.begin("", "manual").status == "pending"


# --- settling


def test_a_payment_is_settled_once_however_often_and_whoever_says_so(till: Till) -> None:
    payment = till.begin()

    async def together() -> list[PaymentRow | None]:
        return await asyncio.gather(*(till.db.write(service.settle, payment.id, TAKEN) for _ in range(20)))

    settled = [row for row in till.run(together()) if row]
    assert len(settled) == 1
    assert (settled[0].status, settled[0].taken_minor) == ("succeeded", TOTAL)
    assert till.settle(payment, Truth("declined", 0, "")) is None
    assert till.read(service.get, payment.id).status == "succeeded"


def test_a_payment_that_was_declined_and_taken_later_counts(till: Till) -> None:
    payment = till.begin()
    assert till.settle(payment, Truth("declined", 0, "")) is None
    assert till.settle(payment) is not None
    assert till.seen(KINDS) == ["payment.declined"]


@pytest.mark.parametrize("truth", [Truth("captured", TOTAL + 1, "RUB"), Truth("captured", TOTAL, "USD")])
def test_another_amount_is_promised_back_whole(till: Till, truth: Truth) -> None:
    payment = till.begin()
    assert till.settle(payment, truth) is None
    (shown,) = till.read(service.of_order, till.order.order_id)
    assert [(each.amount_minor, each.currency) for each in shown.refunds] == [(truth.amount_minor, truth.currency)]
    assert shown.refunding_minor == shown.taken_minor == truth.amount_minor
    assert till.promise(1) == []


def test_a_payment_of_which_nothing_was_taken_promises_nothing(till: Till) -> None:
    assert till.settle(till.begin(), Truth("captured", 0, "RUB")) is None
    (shown,) = till.read(service.of_order, till.order.order_id)
    assert (shown.refunds, shown.refunding_minor) == ([], 0)


def test_an_unknown_payment_is_refused(till: Till) -> None:
    for use in (lambda: till.write(service.settle, 99, TAKEN), lambda: till.read(service.get, 99)):
        with pytest.raises(model.PaymentUnknown):
            use()


# --- hints


def test_a_hint_brings_the_question_forward_and_changes_nothing_else(till: Till) -> None:
    payment = till.begin("late")
    till.write(service.name, till.ask(payment))
    before = till.read(service.get, payment.id)
    till.later(10 * US)
    till.write(service.claim_checks, till.providers)
    till.later(5 * US)
    assert till.write(service.claim_checks, till.providers) != []  # after 2 s
    till.later(2 * US)
    assert till.write(service.claim_checks, till.providers) == []  # the next after 3 s
    till.hint("test", before.reference or "")
    assert till.read(service.get, payment.id) == before


def test_a_provider_is_asked_every_two_seconds_at_most_however_often_it_is_hinted(till: Till) -> None:
    payment = till.begin("declined")
    asked = till.ask(payment)
    till.write(service.name, asked)
    till.settle(payment, Truth("declined", 0, ""))
    assert till.seen(CHECK_US) == [0]
    questions = 0
    for _ in range(20):
        till.hint("test", asked.reference or "")
        questions += len(till.write(service.claim_checks, till.providers))
        till.settle(payment, Truth("declined", 0, ""))
        till.later(US)
    assert questions in range(9, 12)


@pytest.mark.parametrize(("provider", "reference"), [("test", "x"), ("manual", "x"), ("no such", "x")])
def test_a_hint_of_nothing_known_changes_nothing(till: Till, provider: str, reference: str) -> None:
    till.begin()
    before = till.seen(CHECK_US)
    till.hint(provider, reference)
    assert till.seen(CHECK_US) == before


# --- asking again and again


def test_a_payment_is_asked_for_by_one_of_several_who_could(till: Till) -> None:
    till.begin("late")
    till.later(10 * US)

    async def together() -> list[list[PaymentRow]]:
        return await asyncio.gather(*(till.db.write(service.claim_checks, till.providers) for _ in range(10)))

    assert sorted(len(rows) for rows in till.run(together())) == [0] * 9 + [1]


def test_a_payment_whose_provider_is_not_there_any_more_is_left_alone(till: Till) -> None:
    till.begin("late")
    till.later(DAY_US)
    assert till.write(service.claim_checks, Providers({})) == []
    assert len(till.write(service.claim_checks, till.providers)) == 1


def test_a_payment_that_waits_is_asked_for_once_a_day_at_last_and_for_ever(till: Till) -> None:
    till.begin("late")
    for number in range(len(rules.CHECK_AFTER_S) + 5):
        till.later(DAY_US)
        assert len(till.write(service.claim_checks, till.providers)) == 1, number


def test_a_provider_that_does_not_answer_is_said_to(till: Till) -> None:
    asked = till.ask(till.begin("flaky"))
    assert (asked.reference, asked.truth) == (None, None)
    assert "the answer was lost" in asked.failure


def test_a_provider_that_takes_too_long_is_left(till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    class Slow(Simulator):
        async def state(self, reference: str) -> Truth:
            await asyncio.sleep(3600)
            raise AssertionError("nobody waits for this")

    monkeypatch.setattr(service, "PROVIDER_TIMEOUT_S", 0.05)
    till.providers = Providers({"test": Slow(till.db, 0)})
    asked = till.ask(till.begin())
    assert asked.reference and asked.truth is None
    assert "no answer in time" in asked.failure


# --- by hand


def test_money_that_was_received_by_hand_settles_once(till: Till, people: People) -> None:
    payment, staff = till.begin("", "manual"), people.person("staff").account_id
    with pytest.raises(model.AmountDiffers):
        till.write(service.receive, payment.id, Receipt(TOTAL - 1), staff)
    settled = till.write(service.receive, payment.id, Receipt(TOTAL, "in cash"), staff)
    assert (settled.status, settled.taken_minor, settled.confirmed_by, settled.note) == (
        "succeeded",
        TOTAL,
        staff,
        "in cash",
    )
    with pytest.raises(model.AlreadySettled):
        till.write(service.receive, payment.id, Receipt(TOTAL), staff)


def test_money_that_a_provider_takes_is_not_received_by_hand(till: Till) -> None:
    with pytest.raises(model.NotByHand):
        till.write(service.receive, till.begin().id, Receipt(TOTAL), None)


# --- the list


def test_payments_are_listed_by_what_became_of_them(till: Till) -> None:
    async def listed(tx: Write) -> dict[Any, list[int]]:
        states = (None, "pending", "succeeded", "failed", "refund_pending", "refund_failed")
        pages = {state: await service.list_payments(tx, None, Filter(status=state)) for state in states}  # type: ignore[arg-type]
        return {state: [payment.id for payment in page.items] for state, page in pages.items()}

    taken = till.take().id
    failed = till.begin().id
    till.settle(till.read(service.get, failed), Truth("declined", 0, ""))
    waiting = till.begin("", "manual").id
    till.promise(1)
    assert till.write(listed) == {
        None: [waiting, failed, taken],
        "pending": [waiting],
        "succeeded": [taken],
        "failed": [failed],
        "refund_pending": [taken],
        "refund_failed": [],
    }


def test_the_list_goes_on_where_its_page_ended(till: Till) -> None:
    ids = [till.take().id for _ in range(3)]
    first = till.read(service.list_payments, None, Filter(limit=2))
    rest = till.read(service.list_payments, None, Filter(limit=2, after=first.next))
    assert [payment.id for payment in first.items + rest.items] == ids[::-1]
    assert rest.next is None
