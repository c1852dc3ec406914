"""What tells one intent from another, and what the book takes."""

import pytest

from artel.kernel.money import AMOUNT_MAX
from artel.ledger.book import rules
from artel.ledger.book.model import AmountUnfit, HoldIntent, Intent, Posting, escrow, fees, wallet, world

ANNA, BELA = wallet(1, "RUB"), wallet(2, "RUB")


def test_only_a_wallet_has_a_cap_and_only_the_platforms_own_are_hot() -> None:
    assert rules.cap_of(ANNA) == rules.WALLET_CAP_MINOR
    assert rules.cap_of(escrow(1, "RUB")) is None
    assert {"wallet", "escrow", "revenue"}.isdisjoint(rules.HOT)


@pytest.mark.parametrize("amount_minor", [0, AMOUNT_MAX + 1, 10**18])
def test_an_amount_that_no_transfer_can_have_is_refused(amount_minor: int) -> None:
    with pytest.raises(AmountUnfit) as refused:
        rules.check(_intent(Posting(ANNA, -amount_minor), Posting(BELA, amount_minor)))
    assert refused.value.facts == {"max_minor": AMOUNT_MAX}
    rules.check(_intent(Posting(ANNA, -AMOUNT_MAX), Posting(BELA, AMOUNT_MAX)))


@pytest.mark.parametrize(
    "postings",
    [
        (),
        (Posting(ANNA, 5),),
        (Posting(ANNA, 5), Posting(BELA, -4)),
        (Posting(ANNA, 5), Posting(wallet(2, "EUR"), -5)),
        (Posting(ANNA, 5), Posting(ANNA, -5)),
        (Posting(ANNA, 5), Posting(BELA, -10), Posting(ANNA, 5)),
    ],
)
def test_an_intent_that_is_no_transfer_is_our_own_fault(postings: tuple[Posting, ...]) -> None:
    with pytest.raises(AssertionError):
        rules.check(_intent(*postings))


def test_a_transfer_in_two_currencies_sums_to_zero_in_each() -> None:
    both = _intent(Posting(ANNA, -5), Posting(world("RUB"), 5), Posting(world("EUR"), -1), Posting(wallet(1, "EUR"), 1))
    rules.check(both)


def test_the_hash_of_an_intent_is_the_same_in_whatever_order_its_postings_came() -> None:
    one, other, third = Posting(ANNA, -5), Posting(BELA, 4), Posting(fees("RUB"), 1)
    given, turned = _intent(one, other, third), _intent(third, one, other)
    assert rules.input_hash(rules.ordered(given)) == rules.input_hash(rules.ordered(turned))


def test_the_hash_tells_every_field_of_an_intent() -> None:
    same = {"kind": "job.fulfilled", "reference": "job/1", "key": "k", "note": "n", "by": 1, "effective_us": 1}
    postings = (Posting(ANNA, -5), Posting(BELA, 5))
    given = Intent(postings=postings, **same)
    others = [
        Intent(postings=postings, **(same | change))
        for change in ({"kind": "x"}, {"reference": "x"}, {"note": "x"}, {"by": 2}, {"effective_us": 2})
    ]
    others += [
        Intent(postings=changed, **same)
        for changed in (
            (Posting(ANNA, -6), Posting(BELA, 6)),
            (Posting(ANNA, -5, release_minor=1), Posting(BELA, 5)),
            (Posting(ANNA, 5), Posting(BELA, -5)),
            (Posting(ANNA, -5), Posting(fees("RUB"), 5)),
        )
    ]
    hashes = {rules.input_hash(each) for each in [given, *others]}
    assert len(hashes) == 1 + len(others)


def test_the_hash_of_a_hold_tells_its_fields() -> None:
    given = HoldIntent(ANNA, 5, "withdrawal", "account/1", "k")
    other = HoldIntent(ANNA, 5, "withdrawal", "account/1", "k", expires_us=1)
    assert rules.input_hash(given) != rules.input_hash(other)


def _intent(*postings: Posting) -> Intent:
    return Intent(kind="test.of", reference="test/1", key="test/1", postings=postings)
