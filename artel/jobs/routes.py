"""Jobs: the HTTP surface."""

from typing import Final

from artel.edge.route import LOGGED_IN, STAFF, Route, Trial, delete, get, post
from artel.jobs import model, service
from artel.ledger.book.model import AlreadyReversed, NotEnoughMoney, TooMuchMoney

READ: Final = "jobs:read"
WRITE: Final = "jobs:write"
CUSTOMER: Final = frozenset({"customer"})
EXECUTOR: Final = frozenset({"executor"})

_MOVED: Final = (model.JobUnknown, model.MoveIllegal)
_PAID_BACK: Final = (*_MOVED, model.ExecutorShort, model.CustomerFull, AlreadyReversed)

ROUTES: Final[list[Route]] = [
    post(
        "/api/v1/jobs",
        service.post,
        access=CUSTOMER,
        scope=WRITE,
        status=201,
        idempotent=True,
        raises=(model.InThePast, NotEnoughMoney),
        example={
            "title": "Fetch a parcel",
            "description": "From the post office in Lesnaya street to the shop.",
            "value_minor": 50_000,
            "currency": "RUB",
            "due_at": "2099-01-01T18:00:00Z",
            "policy": "on_fulfil",
        },
        trial=Trial(by="customer"),
    ),
    get(
        "/api/v1/jobs",
        service.list_open,
        access=LOGGED_IN,
        scope=READ,
        raises=(model.TooManyWords,),
    ),
    get("/api/v1/jobs/posted", service.posted, access=LOGGED_IN, scope=READ, raises=(model.OthersDenied,)),
    get("/api/v1/jobs/fulfilled", service.fulfilled, access=LOGGED_IN, scope=READ, raises=(model.OthersDenied,)),
    get("/api/v1/jobs/{job_id}", service.get, access=LOGGED_IN, scope=READ, raises=(model.JobUnknown,)),
    get("/api/v1/jobs/{job_id}/history", service.happened, access=LOGGED_IN, scope=READ, raises=(model.JobUnknown,)),
    get("/api/v1/jobs/{job_id}/transfers", service.transfers, access=LOGGED_IN, scope=READ, raises=(model.JobUnknown,)),
    post(
        "/api/v1/jobs/{job_id}/fulfilment",
        service.fulfil,
        access=EXECUTOR,
        scope=WRITE,
        idempotent=True,
        raises=(model.JobUnknown, model.OwnJob, model.JobClosed, model.CustomerShort, TooMuchMoney),
        trial=Trial(refused=model.CustomerShort),  # a customer who has just registered has no money
    ),
    post(
        "/api/v1/jobs/{job_id}/refund-proposal",
        service.propose_refund,
        access=LOGGED_IN,
        scope=WRITE,
        idempotent=True,
        body_optional=True,
        raises=_MOVED,
        example={"reason": "The parcel was never brought"},
        trial=Trial(refused=model.MoveIllegal),
    ),
    post(
        "/api/v1/jobs/{job_id}/refund-proposal/acceptance",
        service.accept_refund,
        access=LOGGED_IN,
        scope=WRITE,
        idempotent=True,
        raises=_PAID_BACK,
        trial=Trial(refused=model.MoveIllegal),
    ),
    delete(
        "/api/v1/jobs/{job_id}/refund-proposal",
        service.decline_refund,
        access=LOGGED_IN,
        scope=WRITE,
        raises=_MOVED,
        trial=Trial(refused=model.MoveIllegal),
    ),
    post(
        "/api/v1/jobs/{job_id}/refund",
        service.refund,
        access=STAFF,
        scope=WRITE,
        idempotent=True,
        raises=_PAID_BACK,
        example={"reason": "The executor brought another parcel"},
        trial=Trial(refused=model.MoveIllegal),
    ),
    post(
        "/api/v1/jobs/{job_id}/cancellation",
        service.cancel,
        access=LOGGED_IN,
        scope=WRITE,
        idempotent=True,
        body_optional=True,
        raises=(model.JobUnknown, model.JobClosed, model.CustomerFull),
        example={"reason": "Fetched it myself"},
        trial=Trial(ends=("job_id",)),
    ),
]
