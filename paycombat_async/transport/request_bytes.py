"""Encodes the headers and the body of a request into the bytes of HTTP/1.1 (RFC 9112, 3 and 6)."""

import re
from functools import lru_cache
from typing import Final

from paycombat_async._protocol.messages import Draft
from paycombat_async.errors import ConfigurationError
from paycombat_async.transport.connections import HEADERS

_TARGET: Final = re.compile(r"/[!-~]*\Z")
_HOST: Final = re.compile(r"[!-~]+\Z")
_TOKEN: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+\Z")
_MADE_HERE: Final = frozenset({"host", "content-length", "transfer-encoding", "connection"})
# A request without a body has no Content-Length if its method is one of these. With other methods, it has
# `Content-Length: 0`.
_WITHOUT_LENGTH: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


def encode_request(draft: Draft, target: str, host: str) -> bytes:
    """Returns the bytes of a request. `target` is the encoded path and query.

    Raises `ConfigurationError` if the method, the target, the host or a header is invalid. A line break in a header is
    invalid, because a server could read the text after the line break as a second request.
    """
    method, body = draft.method, draft.body
    usual = _usual_lines(method, host, tuple(draft.headers))
    lines = [f"{name}: {value}" for name, value in draft.headers.items()]
    if body is not None or method not in _WITHOUT_LENGTH:
        lines.append(f"Content-Length: {len(body or b'')}")
    given = "".join(lines)
    if usual and _is_target(target) and "\r" not in given and "\n" not in given and "\0" not in given:
        lines += ("", "")
        head = f"{method} {target} HTTP/1.1\r\n{usual}" + "\r\n".join(lines)
        try:
            return head.encode() + (body or b"")
        except UnicodeEncodeError:  # contains the token, so it must not be the __context__ of the error below
            pass
    raise ConfigurationError(f"{draft.endpoint}: its address or a header has characters that no request can hold")


@lru_cache(256)
def _is_target(target: str) -> bool:
    return _TARGET.match(target) is not None


@lru_cache(256)
def _usual_lines(method: str, host: str, names: tuple[str, ...]) -> str:
    """Returns the header lines that the SDK adds to a request, such as `Host`.

    `names` are the names of the headers that the request already has. Returns "" if

    - the host, the method or one of the names is invalid;
    - a name occurs twice; or
    - only the SDK may set a header with this name, such as "Content-Length".
    """
    given = {name.lower() for name in names}
    if not given.isdisjoint(_MADE_HERE) or len(given) < len(names) or not all(map(_TOKEN.match, (method, *names))):
        return ""
    others = {"Host": host} | {name: value for name, value in HEADERS.items() if name.lower() not in given}
    return "".join(f"{name}: {value}\r\n" for name, value in others.items()) if _HOST.match(host) else ""
