"""The statements of the bare rivals: what Artel asks, as plain SQL with numbered places."""

import hashlib
import time

SESSION = (
    "select a.id, a.login, a.roles, s.id from sessions s join accounts a on s.account_id = a.id"
    " where s.token_hash = $1 and s.expires_us > $2 and a.deleted_us = 0"
)
FIELDS = ("id", "login", "name", "first_name", "last_name", "email", "roles", "created_us", "updated_us", "version")
ACCOUNT = f"select {', '.join(FIELDS)} from accounts where id = $1 and deleted_us = 0"
MAKE_TOKEN = (
    "insert into api_tokens (account_id, name, scopes, token_hash, created_us, expires_us)"
    " values ($1, $2, $3, $4, $5, $6) returning id"
)

JSON = [("content-type", "application/json")]


def session_key(authorization: str) -> tuple[bytes, int]:
    """What finds a session: the token's hash, and now in microseconds."""
    return hashlib.sha256(authorization[7:].encode()).digest(), time.time_ns() // 1000
