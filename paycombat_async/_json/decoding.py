"""JSON as it comes in: decoders that are kept, lone surrogates repaired, and numbers exact where they may be money."""

import re
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

import msgspec
from msgspec import Raw


class UndecodableData(Exception):
    """The data is something else altogether than an object where an object is due. Never leaves the SDK."""


R = TypeVar("R")

# InvalidOperation: a number such as 1e99999999999999999999, which is no Decimal.
DECODE_ERRORS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError, InvalidOperation)

# JavaScript makes half a surrogate pair of a name cut in the middle of an emoji, and msgspec then refuses the answer.
_LONE_SURROGATE = re.compile(
    rb"(?<!\\)((?:\\\\)*)"
    rb"(?:(\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
)


def _decimal_or_float(digits: str) -> Decimal | float:
    try:
        return Decimal(digits)
    except InvalidOperation:
        return float(digits)


_EXACT_DECODER: msgspec.json.Decoder[object] = msgspec.json.Decoder(float_hook=_decimal_or_float)

_decoders: dict[Any, msgspec.json.Decoder[Any]] = {}


def decoder(kind: type[R]) -> "msgspec.json.Decoder[R]":
    """The decoder of a type, built once and kept."""
    try:
        return _decoders[kind]
    except KeyError:
        return _decoders.setdefault(kind, msgspec.json.Decoder(kind))


def decode_builtins(data: bytes | Raw, *, exact: bool = False) -> object:
    """The data as dicts and lists, lone surrogates repaired. Raises `UndecodableData`.

    `exact` reads fractions as Decimal, digit by digit; a float would keep 17 of them.
    """
    reader = _EXACT_DECODER if exact else decoder(object)
    try:
        return reader.decode(data)
    except DECODE_ERRORS:
        pass  # perhaps only a lone surrogate
    try:
        return reader.decode(replace_lone_surrogates(bytes(data)))
    except DECODE_ERRORS:
        pass
    raise UndecodableData("not JSON")


def replace_lone_surrogates(text: bytes) -> bytes:
    """JSON with every lone surrogate escape replaced by U+FFFD. For answers only, never before verifying."""
    return _LONE_SURROGATE.sub(lambda found: found[1] + (found[2] or b"\\ufffd"), text)
