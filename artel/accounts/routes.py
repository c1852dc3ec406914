"""Accounts: the HTTP surface."""

from typing import Final

import msgspec

from artel.accounts import model, service
from artel.edge.reply import Reply, encode
from artel.edge.route import ANYONE, COOKIE, LOGGED_IN, OWNER, STAFF, Route, Trial, delete, get, patch, post, put


def opened(session: model.Opened) -> Reply:
    """A new session: its token in the answer, or in a cookie that only this host gets and no script reads."""
    if session.carrier == "bearer":
        return Reply(201, encode(session))
    cookie = f"{COOKIE}={session.token}; Path=/; Max-Age={session.ttl_s}; Secure; HttpOnly; SameSite=Lax"
    return Reply(201, encode(msgspec.structs.replace(session, token="")), headers=((b"set-cookie", cookie.encode()),))


def closed(_: None) -> Reply:
    """A log-out also takes the cookie back."""
    cookie = f"{COOKIE}=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax"
    return Reply(204, headers=((b"set-cookie", cookie.encode()),))


ROUTES: Final[list[Route]] = [
    post(
        "/api/v1/accounts",
        service.register,
        access=ANYONE,
        status=201,
        prepare=service.hash_new,
        idempotent=True,
        raises=(model.LoginTaken, model.LoginUnfit, model.PasswordUnfit, model.TooManyRegistrations, model.HashingBusy),
        example={
            "login": "anna",
            "password": "correct horse battery",
            "name": "Anna",
            "first_name": "Anna",
            "last_name": "Petrova",
            "email": "anna@example.com",
        },
        trial=Trial(given={"login": "anna-{{$guid}}"}, gives={"login": "login"}),
    ),
    get("/api/v1/accounts", service.list_accounts, access=STAFF, scope="accounts:read"),
    get(
        "/api/v1/accounts/{account_id}",
        service.get,
        access=STAFF,
        scope="accounts:read",
        raises=(model.AccountUnknown,),
    ),
    put(
        "/api/v1/accounts/{account_id}/roles",
        service.set_roles,
        access=OWNER,
        raises=(model.AccountUnknown, model.OwnerNeeded),
        example={"roles": ["customer", "staff"]},
    ),
    post(
        "/api/v1/sessions",
        service.log_in,
        access=ANYONE,
        status=201,
        prepare=service.prove,
        present=opened,
        idempotent=True,
        raises=(model.WrongPassword, model.TooManyAttempts, model.HashingBusy),
        example={"login": "anna", "password": "correct horse battery"},
        trial=Trial(gives={"session_token": "token"}),
    ),
    get("/api/v1/sessions", service.sessions, access=LOGGED_IN),
    delete(
        "/api/v1/sessions/current",
        service.log_out,
        access=LOGGED_IN,
        present=closed,
        status=204,
        trial=Trial(ends=("session_token",)),
    ),
    delete(
        "/api/v1/sessions/{session_id}",
        service.end_session,
        access=LOGGED_IN,
        status=204,
        raises=(model.SessionUnknown,),
        trial=Trial(ends=("session_id", "session_token")),
    ),
    get("/api/v1/me", service.me, access=LOGGED_IN, scope="profile:read"),
    patch(
        "/api/v1/me",
        service.edit,
        access=LOGGED_IN,
        scope="profile:write",
        raises=(model.AccountStale,),
        example={"first_name": "Anna"},
    ),
    delete(
        "/api/v1/me",
        service.delete,
        access=LOGGED_IN,
        status=204,
        present=closed,
        raises=(model.OwnerNeeded,),
        trial=Trial(ends=("account_id", "login")),
    ),
    put(
        "/api/v1/me/password",
        service.change_password,
        access=LOGGED_IN,
        status=204,
        prepare=service.check_change,
        raises=(model.CurrentPasswordWrong, model.PasswordUnfit, model.TooManyAttempts, model.HashingBusy),
        example={"current": "correct horse battery", "new": "staple correct horse"},
        trial=Trial(given={"new": "correct horse battery"}),
    ),
    post(
        "/api/v1/tokens",
        service.make_token,
        access=LOGGED_IN,
        status=201,
        idempotent=True,
        example={"name": "reports", "scopes": ["traffic:read"], "ttl_s": 7_776_000},
    ),
    get("/api/v1/tokens", service.tokens, access=LOGGED_IN),
    delete(
        "/api/v1/tokens/{token_id}",
        service.revoke_token,
        access=LOGGED_IN,
        status=204,
        raises=(model.TokenUnknown,),
    ),
]
