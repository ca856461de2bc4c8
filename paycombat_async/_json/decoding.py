"""Decodes received JSON: with cached decoders, lone surrogates replaced, and amounts exact on request."""

import re
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

import msgspec
from msgspec import Raw


class UndecodableData(Exception):
    """The data is not JSON, or has no object or list where one is expected. Internal: users get `InvalidResponse`."""


R = TypeVar("R")

# InvalidOperation is raised for a number such as 1e99999999999999999999, which Decimal cannot hold.
DECODE_ERRORS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError, InvalidOperation)

# JavaScript that cuts a string inside an emoji leaves half a surrogate pair, which msgspec refuses to decode.
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
    """Returns the JSON decoder of a type, built once and cached."""
    try:
        return _decoders[kind]
    except KeyError:
        return _decoders.setdefault(kind, msgspec.json.Decoder(kind))


def decode_builtins(data: bytes | Raw, *, exact: bool = False) -> object:
    """Returns the JSON as dicts and lists, with lone surrogates replaced. Raises `UndecodableData` if it is not JSON.

    `exact` decodes numbers with a fraction as Decimal, with all their digits; a float keeps at most 17.
    """
    reader = _EXACT_DECODER if exact else decoder(object)
    try:
        return reader.decode(data)
    except DECODE_ERRORS:
        pass  # a lone surrogate may be the cause: it is replaced below, and the decoding tried again
    try:
        return reader.decode(replace_lone_surrogates(bytes(data)))
    except DECODE_ERRORS:
        pass
    raise UndecodableData("not JSON")


def replace_lone_surrogates(text: bytes) -> bytes:
    """Returns the JSON with every escaped lone surrogate replaced by U+FFFD.

    Not for a body whose signature is still to be verified, because the bytes change.
    """
    return _LONE_SURROGATE.sub(lambda found: found[1] + (found[2] or b"\\ufffd"), text)
