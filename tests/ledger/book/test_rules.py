"""The book's arithmetic: fees, and what tells one intent from another."""

import random
from decimal import ROUND_HALF_EVEN, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artel.kernel.money import AMOUNT_MAX
from artel.ledger.book import rules
from artel.ledger.book.model import AmountUnfit, HoldIntent, Intent, Posting, escrow, fees, wallet, world
from artel.ledger.book.rules import FeeTerms

CASES = 1_000_000
ANNA, BELA = wallet(1, "RUB"), wallet(2, "RUB")

amounts = st.integers(0, AMOUNT_MAX)
bounds = st.one_of(st.just(0), st.integers(1, 10_000), amounts)
terms = st.builds(FeeTerms, st.integers(0, 10_000), bounds, bounds)


@pytest.mark.parametrize(
    ("value_minor", "terms", "expected"),
    [
        (10_000, FeeTerms(1_250), 1_250),
        (0, FeeTerms(1_250), 0),
        (10_000, FeeTerms(0), 0),
        (10_000, FeeTerms(10_000), 10_000),
        (50, FeeTerms(100), 0),  # 0.5 is rounded to the even 0
        (150, FeeTerms(100), 2),  # 1.5 to the even 2
        (250, FeeTerms(100), 2),  # 2.5 to the even 2
        (251, FeeTerms(100), 3),
        (10_000, FeeTerms(100, min_minor=300), 300),
        (10_000, FeeTerms(400, min_minor=300), 400),
        (10_000, FeeTerms(400, max_minor=300), 300),
        (10_000, FeeTerms(200, max_minor=300), 200),
        (10_000, FeeTerms(200, min_minor=250, max_minor=300), 250),
        (200, FeeTerms(0, min_minor=300), 200),  # never more than the value
        (10_000, FeeTerms(0, min_minor=500, max_minor=300), 300),  # the upper bound wins
    ],
)
def test_a_fee_is_a_share_within_its_bounds(value_minor: int, terms: FeeTerms, expected: int) -> None:
    assert rules.fee(value_minor, terms) == expected


@given(amounts, terms)
def test_a_fee_is_never_negative_and_never_more_than_the_value(value_minor: int, terms: FeeTerms) -> None:
    taken = rules.fee(value_minor, terms)
    assert 0 <= taken <= value_minor
    assert taken >= min(terms.min_minor, value_minor) or taken == terms.max_minor
    assert not terms.max_minor or taken <= terms.max_minor


@given(amounts, st.integers(0, 10_000))
def test_a_fee_without_bounds_is_the_decimal_share_rounded_half_to_even(value_minor: int, rate_bp: int) -> None:
    exact = Decimal(value_minor) * rate_bp / 10_000  # 20 digits of 28
    assert rules.fee(value_minor, FeeTerms(rate_bp)) == int(exact.quantize(Decimal(1), ROUND_HALF_EVEN))


@given(amounts, amounts, terms)
def test_a_larger_value_never_has_a_smaller_fee(one_minor: int, other_minor: int, terms: FeeTerms) -> None:
    low, high = sorted((one_minor, other_minor))
    assert rules.fee(low, terms) <= rules.fee(high, terms)


def test_fee_and_payout_are_the_value_in_a_million_random_cases() -> None:
    """The payout is computed by itself here, in whole hundredths of a basis point, so that a fault would show."""
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    rng = random.Random(seed)
    fee, draw = rules.fee, rng.random
    offered = [
        FeeTerms(rng.choice((0, 1, 1_250, 10_000, rng.randrange(10_001))), *rng.choices((0, 7, 3_000, 10**9), k=2))
        for _ in range(1_000)
    ]
    seen = {"share": 0, "bounded": 0}
    for number in range(CASES):
        terms = offered[number % 1_000]
        value = int(10 ** (draw() * 15))
        taken = fee(value, terms)
        paid_out = value - taken
        assert paid_out >= 0 <= taken, (value, terms)
        twice_off = 2 * (value * (10_000 - terms.rate_bp) - paid_out * 10_000)
        if abs(twice_off) <= 10_000:  # what is paid out is the rest of the share, to the half of a unit
            seen["share"] += 1
            assert abs(twice_off) < 10_000 or taken % 2 == 0 or taken in (terms.min_minor, terms.max_minor), (
                value,
                terms,
            )
        else:
            seen["bounded"] += 1
            assert taken in (terms.min_minor, terms.max_minor, value), (value, terms)
    print(seen)
    assert min(seen.values()) > CASES / 10


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
