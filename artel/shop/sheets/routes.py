"""The catalogue as CSV: the HTTP surface."""

from functools import partial
from typing import Final

from artel.db import Database
from artel.edge.route import LOGGED_IN, Route, Stream, Trial, get, post
from artel.edge.streaming import spreadsheet
from artel.kernel.actor import Actor
from artel.shop.sheets import export, model, service
from artel.shop.shops.model import NotYourShop, ShopUnknown


async def upload(db: Database, who: Actor, shop_id: int, body: Stream, query: model.ImportQuery) -> model.Report:
    """Import the shop's sheet in the body, as it comes; the answer tells what became of its lines.

    Of a bad line nothing is written, the others are imported. Sent again, whole or after it broke off, it doubles
    nothing. With `dry_run` nothing is written at all.
    """
    return await service.import_sheet(db, who, body, shop_id, query)


_EDITORS: Final = (ShopUnknown, NotYourShop)
ROUTES: Final[list[Route]] = [
    get(
        "/api/v1/shops/{shop_id}/sheet.csv",
        export.sheet,
        access=LOGGED_IN,
        scope="shop:write",
        present=partial(spreadsheet, "catalogue.csv"),
        produces=("text/csv",),
        raises=_EDITORS,
        trial=Trial(by="owner"),
    ),
    post(
        "/api/v1/shops/{shop_id}/sheet",
        upload,
        access=LOGGED_IN,
        scope="shop:write",
        raises=(*_EDITORS, model.SheetHeader, model.SheetUnreadable, model.SkuTaken),
        trial=Trial(by="owner", given={"body": "sku,kind,title,price,stock\nmug-1,goods,A mug,350.00,12\n"}),
    ),
]
