"""Finds the signature in the headers, and decodes its digest even from forms that verification refuses."""

import base64
import binascii
import re
from typing import NamedTuple
from urllib.parse import unquote

from paycombat_async.webhooks.doctor.cause import Cause, Explanation
from paycombat_async.webhooks.doctor.keys import ALGORITHMS
from paycombat_async.webhooks.verify import Headers, distinct_signatures, header_pairs

_MOST = 8 * 1024  # how many characters of a signature are examined; real headers are shorter
_MOST_VALUES = 4
_AS_HEX = "Send it as 64 hex digits, lower case, and nothing else (digest('hex'), hexdigest())."


class SignatureReading(NamedTuple):
    """A digest that was decoded from a signature.

    `explanation` says what is wrong with the way in which the signature is written, or is None if nothing is wrong.
    """

    digest: bytes
    explanation: Explanation | None = None


MISSING = Explanation(
    Cause.NO_SIGNATURE,
    "There is no signature: the header is missing or empty.",
    "Webhooks carry it in X-Signature, requests in signature; look whether a proxy drops the header, "
    "and whether the message comes from the provider at all.",
)
_UNREAD_NAME = Explanation(
    Cause.HEADER_NAME,
    "The signature stands under a name that is not read, such as HTTP_X_SIGNATURE (WSGI), or bytes (ASGI).",
    "Pass the framework's request.headers, whose names are texts such as X-Signature; in Django not request.META.",
)
_NOT_TEXT = Explanation(
    Cause.HEADER_VALUE,
    "The value of the signature's header is bytes, a list or of another type than str.",
    "Pass the framework's request.headers, whose values are texts, or decode the value.",
)
_TWO_HEADERS = Explanation(
    Cause.SEVERAL_SIGNATURES,
    "There are two headers with different signatures.",
    "Send one: X-Signature with a webhook, signature with a request.",
)
_SEVERAL = Explanation(
    Cause.SEVERAL_SIGNATURES,
    "The header holds several values; a proxy has joined two headers, or it is another provider's form.",
    _AS_HEX,
)
_BASE64 = Explanation(Cause.SIGNATURE_BASE64, "The signature is written in Base64 instead of hex.", _AS_HEX)
_BASE64_OF_HEX = Explanation(Cause.SIGNATURE_BASE64, "The signature is the Base64 of hex digits.", _AS_HEX)


def _wrapped(what: str) -> Explanation:
    return Explanation(Cause.SIGNATURE_WRAPPED, f"The signature has {what}.", _AS_HEX)


# Patterns of what may surround the hex digits of a signature, such as quotes or a prefix, in the order in which they
# are tried. After a match, only the text in the pattern's group `rest` is used.
_WRAPPINGS: tuple[tuple[re.Pattern[str], Explanation], ...] = (
    (re.compile(r"b?(?P<mark>[\"'`])(?P<rest>.*)(?P=mark)", re.DOTALL), _wrapped("quotes around it")),
    (re.compile(r"<(?P<rest>.*)>", re.DOTALL), _wrapped("brackets around it")),
    (re.compile(r"(?:bearer|hmac|signature|digest)\s+(?P<rest>\S.*)", re.IGNORECASE), _wrapped("a word in front")),
    (re.compile(r"[\w.\-]{1,40}(?:\([^)]{0,99}\))?\s?[=:,]\s*(?P<rest>.{16,})"), _wrapped("a name in front of it")),
    (re.compile(r"0x(?P<rest>[0-9a-f]+)", re.IGNORECASE), _wrapped("0x in front of it")),
)
_SEPARATED = re.compile(r"(?:[0-9A-Fa-f]{2}[:\- ])+[0-9A-Fa-f]{2}")
_BETWEEN = _wrapped("other characters between its digits")
_HEX = re.compile(r"[0-9A-Fa-f]+")
_PERCENT = re.compile(r"%[0-9A-Fa-f]{2}")
_BASE64_FORM = re.compile(r"[A-Za-z0-9+/_\-]+={0,2}")
_NAMES = frozenset({"x-signature", "signature"})


def signature_in(headers: Headers | None) -> tuple[str, Explanation | None]:
    """Returns the signature in the headers, and what is wrong with the header that contains it.

    Without a signature, the first item is "". If nothing is wrong with the header, the second item is None.
    """
    pairs: list[tuple[object, object]] = [] if headers is None else list(header_pairs(headers))
    found = [value for name, value in pairs if isinstance(name, str) and name.lower() in _NAMES and value is not None]
    if found:
        texts = [_text(value) for value in found]
        if any(not isinstance(value, str) for value in found):
            return ",".join(texts), _NOT_TEXT
        different = distinct_signatures(",".join(texts))
        return (",".join(texts), _TWO_HEADERS) if len(texts) > 1 < len(different) else one_signature(",".join(texts))
    near = [_text(value) for name, value in pairs if _text(name).lower().replace("_", "-").endswith("signature")]
    return next(((value, _UNREAD_NAME) for value in near if value.strip()), ("", None))


def one_signature(text: str) -> tuple[str, Explanation | None]:
    """Returns the signature in the value of a header, and what is wrong with the value, or None if nothing is wrong.

    The value may have several parts, separated by commas. If all parts are the same, one part is the signature. If they
    differ, the whole value is the signature and, if all parts are hex digests, the second item says that there are
    several signatures.
    """
    different = distinct_signatures(text)
    if len(different) > 1:
        return text, _TWO_HEADERS if all(map(_is_hex_digest, different)) else None
    return "".join(different), None


def _text(given: object) -> str:
    """Returns the name or value of a header as a str. Bytes, which ASGI uses, are decoded.

    For a list or tuple, returns its first item as a str. Returns "" for an empty list or tuple and for any other type.
    """
    if isinstance(given, list | tuple) and given:
        return _text(given[0])  # pyright: ignore[reportUnknownArgumentType]  # of anything
    return given.decode("latin-1") if isinstance(given, bytes) else given if isinstance(given, str) else ""


def readings(signature: str, explanation: Explanation | None = None) -> list[SignatureReading]:
    """Returns the digests that can be decoded from a signature, or an empty list if it contains no digest.

    `explanation` says what is wrong with the header, and is set in each returned digest. If it is None, each digest
    gets an explanation of what is wrong with its own form, or None if it is plain hex.
    """
    text = signature[:_MOST].strip()
    if _is_hex_digest(text):
        return [SignatureReading(bytes.fromhex(text), explanation)]
    values = [value for value in re.split(r"[,;\s]+", text) if value]
    found = [reading for value in values[:_MOST_VALUES] for reading in _unwrapped(value, explanation or _SEVERAL)]
    whole = _unwrapped(text, explanation)
    return whole or found


def _unwrapped(text: str, explanation: Explanation | None) -> list[SignatureReading]:
    if not text.isascii() or not text.isprintable():
        text, explanation = re.sub(r"[^\x21-\x7e]", "", text), explanation or _BETWEEN
    if _PERCENT.search(text):
        text, explanation = unquote(text), explanation or _BETWEEN
    if _SEPARATED.fullmatch(text):
        text, explanation = re.sub(r"[:\- ]", "", text), explanation or _BETWEEN
    for wrapping, what in _WRAPPINGS:
        found = wrapping.fullmatch(text)
        if found:
            text, explanation = found["rest"].strip(), explanation or what
    return _read(text, explanation)


def _read(text: str, explanation: Explanation | None) -> list[SignatureReading]:
    if _is_hex_digest(text):
        return [SignatureReading(bytes.fromhex(text), explanation)]
    decoded = _from_base64(text)
    if len(decoded) in ALGORITHMS and not _is_hex_digest(decoded.decode("latin-1")):
        return [SignatureReading(decoded, explanation or _BASE64)]
    inner = decoded.decode("latin-1").strip()
    return [SignatureReading(bytes.fromhex(inner), explanation or _BASE64_OF_HEX)] if _is_hex_digest(inner) else []


def _is_hex_digest(text: str) -> bool:
    return _HEX.fullmatch(text) is not None and len(text) % 2 == 0 and len(text) // 2 in ALGORITHMS


def _from_base64(text: str) -> bytes:
    if not _BASE64_FORM.fullmatch(text):
        return b""
    bare = text.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(bare + "=" * (-len(bare) % 4))
    except binascii.Error:
        return b""


def malformed(signature: str) -> Explanation:
    """Returns what is wrong with a signature that contains no digest."""
    text = signature.strip()
    if not text:
        return MISSING
    kind = "hex digits" if _HEX.fullmatch(text) else "characters that are neither hex nor Base64 of a digest"
    return Explanation(
        Cause.SIGNATURE_MALFORMED,
        f"The signature is {len(text)} {kind}; HMAC-SHA256 gives 64 hex digits.",
        f"Look whether it was cut off, doubled or masked on its way. {_AS_HEX}",
    )
