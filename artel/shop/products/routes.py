"""Products: the HTTP surface."""

from typing import Final

from artel.edge.route import ANYONE, LOGGED_IN, Route, Trial, delete, get, patch, post, put
from artel.kernel.errors import Refusal
from artel.shop.categories.model import CategoryUnknown
from artel.shop.products import model, service
from artel.shop.shops.model import NotYourShop, ShopUnknown

NO_EDITOR: Final[tuple[type[Refusal], ...]] = (model.ProductUnknown, NotYourShop, model.NotYourProduct)

ROUTES: Final[list[Route]] = [
    post(
        "/api/v1/products",
        service.create,
        access=LOGGED_IN,
        scope="shop:write",
        status=201,
        idempotent=True,
        raises=(
            ShopUnknown,
            NotYourShop,
            model.NotYourProduct,
            CategoryUnknown,
            model.NotOfItsKind,
            model.IsbnWrong,
            model.IsbnTaken,
        ),
        example={
            "kind": "book",
            "title": "Мастер и Маргарита",
            "shop_id": 1,
            "description": "A novel about the devil's visit to Moscow.",
            "authors": ["Михаил Булгаков"],
            "language": "ru",
            "isbn": "978-5-389-01686-6",
            "publisher": "Азбука",
            "year": 2019,
            "pages": 480,
            "attributes": {"cover": "hard", "weight_g": 420, "illustrated": False},
            "images": [{"url": "https://books.example/master.jpg", "alt": "The cover: a black cat"}],
            "tax_bp": 1000,
        },
        trial=Trial(by="owner", given={"isbn": None}),
    ),
    get("/api/v1/products", service.list_products, access=ANYONE, raises=(CategoryUnknown, model.IsbnWrong)),
    get("/api/v1/products/{product_id}", service.get, access=ANYONE, raises=(model.ProductUnknown,)),
    patch(
        "/api/v1/products/{product_id}",
        service.edit,
        access=LOGGED_IN,
        scope="shop:write",
        raises=(
            *NO_EDITOR,
            model.ProductStale,
            CategoryUnknown,
            model.NotOfItsKind,
            model.IsbnWrong,
            model.IsbnTaken,
        ),
        example={"title": "Мастер и Маргарита. Подарочное издание", "pages": 496, "tax_bp": None},
        trial=Trial(by="owner"),
    ),
    put(
        "/api/v1/products/{product_id}/images",
        service.set_images,
        access=LOGGED_IN,
        scope="shop:write",
        raises=(*NO_EDITOR, model.ProductStale),
        example={"images": [{"url": "https://books.example/master-2.jpg", "alt": "The cover: a cat with a tram"}]},
        trial=Trial(by="owner"),
    ),
    delete(
        "/api/v1/products/{product_id}",
        service.delete,
        access=LOGGED_IN,
        scope="shop:write",
        status=204,
        raises=NO_EDITOR,
        trial=Trial(by="owner"),
    ),
]
