"""What makes two logins one, which logins and passwords are fit, and what a search looks through."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artel.accounts import rules
from artel.accounts.model import AccountRow, LoginUnfit, PasswordUnfit

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
DOTLESS = "\u0131"  # the one letter whose capital is another letter's: Unicode SpecialCasing, Turkish
ROW = AccountRow(1, "Anna", "Anna K", "Anna", "Karenina", "anna@example.com", "customer staff", 0, 1_500_000, 3)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("anna", "ANNA"),
        ("straße", "STRASSE"),
        ("ПЁТР", "пётр"),
        ("ﬁona", "fiona"),  # a ligature
        ("ａｎｎａ", "anna"),  # full width
        ("e\u0301va", "\u00e9va"),  # one letter written as two
        ("Ⅷ", "viii"),
        ("ΌΣΟΣ", "όσος"),  # final sigma
    ],
)
def test_two_spellings_of_one_login_have_one_key(one: str, other: str) -> None:
    assert rules.login_key(one) == rules.login_key(other)


@pytest.mark.parametrize(
    ("one", "other"), [("anna", "anne"), ("anna", "аnna"), ("anna", "an na"), ("a", "aa"), ("ё", "е"), ("o", "0")]
)
def test_two_logins_that_differ_have_two_keys(one: str, other: str) -> None:
    assert rules.login_key(one) != rules.login_key(other)


@given(TEXT)
def test_the_key_of_a_key_is_the_key(login: str) -> None:
    assert rules.login_key(rules.login_key(login)) == rules.login_key(login)


@given(TEXT.filter(lambda text: DOTLESS not in text))
def test_upper_and_lower_case_never_make_two_logins(login: str) -> None:
    assert rules.login_key(login.upper()) == rules.login_key(login.lower()) == rules.login_key(login)


@pytest.mark.parametrize("login", ["anna", "Анна Каренина", "a", "o'hara", "anna@example.com", "日本", "a_%b", "👩"])
def test_a_login_may_be_in_any_script(login: str) -> None:
    rules.check_login(login)


@pytest.mark.parametrize(
    "login",
    [
        " anna",
        "anna ",
        "anna\u00a0",
        "\u3000",
        "an\nna",
        "an\tna",
        "an\x00na",
        "an\x1b[31mna",
        "an\x7fna",
        "an\x9bna",
        "an\u200bna",  # zero width space
        "an\u202ena",  # right-to-left override
        "\ufeffanna",
        "an\u2028na",
        "an\ud800na",
        "anna\u3164",  # Hangul filler: a letter that shows nothing
        "an\u034fna",  # combining grapheme joiner
        "anna\ufe0f",  # a variation selector
        "anna\u2800",  # a Braille cell without dots
        "anna\U000e0041",  # a tag
    ],
)
def test_a_login_that_nobody_could_tell_from_another_is_refused(login: str) -> None:
    with pytest.raises(LoginUnfit):
        rules.check_login(login)


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery",
        "  spaces kept  ",
        "пароль-и-точка",
        "👩‍🚀👩‍🚀👩‍🚀",
        "aaaaaaab",
        "x" * 1024,
        "\tTab and\nline",
    ],
)
def test_a_password_may_hold_anything(password: str) -> None:
    rules.check_password(password, "anna")


@pytest.mark.parametrize("password", ["password", "PassWord", "12345678", "qwertyuiop", "iloveyou"])
def test_a_common_password_is_refused(password: str) -> None:
    with pytest.raises(PasswordUnfit, match="most common"):
        rules.check_password(password, "anna")


@pytest.mark.parametrize("password", ["anna-karenina", "ANNA-Karenina", "ａnna-karenina"])
def test_a_password_that_is_the_login_is_refused(password: str) -> None:
    with pytest.raises(PasswordUnfit, match="is the login"):
        rules.check_password(password, "Anna-Karenina")


def test_a_password_that_is_not_text_is_refused() -> None:
    with pytest.raises(PasswordUnfit, match="not Unicode"):
        rules.check_password("half a pair \ud800", "anna")


def test_the_list_of_common_passwords_is_there_and_each_could_be_chosen() -> None:
    assert len(rules.COMMON_PASSWORDS) > 5_000
    unreachable = [each for each in rules.COMMON_PASSWORDS if each and (each != each.casefold() or len(each) < 8)]
    assert not unreachable


def test_an_account_is_shown_with_times_in_utc_and_roles_as_a_list() -> None:
    shown = rules.shown(ROW)
    assert (shown.roles, shown.version) == (["customer", "staff"], 3)
    assert (shown.created_at, shown.updated_at) == ("1970-01-01T00:00:00.000000Z", "1970-01-01T00:00:01.500000Z")


def test_a_search_text_is_folded_like_the_words_that_are_searched() -> None:
    text = rules.search_text("ANNA", "Анна", "", "КАРЕНИНА", "Anna@Example.com")
    assert text == "anna анна каренина anna@example.com"


def test_roles_are_written_in_one_order() -> None:
    assert rules.role_words({"staff", "customer"}) == rules.role_words({"customer", "staff"}) == "customer staff"
