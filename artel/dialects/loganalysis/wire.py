"""The log analyser's words: what its clients send and read, field by field as its contract says."""

from collections.abc import Callable
from typing import Any, Final

from msgspec import UNSET, Struct, UnsetType

from artel.accounts.model import Account, LoginTaken, Name, UnknownLogin, WrongPassword
from artel.edge.call import Call
from artel.edge.identity import NotLoggedIn
from artel.edge.reply import STATUS, Reply, encode, refusal_headers
from artel.edge.route import Credential, Manner
from artel.kernel.errors import Refusal


class NewUser(Struct, frozen=True):
    """POST /user. The account's own rules about logins and passwords come after this."""

    login: str
    password: str
    first_name: Name
    last_name: Name


class NewNames(Struct, frozen=True):
    """PATCH /user/<id>."""

    first_name: Name | UnsetType = UNSET
    last_name: Name | UnsetType = UNSET


class User(Struct, frozen=True):
    """A user. `update_at` is spelt so."""

    id: int
    login: str
    created_at: str
    update_at: str
    first_name: str
    last_name: str


def user(account: Account) -> User:
    """An account as the log analyser shows it."""
    return User(
        account.id,
        account.login,
        account.created_at,
        account.updated_at,
        account.first_name,
        account.last_name,
    )


class OnlyYourOwn(Refusal):
    """You can only change your own data"""

    code, kind = "loganalysis.only_your_own", "forbidden"


class NoSuchReport(Refusal):
    """There is no such report number. Enter a number from 1 to 7"""

    code, kind = "loganalysis.no_such_report", "invalid"


class NotParsed(Refusal):
    """Parse the log first"""

    code, kind = "loganalysis.not_parsed", "conflict"


# Where the old service's words and statuses are not ours.
SAID: Final[dict[type[Refusal], tuple[int, str]]] = {
    NotLoggedIn: (401, "Unauthorized"),
    LoginTaken: (409, "Login is busy"),
    UnknownLogin: (404, "User not found"),
    WrongPassword: (401, "Wrong password"),
}


def raw_token(call: Call) -> Credential | None:
    """`Authorization: <token>`, with or without the word Bearer."""
    words = call.header(b"authorization").split()
    if words and words[0].lower() == "bearer":
        words = words[1:]
    return Credential(words[0]) if len(words) == 1 else None


def refuse(refusal: Refusal, request_id: str) -> Reply:
    """`{"message", "error_code"}`; the request id travels in its header only."""
    status, message = SAID.get(type(refusal), (STATUS[refusal.kind], refusal.message))
    return Reply(status, encode({"message": message, "error_code": status}), headers=refusal_headers(refusal))


MANNER: Final = Manner("loganalysis", raw_token, refuse, json_only=False, carries=("Authorization", "{token}"))


# The number of a report, and the only key of its answer, verbatim.
REPORT_KEYS: Final = {
    "1": "From this country most often visit the site",
    "2": "From this country, they are most often interested in products from a certain category 'fresh_fish'",
    "3": "At this time of day, the 'frozen_fish' category is most often viewed",
    "4": "The maximum number of requests to the site per astronomical hour",
    "5": "Category which is more often bought with semi_manufactures",
    "6": "Unpaid carts",
    "7": "Count_users_with_repeat_pay",
}
NAMED: Final = frozenset("1235")  # those that answer a name; the others answer a number


def parsed(status: str) -> Reply:
    """What /parse says."""
    return Reply(201, encode({"log_parsing_status": status}))


def one_key(key: str) -> Callable[[Any], Reply]:
    """An answer of one key, status 200."""

    def present(value: Any) -> Reply:
        return Reply(200, encode({key: value}))

    return present
