"""Categories: the HTTP surface."""

from typing import Final

from artel.edge.route import ANYONE, STAFF, Route, Trial, delete, get, patch, post
from artel.kernel.text import SlugNeeded
from artel.shop.categories import model, service

ROUTES: Final[list[Route]] = [
    post(
        "/api/v1/categories",
        service.create,
        access=STAFF,
        scope="shop:write",
        status=201,
        idempotent=True,
        raises=(
            model.CategoryUnknown,
            model.CategorySlugTaken,
            SlugNeeded,
            model.CategoryTooDeep,
            model.CategoriesFull,
        ),
        example={"name": "Поэзия", "slug": "poeziya", "position": 10},
        trial=Trial(given={"slug": "poeziya-{{$guid}}"}),
    ),
    get("/api/v1/categories", service.tree, access=ANYONE),
    get("/api/v1/categories/{category_id}", service.get, access=ANYONE, raises=(model.CategoryUnknown,)),
    patch(
        "/api/v1/categories/{category_id}",
        service.edit,
        access=STAFF,
        scope="shop:write",
        raises=(
            model.CategoryUnknown,
            model.CategoryStale,
            model.CategorySlugTaken,
            model.CategoryInItself,
            model.CategoryTooDeep,
        ),
        example={"name": "Поэзия и проза", "parent_id": None},
    ),
    delete(
        "/api/v1/categories/{category_id}",
        service.delete,
        access=STAFF,
        scope="shop:write",
        status=204,
        raises=(model.CategoryUnknown, model.CategoryNotEmpty),
    ),
]
