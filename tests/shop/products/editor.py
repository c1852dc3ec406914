"""Who enters and edits products in the tests, and what is entered."""

from typing import Any, Final

import httpx

from tests.conftest import Client
from tests.people import Person

PRODUCTS: Final = "/api/v1/products"
BOOK: Final[dict[str, Any]] = {
    "kind": "book",
    "title": "Мастер и Маргарита \u202e",
    "description": "a\r\nb <b>\x1b</b> ' or 1=1 --",
    "authors": ["Михаил Булгаков", "Second Author"],
    "language": "ru",
    "isbn": "978-5-389-01686-6",
    "publisher": "Азбука",
    "year": 2019,
    "pages": 480,
    "attributes": {"вес": 420, "cover": "hard", "illustrated": False, "least": -(2**53) + 1},
    "images": [{"url": "https://x.example/2.jpg", "alt": "Кот"}, {"url": "http://x.example/1.jpg", "alt": ""}],
    "tax_bp": 0,
}
PLAIN: Final[dict[str, Any]] = {"kind": "book", "title": "A book"}
ISBNS: Final = ["978-0-306-40615-7", "080442957X", "979-10-90636-07-1"]


class Editor:
    """Somebody who enters and edits products."""

    def __init__(self, client: Client, person: Person) -> None:
        self.client, self.person = client, person

    def ask(self, verb: str, path: str = "", body: Any = None, **headers: str) -> httpx.Response:
        rest: dict[str, Any] = {} if body is None else {"json": body}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.request(verb, PRODUCTS + path, token=self.person.session, headers=named, **rest)

    def enter(self, **fields: Any) -> dict[str, Any]:
        answer = self.ask("POST", body=PLAIN | fields)
        assert answer.status_code == 201, answer.text
        product: dict[str, Any] = answer.json()
        return product

    def listed(self, **query: Any) -> list[int]:
        answer = self.client.get(PRODUCTS, params=query)
        assert answer.status_code == 200, answer.text
        return [each["id"] for each in answer.json()["items"]]
