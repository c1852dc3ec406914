"""Accounts: pure decisions."""

import re
import unicodedata
from collections.abc import Set
from pathlib import Path
from typing import Final

from artel.accounts.model import Account, AccountRow, LoginUnfit, PasswordUnfit
from artel.kernel.clock import US, iso

# Taken from Django's CommonPasswordValidator (BSD-3-Clause; list by Royce Williams), those of 8 characters and more.
COMMON_PASSWORDS: Final = frozenset((Path(__file__).parent / "common_passwords.txt").read_text("utf-8").split("\n"))

# What shows nothing and is no control character: Unicode's Default_Ignorable_Code_Point outside Cf, and the empty
# Braille cell (https://www.unicode.org/reports/tr44/#Default_Ignorable_Code_Point).
INVISIBLE: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u2800\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8\U000e0000-\U000e0fff]"
)

# Failed log-ins of one login in any 5 minutes: 10 hashes at most. One address gets 5 of them, all addresses that never
# logged in before 7, so that a guesser at one address cannot lock out the owner, and many cannot lock out the owner
# at an address that is known.
ATTEMPTS_WINDOW_US: Final = 300 * US
ATTEMPTS_PER_ADDRESS: Final = 5
ATTEMPTS_FROM_UNKNOWN: Final = 7
ATTEMPTS_PER_LOGIN: Final = 10
REGISTRATIONS_WINDOW_US: Final = 3600 * US


def login_key(login: str) -> str:
    """What makes two logins one: compatibility forms and case are folded (Unicode TR15, TR21)."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", login).casefold())


def check_login(login: str) -> None:
    """Refuse a login that a person could not tell from another. Raises LoginUnfit."""
    if login != login.strip():
        raise LoginUnfit(problem="begins or ends with a space")
    if any(unicodedata.category(each) in ("Cc", "Cf", "Cs", "Zl", "Zp") for each in login):
        raise LoginUnfit(problem="holds a control character")
    if INVISIBLE.search(login):
        raise LoginUnfit(problem="holds a character that shows nothing")


def check_password(password: str, login: str) -> None:
    """Refuse what guessers try first. Raises PasswordUnfit."""
    if password.casefold() in COMMON_PASSWORDS:
        raise PasswordUnfit(problem="is one of the most common passwords: choose another one")
    if login_key(password) == login_key(login):
        raise PasswordUnfit(problem="is the login: choose another one")
    if any("\ud800" <= each <= "\udfff" for each in password):
        raise PasswordUnfit(problem="is not Unicode text")


def search_text(login: str, name: str, first_name: str, last_name: str, email: str) -> str:
    """What a search looks through, folded like the words that are searched."""
    return " ".join(login_key(part) for part in (login, name, first_name, last_name, email) if part)


def shown(row: AccountRow) -> Account:
    """The account as an answer."""
    return Account(
        row.id,
        row.login,
        row.name,
        row.first_name,
        row.last_name,
        row.email,
        row.roles.split(),
        iso(row.created_us),
        iso(row.updated_us),
        row.version,
    )


def role_words(roles: Set[str]) -> str:
    """Roles as the database holds them, in one order."""
    return " ".join(sorted(roles))
