"""Verifies the signatures of webhooks (`verify`), and also decodes them (`unwrap`).

Both exist as functions, which take the keys as an argument, and as methods of `Webhooks`, which keeps the keys.

The provider signs `JSON.stringify(data)` with the signature key. Its documentation does not say whether it sends the
same bytes. Therefore the signature is first checked over the HTTP body as received. If the signature does not match, it
is checked over the body as JavaScript prints it, `JSON.stringify(JSON.parse(body))`. The bytes that match are decoded.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final, NoReturn, Protocol, TypeAlias

from paycombat_async._json.stringify import stringify
from paycombat_async._secrets import Secret, as_secrets
from paycombat_async._signing import Signer
from paycombat_async.errors import ConfigurationError, SignatureMismatch
from paycombat_async.schemas.events import WebhookEvent
from paycombat_async.webhooks.events import read_event

MAX_BODY: Final = 256 * 1024  # in bytes; longer bodies are refused. The provider's webhooks have only 1 to 2 kB.
MAX_KEYS: Final = 4
# The names of headers with a signature, in lower case. The provider documents X-Signature for webhooks, and signature
# for requests.
_HEADERS: Final = frozenset({"x-signature", "signature"})
# The lengths of these names. A header whose name has none of these lengths is skipped at once, which halves the time
# for it.
_LENGTHS: Final = frozenset(map(len, _HEADERS))
_MAX_SIGNATURE: Final = 128  # characters in a header value with one signature, including white space
_MAX_JOINED: Final = 8 * _MAX_SIGNATURE
_NO_HEADERS: Final = (AttributeError, TypeError, ValueError)
_SIGNATURE: Final = re.compile(r"\s*[0-9A-Fa-f]{64}\s*", re.ASCII)


class HasItems(Protocol):
    """Any object whose `items()` returns headers, such as the `request.headers` of a web framework."""

    def items(self) -> Iterable[tuple[str, str]]:
        """Returns pairs of header name and value, both of type str. A name may occur twice."""
        ...


Headers: TypeAlias = HasItems | Iterable[tuple[str, str]]


def unwrap(body: bytes, headers: Headers, keys: Sequence[str | Secret]) -> WebhookEvent:
    """Returns the event in a webhook whose signature matches one of the keys. `body` must be the raw bytes as received.

    `headers` are the framework's `request.headers`, or pairs of name and value. The same signature may be in `headers`
    twice. If the sender's input is wrong, raises `SignatureMismatch` or `InvalidPayload`: reply 400 and do nothing
    else. Raises `ConfigurationError` for a mistake in your code, such as a body that is not bytes. Anyone who has seen
    a genuine webhook can send it again at any time. Therefore process each `event.key` only once.
    """
    keys = as_secrets(keys)  # a `Secret` hides the keys in tracebacks that show local variables
    return Webhooks(keys).unwrap(body, headers)


def verify(body: bytes, headers: Headers, keys: Sequence[str | Secret]) -> bytes:
    """Returns the verified bytes of a webhook. Decode these bytes, and not `body`.

    The verified bytes are `body` or, if the signature matches only these, the bytes that JavaScript prints for it,
    `JSON.stringify(JSON.parse(body))`. Raises `SignatureMismatch` if the signature is missing or matches no key. Raises
    `ConfigurationError` for a mistake in the calling code, such as a body that is not bytes.
    """
    keys = as_secrets(keys)
    return Webhooks(keys).verify(body, headers)


class Webhooks:
    """Verifies and decodes webhooks with fixed keys. Does no I/O, and may be shared between threads.

    While a key is being replaced, pass both the old and the new key. The methods are faster than the functions `unwrap`
    and `verify`, which must prepare the keys in each call.
    """

    __slots__ = ("_signers",)

    def __init__(self, keys: Sequence[str | Secret]) -> None:
        """Raises `ConfigurationError` if there are no keys or more than four, or if a key is invalid.

        A key is invalid if it is empty, has white space around it, or contains characters that cannot be printed.
        """
        keys = as_secrets(keys)
        if not 0 < len(keys) <= MAX_KEYS:
            raise ConfigurationError(f"keys must be a list of 1 to {MAX_KEYS} signature keys, as in keys=[key]")
        self._signers = tuple(_signer(place, key) for place, key in enumerate(keys))

    def unwrap(self, body: bytes, headers: Headers) -> WebhookEvent:
        """Returns the event in a webhook whose signature matches one of this object's keys.

        Arguments and errors are those of the function `unwrap`.
        """
        return read_event(self.verify(body, headers))

    def verify(self, body: bytes, headers: Headers) -> bytes:
        """Returns the verified bytes of a webhook whose signature matches one of this object's keys.

        Arguments and errors are those of the function `verify`.
        """
        if not isinstance(body, bytes):  # pyright: ignore[reportUnnecessaryIsInstance]  # some frameworks pass a str
            raise _not_bytes(body)
        if len(body) > MAX_BODY:
            raise SignatureMismatch(f"the body has more than {MAX_BODY} bytes; it was not looked at")
        signature = _signature_in(headers)
        for signer in self._signers:
            if signer.verify(body, signature):
                return body
        printed = _printed_again(body, signature)
        if printed is not None and any(signer.verify(printed, signature) for signer in self._signers):
            return printed
        raise SignatureMismatch(
            "no key verifies the signature over this body; check that the key is this account's, and that the body is "
            "passed as it came"
        )

    def __repr__(self) -> str:
        return "Webhooks(***)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("Webhooks cannot be pickled or copied; make one from the keys where it is needed")


def _signer(place: int, key: Secret) -> Signer:
    if not key.reveal():
        raise ConfigurationError(f"keys[{place}] is empty or no text; pass the signature key of your account")
    # `isprintable` also refuses half surrogate pairs. With such a key, `Signer` would fail to encode the key, and the
    # traceback of this error could show the key among the local variables.
    if key.reveal() != key.reveal().strip() or not key.reveal().isprintable():
        raise ConfigurationError(f"keys[{place}] has white space around it, or characters that no key has")
    return Signer(key.reveal())


def _signature_in(headers: Headers) -> str:
    """Returns the signature in the headers. Upper and lower case in their names does not matter.

    Raises `SignatureMismatch` if there is no signature, or if there are two different ones. Raises `ConfigurationError`
    for mistakes in the calling code: `headers` is neither a mapping nor an iterable of pairs, a name is not a str, or
    the signature is not a str but, for example, bytes or a list.
    """
    signature: str | None = None
    try:
        for name, value in header_pairs(headers):
            if len(name) in _LENGTHS and name.lower() in _HEADERS and value is not None:  # pyright: ignore[reportUnnecessaryComparison]  # a header that a framework's `get` did not find
                if not isinstance(value, str):  # pyright: ignore[reportUnnecessaryIsInstance]  # some frameworks have bytes or lists
                    raise _not_text(value)
                signature = value if signature is None else f"{signature},{value}"
    except _NO_HEADERS:
        signature = None
    if signature is not None and 0 < len(signature) <= _MAX_SIGNATURE and "," not in signature:
        return signature
    if signature is None and not _has_text_names(headers):
        raise ConfigurationError("headers must be a mapping whose names are text; pass the framework's request.headers")
    return _only_signature(signature or "")


def header_pairs(headers: Headers) -> Iterable[tuple[str, str]]:
    """Returns pairs of name and value. `headers` either has a method `items()` or is an iterable of such pairs."""
    items = getattr(headers, "items", None)
    return headers if items is None else items()  # type: ignore[return-value]  # what has no `items` is pairs, or fails later


def _only_signature(signature: str) -> str:
    copies = distinct_signatures(signature)
    if len(copies) == 1 and 0 < len(copies[0]) <= _MAX_SIGNATURE:
        return copies[0]
    if len(copies) > 1:
        raise SignatureMismatch("there are two signatures in the headers, and they differ")
    raise SignatureMismatch("there is no X-Signature header, or no signature in it; the provider signs each webhook")


def distinct_signatures(signature: str) -> list[str]:
    """Returns the different signatures in the value of a header.

    WSGI servers and Tornado join several headers of the same name with commas (RFC 9110, 5.3). The parts of a joined
    value are returned in lower case. A value without a comma, or of more than 1024 characters, is returned unchanged as
    the only signature.
    """
    if "," not in signature or len(signature) > _MAX_JOINED:
        return [signature]
    copies = (copy.strip().lower() for copy in signature.split(","))
    return list(dict.fromkeys(copy for copy in copies if copy))


def _not_text(value: object) -> ConfigurationError:
    return ConfigurationError(
        f"the signature in headers is {type(value).__name__}, not text; pass the framework's request.headers"
    )


def _has_text_names(headers: Headers) -> bool:
    try:
        return all(isinstance(name, str) for name, _ in header_pairs(headers))  # pyright: ignore[reportUnnecessaryIsInstance]  # ASGI has bytes
    except _NO_HEADERS:
        return False


def _printed_again(body: bytes, signature: str) -> bytes | None:
    """Returns the body as JavaScript prints it, `JSON.stringify(JSON.parse(body))`, or None if it need not be checked.

    The printed body need not be checked if the body is not JSON, if it is printed unchanged, or if `signature` is not
    64 hexadecimal digits.
    """
    if not _SIGNATURE.fullmatch(signature):
        return None
    try:
        printed = stringify(body)
    except ValueError:
        return None
    return None if printed == body else printed


def _not_bytes(body: object) -> ConfigurationError:
    return ConfigurationError(
        f"body is {type(body).__name__}, not bytes; pass the request's body as it came, before anything parses it"
    )
