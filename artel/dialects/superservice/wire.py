"""The superservice's words: what its clients send and read, field by field as its contract says."""

from collections.abc import Mapping
from decimal import Decimal
from http import HTTPStatus
from typing import Any, Final, Literal, get_args

import msgspec
from msgspec import Raw, Struct

from artel.accounts.model import (
    Account,
    HashingBusy,
    LoginTaken,
    Opened,
    PasswordUnfit,
    Registration,
    TooManyAttempts,
    TooManyRegistrations,
    UnknownLogin,
    WrongPassword,
)
from artel.db import StorageUnavailable
from artel.dialects.cookies import carried_in, given, taken_back
from artel.dialects.roubles import CURRENCY, is_finer, kopecks, number, price
from artel.edge.decode import checked
from artel.edge.reply import STATUS, Header, Reply, encode, refusal_headers
from artel.edge.route import Manner
from artel.jobs.model import CustomerShort, Job, JobClosed, JobWanted, OwnJob
from artel.kernel.errors import Kind, Malformed, Refusal
from artel.ledger.book.model import AmountUnfit, TooMuchMoney
from artel.ledger.wallets.model import Correction

COOKIE: Final = "SUPERSERVICE_SESSION"
SESSION_TTL_S: Final = 86_400
UserType = Literal["customer", "executor"]  # roles of Artel
TYPES: Final[tuple[UserType, ...]] = get_args(UserType)

# --- what is sent


class NewUser(Struct, frozen=True):
    """POST /api/users/register/. The account's own rules about logins and passwords come after this."""

    name: str
    user_type: str
    login: str
    password: str


class WhichUsers(Struct, frozen=True):
    """The query of GET /api/users/."""

    users_type: str = ""


class NewOrder(Struct, frozen=True):
    """POST /api/orders/add/."""

    title: str
    value: Raw


class TopUp(Struct, frozen=True):
    """PUT /api/users/me/wallet/."""

    value: Raw


def registration(body: NewUser) -> Registration:
    """A new user as an account. Raises UserTypeUnknown, Malformed."""
    role = user_type(body.user_type)
    fields = {"login": body.login, "password": body.password, "name": body.name, "role": role}
    return checked(Registration, fields)


def user_type(text: str) -> UserType:
    """One of the two. Raises UserTypeUnknown."""
    found = next((each for each in TYPES if each == text), None)
    if found is None:
        raise UserTypeUnknown
    return found


def job(body: NewOrder) -> JobWanted:
    """An order as a job, whose value is taken when it is fulfilled. Raises ValueTooSmall, AmountUnfit, Malformed."""
    roubles = number("value", body.value)
    if roubles < 1:
        raise ValueTooSmall
    fields = {"title": body.title, "value_minor": kopecks(roubles), "currency": CURRENCY, "policy": "on_fulfil"}
    return checked(JobWanted, fields)


def top_up(body: TopUp) -> Correction:
    """Money for the own wallet as a credit. Raises NotToppedUp, AmountUnfit, Malformed."""
    roubles = number("value", body.value)
    amount_minor = kopecks(roubles)
    if amount_minor <= 0 or is_finer(roubles):
        raise NotToppedUp
    return Correction(amount_minor, CURRENCY, "PUT /api/users/me/wallet/")


# --- what is answered


class User(Struct, frozen=True):
    """One user of GET /api/users/."""

    id: int
    name: str
    type: str


class Me(Struct, frozen=True):
    """GET /api/users/me/; `wallet` is what can be spent."""

    id: int
    name: str
    type: str
    wallet: int | Decimal


class OpenOrder(Struct, frozen=True):
    """One order of GET /api/orders/."""

    id: int
    title: str
    value: int | Decimal
    customer_id: int
    customer_name: str


class Order(Struct, frozen=True):
    """An order, in any state."""

    id: int
    title: str
    value: int | Decimal
    fulfilled: int
    executor_id: int | None
    customer_id: int


class Entered(Struct, frozen=True):
    """A session that was just opened, and who it is."""

    opened: Opened
    name: str


def type_of(account: Account) -> str:
    """What the superservice calls the account: one that can both order and fulfil a customer, one of staff nothing."""
    return next((role for role in TYPES if role in account.roles), "")


def user(account: Account) -> User:
    """An account as the superservice shows it to others."""
    return User(account.id, account.name, type_of(account))


def me(account: Account, available_minor: int) -> Me:
    """An account as the superservice shows it to itself."""
    return Me(account.id, account.name, type_of(account), price(available_minor))


def open_order(found: Job) -> OpenOrder:
    """A job in the list of open orders."""
    return OpenOrder(found.id, found.title, price(found.value_minor), found.customer_id, found.customer_name)


def order(found: Job) -> Order:
    """A job as an order. One that was fulfilled stays so, even when its money went back later."""
    fulfilled = int(found.executor_id is not None)
    return Order(found.id, found.title, price(found.value_minor), fulfilled, found.executor_id, found.customer_id)


def success(data: Any, *headers: Header) -> Reply:
    """The envelope of what went well; 200, even when something was made."""
    return Reply(200, encode({"result": "success", "data": data}), headers=headers)


def registered(opened: Opened) -> Reply:
    """Who registered is logged in."""
    return success("Пользователь успешно зарегистрирован", given(COOKIE, opened))


def logged_in(entered: Entered) -> Reply:
    """The session as the old service's cookie."""
    return success(f"Вы вошли как {entered.name}", given(COOKIE, entered.opened))


def logged_out(_: None) -> Reply:
    """The cookie is taken back."""
    return success("Вы успешно вышли из системы", taken_back(COOKIE))


def topped_up(_: None) -> Reply:
    """What a wallet that was topped up says."""
    return success("Кошелек успешно пополнен")


# --- refusals


class UserTypeUnknown(Refusal):
    """Неверно указан user_type"""

    code, kind = "superservice.user_type_unknown", "invalid"


class ValueTooSmall(Refusal):
    """Сумма заказа слишком мала"""

    code, kind = "superservice.value_too_small", "invalid"


class NotToppedUp(Refusal):
    """Кошелек не может быть пополнен"""

    code, kind = "superservice.not_topped_up", "conflict"


class OrderClosed(Refusal):
    """Заказ уже закрыт"""

    code, kind = "superservice.order_closed", "conflict"


WRONG: Final = "Ошибка входных данных"
LACKING: Final = "Недостаточно входных данных"
WRONG_CREDENTIALS: Final = "Неправильное имя пользователя или пароль"
PASSWORD: Final = "Пароль не подходит: нужно от 8 до 1024 знаков, не логин и не один из самых распространённых паролей"

# Where the words are not those of the refusal itself; a fact's name in braces is replaced by the fact. The last four
# are Artel's own: the old service had no such limits.
SAID: Final[Mapping[type[Refusal], tuple[int, str]]] = {
    UnknownLogin: (400, WRONG_CREDENTIALS),
    WrongPassword: (400, WRONG_CREDENTIALS),
    LoginTaken: (400, "Пользователь с таким именем уже зарегистрирован"),
    AmountUnfit: (400, "Неверное значение суммы заказа"),
    JobClosed: (400, "Заказ уже закрыт"),
    OwnJob: (400, "Заказ не может быть выполнен"),
    CustomerShort: (400, "У заказчика недостаточно денег для закрытия заказа"),
    TooMuchMoney: (
        400,
        "После выполнения заказа сумма на кошельке станет слишком велика. Заказ не может быть выполнен",
    ),
    StorageUnavailable: (400, "Не удалось подключение к базе данных"),
    PasswordUnfit: (400, PASSWORD),
    TooManyAttempts: (429, "Слишком много неудачных попыток входа: повторите через {retry_s} с"),
    TooManyRegistrations: (429, "Слишком много регистраций с вашего адреса: повторите через {retry_s} с"),
    HashingBusy: (503, "Слишком много входов одновременно: повторите через {retry_s} с"),
}
TOO_LARGE: Final = (400, "После пополнения сумма станет слишком велика. Кошелек не может быть пополнен")
BARE: Final[frozenset[Kind]] = frozenset(
    {"unauthenticated", "forbidden", "missing", "method", "slow", "too_large", "unsupported", "fault"}
)


def refuse(refusal: Refusal, request_id: str, said: Mapping[type[Refusal], tuple[int, str]] = SAID) -> Reply:
    """The envelope with the old service's words, or plain text where the old server answered before the service did."""
    headers = refusal_headers(refusal)
    if type(refusal) in said:
        status, text = said[type(refusal)]
        return _error(status, text.format_map(refusal.facts), *headers)
    if refusal.kind in BARE:
        status = STATUS[refusal.kind]
        plain = f"{status}: {HTTPStatus(status).phrase}".encode()
        return Reply(status, plain, b"text/plain; charset=utf-8", headers)
    text = _malformed(refusal) if isinstance(refusal, Malformed) else refusal.message
    return _error(400, text, *headers)


def _error(status: int, text: str, *headers: Header) -> Reply:
    return Reply(status, encode({"result": "error", "data": text}), headers=headers)


def _malformed(refusal: Malformed) -> str:
    if refusal.facts["problem"] == "is missing":
        return LACKING
    fits_no_length = refusal.facts["field"] == "password" and "length" in refusal.facts["problem"]
    return PASSWORD if fits_no_length else WRONG


def refuse_top_up(refusal: Refusal, request_id: str) -> Reply:
    """The same where the refusals are about the wallet and not about an order."""
    return refuse(refusal, request_id, {**SAID, AmountUnfit: TOO_LARGE, TooMuchMoney: TOO_LARGE})


def refuse_log_in(refusal: Refusal, request_id: str) -> Reply:
    """The same at a log-in, where text that is too long is only wrong: nobody has such a login, or such a password."""
    if isinstance(refusal, Malformed) and "length" in refusal.facts["problem"]:
        return refuse(UnknownLogin(), request_id)
    return refuse(refusal, request_id)


MANNER: Final = Manner(
    "superservice", carried_in(COOKIE), refuse, json_only=False, carries=("Cookie", f"{COOKIE}={{token}}")
)
LOG_IN_MANNER: Final = msgspec.structs.replace(MANNER, refuse=refuse_log_in)
WALLET_MANNER: Final = msgspec.structs.replace(MANNER, refuse=refuse_top_up)


class TopUps(Struct, frozen=True):
    """What the operator set: whether a customer may put money into the own wallet that nobody took."""

    allowed: bool
