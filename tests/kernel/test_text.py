"""Texts that people type: slugs of names, and what is compared."""

import re
from urllib.parse import urlsplit

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artel.kernel.text import Link, Slug, SlugNeeded, Title, Website, folded, slug_for, slug_of


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Книги у моря", "knigi-u-morya"),
        ("Подъезд, объявление; Щука", "podezd-obyavlenie-shhuka"),
        ("Цапля и цирк, цыган", "czaplya-i-cirk-cygan"),
        ("Ёжик, ЙОД, э, хор", "yozhik-jod-e-xor"),
        ("Їжак і ґанок", "yizhak-i-ganok"),
        ("Café Müller & Søn", "cafe-muller-sn"),
        ("O'Neill’s №1", "oneills-no1"),
        ("  --A--B  ", "a-b"),
        ("日本", ""),
        ("\u202e\x00😀", ""),
        ("щ" * 60, "shh" * 33 + "s"),
    ],
)
def test_a_slug_is_made_of_a_name(name: str, slug: str) -> None:
    assert slug_of(name) == slug


@given(st.text(max_size=200))
def test_whatever_is_made_of_a_name_is_a_slug_or_nothing(name: str) -> None:
    made = slug_of(name)
    assert made == "" or msgspec.convert(made, Slug) == made
    assert slug_of(made) == made


def test_the_slug_that_was_given_comes_first_and_a_name_that_gives_none_needs_one() -> None:
    assert slug_for("Книги", "books") == "books"
    assert slug_for("Книги", msgspec.UNSET) == "knigi"
    assert slug_for("日本", "nihon") == "nihon"
    with pytest.raises(SlugNeeded):
        slug_for("日本", msgspec.UNSET)


@pytest.mark.parametrize(
    ("one", "other"), [("ЁЛКА", "елка"), ("Straße", "STRASSE"), ("ﬁn", "fin"), (" a \t b ", "A B")]
)
def test_texts_that_differ_in_case_and_forms_fold_into_one(one: str, other: str) -> None:
    assert folded(one) == folded(other)


@given(st.text(max_size=100))
def test_folding_twice_changes_nothing(text: str) -> None:
    assert folded(folded(text)) == folded(text)


@pytest.mark.parametrize(
    ("kind", "fits", "does_not"),
    [
        (Title, ["x", " x ", "日本", "\u202ex"], ["", " ", "\n\t\xa0", "x" * 201]),
        (
            Website,
            ["", "http://x", "https://x.example/я?a[]=1#b", "https://книги.рф:8443", "http://x?y"],
            ["x", "HTTP://x", "https://", "http://a b", "http://a\n", "http://[a", "http://[::1]/", "http://a:b@c"],
        ),
        (Link, ["http://x"], ["", "//x", 'http://x"', "http://x<", "data:,x", "http://x\x00"]),
        (Slug, ["a", "1", "a-1"], ["", "A", "a-", "-a", "a--b", "a_b", "a\n", "é"]),
    ],
)
def test_a_text_fits_its_kind_or_is_refused(kind: type, fits: list[str], does_not: list[str]) -> None:
    for text in fits:
        assert msgspec.convert(text, kind) == text
    for text in does_not:
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(text, kind)


@given(st.from_regex(msgspec.json.schema(Link)["pattern"].removesuffix("$(?!\n)"), fullmatch=True))
def test_a_link_has_a_host_to_every_parser(link: str) -> None:
    assert urlsplit(link).hostname


def test_the_patterns_mean_the_same_to_other_engines() -> None:
    for kind in (Title, Website, Link, Slug):
        pattern = msgspec.json.schema(kind)["pattern"]
        assert not re.search(r"\\[sdwb]", pattern), pattern
