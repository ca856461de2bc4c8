"""Decodes received JSON. Repairs common faults, and keeps all digits of amounts on request."""

import codecs
import re
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

import msgspec
from msgspec import Raw


class UndecodableData(Exception):
    """The data is not JSON, or has no object or list where one is expected. Users get an `InvalidResponse` instead."""


R = TypeVar("R")

# Decimal raises InvalidOperation for a number that it cannot hold, such as 1e99999999999999999999.
DECODE_ERRORS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError, InvalidOperation)

# If JavaScript cuts a string inside an emoji, half of a surrogate pair remains. msgspec refuses to decode it.
_LONE_SURROGATE = re.compile(
    rb"(?<!\\)((?:\\\\)*)"
    rb"(?:(\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
)


# Matches a JSON string up to its closing quote, or up to the end of the text if there is no closing quote. Without the
# second case, a missing quote would make the search start again at each further quote, which takes quadratic time. `*+`
# is used because the regular expression never has to go back; a plain `*` would need 60 bytes of memory for each
# escape.
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)
_RAW_CONTROL = re.compile(rb"(\\.)|[\x00-\x1f]", re.DOTALL)
_BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",  # .NET writes this byte order mark by default
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
    """Returns the JSON decoder of a type. Each decoder is made once and cached."""
    try:
        return _decoders[kind]
    except KeyError:
        return _decoders.setdefault(kind, msgspec.json.Decoder(kind))


def decode_builtins(data: bytes | Raw, *, exact: bool = False) -> object:
    """Returns the JSON as dicts and lists. Repairs it if necessary. Raises `UndecodableData` if it is not JSON.

    If `exact` is True, each number with a fraction becomes a Decimal, which keeps all digits. If it is False, such a
    number becomes a float, which keeps at most 17 digits.
    """
    return decode_repaired(_EXACT_DECODER if exact else decoder(object), data)


def decode_repaired(reader: "msgspec.json.Decoder[R]", data: bytes | Raw) -> R:
    """Returns the decoded JSON. If decoding fails, decodes the JSON that `repair` returns for it.

    Raises `UndecodableData` if the repaired JSON is not valid either, or if it does not fit the decoder's type.
    """
    try:
        return reader.decode(data)
    except DECODE_ERRORS:
        pass  # The repaired JSON is decoded outside the `except` block, so that an error has no `__context__`.
    try:
        return reader.decode(repair(bytes(data)))
    except DECODE_ERRORS:
        pass
    raise UndecodableData("not JSON")


def repair(text: bytes) -> bytes:
    """Returns the JSON without common faults. Returns valid JSON unchanged.

    A byte order mark is removed. Control characters inside strings become escapes. Lone surrogates and bytes that are
    not UTF-8 become U+FFFD. Verify the signature of the body before the repair, because the signature is not valid for
    the changed bytes.
    """
    encoding = next((name for mark, name in _BYTE_ORDER_MARKS.items() if text.startswith(mark)), "utf-8")
    text = text.decode(encoding, "replace").encode()
    return _STRING.sub(lambda found: _escaped(found[0]), _replace_lone_surrogates(text))


def _escaped(string: bytes) -> bytes:
    return _RAW_CONTROL.sub(lambda found: found[1] or b"\\u%04x" % found[0][0], string)


def _replace_lone_surrogates(text: bytes) -> bytes:
    return _LONE_SURROGATE.sub(lambda found: found[1] + (found[2] or b"\\ufffd"), text)
