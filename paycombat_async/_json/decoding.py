"""Decodes received JSON: with cached decoders, common faults repaired, and amounts exact on request."""

import codecs
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


# Matches a JSON string up to its closing quote, or to the end of the text if the closing quote is missing. Without the
# second case, the search would start again at each later quote, which takes quadratic time. `*+` is possessive: a plain
# `*` keeps 60 bytes for each escape, in order to go back.
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)
_RAW_CONTROL = re.compile(rb"(\\.)|[\x00-\x1f]", re.DOTALL)
_BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",  # .NET's default encoding writes it
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


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
    """Returns the JSON as dicts and lists, after `repair` if it is faulty. Raises `UndecodableData` if it is not JSON.

    `exact` decodes numbers with a fraction as Decimal, with all their digits; a float keeps at most 17.
    """
    return decode_repaired(_EXACT_DECODER if exact else decoder(object), data)


def decode_repaired(reader: "msgspec.json.Decoder[R]", data: bytes | Raw) -> R:
    """Returns the decoded JSON. If decoding fails, it is tried once more with the JSON that `repair` returns.

    Raises `UndecodableData` if that fails too, as for JSON of another type than the decoder's.
    """
    try:
        return reader.decode(data)
    except DECODE_ERRORS:
        pass  # the second attempt is outside the except block, so that its error does not have this error as context
    try:
        return reader.decode(repair(bytes(data)))
    except DECODE_ERRORS:
        pass
    raise UndecodableData("not JSON")


def repair(text: bytes) -> bytes:
    """Returns JSON without the faults that careless encoders make; valid JSON stays as it is.

    A byte order mark is removed. Control characters inside strings become escapes; lone surrogates and bytes that are
    not UTF-8 become U+FFFD. As the bytes change, call it only when the signature has been verified or none is needed.
    """
    encoding = next((name for mark, name in _BYTE_ORDER_MARKS.items() if text.startswith(mark)), "utf-8")
    text = text.decode(encoding, "replace").encode()
    return _STRING.sub(lambda found: _escaped(found[0]), _replace_lone_surrogates(text))


def _escaped(string: bytes) -> bytes:
    return _RAW_CONTROL.sub(lambda found: found[1] or b"\\u%04x" % found[0][0], string)


def _replace_lone_surrogates(text: bytes) -> bytes:
    return _LONE_SURROGATE.sub(lambda found: found[1] + (found[2] or b"\\ufffd"), text)
