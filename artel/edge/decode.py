"""From a request to a use case's arguments. Whatever is malformed is refused with the field's path."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

import msgspec

from artel.edge.call import Call
from artel.edge.choices import choices
from artel.edge.route import Route
from artel.edge.signature import Signature
from artel.kernel.errors import Malformed, Refusal
from artel.kernel.patterns import problem_of

NAMED_FIELD: Final = re.compile(r"Object (?P<fault>missing required|contains unknown) field `(?P<field>[^`]*)`")
MISSED_PATTERN: Final = re.compile("Expected `str` matching regex (?P<pattern>.*)", re.DOTALL)
CHOSEN: Final = re.compile("Invalid enum value (?P<word>.*)", re.DOTALL)
ESCAPED_NUL: Final = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")  # PostgreSQL's text cannot hold it
INTEGER_DIGITS_MAX: Final = 18  # of an id: more does not fit the database's 64 bits
IF_MATCH: Final = re.compile(rf'(?:W/)?"?([0-9]{{1,{INTEGER_DIGITS_MAX}}})"?')

Arguments = dict[str, Any]
Wanted = TypeVar("Wanted", bound=msgspec.Struct)


class NotFound(Refusal):
    """There is nothing at {path}."""

    code, kind = "request.not_found", "missing"


class FormSent(Refusal):
    """The body is a form ({content_type}), with a file somewhere in it: send the file itself as the body."""

    code, kind = "request.form_sent", "unsupported"


def decoder(route: Route, signature: Signature, upload_max_bytes: int) -> Callable[[Call], Arguments]:
    """What turns a request into the use case's arguments. Raises Malformed with the field's path."""
    parts: list[Callable[[Call, Arguments], None]] = []
    for name, wanted in signature.path.items():
        parts.append(_path_part(name, wanted))
    if signature.query:
        parts.append(_query_part(*signature.query))
    if signature.body:
        parts.append(_body_part(*signature.body, optional=route.body_optional))
    if signature.if_match:
        parts.append(_if_match_part)
    if signature.call:
        parts.append(_call_part(signature.call))
    if signature.stream:
        parts.append(_stream_part(signature.stream, upload_max_bytes))
    provided = signature.provided

    def decode(call: Call) -> Arguments:
        arguments = dict(provided)
        for part in parts:
            part(call, arguments)
        return arguments

    return decode


def _path_part(name: str, wanted: type) -> Callable[[Call, Arguments], None]:
    def integer(call: Call, arguments: Arguments) -> None:
        text = call.path_args[name]
        if not (text.isascii() and text.isdigit() and len(text) <= INTEGER_DIGITS_MAX):
            raise NotFound(path=call.path)
        arguments[name] = int(text)

    def text(call: Call, arguments: Arguments) -> None:
        if "\0" in call.path_args[name]:
            raise NotFound(path=call.path)
        arguments[name] = call.path_args[name]

    return integer if wanted is int else text


def _query_part(name: str, wanted: Any) -> Callable[[Call, Arguments], None]:
    fields = {field.encode_name: field.name for field in msgspec.structs.fields(wanted)}
    lenient = not wanted.__struct_config__.forbid_unknown_fields  # as for a body

    def part(call: Call, arguments: Arguments) -> None:
        given = call.query()
        for field, value in given.items():
            if "\0" in value:
                raise Malformed(field=field, problem="holds a NUL character, which no text here may")
        unknown = given.keys() - fields.keys()
        if unknown and not lenient:
            raise Malformed(
                field=min(unknown),
                problem="is not a parameter of this; there are " + ", ".join(sorted(fields)),
            )
        try:
            arguments[name] = msgspec.convert(given, wanted, strict=False)
        except msgspec.ValidationError as fault:
            raise _malformed(fault, "query", wanted) from None
        for field in given.keys() - unknown:
            if getattr(arguments[name], fields[field]) is None:  # msgspec reads the word null so
                raise Malformed(field=field, problem="is no value: leave the parameter out instead")

    return part


def _body_part(name: str, wanted: Any, *, optional: bool) -> Callable[[Call, Arguments], None]:
    decode = msgspec.json.Decoder(wanted).decode
    absent = b"{}" if optional else b""

    def part(call: Call, arguments: Arguments) -> None:
        if b"\\u0000" in call.body and ESCAPED_NUL.search(call.body):
            raise Malformed(field="body", problem="holds a NUL character, which no text here may")
        try:
            arguments[name] = decode(call.body or absent)
        except msgspec.ValidationError as fault:
            raise _malformed(fault, "body", wanted) from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
            raise Malformed(field="body", problem=f"is not JSON: {fault}") from None

    return part


def _if_match_part(call: Call, arguments: Arguments) -> None:
    text = call.header(b"if-match").strip()
    etag = IF_MATCH.fullmatch(text)
    if etag is None and text != "*" and b"if-match" in call.headers:
        raise Malformed(field="If-Match", problem='is not an ETag that Artel gave out, such as "3"')
    arguments["if_match"] = int(etag[1]) if etag else None


def _stream_part(name: str, limit_bytes: int) -> Callable[[Call, Arguments], None]:
    def part(call: Call, arguments: Arguments) -> None:
        kind = call.media_type()
        if kind.startswith("multipart/"):
            raise FormSent(content_type=kind)
        arguments[name] = call.stream_body(limit_bytes)

    return part


def _call_part(name: str) -> Callable[[Call, Arguments], None]:
    def part(call: Call, arguments: Arguments) -> None:
        arguments[name] = call

    return part


def checked(wanted: type[Wanted], given: Mapping[str, Any]) -> Wanted:
    """What did not come as a request of Artel's own, under the same rules. Raises Malformed."""
    try:
        return msgspec.convert(given, wanted)
    except msgspec.ValidationError as fault:
        raise _malformed(fault, "arguments", wanted) from None


def _malformed(fault: msgspec.ValidationError, whole: str, wanted: Any) -> Malformed:
    """msgspec's words of what was to be decoded as `wanted`, with the field's path apart: `login: expected str`."""
    said = str(fault).replace(" - at `key` in `$", " as a name - at `$")  # of a field of free names
    problem, _, where = said.partition(" - at `$")
    field = where.rstrip("`").lstrip(".")
    named = NAMED_FIELD.fullmatch(problem)
    if named:
        field = f"{field}.{named['field']}".lstrip(".")
        problem = "is missing" if named["fault"] == "missing required" else "is not a field of this"
    missed = MISSED_PATTERN.fullmatch(problem)
    if missed:
        problem = problem_of(missed["pattern"]) or problem
    chosen = CHOSEN.fullmatch(problem)
    if chosen:
        problem = f"{chosen['word']} is none of: {', '.join(choices(wanted, field))}"
    field = field or whole
    return Malformed(field=field, problem=problem[:1].lower() + problem[1:].replace("`", ""))
