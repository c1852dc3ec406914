"""Carts, delivery methods, orders, vouchers, payments."""

import sqlalchemy as sa
from alembic import op

from artel.db.statement import identity, integer, text

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    _carts()
    _cart_lines()
    _delivery_methods()
    _orders()
    _order_parts()
    _order_lines()
    _order_events()
    _vouchers()
    _voucher_uses()
    _payments()
    _refunds()
    _test_charges()
    _test_refunds()
    by_hand()


def _carts() -> None:
    op.create_table(
        "carts",
        identity(),
        integer("account_id", nullable=True),
        sa.Column("token_hash", sa.LargeBinary(), nullable=True),
        integer("created_us"),
        integer("updated_us"),
        sa.CheckConstraint("(account_id IS NULL) <> (token_hash IS NULL)", name="carts_owner_ck"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="carts_account_id_fk"),
        sa.PrimaryKeyConstraint("id", name="carts_pk"),
        sa.UniqueConstraint("account_id", name="carts_account_id_uq"),
        sa.UniqueConstraint("token_hash", name="carts_token_hash_uq"),
    )
    op.create_index("carts_updated_ix", "carts", ["updated_us"])


def _cart_lines() -> None:
    op.create_table(
        "cart_lines",
        integer("cart_id"),
        integer("offer_id"),
        integer("quantity"),
        integer("seen_price_minor"),
        integer("added_us"),
        sa.CheckConstraint("quantity > 0", name="cart_lines_quantity_ck"),
        sa.ForeignKeyConstraint(["cart_id"], ["carts.id"], name="cart_lines_cart_id_fk", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["offer_id"], ["offers.id"], name="cart_lines_offer_id_fk"),
        sa.PrimaryKeyConstraint("cart_id", "offer_id", name="cart_lines_pk"),
    )


def _delivery_methods() -> None:
    op.create_table(
        "delivery_methods",
        identity(),
        integer("shop_id"),
        text("name"),
        text("description"),
        integer("price_minor"),
        text("currency"),
        integer("free_from_minor"),
        integer("active"),
        integer("created_us"),
        integer("updated_us"),
        integer("version"),
        sa.CheckConstraint("price_minor >= 0", name="delivery_methods_price_ck"),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name="delivery_methods_shop_id_fk"),
        sa.PrimaryKeyConstraint("id", name="delivery_methods_pk"),
    )
    op.create_index("delivery_methods_shop_ix", "delivery_methods", ["shop_id"])


def _orders() -> None:
    op.create_table(
        "orders",
        identity(),
        integer("account_id"),
        text("status"),
        text("currency"),
        integer("goods_minor"),
        integer("discount_minor"),
        integer("delivery_minor"),
        integer("tax_minor"),
        integer("tax_added_minor"),
        integer("total_minor"),
        integer("refunded_minor"),
        text("address"),
        text("note"),
        text("voucher_code"),
        integer("placed_us"),
        integer("expires_us"),
        integer("paid_us"),
        integer("completed_us"),
        integer("updated_us"),
        integer("version"),
        sa.CheckConstraint("discount_minor <= goods_minor", name="orders_discount_ck"),
        sa.CheckConstraint("refunded_minor BETWEEN 0 AND total_minor", name="orders_refunded_ck"),
        sa.CheckConstraint(
            "total_minor = goods_minor - discount_minor + delivery_minor + tax_added_minor", name="orders_total_ck"
        ),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="orders_account_id_fk"),
        sa.PrimaryKeyConstraint("id", name="orders_pk"),
    )
    op.create_index("orders_account_ix", "orders", ["account_id", "id"])
    op.create_index(
        "orders_expires_ix",
        "orders",
        ["expires_us"],
        sqlite_where=sa.text("expires_us > 0"),
        postgresql_where=sa.text("expires_us > 0"),
    )


def _order_parts() -> None:
    op.create_table(
        "order_parts",
        integer("order_id"),
        integer("shop_id"),
        text("shop_name"),
        integer("delivery_method_id", nullable=True),
        text("delivery_name"),
        integer("goods_minor"),
        integer("discount_minor"),
        integer("delivery_minor"),
        integer("tax_minor"),
        integer("tax_added_minor"),
        integer("total_minor"),
        integer("refunded_minor"),
        integer("confirmed_us"),
        integer("shipped_us"),
        text("tracking"),
        sa.CheckConstraint("refunded_minor BETWEEN 0 AND total_minor", name="order_parts_refunded_ck"),
        sa.CheckConstraint(
            "total_minor = goods_minor - discount_minor + delivery_minor + tax_added_minor", name="order_parts_total_ck"
        ),
        sa.ForeignKeyConstraint(
            ["delivery_method_id"], ["delivery_methods.id"], name="order_parts_delivery_method_id_fk"
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name="order_parts_order_id_fk"),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name="order_parts_shop_id_fk"),
        sa.PrimaryKeyConstraint("order_id", "shop_id", name="order_parts_pk"),
    )
    op.create_index("order_parts_shop_ix", "order_parts", ["shop_id", "order_id"])


def _order_lines() -> None:
    op.create_table(
        "order_lines",
        identity(),
        integer("order_id"),
        integer("shop_id"),
        integer("offer_id"),
        text("title"),
        integer("quantity"),
        integer("price_minor"),
        integer("discount_minor"),
        integer("tax_bp"),
        integer("tax_minor"),
        integer("refunded_quantity"),
        sa.CheckConstraint("price_minor >= 0", name="order_lines_price_ck"),
        sa.CheckConstraint("quantity > 0", name="order_lines_quantity_ck"),
        sa.CheckConstraint("refunded_quantity BETWEEN 0 AND quantity", name="order_lines_refunded_ck"),
        sa.ForeignKeyConstraint(["offer_id"], ["offers.id"], name="order_lines_offer_id_fk"),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name="order_lines_order_id_fk"),
        sa.PrimaryKeyConstraint("id", name="order_lines_pk"),
        sa.UniqueConstraint("order_id", "offer_id", name="order_lines_order_offer_uq"),
    )
    op.create_index("order_lines_offer_ix", "order_lines", ["offer_id"])


def _order_events() -> None:
    op.create_table(
        "order_events",
        identity(),
        integer("order_id"),
        integer("at_us"),
        integer("account_id", nullable=True),
        integer("shop_id", nullable=True),
        text("kind"),
        text("reason"),
        text("changes"),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name="order_events_order_id_fk"),
        sa.PrimaryKeyConstraint("id", name="order_events_pk"),
    )
    op.create_index("order_events_order_ix", "order_events", ["order_id"])


def _vouchers() -> None:
    op.create_table(
        "vouchers",
        identity(),
        integer("shop_id", nullable=True),
        text("code"),
        text("code_key"),
        integer("percent_bp"),
        integer("amount_minor"),
        text("currency"),
        integer("minimum_minor"),
        integer("from_us"),
        integer("until_us"),
        integer("once_per_customer"),
        integer("uses_max"),
        integer("used"),
        integer("active"),
        integer("created_us"),
        integer("updated_us"),
        integer("version"),
        sa.CheckConstraint("(percent_bp > 0) <> (amount_minor > 0)", name="vouchers_value_ck"),
        sa.CheckConstraint("percent_bp BETWEEN 0 AND 10000", name="vouchers_percent_bp_ck"),
        sa.CheckConstraint("used >= 0 AND (uses_max = 0 OR used <= uses_max)", name="vouchers_used_ck"),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name="vouchers_shop_id_fk"),
        sa.PrimaryKeyConstraint("id", name="vouchers_pk"),
        sa.UniqueConstraint("code_key", name="vouchers_code_key_uq"),
    )
    op.create_index("vouchers_shop_ix", "vouchers", ["shop_id", "id"])


def _voucher_uses() -> None:
    op.create_table(
        "voucher_uses",
        integer("order_id"),
        integer("voucher_id"),
        integer("account_id"),
        integer("once_account_id", nullable=True),
        integer("at_us"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="voucher_uses_account_id_fk"),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name="voucher_uses_order_id_fk"),
        sa.ForeignKeyConstraint(["voucher_id"], ["vouchers.id"], name="voucher_uses_voucher_id_fk"),
        sa.PrimaryKeyConstraint("order_id", name="voucher_uses_pk"),
        sa.UniqueConstraint("voucher_id", "once_account_id", name="voucher_uses_once_uq"),
    )
    op.create_index("voucher_uses_account_ix", "voucher_uses", ["account_id"])


def _payments() -> None:
    op.create_table(
        "payments",
        identity(),
        integer("order_id", nullable=True),
        integer("account_id"),
        text("shop_ids"),
        text("provider"),
        text("method"),
        text("reference", nullable=True),
        text("status"),
        integer("amount_minor"),
        text("currency"),
        integer("taken_minor"),
        text("taken_currency"),
        integer("refunding_minor"),
        integer("confirmed_by", nullable=True),
        text("note"),
        integer("created_us"),
        integer("settled_us"),
        integer("asked_us"),
        integer("check_us"),
        integer("checks"),
        sa.CheckConstraint("refunding_minor BETWEEN 0 AND taken_minor", name="payments_refunding_ck"),
        sa.CheckConstraint("taken_minor >= 0", name="payments_taken_ck"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="payments_account_id_fk"),
        sa.ForeignKeyConstraint(["confirmed_by"], ["accounts.id"], name="payments_confirmed_by_fk"),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name="payments_order_id_fk"),
        sa.PrimaryKeyConstraint("id", name="payments_pk"),
        sa.UniqueConstraint("provider", "reference", name="payments_reference_uq"),
    )
    op.create_index(
        "payments_check_ix",
        "payments",
        ["provider", "check_us"],
        sqlite_where=sa.text("check_us > 0"),
        postgresql_where=sa.text("check_us > 0"),
    )
    op.create_index(
        "payments_open_uq",
        "payments",
        ["order_id", "provider"],
        unique=True,
        sqlite_where=sa.text("status = 'pending'"),
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.create_index("payments_order_ix", "payments", ["order_id"])
    op.create_index("payments_status_ix", "payments", ["status", "id"])


def _refunds() -> None:
    op.create_table(
        "refunds",
        identity(),
        integer("payment_id"),
        integer("order_id", nullable=True),
        text("provider"),
        integer("amount_minor"),
        text("currency"),
        text("reason"),
        text("status"),
        text("reference", nullable=True),
        integer("confirmed_by", nullable=True),
        text("note"),
        integer("created_us"),
        integer("done_us"),
        integer("try_us"),
        integer("tries"),
        sa.CheckConstraint("amount_minor > 0", name="refunds_amount_ck"),
        sa.ForeignKeyConstraint(["confirmed_by"], ["accounts.id"], name="refunds_confirmed_by_fk"),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name="refunds_order_id_fk"),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name="refunds_payment_id_fk"),
        sa.PrimaryKeyConstraint("id", name="refunds_pk"),
    )
    op.create_index("refunds_order_ix", "refunds", ["order_id"])
    op.create_index("refunds_payment_ix", "refunds", ["payment_id"])
    op.create_index("refunds_status_ix", "refunds", ["status", "id"])
    op.create_index(
        "refunds_try_ix",
        "refunds",
        ["provider", "try_us"],
        sqlite_where=sa.text("try_us > 0"),
        postgresql_where=sa.text("try_us > 0"),
    )


def _test_charges() -> None:
    op.create_table(
        "test_charges",
        identity(),
        text("payment_key"),
        text("reference"),
        text("behaviour"),
        text("fate"),
        integer("amount_minor"),
        text("currency"),
        integer("captures_us"),
        integer("tells_us"),
        integer("tells_left"),
        integer("asked"),
        integer("refund_calls"),
        integer("refunded_minor"),
        sa.CheckConstraint("refunded_minor BETWEEN 0 AND amount_minor", name="test_charges_refunded_ck"),
        sa.PrimaryKeyConstraint("id", name="test_charges_pk"),
        sa.UniqueConstraint("payment_key", name="test_charges_payment_key_uq"),
        sa.UniqueConstraint("reference", name="test_charges_reference_uq"),
    )
    op.create_index(
        "test_charges_tells_ix",
        "test_charges",
        ["tells_us"],
        sqlite_where=sa.text("tells_us > 0"),
        postgresql_where=sa.text("tells_us > 0"),
    )


def _test_refunds() -> None:
    op.create_table(
        "test_refunds",
        identity(),
        text("refund_key"),
        integer("charge_id"),
        integer("amount_minor"),
        sa.ForeignKeyConstraint(["charge_id"], ["test_charges.id"], name="test_refunds_charge_id_fk"),
        sa.PrimaryKeyConstraint("id", name="test_refunds_pk"),
        sa.UniqueConstraint("refund_key", name="test_refunds_refund_key_uq"),
    )


# by hand


def by_hand() -> None:
    """The database itself keeps an order's history from being edited."""
    for statement in SQLITE if op.get_context().dialect.name == "sqlite" else POSTGRESQL:
        op.execute(statement)


_SAID = "order_events is append-only: what happened to an order is not changed afterwards"
SQLITE = tuple(
    f"CREATE TRIGGER order_events_no_{verb.lower()}_tg BEFORE {verb} ON order_events "
    f"BEGIN SELECT raise(ABORT, '{_SAID}'); END"
    for verb in ("UPDATE", "DELETE")
)
POSTGRESQL = (
    f"""CREATE FUNCTION order_events_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION '{_SAID}'; END $$""",
    "CREATE TRIGGER order_events_append_only_tg BEFORE UPDATE OR DELETE OR TRUNCATE ON order_events "
    "FOR EACH STATEMENT EXECUTE FUNCTION order_events_refuse()",
)
