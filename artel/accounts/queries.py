"""Accounts: every statement."""

from sqlalchemy import BigInteger, bindparam, delete, insert, literal, not_, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from artel.accounts.model import AccountRow, Called, Holder, Known, Named, SessionRow, TokenRow
from artel.accounts.tables import accounts, api_tokens, sessions
from artel.db import Command, Query, among

_shown = [accounts.c[field] for field in AccountRow.__struct_fields__]
_lives = accounts.c.deleted_us == 0
_owner = (literal(" ") + accounts.c.roles + " ").like("% owner %")
_may_go = or_(not_(_owner), bindparam("owners_are_locked", type_=BigInteger) == 1)

REGISTER = Query(
    AccountRow,
    upsert(accounts)
    .values(
        login=bindparam("login"),
        login_key=bindparam("login_key"),
        password_hash=bindparam("password_hash"),
        name=bindparam("name"),
        first_name=bindparam("first_name"),
        last_name=bindparam("last_name"),
        email=bindparam("email"),
        roles=bindparam("roles"),
        search_text=bindparam("search_text"),
        created_us=bindparam("now_us"),
        updated_us=bindparam("now_us"),
        deleted_us=0,
        version=1,
    )
    .on_conflict_do_nothing(index_elements=["login_key"])
    .returning(*_shown),
)
BY_ID = Query(AccountRow, select(*_shown).where(accounts.c.id == bindparam("account_id"), _lives))
BY_ID_LOCKED = Query(
    AccountRow, select(*_shown).where(accounts.c.id == bindparam("account_id"), _lives).with_for_update()
)
KNOWN = Query(
    Known,
    select(accounts.c.id, accounts.c.login, accounts.c.password_hash, accounts.c.deleted_us).where(
        accounts.c.login_key == bindparam("login_key")
    ),
)
LOGINS = Query(Named, select(accounts.c.id, accounts.c.login).where(among(accounts.c.id, "account_ids")))
NAMES = Query(Called, select(accounts.c.id, accounts.c.name).where(among(accounts.c.id, "account_ids")))
LIST = Query(
    AccountRow,
    select(*_shown)
    .where(
        accounts.c.id > bindparam("after_id"),
        _lives,
        (literal(" ") + accounts.c.roles + " ").like(bindparam("role_pattern"), escape="\\"),
        accounts.c.search_text.like(bindparam("search_pattern"), escape="\\"),
    )
    .order_by(accounts.c.id)
    .limit(bindparam("row_limit")),
)
EDIT = Query(
    AccountRow,
    update(accounts)
    .where(accounts.c.id == bindparam("account_id"))
    .values(
        name=bindparam("new_name"),
        first_name=bindparam("new_first_name"),
        last_name=bindparam("new_last_name"),
        email=bindparam("new_email"),
        search_text=bindparam("new_search_text"),
        updated_us=bindparam("now_us"),
        version=accounts.c.version + 1,
    )
    .returning(*_shown),
)
# Whoever takes an owner away locks all owners first, in one order: of several who do, each sees what the others left.
# It reads every account, which is bearable as rarely as this happens.
OWNERS_LOCKED = Query(int, select(accounts.c.id).where(_lives, _owner).order_by(accounts.c.id).with_for_update())
SET_ROLES = Query(
    AccountRow,
    update(accounts)
    .where(accounts.c.id == bindparam("account_id"), _lives, _may_go)
    .values(roles=bindparam("new_roles"), updated_us=bindparam("now_us"), version=accounts.c.version + 1)
    .returning(*_shown),
)
SET_PASSWORD = Command(
    update(accounts)
    .where(accounts.c.id == bindparam("account_id"), accounts.c.password_hash == bindparam("old_hash"), _lives)
    .values(password_hash=bindparam("new_hash"), updated_us=bindparam("now_us"), version=accounts.c.version + 1)
)
DELETE = Command(
    update(accounts)
    .where(accounts.c.id == bindparam("account_id"), _lives, _may_go)
    .values(
        deleted_us=bindparam("now_us"),
        updated_us=bindparam("now_us"),
        password_hash="",
        version=accounts.c.version + 1,
    )
)

OPEN_SESSION = Query(
    int,
    insert(sessions)
    .values(
        account_id=bindparam("account_id"),
        token_hash=bindparam("token_hash"),
        created_us=bindparam("now_us"),
        expires_us=bindparam("expires_us"),
        address=bindparam("address"),
    )
    .returning(sessions.c.id),
)
SESSION_HOLDER = Query(
    Holder,
    select(
        accounts.c.id.label("account_id"),
        accounts.c.login,
        accounts.c.roles,
        literal("").label("scopes"),
        sessions.c.id.label("credential_id"),
    )
    .join_from(sessions, accounts, sessions.c.account_id == accounts.c.id)
    .where(sessions.c.token_hash == bindparam("token_hash"), sessions.c.expires_us > bindparam("now_us"), _lives),
)
SESSIONS = Query(
    SessionRow,
    select(sessions.c.id, sessions.c.created_us, sessions.c.expires_us, sessions.c.address)
    .where(
        sessions.c.account_id == bindparam("account_id"),
        sessions.c.expires_us > bindparam("now_us"),
        sessions.c.id < bindparam("before_id"),
    )
    .order_by(sessions.c.id.desc())
    .limit(bindparam("row_limit")),
)
END_SESSION = Command(
    update(sessions)
    .where(
        sessions.c.id == bindparam("session_id"),
        sessions.c.account_id == bindparam("account_id"),
        sessions.c.expires_us > bindparam("now_us"),
    )
    .values(expires_us=bindparam("now_us"))
)
END_OTHER_SESSIONS = Command(
    update(sessions)
    .where(
        sessions.c.account_id == bindparam("account_id"),
        sessions.c.id != bindparam("kept_id"),
        sessions.c.expires_us > bindparam("now_us"),
    )
    .values(expires_us=bindparam("now_us"))
)
ADDRESS_KNOWN = Query(
    int,
    select(sessions.c.id)
    .where(sessions.c.account_id == bindparam("account_id"), sessions.c.address == bindparam("address"))
    .limit(1),
)
FORGET_SESSIONS = Command(delete(sessions).where(sessions.c.expires_us < bindparam("before_us")))

MAKE_TOKEN = Query(
    int,
    insert(api_tokens)
    .values(
        account_id=bindparam("account_id"),
        name=bindparam("name"),
        scopes=bindparam("scopes"),
        token_hash=bindparam("token_hash"),
        created_us=bindparam("now_us"),
        expires_us=bindparam("expires_us"),
    )
    .returning(api_tokens.c.id),
)
TOKEN_HOLDER = Query(
    Holder,
    select(
        accounts.c.id.label("account_id"),
        accounts.c.login,
        accounts.c.roles,
        api_tokens.c.scopes,
        api_tokens.c.id.label("credential_id"),
    )
    .join_from(api_tokens, accounts, api_tokens.c.account_id == accounts.c.id)
    .where(
        api_tokens.c.token_hash == bindparam("token_hash"),
        api_tokens.c.expires_us > bindparam("now_us"),
        _lives,
    ),
)
TOKENS = Query(
    TokenRow,
    select(
        api_tokens.c.id,
        api_tokens.c.name,
        api_tokens.c.scopes,
        api_tokens.c.created_us,
        api_tokens.c.expires_us,
    )
    .where(
        api_tokens.c.account_id == bindparam("account_id"),
        api_tokens.c.expires_us > bindparam("now_us"),
        api_tokens.c.id < bindparam("before_id"),
    )
    .order_by(api_tokens.c.id.desc())
    .limit(bindparam("row_limit")),
)
REVOKE_TOKEN = Command(
    update(api_tokens)
    .where(
        api_tokens.c.id == bindparam("token_id"),
        api_tokens.c.account_id == bindparam("account_id"),
        api_tokens.c.expires_us > bindparam("now_us"),
    )
    .values(expires_us=bindparam("now_us"))
)
REVOKE_TOKENS = Command(
    update(api_tokens)
    .where(api_tokens.c.account_id == bindparam("account_id"), api_tokens.c.expires_us > bindparam("now_us"))
    .values(expires_us=bindparam("now_us"))
)
