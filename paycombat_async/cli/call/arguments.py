"""Reads the arguments of `paycombat call`: a whole request in JSON, or single fields of it.

A whole request is `@FILE`, or `-` for standard input. A field is `NAME=TEXT`, or `NAME:=JSON` for any JSON value.
"""

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import msgspec

from paycombat_async._printable import printable
from paycombat_async.cli.call.specs import CallSpec
from paycombat_async.cli.stores import without_urls
from paycombat_async.errors import ConfigurationError, InvalidRequest

_ASSIGNMENT: Final = re.compile(r"([^:=]+)(:?=)(.*)", re.DOTALL)
_LONGEST: Final = 1024 * 1024  # the largest number of bytes that are read from a file; every request is shorter
_PAGE, _PAGE_SIZE = "page", "page_size"
# Numbers with a fraction are read as Decimal, because an amount must keep the digits that are written.
_DECODER: Final[msgspec.json.Decoder[object]] = msgspec.json.Decoder(float_hook=Decimal)

JsonObject = dict[str, object]


@dataclass(frozen=True, slots=True)
class CallArguments:
    """What the user has given for one call on the command line.

    `request` is the object to send as the body, or None for a call without a body. `texts` has the values of the
    required parameters, such as `customer_id`, by name. `query` has further parameters of the URL's query. `page` and
    `page_size` are used for lists only. `page_size` is None if the user gave none.
    """

    request: msgspec.Struct | None = None
    texts: dict[str, str] = field(default_factory=dict[str, str])
    query: dict[str, str] = field(default_factory=dict[str, str])
    page: int = 1
    page_size: int | None = None


def read_arguments(spec: CallSpec, words: Sequence[str]) -> CallArguments:
    """Returns the arguments for a call, read from the `words` of the command line. `spec` describes the call.

    Raises `ConfigurationError` if an argument is missing, unknown or invalid.
    """
    files = [word for word in words if word == "-" or word.startswith("@")]
    pairs = [_assignment(word) for word in words if word not in files]
    if spec.request is not None:
        return CallArguments(_request(spec, spec.request, files, pairs))
    if files:
        raise ConfigurationError(f"{spec.name} takes no request: {_usage(spec)}")
    return _parameters(spec, pairs)


def read_assignments(words: Sequence[str], into: JsonObject) -> JsonObject:
    """Sets fields in the JSON object `into` by words such as `NAME=TEXT` and `NAME:=JSON`, and returns `into`.

    A dotted name, such as `company.name`, names a field in a nested object. Raises `ConfigurationError` for a word in
    any other form.
    """
    for word in words:
        name, operator, text = _assignment(word)
        _assign(into, name.split("."), _value(name, operator, text))
    return into


def _assignment(word: str) -> tuple[str, str, str]:
    found = _ASSIGNMENT.fullmatch(word)
    if found is None:
        shown = printable(without_urls(word), 60)  # the word may be a URL with a password, which must not be shown
        raise ConfigurationError(f"{shown}: expected NAME=TEXT, NAME:=JSON, @FILE or -")
    return found[1], found[2], found[3]


def _request(
    spec: CallSpec, kind: type[msgspec.Struct], files: list[str], pairs: list[tuple[str, str, str]]
) -> msgspec.Struct:
    if len(files) > 1:
        raise ConfigurationError("one request at a time: give one @FILE or -")
    if not files and not pairs:
        raise ConfigurationError(f"{spec.name} needs a request: {_usage(spec)}")
    body = _read(files[0]) if files else {}
    for name, operator, text in pairs:
        _assign(body, name.split("."), _value(name, operator, text))
    from_mapping: Any = getattr(kind, "from_mapping")  # noqa: B009  # every request has it, but Struct does not
    try:
        request: msgspec.Struct = from_mapping(body)
    except InvalidRequest as error:
        raise ConfigurationError(f"{spec.name}: {error}") from None
    return request


def _read(source: str) -> JsonObject:
    """Returns the JSON object in a file or on standard input. Every number with a fraction is a Decimal.

    Raises `ConfigurationError` if the source is unreadable or does not contain a JSON object.
    """
    name = "standard input" if source == "-" else printable(without_urls(source[1:]))
    try:
        if source == "-":
            text = sys.stdin.buffer.read(_LONGEST)
        else:
            with Path(source[1:]).open("rb") as file:
                text = file.read(_LONGEST)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "no such file"
        raise ConfigurationError(f"{name} cannot be read: {reason}") from None
    found = _decoded(name, text.removeprefix(b"\xef\xbb\xbf"))  # the byte order mark, which editors on Windows write
    if not isinstance(found, dict):
        raise ConfigurationError(f"{name} must contain a JSON object")
    return found  # pyright: ignore[reportUnknownVariableType]  # the keys of a JSON object are str


def _value(name: str, operator: str, text: str) -> object:
    return text if operator == "=" else _decoded(f"{printable(name)}:=", text.encode(errors="surrogatepass"))


def _decoded(name: str, text: bytes) -> object:
    try:
        return _DECODER.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ArithmeticError) as error:
        where = re.search(r"\(byte \d+\)", str(error))
        raise ConfigurationError(f"{name} is not JSON {where[0] if where else ''}".rstrip()) from None


def _assign(body: JsonObject, keys: list[str], value: object) -> None:
    for number, key in enumerate(keys[:-1], 1):
        inner = body.setdefault(key, {})
        if not isinstance(inner, dict):
            raise ConfigurationError(f"{printable('.'.join(keys[:number]))} has a value already, and is no object")
        body = inner  # pyright: ignore[reportUnknownVariableType]  # the keys of a JSON object are str
    body[keys[-1]] = value


def _parameters(spec: CallSpec, pairs: list[tuple[str, str, str]]) -> CallArguments:
    given = {name: text for name, _, text in pairs}
    missing = [name for name in spec.needed if name not in given]
    if missing:
        raise ConfigurationError(f"{spec.name} needs {' and '.join(f'{name}=…' for name in missing)}")
    if len(given) < len(pairs):
        raise ConfigurationError("each argument can be given only once")
    numbers = [name for name, is_taken in ((_PAGE, spec.has_pages), (_PAGE_SIZE, spec.takes_size)) if is_taken]
    query = {name: text for name, text in given.items() if name not in {*spec.needed, *numbers}}
    if query and not spec.takes_query:
        raise ConfigurationError(f"{spec.name} has no argument {printable(min(query))}: {_usage(spec)}")
    return CallArguments(
        texts={name: given[name] for name in spec.needed},
        query=query,
        page=_number(_PAGE, given.get(_PAGE)) or 1 if _PAGE in numbers else 1,
        page_size=_number(_PAGE_SIZE, given.get(_PAGE_SIZE)) if _PAGE_SIZE in numbers else None,
    )


def _number(name: str, text: str | None) -> int | None:
    if text is None:
        return None
    if not re.fullmatch(r"[1-9][0-9]{0,8}", text):
        raise ConfigurationError(f"{name} must be a whole number, 1 or more")
    return int(text)


def _usage(spec: CallSpec) -> str:
    """Returns the arguments that a call takes, as in a usage line."""
    if spec.request is not None:
        return "@FILE, - for standard input, or NAME=TEXT"
    words = [f"{name}=…" for name in spec.needed]
    words += ["[page=…]"] if spec.has_pages else []
    words += ["[page_size=…]"] if spec.takes_size else []
    words += ["[QUERY=…]"] if spec.takes_query else []
    return f"its arguments are {' '.join(words)}" if words else "it takes no arguments"
