"""Accounts: use cases. Those that hash come in two parts: a preparation before the transaction, and the transaction."""

from collections.abc import Iterable
from typing import Final

import msgspec
from msgspec import Struct

from artel.accounts import attempts, queries, rules
from artel.accounts.hashing import Hasher
from artel.accounts.model import (
    Account,
    AccountFilter,
    AccountRow,
    AccountStale,
    AccountUnknown,
    Carrier,
    Credentials,
    CurrentPasswordWrong,
    Deleted,
    Edit,
    Edited,
    LoginTaken,
    Opened,
    OwnerNeeded,
    PasswordChange,
    PasswordChanged,
    Registered,
    Registration,
    RoleChange,
    RolesChanged,
    Session,
    SessionUnknown,
    Token,
    TokenMade,
    TokenUnknown,
    TokenWanted,
    UnknownLogin,
    WrongPassword,
)
from artel.db import Database, Query, Read, Write, emit, numbers, tally
from artel.db.statement import starting_with
from artel.db.tally import Counted
from artel.kernel.actor import Actor
from artel.kernel.clock import US, iso
from artel.kernel.page import NEWEST, Cut, Page, page
from artel.kernel.secrets import new_token, token_hash
from artel.kernel.versions import changed, refuse_stale

SESSION_PREFIX: Final = "as_"  # tells people and secret scanners what they found
TOKEN_PREFIX: Final = "at_"
KEEP_ENDED_US: Final = 90 * 86_400 * US  # ended sessions: they tell which addresses an account is used from


class Terms(Struct, frozen=True):
    """What the operator set about accounts."""

    session_ttl_s: int
    registrations_per_hour: int
    login_failures_per_address: int


class Hashed(Struct, frozen=True):
    """The hash of a password that was found fit."""

    password_hash: str


class Proven(Struct, frozen=True):
    """A log-in whose password was right; `counted` is what it had to count."""

    account_id: int
    counted: list[Counted]


class Replacement(Struct, frozen=True):
    """A password change whose current password was right."""

    old_hash: str
    new_hash: str
    counted: list[Counted]


# --- who is asking


async def authenticate(tx: Read, token: str) -> Actor | None:
    """Whose token it is; None when it is unknown, over or revoked, or its account is closed. One row, by an index."""
    if token.startswith(TOKEN_PREFIX):
        holder = await tx.one(queries.TOKEN_HOLDER, token_hash=token_hash(token), now_us=tx.now_us)
        if holder is None:
            return None
        return Actor(
            holder.account_id,
            holder.login,
            frozenset(holder.roles.split()),
            scopes=frozenset(holder.scopes.split()),
            token_id=holder.credential_id,
        )
    holder = await tx.one(queries.SESSION_HOLDER, token_hash=token_hash(token), now_us=tx.now_us)
    if holder is None:
        return None
    return Actor(holder.account_id, holder.login, frozenset(holder.roles.split()), session_id=holder.credential_id)


# --- opening an account


async def hash_new(db: Database, who: Actor, body: Registration, hasher: Hasher, terms: Terms) -> Hashed:
    """Check what is asked for and hash the password. Raises LoginUnfit, PasswordUnfit, TooManyRegistrations."""
    rules.check_login(body.login)
    rules.check_password(body.password, body.login)
    await db.read(attempts.refuse_many_registrations, who.address, terms.registrations_per_hour)
    return Hashed(await hasher.hash(body.password))


async def register(tx: Write, who: Actor, body: Registration, hashed: Hashed, terms: Terms) -> Account:
    """Open an account. Anyone may; how many one address may is limited.

    Raises LoginTaken, TooManyRegistrations.
    """
    row = await create(tx, body, hashed, frozenset({body.role}))
    await attempts.count_registration(tx, who.address, terms.registrations_per_hour)
    return row


async def create(tx: Write, body: Registration, hashed: Hashed, roles: frozenset[str]) -> Account:
    """Open an account with these roles: for the operator's command line. Raises LoginTaken."""
    row = await tx.one(
        queries.REGISTER,
        login=body.login,
        login_key=rules.login_key(body.login),
        password_hash=hashed.password_hash,
        name=body.name,
        first_name=body.first_name,
        last_name=body.last_name,
        email=body.email,
        roles=rules.role_words(roles),
        search_text=rules.search_text(body.login, body.name, body.first_name, body.last_name, body.email),
        now_us=tx.now_us,
    )
    if row is None:
        raise LoginTaken(login=body.login)
    await emit(tx, Registered(row.id, row.login))
    return rules.shown(row)


# --- logging in and out


async def prove(db: Database, who: Actor, body: Credentials, hasher: Hasher, terms: Terms) -> Proven:
    """Check a password; an attempt is counted before its hash is computed. Takes the same time for unknown logins.

    Raises UnknownLogin, WrongPassword, TooManyAttempts, HashingBusy.
    """
    key = rules.login_key(body.login)
    async with hasher.turn(key):
        known, counted = await db.write(attempts.count, key, who.address, terms.login_failures_per_address)
        right = await hasher.matches(known.password_hash if known else "", body.password)
    if known is None or known.deleted_us:
        raise UnknownLogin
    if not right:
        raise WrongPassword
    return Proven(known.id, counted)


async def log_in(tx: Write, who: Actor, body: Credentials, proven: Proven, terms: Terms) -> Opened:
    """Open a session. The token is answered this once."""
    await attempts.take_back(tx, proven.counted)
    return await open_session(tx, proven.account_id, who.address, terms, body.carrier)


async def open_session(tx: Write, account_id: int, address: str, terms: Terms, carrier: Carrier = "bearer") -> Opened:
    """A session for an account that has just proven itself, or was just registered by an older API."""
    token = SESSION_PREFIX + new_token()
    expires_us = tx.now_us + terms.session_ttl_s * US
    await tx.one(
        queries.OPEN_SESSION,
        account_id=account_id,
        token_hash=token_hash(token),
        now_us=tx.now_us,
        expires_us=expires_us,
        address=address,
    )
    return Opened(token, iso(expires_us), account_id, carrier, terms.session_ttl_s)


async def log_out(tx: Write, who: Actor) -> None:
    """End the session that asks."""
    await tx.run(queries.END_SESSION, session_id=who.session_id, account_id=who.account_id, now_us=tx.now_us)


async def sessions(tx: Read, who: Actor, query: Cut) -> Page[Session]:
    """The sessions of the account that have not ended, newest first."""
    rows = await tx.all(
        queries.SESSIONS,
        account_id=who.account_id,
        now_us=tx.now_us,
        before_id=query.key(NEWEST),
        row_limit=query.limit + 1,
    )
    shown = [
        Session(row.id, iso(row.created_us), iso(row.expires_us), row.address, row.id == who.session_id) for row in rows
    ]
    return page(shown, query, "id")


async def end_session(tx: Write, who: Actor, session_id: int) -> None:
    """End one of the account's own sessions. Raises SessionUnknown."""
    ended = await tx.run(queries.END_SESSION, session_id=session_id, account_id=who.account_id, now_us=tx.now_us)
    if not ended:
        raise SessionUnknown(session_id=session_id)


# --- the account itself


async def me(tx: Read, who: Actor) -> Account:
    """The account that asks. One row, by its key."""
    return rules.shown(await _lives(tx, queries.BY_ID, who.account_id))


async def get(tx: Read, who: Actor, account_id: int) -> Account:
    """Any account, for the staff. Raises AccountUnknown."""
    return rules.shown(await _lives(tx, queries.BY_ID, account_id))


async def logins_of(tx: Read, account_ids: Iterable[int]) -> dict[int, str]:
    """The logins of these accounts, closed ones too, in one statement."""
    return {row.id: row.login for row in await tx.all(queries.LOGINS, account_ids=numbers(account_ids))}


async def names_of(tx: Read, account_ids: Iterable[int]) -> dict[int, str]:
    """The names that these accounts go by, closed ones too, in one statement."""
    return {row.id: row.name for row in await tx.all(queries.NAMES, account_ids=numbers(account_ids))}


async def edit(tx: Write, who: Actor, body: Edit, if_match: int | None) -> Account:
    """Change the given fields of the account that asks. Raises AccountStale."""
    row = await _lives(tx, queries.BY_ID_LOCKED, who.account_id)
    refuse_stale(AccountStale, if_match, rules.shown(row), body)
    changes = changed(row, body)
    if not changes:
        return rules.shown(row)
    new = msgspec.structs.replace(row, **changes)
    written = await tx.one(
        queries.EDIT,
        account_id=row.id,
        new_name=new.name,
        new_first_name=new.first_name,
        new_last_name=new.last_name,
        new_email=new.email,
        new_search_text=rules.search_text(new.login, new.name, new.first_name, new.last_name, new.email),
        now_us=tx.now_us,
    )
    assert written is not None, "the row is locked since it was read"
    await emit(tx, Edited(row.id, who.account_id, sorted(changes)))
    return rules.shown(written)


async def check_change(db: Database, who: Actor, body: PasswordChange, hasher: Hasher, terms: Terms) -> Replacement:
    """Check the current password, under the same throttle as a log-in, and hash the new one.

    Raises CurrentPasswordWrong, PasswordUnfit, TooManyAttempts, HashingBusy.
    """
    rules.check_password(body.new, who.login)
    key = rules.login_key(who.login)
    async with hasher.turn(key):
        known, counted = await db.write(attempts.count, key, who.address, terms.login_failures_per_address)
        right = await hasher.matches(known.password_hash if known else "", body.current)
    if known is None or not right:
        raise CurrentPasswordWrong
    return Replacement(known.password_hash, await hasher.hash(body.new), counted)


async def change_password(tx: Write, who: Actor, body: PasswordChange, replacement: Replacement) -> None:
    """Set the new password and end every other session. Raises CurrentPasswordWrong when somebody was faster."""
    changed = await tx.run(
        queries.SET_PASSWORD,
        account_id=who.account_id,
        old_hash=replacement.old_hash,
        new_hash=replacement.new_hash,
        now_us=tx.now_us,
    )
    if not changed:
        raise CurrentPasswordWrong
    await attempts.take_back(tx, replacement.counted)
    await tx.run(queries.END_OTHER_SESSIONS, account_id=who.account_id, kept_id=who.session_id, now_us=tx.now_us)
    await emit(tx, PasswordChanged(who.account_id))


async def delete(tx: Write, who: Actor) -> None:
    """Close the account: its login stays taken, its history stays, nobody logs in to it. Raises OwnerNeeded."""
    closed = {"account_id": who.account_id, "now_us": tx.now_us}
    if not await tx.run(queries.DELETE, **closed, owners_are_locked=0):
        await _leave_an_owner(tx, who.account_id)
        await tx.run(queries.DELETE, **closed, owners_are_locked=1)
    await tx.run(queries.END_OTHER_SESSIONS, **closed, kept_id=0)
    await tx.run(queries.REVOKE_TOKENS, **closed)
    await emit(tx, Deleted(who.account_id))


async def list_accounts(tx: Read, who: Actor, query: AccountFilter) -> Page[Account]:
    """Accounts by id, for the staff; closed ones are left out."""
    cut = Cut(query.limit, query.after)
    rows = await tx.all(
        queries.LIST,
        after_id=cut.key(0),
        role_pattern=f"% {query.role} %" if query.role else "%",
        search_pattern="%" + starting_with(rules.login_key(query.search)),
        row_limit=cut.limit + 1,
    )
    return page([rules.shown(row) for row in rows], cut, "id")


async def set_roles(tx: Write, who: Actor, account_id: int, body: RoleChange) -> Account:
    """Give an account exactly these roles, for owners. Raises AccountUnknown, OwnerNeeded."""
    roles = frozenset[str](body.roles)
    change = {"account_id": account_id, "new_roles": rules.role_words(roles), "now_us": tx.now_us}
    row = await tx.one(queries.SET_ROLES, **change, owners_are_locked=int("owner" in roles))
    if row is None:
        await _leave_an_owner(tx, account_id)
        row = await tx.one(queries.SET_ROLES, **change, owners_are_locked=1)
    if row is None:
        raise AccountUnknown(account=account_id)
    await emit(tx, RolesChanged(account_id, who.account_id, sorted(roles)))
    return rules.shown(row)


# --- API tokens


async def make_token(tx: Write, who: Actor, body: TokenWanted) -> TokenMade:
    """A token for programs, that may do no more than its scopes. It is shown this once."""
    token = TOKEN_PREFIX + new_token()
    scopes = sorted(set(body.scopes))
    expires_us = tx.now_us + body.ttl_s * US
    token_id = await tx.one(
        queries.MAKE_TOKEN,
        account_id=who.account_id,
        name=body.name,
        scopes=" ".join(scopes),
        token_hash=token_hash(token),
        now_us=tx.now_us,
        expires_us=expires_us,
    )
    assert token_id is not None, "an insert answers with its row"
    return TokenMade(token_id, token, body.name, list(scopes), iso(expires_us))


async def tokens(tx: Read, who: Actor, query: Cut) -> Page[Token]:
    """The account's tokens that are neither revoked nor over, newest first."""
    rows = await tx.all(
        queries.TOKENS,
        account_id=who.account_id,
        now_us=tx.now_us,
        before_id=query.key(NEWEST),
        row_limit=query.limit + 1,
    )
    shown = [Token(row.id, row.name, row.scopes.split(), iso(row.created_us), iso(row.expires_us)) for row in rows]
    return page(shown, query, "id")


async def revoke_token(tx: Write, who: Actor, token_id: int) -> None:
    """End one of the account's own tokens at once. Raises TokenUnknown."""
    revoked = await tx.run(queries.REVOKE_TOKEN, token_id=token_id, account_id=who.account_id, now_us=tx.now_us)
    if not revoked:
        raise TokenUnknown(token_id=token_id)


async def by_login(tx: Read, login: str) -> int:
    """The id of a living account, for the command line. Raises AccountUnknown."""
    known = await tx.one(queries.KNOWN, login_key=rules.login_key(login))
    if known is None or known.deleted_us:
        raise AccountUnknown(account=login)
    return known.id


async def sweep(tx: Write) -> int:
    """Forget sessions that ended long ago, and windows of attempts that are over."""
    forgotten = await tx.run(queries.FORGET_SESSIONS, before_us=tx.now_us - KEEP_ENDED_US)
    return forgotten + await tally.forget(tx, rules.REGISTRATIONS_WINDOW_US)


async def _leave_an_owner(tx: Write, account_id: int) -> None:
    """Lock the owners, before one of them goes. Raises OwnerNeeded when it would be the last."""
    if await tx.all(queries.OWNERS_LOCKED) == [account_id]:
        raise OwnerNeeded


async def _lives(tx: Read, query: Query[AccountRow], account_id: int) -> AccountRow:
    row = await tx.one(query, account_id=account_id)
    if row is None:
        raise AccountUnknown(account=account_id)
    return row
