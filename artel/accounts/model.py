"""Accounts: the words."""

from typing import Annotated, ClassVar, Literal, get_args

from msgspec import UNSET, Meta, Struct, UnsetType

from artel.db import Event
from artel.kernel.errors import Refusal
from artel.kernel.page import PAGE_DEFAULT, Cursor, Limit
from artel.kernel.patterns import told

NAME_MAX = 200
EMAIL_MAX = 254  # RFC 5321, 4.5.3.1.3
LOGIN_MAX = 100
PASSWORD_MIN = 8  # NIST SP 800-63B, 3.1.1.2
PASSWORD_MAX = 1024
SCOPES_MAX = 32

Login = Annotated[str, Meta(min_length=1, max_length=LOGIN_MAX, description="Unique; upper and lower case are one.")]
_FORMAT = {"format": "password"}
Password = Annotated[str, Meta(min_length=PASSWORD_MIN, max_length=PASSWORD_MAX, extra_json_schema=_FORMAT)]
# Any password may be tried, a huge one may not.
Attempt = Annotated[str, Meta(max_length=PASSWORD_MAX, extra_json_schema=_FORMAT)]
Name = Annotated[str, Meta(max_length=NAME_MAX)]
_PART = r"[^@\x00-\x20\x7f-\xa0]+"  # without \s, which each engine of regular expressions reads in its own way
Email = Annotated[
    str,
    Meta(
        max_length=EMAIL_MAX,
        pattern=told(rf"^(|{_PART}@{_PART})$(?!\n)", "is no address: write it as name@example.com"),
    ),
]
Carrier = Literal["bearer", "cookie"]
RoleName = Literal["customer", "executor", "staff", "owner"]
Scope = Literal[
    "profile:read",
    "profile:write",
    "accounts:read",
    "traffic:read",
    "traffic:write",
    "shop:write",
    "orders:read",
    "orders:write",
    "events:read",
    "webhooks:read",
    "webhooks:write",
    "wallet:read",
    "wallet:write",
    "jobs:read",
    "jobs:write",
    "ledger:read",
    "ledger:write",
]
SCOPES: tuple[Scope, ...] = get_args(Scope)


class Registration(Struct, frozen=True, forbid_unknown_fields=True):
    """What it takes to open an account."""

    login: Login
    password: Password
    name: Name = ""
    first_name: Name = ""
    last_name: Name = ""
    email: Email = ""
    role: Literal["customer", "executor"] = "customer"


class Account(Struct, frozen=True):
    """An account as its owner and the staff see it."""

    id: int
    login: str
    name: str
    first_name: str
    last_name: str
    email: str
    roles: list[str]
    created_at: str
    updated_at: str
    version: int


class AccountRow(Struct, frozen=True):
    """An account as the database holds it; `roles` are words with spaces between."""

    id: int
    login: str
    name: str
    first_name: str
    last_name: str
    email: str
    roles: str
    created_us: int
    updated_us: int
    version: int


class Edit(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The fields to change; those left out stay."""

    name: Name | UnsetType = UNSET
    first_name: Name | UnsetType = UNSET
    last_name: Name | UnsetType = UNSET
    email: Email | UnsetType = UNSET


class Credentials(Struct, frozen=True, forbid_unknown_fields=True):
    """A log-in. `carrier` says how the session travels: a token in the answer, or a cookie."""

    login: Annotated[str, Meta(max_length=LOGIN_MAX)]
    password: Attempt
    carrier: Carrier = "bearer"


class PasswordChange(Struct, frozen=True, forbid_unknown_fields=True):
    """The password that is, and the one that shall be."""

    current: Attempt
    new: Password


class RoleChange(Struct, frozen=True, forbid_unknown_fields=True):
    """The roles that the account shall have, all of them."""

    roles: Annotated[list[RoleName], Meta(min_length=1, max_length=4)]


class Opened(Struct, frozen=True):
    """A session that was just opened. The token is shown this once; the database keeps its hash."""

    token: str
    expires_at: str
    account_id: int
    carrier: Carrier
    ttl_s: int


class Session(Struct, frozen=True):
    """A session as its owner sees it in the list."""

    id: int
    created_at: str
    expires_at: str
    address: str
    current: bool


class SessionRow(Struct, frozen=True):
    """A session that has not ended."""

    id: int
    created_us: int
    expires_us: int
    address: str


class TokenWanted(Struct, frozen=True, forbid_unknown_fields=True):
    """An API token to be made: for what, for how long (seconds, default 90 days)."""

    name: Annotated[str, Meta(min_length=1, max_length=NAME_MAX)]
    scopes: Annotated[list[Scope], Meta(min_length=1, max_length=SCOPES_MAX)]
    ttl_s: Annotated[int, Meta(ge=60, le=10 * 366 * 86_400)] = 90 * 86_400


class Token(Struct, frozen=True):
    """An API token as its owner sees it in the list."""

    id: int
    name: str
    scopes: list[str]
    created_at: str
    expires_at: str


class TokenRow(Struct, frozen=True):
    """An API token that is neither revoked nor over; `scopes` are words with spaces between."""

    id: int
    name: str
    scopes: str
    created_us: int
    expires_us: int


class TokenMade(Struct, frozen=True):
    """A new API token. The secret is shown this once; the database keeps its hash."""

    id: int
    token: str
    name: str
    scopes: list[str]
    expires_at: str


class AccountFilter(Struct, frozen=True, forbid_unknown_fields=True):
    """Which accounts to list: those with the role, whose login, names or e-mail hold the words."""

    role: RoleName | None = None
    search: Annotated[str, Meta(max_length=NAME_MAX)] = ""
    limit: Limit = PAGE_DEFAULT
    after: Cursor | None = None


class Known(Struct, frozen=True):
    """What a log-in is checked against."""

    id: int
    login: str
    password_hash: str
    deleted_us: int


class Named(Struct, frozen=True):
    """What an account is called."""

    id: int
    login: str


class Called(Struct, frozen=True):
    """The name that an account goes by; '' when it told none."""

    id: int
    name: str


class Holder(Struct, frozen=True):
    """Whose a token is, as one row."""

    account_id: int
    login: str
    roles: str
    scopes: str
    credential_id: int


class Registered(Event, frozen=True):
    """An account was opened."""

    kind: ClassVar[str] = "account.registered"
    account_id: int
    login: str


class Edited(Event, frozen=True):
    """Fields of an account were changed; only their names are told."""

    kind: ClassVar[str] = "account.edited"
    account_id: int
    by: int
    fields: list[str]


class Deleted(Event, frozen=True):
    """An account was closed."""

    kind: ClassVar[str] = "account.deleted"
    account_id: int


class RolesChanged(Event, frozen=True):
    """An owner gave or took roles."""

    kind: ClassVar[str] = "account.roles_changed"
    account_id: int
    by: int
    roles: list[str]


class PasswordChanged(Event, frozen=True):
    """A password was changed; every other session ended."""

    kind: ClassVar[str] = "account.password_changed"
    account_id: int


class LoginTaken(Refusal):
    """The login {login} is taken: choose another one."""

    code, kind = "accounts.login_taken", "conflict"


class LoginUnfit(Refusal):
    """login: {problem}."""

    code, kind = "accounts.login_unfit", "invalid"


class PasswordUnfit(Refusal):
    """password: {problem}."""

    code, kind = "accounts.password_unfit", "invalid"


class UnknownLogin(Refusal):
    """Login or password is wrong."""

    code, kind = "accounts.wrong_credentials", "unauthenticated"


class WrongPassword(Refusal):
    """Login or password is wrong."""

    code, kind = "accounts.wrong_credentials", "unauthenticated"


class CurrentPasswordWrong(Refusal):
    """current: is not the account's password."""

    code, kind = "accounts.current_password_wrong", "invalid"


class TooManyAttempts(Refusal):
    """Too many failed log-ins: try again in {retry_s} s."""

    code, kind = "accounts.too_many_attempts", "throttled"


class TooManyRegistrations(Refusal):
    """Too many accounts were registered from your address: try again in {retry_s} s."""

    code, kind = "accounts.too_many_registrations", "throttled"


class HashingBusy(Refusal):
    """More log-ins wait than can be checked: try again in {retry_s} s."""

    code, kind = "accounts.hashing_busy", "unavailable"


class AccountUnknown(Refusal):
    """There is no account {account}."""

    code, kind = "accounts.unknown", "missing"


class SessionUnknown(Refusal):
    """You have no session {session_id}."""

    code, kind = "accounts.session_unknown", "missing"


class TokenUnknown(Refusal):
    """You have no API token {token_id}."""

    code, kind = "accounts.token_unknown", "missing"


class AccountStale(Refusal):
    """The account is at version {version}, your change was made for {base}: look at it again."""

    code, kind = "accounts.stale", "stale"


class OwnerNeeded(Refusal):
    """This is the last owner: give another account the role owner first."""

    code, kind = "accounts.owner_needed", "conflict"
