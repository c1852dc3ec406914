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

OFFER_FIELDS = (
    *("id", "shop_id", "shop_name", "product_id", "title", "authors", "image", "category_id", "language"),
    *(
        "price_minor",
        "compare_at_minor",
        "currency",
        "stock",
        "active",
        "for_sale",
        "created_us",
        "updated_us",
        "version",
    ),
)
OFFER = (
    "select o.id, o.shop_id, s.name, o.product_id, p.title, f.authors, (select url from product_images i"
    " where i.product_id = o.product_id order by i.position limit 1), o.category_id, o.language, o.price_minor,"
    " o.compare_at_minor, o.currency, o.stock, o.active, o.for_sale, o.created_us, o.updated_us, o.version"
    " from offers o join shops s on s.id = o.shop_id join products p on p.id = o.product_id"
    " left join search_products f on f.product_id = o.product_id where o.id = $1"
)

JSON = [("content-type", "application/json")]


def session_key(authorization: str) -> tuple[bytes, int]:
    """What finds a session: the token's hash, and now in microseconds."""
    return hashlib.sha256(authorization[7:].encode()).digest(), time.time_ns() // 1000
