"""Encodes a request, headers and body, into the bytes of HTTP/1.1 (RFC 9112, 3 and 6)."""

import re
from functools import lru_cache
from typing import Final, NamedTuple

from paycombat_async._protocol.messages import Draft
from paycombat_async.errors import ConfigurationError
from paycombat_async.transport.connections import HEADERS

_TARGET: Final = re.compile(r"/[!-~]*\Z")
_TOKEN: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+\Z")
_MADE_HERE: Final = frozenset({"host", "content-length", "transfer-encoding", "connection"})
# Without a body, these methods are sent without Content-Length; other methods are sent with `Content-Length: 0`.
_WITHOUT_LENGTH: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


class _Usual(NamedTuple):
    """The header lines that all requests with the same method and header names share, and the number of all lines."""

    lines: str
    total: int


def encode_request(draft: Draft, target: str, host: str) -> bytes:
    """Returns the bytes of a request. `target` is the encoded path and query.

    Raises `ConfigurationError` for a character that a header must not contain, such as a line break: what follows it
    could be read as a second request.
    """
    method, headers, body = draft.method, draft.headers, draft.body
    usual = _usual(method, host, tuple(headers))
    if body is not None:
        length = f"Content-Length: {len(body)}\r\n"
    else:
        length = "" if method in _WITHOUT_LENGTH else "Content-Length: 0\r\n"
    lines = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
    head = f"{method} {target} HTTP/1.1\r\n{usual.lines}{lines}{length}\r\n"
    total = usual.total + (length != "")
    if usual.total and head.count("\n") == head.count("\r") == total and "\0" not in head and _is_target(target):
        try:
            return head.encode() + (body or b"")
        except UnicodeEncodeError:  # the error holds the head, with the token: it must not become a context
            pass
    raise ConfigurationError(f"{draft.endpoint}: its address or a header has characters that no request can hold")


@lru_cache(256)
def _is_target(target: str) -> bool:
    return _TARGET.match(target) is not None


@lru_cache(256)
def _usual(method: str, host: str, names: tuple[str, ...]) -> _Usual:
    """Returns the further header lines of such a request; a total of 0 lines if the request would be invalid."""
    given = {name.lower() for name in names}
    if not given.isdisjoint(_MADE_HERE) or len(given) < len(names) or not all(map(_TOKEN.match, (method, *names))):
        return _Usual("", 0)
    others = [f"{name}: {value}\r\n" for name, value in HEADERS.items() if name.lower() not in given]
    # Counted are the request line, `Host`, the headers in `others` and `names`, and the empty line at the end.
    return _Usual(f"Host: {host}\r\n" + "".join(others), 1 + 1 + len(others) + len(names) + 1)
