"""Translates exceptions of a request into the SDK's errors. Uses only the types of the exceptions, and not their texts.

The texts come from other libraries and may quote the address, a header or the password of a proxy. An aiohttp error may
also have a `status`. This number is used only if a proxy has refused the connection, because aiohttp's parser sets it
to 400 for each answer that it cannot read, whatever the server has sent.
"""

import errno
import ssl
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp

from paycombat_async.errors import (
    ConnectFailed,
    Disconnected,
    InvalidResponse,
    PayCombatError,
    TimedOut,
    TransportError,
)
from paycombat_async.transport.guarded_connector import UnusableConnection
from paycombat_async.transport.response_body import BrokenBody, UnacceptableBody


class ConnectionBroke(Exception):
    """The connection broke during a request. The text is the class name of the original error, or another reason."""


class TransportClosed(Exception):
    """The transport was closed before a call had a connection, so nothing was sent."""


_UNKNOWN_AUTHORITY: Final = "comes from an authority that this machine does not trust"
# The keys are OpenSSL's verification codes (x509_vfy.h).
_CERTIFICATE_FAULTS: Final[Mapping[int, str]] = {
    9: "is not valid yet, by the clock of this machine",
    10: "has expired",
    18: "is self-signed",
    19: _UNKNOWN_AUTHORITY,  # the chain includes its own root certificate, which is not trusted
    20: _UNKNOWN_AUTHORITY,
    21: _UNKNOWN_AUTHORITY,
    23: "was revoked",
    62: "is for another name",
    64: "is for another name",  # 62: a host name does not match; 64: an IP address does not match
}
_ERRNOS: Final[Mapping[int, str]] = {
    errno.EMFILE: "this process has no file descriptors left; raise its limit, or lower max_connections",
    errno.ENFILE: "this machine has no file descriptors left",
    errno.ECONNREFUSED: "the connection was refused",
    errno.ENETUNREACH: "there is no route to it from this machine",
    errno.EHOSTUNREACH: "there is no route to it from this machine",
    errno.EADDRNOTAVAIL: "this machine has no free port or no suitable address",
    errno.EACCES: "this machine does not allow the connection",
    errno.EPERM: "this machine does not allow the connection",
}


def translate_error(error: Exception, host: str, *, sent: bool) -> PayCombatError:
    """Returns the SDK's error for an exception that a request to `host` (a name with or without a port) has raised.

    `sent` says whether bytes of the request may have been sent. If so, the outcome of the returned error is UNKNOWN,
    otherwise NOT_SENT.
    """
    if isinstance(error, UnacceptableBody):
        return InvalidResponse(f"the answer of {host} {error}; whether the call was carried out is unknown")
    if not sent:
        return ConnectFailed(f"could not connect to {host}: {_reason(error, host)}; nothing was sent")
    if isinstance(error, TimeoutError):
        return TimedOut(f"{host} did not answer in time; whether the call was carried out is unknown")
    name = str(error) if isinstance(error, ConnectionBroke | BrokenBody) else type(error).__name__
    return Disconnected(f"the answer of {host} broke off ({name}); whether the call was carried out is unknown")


def given_up(host: str, *, sent: bool) -> TransportError:
    """Returns the error that becomes the `__cause__` of the CancelledError when the task of a request is cancelled.

    `sent` says whether bytes of the request may have been sent.
    """
    if not sent:
        return ConnectFailed(f"the call was given up before there was a connection to {host}; nothing was sent")
    return Disconnected(f"the call was given up before {host} answered; whether it was carried out is unknown")


def _certificate_fault(error: Exception) -> str:
    code = error.verify_code if isinstance(error, ssl.SSLCertVerificationError) else 0
    return _CERTIFICATE_FAULTS.get(code, "is not trusted")


def _os_reason(error: OSError, other: str) -> str:
    return _ERRNOS.get(error.errno or 0, other)


def _reason(error: Exception, host: str) -> str:
    """Returns in words why no connection was made: a fault of the host, of the proxy or of this machine."""
    is_of_proxy = (
        isinstance(error, aiohttp.ClientConnectorError) and error.host.lower() != urlsplit(f"//{host}").hostname
    )
    words = next((words for kind, words in _REASONS if isinstance(error, kind)), None)
    if words is None:
        return f"no connection could be made ({type(error).__name__})"
    return words if isinstance(words, str) else words(error, "the proxy's" if is_of_proxy else "its")


_OTHER: Final = "the connection was refused or broke off"
# Each entry is a type of error and the reason that the user reads. The first type that matches the error counts. The
# reason is a str, or a function that returns one. The function gets the error, and "the proxy's" if the error is about
# the proxy, or "its" if the error is about the host.
_REASONS: Final[tuple[tuple[type[Exception], str | Callable[[Any, str], str]], ...]] = (
    (
        aiohttp.ClientConnectorCertificateError,
        lambda error, whose: f"{whose} certificate {_certificate_fault(error.certificate_error)}",
    ),
    (aiohttp.ClientSSLError, "the TLS handshake failed"),
    (
        aiohttp.ClientConnectorDNSError,
        lambda error, whose: _os_reason(error.os_error, f"{whose} name cannot be resolved"),
    ),
    (aiohttp.ClientHttpProxyError, lambda error, _whose: _proxy_refusal(error.status)),
    (
        aiohttp.ClientProxyConnectionError,
        lambda error, _whose: f"the proxy cannot be reached: {_os_reason(error.os_error, _OTHER)}",
    ),
    (aiohttp.ClientConnectorError, lambda error, _whose: _os_reason(error.os_error, _OTHER)),
    (TimeoutError, "no connection within the time allowed"),
    (TransportClosed, "the client was closed"),
    (UnusableConnection, lambda error, _whose: str(error)),
    (aiohttp.InvalidURL, "its address is not valid"),
    (UnicodeError, "its address is not valid"),
    (OSError, lambda error, _whose: _os_reason(error, _OTHER)),
    (aiohttp.ClientError, _OTHER),
)


def _proxy_refusal(status: int) -> str:
    if status == 407:
        return "the proxy wants a user name and a password, or others than those in proxy= (407)"
    return f"the proxy refused to connect to it ({status})"
