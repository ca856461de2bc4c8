"""Checks of a request before its handler runs: host, token, content type, signature, body. No I/O.

"Refuses with 401" means here: raises `Refused`, an error that becomes a response with the HTTP status 401.
"""

import re
from functools import lru_cache
from ipaddress import ip_address
from typing import Any, Generic, TypeVar
from urllib.parse import urlsplit

import msgspec
from msgspec import UNSET

from paycombat_async._signing import Signer
from paycombat_async.sandbox.refusals import Refused, bad_request, unauthorized
from paycombat_async.sandbox.stringify import stringify
from paycombat_async.schemas._base import explain

# The longest body that the sandbox accepts: a little less than the 102,400 bytes ("100kb") that Express, a web
# framework for Node.js, accepts by default.
MAX_BODY_BYTES = 100_000
_SIGNATURE = re.compile(r"[0-9a-f]{64}")

Q = TypeVar("Q")


def check_host(given: list[str]) -> None:
    """Refuses with 421 unless there is exactly one Host header, and its host is "localhost" or a loopback address.

    Without this check, web pages could reach the sandbox by DNS rebinding.
    """
    if len(given) != 1 or not is_loopback(given[0]):
        raise Refused(421, "MISDIRECTED_REQUEST", "the Host header must be localhost or a loopback address")


@lru_cache(maxsize=64)
def is_loopback(authority: str) -> bool:
    """Returns whether `authority` (`host` or `host:port`) names "localhost" or a loopback address."""
    try:
        name = urlsplit(f"//{authority}").hostname
        return name == "localhost" or (name is not None and ip_address(name).is_loopback)
    except ValueError:
        return False


def check_token(given: list[str], token: str) -> None:
    """Refuses with 401 unless there is exactly one `X-token` header, with this token."""
    if given != [token]:
        raise unauthorized("X-token is missing, repeated or wrong")


def check_content_type(kind: str, charset: str | None, encoding: str | None) -> None:
    """Refuses with 415 unless the headers say that the body is uncompressed JSON in UTF-8.

    `kind` is the media type. If `charset` is None, the body counts as UTF-8.
    """
    if kind != "application/json" or (charset or "utf-8").lower() != "utf-8":
        raise Refused(415, "UNSUPPORTED_MEDIA_TYPE", "Content-Type must be application/json, in UTF-8")
    if encoding is not None:
        raise Refused(415, "UNSUPPORTED_MEDIA_TYPE", "Content-Encoding is not supported")


def check_signature(body: bytes, given: list[str], signer: Signer) -> None:
    """Refuses with 401 unless the signature matches both the received bytes and `JSON.stringify(JSON.parse(body))`.

    It is unknown which of these two texts the provider verifies, so the provider may refuse a signature that matches
    only one of them. Therefore the sandbox always refuses such a signature. If the signature matches the received
    bytes, but these are not JSON, the request is refused with 400.
    """
    if len(given) != 1 or not _SIGNATURE.fullmatch(given[0]):
        raise unauthorized("signature is missing, repeated, or not 64 lower-case hexadecimal digits")
    fits_raw = signer.verify(body, given[0])
    try:
        printed = stringify(body.decode("utf-8")).encode("utf-8")
    except ValueError:
        raise _not_json() if fits_raw else unauthorized("signature does not fit the body") from None
    fits_printed = fits_raw if printed == body else signer.verify(printed, given[0])
    if not (fits_raw or fits_printed):
        raise unauthorized("signature does not fit the body")
    if not fits_printed:
        raise unauthorized("signature fits the body as received, but not JSON.stringify(JSON.parse(body))")
    if not fits_raw:
        raise unauthorized("signature fits JSON.stringify(JSON.parse(body)), but not the body as received")


def _not_json() -> Refused:
    return bad_request("the body is not JSON in UTF-8, or nested too deeply")


class BodyReader(Generic[Q]):
    """Decodes JSON request bodies into objects of one request type."""

    def __init__(self, kind: type[Q]) -> None:
        self._decoder = msgspec.json.Decoder(kind)

    def read(self, body: bytes) -> Q:
        """Returns the decoded request. Raises `Refused` (HTTP 400) if the body is invalid.

        The message of `Refused` names the invalid field, but does not contain its value.
        """
        try:
            request = self._decoder.decode(body)
        except msgspec.ValidationError as error:
            text, path = explain(error)
        except msgspec.DecodeError:
            raise _not_json() from None
        else:
            # Only the SDK's request types have a field `extra`: the SDK sends each item of `extra` as a field of its
            # own. A body that contains a field named "extra" is therefore an error.
            if getattr(request, "extra", UNSET) is UNSET:
                return request
            text, path = "object contains unknown field `extra`", "$"
        raise bad_request(f"{path}: {text}")


def reader_of(kind: type[Any]) -> BodyReader[Any] | None:
    """Returns the `BodyReader` for this request type, or None for `NoneType`, the type of endpoints without a body."""
    return None if kind is type(None) else BodyReader(kind)
