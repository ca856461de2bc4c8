"""Webhooks, verified and read: `unwrap` and `verify`, with keys given each time or bound to a `Webhooks`.

The provider signs `JSON.stringify(data)` with the signature key, and the record does not say whether these are the
bytes it sends. So the body is tried as it came, then as JavaScript would print it again; what verified is what is read.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, NoReturn

from paycombat_async._json.stringify import stringify
from paycombat_async._secrets import Secret, as_secrets
from paycombat_async._signing import Signer
from paycombat_async.errors import ConfigurationError, SignatureMismatch
from paycombat_async.schemas.events import WebhookEvent
from paycombat_async.webhooks.events import read_event

MAX_BODY: Final = 256 * 1024  # bytes; the provider's webhooks have 1 or 2 kB
MAX_KEYS: Final = 4
_HEADERS: Final = frozenset({"x-signature", "signature"})  # on the webhook pages; on the pages of the API
_LENGTHS: Final = frozenset(map(len, _HEADERS))  # looked at first: half the time goes into other headers
_MAX_SIGNATURE: Final = 128  # characters, with white space around it
_NO_MAPPING: Final = (AttributeError, TypeError, ValueError)
_SIGNATURE: Final = re.compile(r"\s*[0-9A-Fa-f]{64}\s*", re.ASCII)


def unwrap(body: bytes, headers: Mapping[str, str], keys: Sequence[str | Secret]) -> WebhookEvent:
    """The event in a webhook that one of the keys verifies. Give `body` as it came: bytes, not parsed, not decoded.

    Raises `SignatureMismatch` or `InvalidPayload` for what anybody may send: answer 400 and do nothing else. Raises
    `ConfigurationError` for what only the calling code can have got wrong. A genuine webhook can be sent again by
    whoever has seen it, for ever: act once on each `event.key`.
    """
    keys = as_secrets(keys)  # so that no traceback with local variables shows them
    return Webhooks(keys).unwrap(body, headers)


def verify(body: bytes, headers: Mapping[str, str], keys: Sequence[str | Secret]) -> bytes:
    """The bytes that were signed: `body`, or what JavaScript prints of it. Read these, never `body`.

    Raises as `unwrap`.
    """
    keys = as_secrets(keys)
    return Webhooks(keys).verify(body, headers)


class Webhooks:
    """Verifies and reads webhooks with the same keys each time, without I/O. Safe to share between threads.

    Several keys are for the days when one replaces another. Faster than the functions, which prepare keys each time.
    """

    __slots__ = ("_signers",)

    def __init__(self, keys: Sequence[str | Secret]) -> None:
        """Raises `ConfigurationError` for no key, more than four, or one that cannot be a key."""
        keys = as_secrets(keys)
        if not 0 < len(keys) <= MAX_KEYS:
            raise ConfigurationError(f"keys must be a list of 1 to {MAX_KEYS} signature keys, as in keys=[key]")
        self._signers = tuple(_signer(place, key) for place, key in enumerate(keys))

    def unwrap(self, body: bytes, headers: Mapping[str, str]) -> WebhookEvent:
        """The event in a webhook; raises as the function `unwrap`."""
        return read_event(self.verify(body, headers))

    def verify(self, body: bytes, headers: Mapping[str, str]) -> bytes:
        """The bytes that were signed; raises as the function `unwrap`."""
        if not isinstance(body, bytes):  # pyright: ignore[reportUnnecessaryIsInstance]  # frameworks hand out text, too
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
    # Half a surrogate pair is not printable either: `Signer` would refuse it with the key among its local variables.
    if key.reveal() != key.reveal().strip() or not key.reveal().isprintable():
        raise ConfigurationError(f"keys[{place}] has white space around it, or characters that no key has")
    return Signer(key.reveal())


def _signature_in(headers: Mapping[str, str]) -> str:
    """The one signature in the headers, whatever mapping the framework has for them, and whatever case it writes."""
    signature: object = None
    try:
        for name, value in headers.items():
            if len(name) in _LENGTHS and name.lower() in _HEADERS:
                if signature is not None and signature != value:
                    raise SignatureMismatch("there are two signatures in the headers, and they differ")
                signature = value
    except _NO_MAPPING:
        signature = None
    if isinstance(signature, str) and 0 < len(signature) <= _MAX_SIGNATURE:
        return signature
    if signature is None and not _has_text_names(headers):
        raise ConfigurationError("headers must be a mapping whose names are text; pass the framework's request.headers")
    raise SignatureMismatch("there is no X-Signature header, or no signature in it; the provider signs each webhook")


def _has_text_names(headers: Mapping[Any, Any]) -> bool:
    try:
        return all(isinstance(name, str) for name, _ in headers.items())
    except _NO_MAPPING:
        return False


def _printed_again(body: bytes, signature: str) -> bytes | None:
    """What JavaScript would print of the body, if that is something else and the signature may be one at all."""
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
