"""The API reference as an OpenAPI 3.1 document, made from the routes and the signatures of their use cases.

https://spec.openapis.org/oas/v3.1.1.html; the schemas are those that msgspec gives for the types, so what the document
says of a body is what the decoder accepts.
"""

import inspect
import re
import types
from collections.abc import Iterable, Sequence, Set
from typing import Any, Final, Union, get_args, get_origin

import msgspec
from msgspec import NODEFAULT, Struct

from artel.db import StorageUnavailable
from artel.edge.call import BodyTooLarge, BodyTooSlow
from artel.edge.decode import IF_MATCH, INTEGER_DIGITS_MAX, FormSent, NotFound
from artel.edge.handler import NotJson
from artel.edge.idempotency import KEY, KEY_CHARACTERS_MAX, REPLAYED, InFlight, KeyReused
from artel.edge.identity import SAFE, CrossSite, NotAllowed, NotLoggedIn
from artel.edge.refusals import REASONS, Json, header, problem_response, problem_schema
from artel.edge.reply import STATUS, Pieces
from artel.edge.route import ANYONE, API, COOKIE, Route
from artel.edge.samples import sample
from artel.edge.signature import Signature, read_signature
from artel.kernel.errors import Malformed, Refusal

REF: Final = "#/components/schemas/{name}"
UNIONS: Final = (Union, types.UnionType)
RAISES: Final = re.compile(r"\s*Raises [^.]*\.")

ABOUT: Final = """\
Times are ISO 8601 in UTC, ids are integers, lists are pages `{items, next}`: give `next` back as `after`.

Every refusal is a problem (RFC 9457) with a permanent `code`, explained at [/docs/errors](/docs/errors). Besides those
that an operation names there are 405 for a verb that a path does not take, and 500 for a fault of ours, which the
server's log explains under the answer's `X-Request-Id`.

Log in with `POST /api/v1/sessions`, press Authorize, and paste the token.
"""

SECURITY: Final = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "The token of a session (POST /api/v1/sessions), or an API token (POST /api/v1/tokens).",
    },
    "cookie": {
        "type": "apiKey",
        "in": "cookie",
        "name": COOKIE,
        "description": "A session that was opened with `carrier: cookie`; for pages of the same site.",
    },
}


class Operation(Struct, frozen=True):
    """A route with what its use case asks for."""

    route: Route
    signature: Signature

    def id(self, taken: Set[str]) -> str:
        """`accounts_register`: a name that a client in any language can give its method.

        Of several routes with one use case the later ones are told apart by their last word: `reports_ask_sheet_csv`.
        """
        name = self.route.name.replace(".", "_")
        if name in taken:
            name = re.sub(r"\W+", "_", f"{name}_{self.route.path.rpartition('/')[2]}").strip("_")
        assert name not in taken, f"two routes are both {name} in the reference: they need two use cases"
        return name

    @property
    def is_edge(self) -> bool:
        """Whether no feature answers, but the edge itself."""
        return self.route.use.__module__.split(".")[1] == "edge"

    @property
    def tag(self) -> str:
        """The feature that answers: accounts, traffic; of the edge's own routes the module: health."""
        parts = self.route.use.__module__.split(".")
        return parts[-1] if self.is_edge else parts[1]

    @property
    def results(self) -> tuple[Any, ...]:
        """The types of what the use case may give; `Page[A | B]` is a page of A or a page of B. NoneType: nothing."""
        wanted = self.signature.result
        if get_origin(wanted) in UNIONS:
            return get_args(wanted)
        if any(get_origin(each) in UNIONS for each in get_args(wanted)):
            return tuple(get_origin(wanted)[each] for each in get_args(get_args(wanted)[0]))
        return (types.NoneType if wanted is None else wanted,)

    @property
    def query_told(self) -> list[str]:
        """What the docstring of the parameters says."""
        return [inspect.cleandoc(self.signature.query[1].__doc__ or "")] if self.signature.query else []

    @property
    def answers(self) -> tuple[Any, ...]:
        """The types of what is written as the body of the answer."""
        return tuple(each for each in self.results if each not in (types.NoneType, Pieces))

    @property
    def query_fields(self) -> Sequence[msgspec.structs.FieldInfo]:
        """The parameters of the query string."""
        return msgspec.structs.fields(self.signature.query[1]) if self.signature.query else ()

    def types(self) -> list[Any]:
        """Every type that needs a schema."""
        body = [self.signature.body[1]] if self.signature.body else []
        answers = self.answers if self._is_json else ()
        return [*body, *answers, *(field.type for field in self.query_fields)]

    @property
    def _is_json(self) -> bool:
        return "application/json" in self.route.produces

    @property
    def sentences(self) -> list[str]:
        """The docstring's first sentence, then its paragraphs, without the refusals: the responses tell those."""
        text = RAISES.sub("", inspect.cleandoc(self.route.use.__doc__ or ""))
        paragraphs = [" ".join(each.split()) for each in text.split("\n\n")]
        first, stop, rest = paragraphs[0].partition(". ")
        form = "" if self._is_json or not self.answers else f" As {self.route.produces[0]}."
        return [first + stop.strip() + form, rest, *paragraphs[1:]]

    @property
    def collection(self) -> str:
        """`/api/v1/accounts` for all that is below it."""
        return "/".join(self.route.path.split("/")[:4])

    def refusals(self) -> list[type[Refusal]]:
        """Every refusal that this can answer, the route's own first."""
        route, asked = self.route, self.signature
        found = list(route.raises)
        if asked.body or asked.query or asked.if_match or route.idempotent:
            found.append(Malformed)
        if route.access != ANYONE:
            found += [NotLoggedIn, NotAllowed] if route.verb in SAFE else [NotLoggedIn, NotAllowed, CrossSite]
        if int in asked.path.values():
            found.append(NotFound)
        if asked.body or asked.stream:
            found += [BodyTooLarge, BodyTooSlow]
        if asked.stream:
            found.append(FormSent)
        if asked.body and route.manner.json_only:
            found.append(NotJson)
        if route.idempotent:
            found += [InFlight, KeyReused]
        return [*found, StorageUnavailable]


def document(routes: Iterable[Route], version: str) -> Json:
    """The document of all routes that speak Artel's own way and are not hidden."""
    operations = [
        Operation(route, read_signature(route, None)) for route in routes if route.manner is API and not route.hidden
    ]
    operations.sort(key=lambda operation: operation.is_edge)  # what the features do comes first
    paths: Json = {}
    schemas = Schemas(operations)
    problems: Json = {}
    names: set[str] = set()
    for operation in operations:
        names.add(name := operation.id(names))
        described = {"operationId": name} | _described(operation, schemas, problems)
        paths.setdefault(operation.route.path, {})[operation.route.verb.lower()] = described
    return {
        "openapi": "3.1.0",
        "info": {"title": "Artel", "version": version, "description": ABOUT},
        "tags": [{"name": tag} for tag in dict.fromkeys(operation.tag for operation in operations)],
        "paths": paths,
        "components": {
            "schemas": schemas.components | {"Problem": problem_schema()},
            "responses": problems,
            "securitySchemes": SECURITY,
        },
    }


class Schemas:
    """The schemas of all types of the document, and examples that fit them."""

    def __init__(self, operations: list[Operation]) -> None:
        self._operations = operations
        self._types = [each for operation in operations for each in operation.types()]
        found, self.components = msgspec.json.schema_components(self._types, ref_template=REF)
        self._found = list(found)

    def of(self, wanted: Any) -> Json:
        """The schema of a type, by reference where it is a struct."""
        schema: Json = self._found[self._types.index(wanted)]
        return schema

    def any_of(self, wanted: Sequence[Any]) -> Json:
        """The schema of one of several types."""
        schemas = [self.of(each) for each in wanted]
        return schemas[0] if len(schemas) == 1 else {"anyOf": schemas}

    def sample(self, operation: Operation) -> Any:
        """An answer of the operation; fields that the routes' examples have too are as there, the nearest first."""

        def distance(other: Operation) -> int:
            return (other is not operation) + (other.collection != operation.collection)

        known: Json = {}
        for other in sorted(reversed(self._operations), key=distance, reverse=True):
            known |= other.route.example if isinstance(other.route.example, dict) else {}
        return sample(self.any_of(operation.answers), self.components, known)


def _described(operation: Operation, schemas: Schemas, problems: Json) -> Json:
    route = operation.route
    described: Json = {
        "tags": [operation.tag],
        "summary": operation.sentences[0],
        "description": "\n\n".join([*filter(None, operation.sentences[1:]), *operation.query_told, _needs(route)]),
        "parameters": [*_path_parameters(operation), *_query_parameters(operation, schemas), *_headers(operation)],
        "responses": _answers(operation, schemas) | _refusals(operation, problems),
    }
    body = _request_body(operation, schemas)
    if body:
        described["requestBody"] = body
    if route.access != ANYONE:
        described["security"] = [{"bearer": []}, {"cookie": []}]
    return described


def _needs(route: Route) -> str:
    """Who may."""
    if route.access == ANYONE:
        return "Needs no log-in."
    token = f" or an API token with the scope `{route.scope}`" if route.scope else "; API tokens may not do it"
    roles = f" One of the roles {', '.join(sorted(route.access))}." if isinstance(route.access, frozenset) else ""
    return f"Needs a session{token}.{roles}"


def _path_parameters(operation: Operation) -> list[Json]:
    kinds: dict[type, Json] = {
        int: {"type": "integer", "minimum": 0, "maximum": 10**INTEGER_DIGITS_MAX - 1},
        str: {"type": "string", "minLength": 1},
    }
    return [
        {"name": name, "in": "path", "required": True, "schema": kinds[wanted]}
        for name, wanted in operation.signature.path.items()
    ]


def _query_parameters(operation: Operation, schemas: Schemas) -> list[Json]:
    parameters = []
    for field in operation.query_fields:
        schema = _without_null(schemas.of(field.type))
        if field.default not in (NODEFAULT, None, msgspec.UNSET):
            schema["default"] = msgspec.to_builtins(field.default)
        parameter = {"name": field.encode_name, "in": "query", "required": field.required, "schema": schema}
        if "description" in schema:
            parameter["description"] = schema.pop("description")
        parameters.append(parameter)
    return parameters


def _without_null(schema: Json) -> Json:
    """A query string has no null: a parameter is there or it is not."""
    kinds: list[Json] = [each for each in schema.get("anyOf", []) if each != {"type": "null"}]
    if len(kinds) == 1:
        kept: Json = {key: value for key, value in schema.items() if key not in ("anyOf", "default")}
        return kept | kinds[0]
    return dict(schema)


def _headers(operation: Operation) -> list[Json]:
    headers: list[Json] = []
    if operation.signature.if_match:
        headers.append(
            {
                "name": "If-Match",
                "in": "header",
                "description": "The ETag that you saw; the change is refused when there is a newer version.",
                "schema": {"type": "string", "pattern": f"^({IF_MATCH.pattern}|\\*)$", "examples": ['"1"']},
            }
        )
    if operation.route.idempotent:
        headers.append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "description": "Any text of your choice, new for each new request; a repetition has no second effect.",
                "schema": {
                    "type": "string",
                    "minLength": 1,
                    "maxLength": KEY_CHARACTERS_MAX,
                    "pattern": f"^{KEY.pattern.decode()}$",
                    "examples": ["3f0e2c9a-order-17"],
                },
            }
        )
    for name, description in operation.route.headers.items():
        headers.append({"name": name, "in": "header", "description": description, "schema": {"type": "string"}})
    return headers


def _request_body(operation: Operation, schemas: Schemas) -> Json | None:
    route, asked = operation.route, operation.signature
    if asked.stream:
        octets = {"schema": {"type": "string", "format": "binary"}}
        return {"required": False, "content": {"application/octet-stream": octets}}
    if asked.body is None:
        return None
    content: Json = {"schema": schemas.of(asked.body[1])}
    if route.example is not None:
        content["example"] = route.example
    return {"required": not route.body_optional, "content": {"application/json": content}}


def _answers(operation: Operation, schemas: Schemas) -> Json:
    responses: Json = {}
    if operation.answers:
        answer: Json = {"description": REASONS[operation.route.status], "content": _content(operation, schemas)}
        if any("version" in getattr(each, "__struct_fields__", ()) for each in operation.answers):
            answer["headers"] = {"ETag": header("The version, to be sent back as If-Match.")}
        responses[str(operation.route.status)] = answer
    if types.NoneType in operation.results:
        responses["204"] = {"description": REASONS[204]}
    for response in responses.values():
        if operation.route.idempotent:
            replayed = header("`true` when this is the answer of an earlier request with the same key.")
            response.setdefault("headers", {})[REPLAYED[0].decode().title()] = replayed
    return responses


def _refusals(operation: Operation, problems: Json) -> Json:
    """The problems by status; `problems` holds them once, however many operations have them."""
    by_status: dict[int, dict[str, type[Refusal]]] = {}
    for refusal in operation.refusals():
        by_status.setdefault(STATUS[refusal.kind], {})[refusal.code] = refusal
    responses: Json = {}
    for status, refusals in sorted(by_status.items()):
        name = "-".join([str(status), *refusals])
        problems[name] = problem_response(status, refusals)
        responses[str(status)] = {"$ref": f"#/components/responses/{name}"}
    return responses


def _content(operation: Operation, schemas: Schemas) -> Json:
    content: Json = {}
    for media in operation.route.produces:
        if media == "application/json":
            content[media] = {"schema": schemas.any_of(operation.answers), "example": schemas.sample(operation)}
        else:
            content[media] = {"schema": {"type": "string"}}
    return content
