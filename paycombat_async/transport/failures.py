"""Translates exceptions of a request into the SDK's errors. Uses only the types of the exceptions, and not their texts.

These texts are written by other libraries, and may quote the address, a header or the password of a proxy. The status
of an aiohttp error is used only if a proxy has refused the connection. For failures of aiohttp's parser, it is always
400, whatever the server has sent.
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
    """The connection broke. The text of this error is the name of the original error's class, or the reason."""


class TransportClosed(Exception):
    """The transport was closed while a call waited for a connection."""


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
    """Returns the SDK's error for an exception of a request to `host`, which is a name with or without a port.

    `sent` means that bytes of the request may have been sent. The outcome of the error is then UNKNOWN, and otherwise
    NOT_SENT.
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
    """Returns the error for a request whose task was cancelled. It becomes the `__cause__` of the CancelledError."""
    if not sent:
        return ConnectFailed(f"the call was given up before there was a connection to {host}; nothing was sent")
    return Disconnected(f"the call was given up before {host} answered; whether it was carried out is unknown")


def _certificate_fault(error: Exception) -> str:
    code = error.verify_code if isinstance(error, ssl.SSLCertVerificationError) else 0
    return _CERTIFICATE_FAULTS.get(code, "is not trusted")


def _os_reason(error: OSError, other: str) -> str:
    return _ERRNOS.get(error.errno or 0, other)


def _reason(error: Exception, host: str) -> str:
    """Returns the reason why there is no connection. It says if the fault is at the host, the proxy or this machine."""
    is_of_proxy = (
        isinstance(error, aiohttp.ClientConnectorError) and error.host.lower() != urlsplit(f"//{host}").hostname
    )
    words = next((words for kind, words in _REASONS if isinstance(error, kind)), None)
    if words is None:
        return f"no connection could be made ({type(error).__name__})"
    return words if isinstance(words, str) else words(error, "the proxy's" if is_of_proxy else "its")


_OTHER: Final = "the connection was refused or broke off"
# Pairs of an error's type and a reason; the first type that matches the error decides. The reason is a str, or a
# function that returns a str. The function gets the error, and "the proxy's" if the error is about the proxy, or "its"
# if the error is about the host.
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
