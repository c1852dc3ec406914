"""S1: whom each route admits, written a second time by hand. A route that is missing here fails test_access.py."""

from typing import Final

from msgspec import Struct

NOBODY, MEMBER, STAFF, OWNER = range(4)  # what an asker is at least


class Expected(Struct, frozen=True):
    """Whom a route admits, and what it may show or change of others."""

    least: int
    scope: str | None = None
    shows: frozenset[str] = frozenset()  # fields of other accounts
    changes: bool = False  # rows of other accounts
    own: bool = False  # its path names a thing of the asker's: another's is as if it were not there
    sees_all: int = OWNER + 1  # who is this at least finds another's as well
    role: str = ""  # what an asker has to be besides


FIELDS: Final = frozenset({"login", "name", "first_name", "last_name", "email"})
PUBLIC: Final = Expected(NOBODY)
MINE: Final = Expected(MEMBER)
OF_MINE: Final = Expected(MEMBER, own=True)
TRAFFIC: Final = Expected(STAFF, "traffic:read")
VOUCHER: Final = Expected(MEMBER, "shop:write", changes=True, own=True, sees_all=OWNER)
OF_A_SHOP: Final = Expected(OWNER, "shop:write", changes=True)  # else only for its members, and none of these is one
ORDER: Final = Expected(MEMBER, "orders:read", frozenset({"login"}), own=True, sees_all=STAFF)
MOVE: Final = Expected(MEMBER, "orders:write", frozenset({"login"}), changes=True, own=True, sees_all=STAFF)
PAYOUT: Final = Expected(MEMBER, "ledger:read", own=True, sees_all=STAFF)
JOB: Final = Expected(MEMBER, "jobs:read", own=True, sees_all=STAFF)
REFUND_OF_JOB: Final = Expected(MEMBER, "jobs:write", own=True)
EXPECTED: Final[dict[str, Expected]] = {
    "GET /healthz": PUBLIC,
    "GET /readyz": PUBLIC,
    "GET /metrics": PUBLIC,
    "GET /openapi.json": PUBLIC,
    "GET /docs": PUBLIC,
    "GET /docs/errors": PUBLIC,
    "GET /docs/static/{stamp}/{name}": PUBLIC,
    "POST /api/v1/accounts": PUBLIC,
    "GET /api/v1/accounts": Expected(STAFF, "accounts:read", FIELDS),
    "GET /api/v1/accounts/{account_id}": Expected(STAFF, "accounts:read", FIELDS),
    "PUT /api/v1/accounts/{account_id}/roles": Expected(OWNER, None, FIELDS, changes=True),
    "POST /api/v1/sessions": PUBLIC,
    "GET /api/v1/sessions": MINE,
    "DELETE /api/v1/sessions/current": MINE,
    "DELETE /api/v1/sessions/{session_id}": OF_MINE,
    "GET /api/v1/me": Expected(MEMBER, "profile:read"),
    "PATCH /api/v1/me": Expected(MEMBER, "profile:write"),
    "DELETE /api/v1/me": MINE,
    "PUT /api/v1/me/password": MINE,
    "POST /api/v1/tokens": MINE,
    "GET /api/v1/tokens": MINE,
    "DELETE /api/v1/tokens/{token_id}": OF_MINE,
    "POST /api/v1/traffic/imports": Expected(STAFF, "traffic:write"),
    "POST /api/v1/traffic/imports/configured": Expected(STAFF, "traffic:write"),
    "GET /api/v1/traffic/imports": TRAFFIC,
    "GET /api/v1/traffic/imports/{import_id}": TRAFFIC,
    "GET /api/v1/traffic/rejected": TRAFFIC,
    "GET /api/v1/traffic/stock": TRAFFIC,
    "GET /api/v1/traffic/reports": TRAFFIC,
    "GET /api/v1/traffic/reports/{report}": TRAFFIC,
    "GET /api/v1/traffic/reports/{report}/chart.svg": TRAFFIC,
    "GET /api/v1/traffic/reports/{report}/sheet.csv": TRAFFIC,
    "GET /api/v1/traffic/tables/{table}": TRAFFIC,
    "POST /api/v1/shops": Expected(OWNER, "shop:write"),
    "GET /api/v1/shops": PUBLIC,
    "GET /api/v1/shops/{shop_id}": PUBLIC,
    "GET /api/v1/shops/by-slug/{slug}": PUBLIC,
    "PATCH /api/v1/shops/{shop_id}": OF_A_SHOP,
    "DELETE /api/v1/shops/{shop_id}": OF_A_SHOP,
    "PUT /api/v1/shops/{shop_id}/open": OF_A_SHOP,
    "GET /api/v1/shops/{shop_id}/commission": Expected(STAFF, "ledger:read"),
    "PUT /api/v1/shops/{shop_id}/commission": Expected(STAFF, "ledger:write", changes=True),
    "GET /api/v1/shops/{shop_id}/members": Expected(OWNER, "shop:write", frozenset({"login"})),
    "PUT /api/v1/shops/{shop_id}/members/{account_id}": OF_A_SHOP,
    "DELETE /api/v1/shops/{shop_id}/members/{account_id}": OF_A_SHOP,
    "POST /api/v1/categories": Expected(STAFF, "shop:write"),
    "GET /api/v1/categories": PUBLIC,
    "GET /api/v1/categories/{category_id}": PUBLIC,
    "PATCH /api/v1/categories/{category_id}": Expected(STAFF, "shop:write"),
    "DELETE /api/v1/categories/{category_id}": Expected(STAFF, "shop:write"),
    "POST /api/v1/products": OF_A_SHOP,
    "GET /api/v1/products": PUBLIC,
    "GET /api/v1/products/{product_id}": PUBLIC,
    "PATCH /api/v1/products/{product_id}": OF_A_SHOP,
    "PUT /api/v1/products/{product_id}/images": OF_A_SHOP,
    "DELETE /api/v1/products/{product_id}": OF_A_SHOP,
    "GET /api/v1/shops/{shop_id}/sheet.csv": OF_A_SHOP,
    "POST /api/v1/shops/{shop_id}/sheet": OF_A_SHOP,
    "GET /api/v1/offers": PUBLIC,
    "GET /api/v1/offers/facets": PUBLIC,
    "GET /api/v1/search/suggestions": PUBLIC,
    "GET /api/v1/offers/{offer_id}": PUBLIC,
    "GET /api/v1/offers/{offer_id}/prices": PUBLIC,
    "GET /api/v1/shops/{shop_id}/offers": OF_A_SHOP,
    "POST /api/v1/shops/{shop_id}/offers": OF_A_SHOP,
    "PATCH /api/v1/offers/{offer_id}": OF_A_SHOP,
    "DELETE /api/v1/offers/{offer_id}": OF_A_SHOP,
    "PUT /api/v1/offers/{offer_id}/stock": OF_A_SHOP,
    "GET /api/v1/cart": PUBLIC,
    "DELETE /api/v1/cart": PUBLIC,
    "POST /api/v1/cart/lines": PUBLIC,
    "PUT /api/v1/cart/lines/{offer_id}": PUBLIC,
    "DELETE /api/v1/cart/lines/{offer_id}": PUBLIC,
    "POST /api/v1/cart/merge": Expected(MEMBER, "orders:write"),
    "POST /api/v1/guest-carts": PUBLIC,
    "GET /api/v1/shops/{shop_id}/delivery-methods": PUBLIC,
    "POST /api/v1/shops/{shop_id}/delivery-methods": OF_A_SHOP,
    "GET /api/v1/shops/{shop_id}/delivery-methods/{method_id}": PUBLIC,
    "PATCH /api/v1/shops/{shop_id}/delivery-methods/{method_id}": OF_A_SHOP,
    "GET /api/v1/vouchers": Expected(MEMBER, "shop:write"),
    "POST /api/v1/vouchers": OF_A_SHOP,
    "GET /api/v1/vouchers/{voucher_id}": VOUCHER,
    "PATCH /api/v1/vouchers/{voucher_id}": VOUCHER,
    "POST /api/v1/orders": Expected(MEMBER, "orders:write"),
    "GET /api/v1/orders": Expected(MEMBER, "orders:read"),
    "GET /api/v1/orders/sheet.csv": Expected(MEMBER, "orders:read"),
    "GET /api/v1/orders/{order_id}": ORDER,
    "GET /api/v1/orders/{order_id}/history": ORDER,
    "POST /api/v1/orders/{order_id}/cancel": MOVE,
    "POST /api/v1/orders/{order_id}/complete": MOVE,
    "POST /api/v1/orders/{order_id}/refunds": MOVE,
    "POST /api/v1/orders/{order_id}/parts/{shop_id}/confirm": MOVE,
    "POST /api/v1/orders/{order_id}/parts/{shop_id}/ship": MOVE,
    "POST /api/v1/orders/{order_id}/payments": MOVE,
    "GET /api/v1/orders/{order_id}/payments": ORDER,
    "POST /api/v1/payments/{payment_id}/confirm": MOVE,
    "POST /api/v1/refunds/{refund_id}/confirm": MOVE,
    "POST /api/v1/refunds/{refund_id}/retry": Expected(STAFF, "orders:write", changes=True),
    "GET /api/v1/payments": Expected(STAFF, "orders:read", frozenset({"login"})),
    "POST /api/v1/payments/notifications/{provider}": PUBLIC,
    "GET /api/v1/orders/{order_id}/transfers": Expected(STAFF, "ledger:read"),
    **dict.fromkeys(
        (
            "GET /api/v1/ledger/accounts",
            "GET /api/v1/ledger/accounts/{book_account_id}",
            "GET /api/v1/ledger/accounts/{book_account_id}/entries",
            "GET /api/v1/ledger/accounts/{book_account_id}/entries.csv",
            "GET /api/v1/ledger/transfers",
            "GET /api/v1/ledger/transfers/{transfer_id}",
            "GET /api/v1/ledger/holds",
            "GET /api/v1/ledger/check",
            "GET /api/v1/ledger/trial-balance",
        ),
        Expected(STAFF, "ledger:read", frozenset({"login"})),
    ),
    "POST /api/v1/ledger/transfers/{transfer_id}/reversal": Expected(
        STAFF, "ledger:write", frozenset({"login"}), changes=True
    ),
    "POST /api/v1/payouts": Expected(STAFF, "ledger:write", changes=True),
    "GET /api/v1/payouts": Expected(MEMBER, "ledger:read"),
    "GET /api/v1/payouts/{payout_id}": PAYOUT,
    "GET /api/v1/payouts/{payout_id}/entries": PAYOUT,
    "GET /api/v1/payouts/{payout_id}/entries.csv": PAYOUT,
    "POST /api/v1/jobs": Expected(MEMBER, "jobs:write", role="customer"),
    "GET /api/v1/jobs": Expected(MEMBER, "jobs:read", frozenset({"name"})),  # whose an open job is, everybody sees
    "GET /api/v1/jobs/posted": Expected(MEMBER, "jobs:read"),
    "GET /api/v1/jobs/fulfilled": Expected(MEMBER, "jobs:read"),
    "GET /api/v1/jobs/{job_id}": Expected(MEMBER, "jobs:read", frozenset({"name"})),
    "GET /api/v1/jobs/{job_id}/history": JOB,
    "GET /api/v1/jobs/{job_id}/transfers": JOB,
    "POST /api/v1/jobs/{job_id}/fulfilment": Expected(MEMBER, "jobs:write", role="executor"),
    "POST /api/v1/jobs/{job_id}/cancellation": Expected(
        MEMBER, "jobs:write", frozenset({"name"}), changes=True, own=True, sees_all=STAFF
    ),
    "POST /api/v1/jobs/{job_id}/refund": Expected(STAFF, "jobs:write", changes=True),
    "POST /api/v1/jobs/{job_id}/refund-proposal": REFUND_OF_JOB,
    "POST /api/v1/jobs/{job_id}/refund-proposal/acceptance": REFUND_OF_JOB,
    "DELETE /api/v1/jobs/{job_id}/refund-proposal": REFUND_OF_JOB,
    "GET /api/v1/wallet": Expected(MEMBER, "wallet:read"),
    "GET /api/v1/wallet/entries": Expected(MEMBER, "wallet:read"),
    "GET /api/v1/wallet/entries.csv": Expected(MEMBER, "wallet:read"),
    "POST /api/v1/wallet/top-ups": Expected(MEMBER, "wallet:write"),
    "GET /api/v1/wallet/top-ups": Expected(MEMBER, "wallet:read"),
    "POST /api/v1/wallet/withdrawals": Expected(MEMBER, "wallet:write"),
    "GET /api/v1/wallet/withdrawals": Expected(MEMBER, "wallet:read"),
    "POST /api/v1/wallet/withdrawals/{withdrawal_id}/cancellation": Expected(MEMBER, "wallet:write", own=True),
    "GET /api/v1/withdrawals": Expected(STAFF, "ledger:read", frozenset({"login"})),
    "POST /api/v1/withdrawals/{withdrawal_id}/paid": Expected(
        STAFF, "ledger:write", frozenset({"login"}), changes=True
    ),
    "POST /api/v1/withdrawals/{withdrawal_id}/refusal": Expected(
        STAFF, "ledger:write", frozenset({"login"}), changes=True
    ),
    "POST /api/v1/accounts/{account_id}/wallet/credits": Expected(STAFF, "ledger:write", changes=True),
    "POST /api/v1/accounts/{account_id}/wallet/debits": Expected(STAFF, "ledger:write", changes=True),
    "GET /api/v1/events": Expected(MEMBER, "events:read", frozenset({"login"})),  # the rest is in tests/events
    "POST /api/v1/webhooks": Expected(MEMBER, "webhooks:write"),
    "GET /api/v1/webhooks": Expected(MEMBER, "webhooks:read"),
    "GET /api/v1/webhooks/{webhook_id}": Expected(MEMBER, "webhooks:read", own=True),
    "PATCH /api/v1/webhooks/{webhook_id}": Expected(MEMBER, "webhooks:write", own=True),
    "DELETE /api/v1/webhooks/{webhook_id}": Expected(MEMBER, "webhooks:write", own=True),
    "POST /api/v1/webhooks/{webhook_id}/secret": Expected(MEMBER, "webhooks:write", own=True),
    "POST /api/v1/webhooks/{webhook_id}/test": Expected(MEMBER, "webhooks:write", own=True),
    "POST /api/v1/webhooks/{webhook_id}/replay": Expected(MEMBER, "webhooks:write", own=True),
    "GET /api/v1/webhooks/{webhook_id}/deliveries": Expected(MEMBER, "webhooks:read", own=True),
    "GET /api/v1/webhooks/{webhook_id}/deliveries/{delivery_id}": Expected(MEMBER, "webhooks:read", own=True),
    "POST /api/v1/webhooks/{webhook_id}/deliveries/{delivery_id}/replay": Expected(MEMBER, "webhooks:write", own=True),
    # The e-shop's contract.
    "POST /v1/user": PUBLIC,
    "POST /v1/login": PUBLIC,
    "POST /v1/logout": PUBLIC,
    "GET /v1/user": Expected(MEMBER, "profile:read"),
    "GET /v1/shop_catalog": Expected(MEMBER, "orders:read"),
    "PUT /v1/basket": Expected(MEMBER, "orders:write"),
    "PUT /v1/order": Expected(MEMBER, "orders:write"),
    "GET /v1/order": Expected(MEMBER, "orders:read"),
    # The log analyser's contract: every user sees the list of users, may start the import, reads the reports.
    "GET /": PUBLIC,
    "POST /": PUBLIC,
    "POST /user": PUBLIC,
    "POST /user/auth": PUBLIC,
    "GET /user/all": Expected(MEMBER, "accounts:read", frozenset({"login", "first_name", "last_name"})),
    "PATCH /user/{user_id}": Expected(MEMBER, "profile:write", own=True),
    "DELETE /user/{user_id}": OF_MINE,
    "GET /parse": Expected(MEMBER, "traffic:write"),
    "GET /report/{number}": Expected(MEMBER, "traffic:read"),
    # The superservice's contract: everybody sees all users and all orders; who posts and who fulfils are two roles.
    "POST /api/users/register/": PUBLIC,
    "POST /api/users/login/": PUBLIC,
    "POST /api/users/logout/": MINE,
    "GET /api/users/": Expected(MEMBER, "accounts:read", frozenset({"name"})),
    "GET /api/users/me/": Expected(MEMBER, "wallet:read"),
    "PUT /api/users/me/wallet/": Expected(MEMBER, "wallet:write", role="customer"),
    "GET /api/orders/": Expected(MEMBER, "jobs:read", frozenset({"name"})),
    "POST /api/orders/add/": Expected(MEMBER, "jobs:write", role="customer"),
    "GET /api/orders/{job_id}/": Expected(MEMBER, "jobs:read"),
    "PUT /api/orders/{job_id}/fulfill/": Expected(MEMBER, "jobs:write", role="executor"),
}
