"""Payments: the HTTP surface that names no order; the rest is in artel/orders/orders/routes.py."""

from typing import Final

from artel.edge.route import ANYONE, STAFF, Route, Trial, get, post
from artel.payments import model, service

ROUTES: Final[list[Route]] = [
    get("/api/v1/payments", service.list_payments, access=STAFF, scope="orders:read"),
    post(
        "/api/v1/payments/notifications/{provider}",
        service.notified,
        access=ANYONE,
        status=204,
        example={"reference": "test_8pLr0Zk1YkC4"},
        trial=Trial(given={"provider": "test"}),
    ),
    post(
        "/api/v1/refunds/{refund_id}/retry",
        service.retry_refund,
        access=STAFF,
        scope="orders:write",
        idempotent=True,
        raises=(model.RefundUnknown, model.AlreadySettled),
        trial=Trial(refused=model.AlreadySettled),  # it was not tried even once
    ),
]
