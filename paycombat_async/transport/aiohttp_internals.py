"""The undocumented parts of aiohttp that the SDK uses, and the check that the installed aiohttp has them.

The check runs when this module is imported. It is necessary, because a later version of aiohttp may rename these parts
or change their parameters. `MISSING` has the names of missing parts. If it is not empty, the default transport uses an
`aiohttp.ClientSession`.
"""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Iterable
from importlib import import_module
from operator import attrgetter
from types import FunctionType
from typing import TYPE_CHECKING, Final, NamedTuple

import aiohttp
from aiohttp import ClientMiddlewareType, ClientRequest, ClientResponse, ClientSession, StreamReader, client
from yarl import URL

if TYPE_CHECKING:
    from aiohttp.client_proto import ResponseHandler
    from aiohttp.client_reqrep import ConnectionKey
    from aiohttp.connector import Connection
    from aiohttp.http import RawResponseMessage

# By default, aiohttp's parser accepts 8 190 bytes per header line and 128 header lines. A proxy may add more than that:
# a long Content-Security-Policy, or a Set-Cookie for each of its nodes. With the defaults, such an answer was lost.
MAX_HEAD_LINE: Final = 64 * 1024
MAX_HEAD_LINES: Final = 1000
_READ_BUFFER_BYTES: Final = 64 * 1024


class Destination(ClientRequest):
    """The part of a request that aiohttp's connector reads: host, port and TLS, without a proxy.

    It also has the `Host` header as aiohttp writes it. The key of the connection pool is computed only once, and not
    for each call.
    """

    def __init__(self, origin: str) -> None:
        super().__init__("GET", URL(origin, encoded=True), loop=asyncio.get_running_loop())
        self._key = super().connection_key

    @property
    def connection_key(self) -> "ConnectionKey":
        return self._key


def expect_response(protocol: "ResponseHandler", method: str) -> None:
    """Prepares the connection's parser for the answer to one request. Call it before the request is written."""
    protocol.set_response_params(
        skip_payload=method == "HEAD",
        read_until_eof=True,
        auto_decompress=False,
        read_bufsize=_READ_BUFFER_BYTES,
        max_line_size=MAX_HEAD_LINE,
        max_field_size=MAX_HEAD_LINE,
        max_headers=MAX_HEAD_LINES,
    )


def next_head(protocol: "ResponseHandler") -> "Awaitable[tuple[RawResponseMessage, StreamReader]]":
    """Returns an awaitable for the head of the next answer, with `code` and `headers`, and the stream of its body.

    The awaitable raises aiohttp's error if the connection broke. It raises the parser's error, which is not a
    `ClientError`, if the answer is not HTTP.
    """
    return protocol.read()  # not awaited here, which saves a coroutine per call


def is_interim(head: "RawResponseMessage") -> bool:
    """Whether this is an interim answer, which the final answer follows: status 1xx, but not 101 (RFC 9110, 15.2)."""
    return 100 <= head.code < 200 and head.code != 101


def is_spent(protocol: "ResponseHandler") -> bool:
    """Whether the connection cannot be used again, because it broke, or because bytes arrived without a request."""
    return protocol.should_close


def is_request_replaced() -> bool:
    """Whether a library such as aioresponses or VCR.py has replaced the request function of aiohttp's session.

    A function's name does not show this, because `functools.wraps` copies names. Therefore the file that contains the
    function's code is compared. Wrappers of tracing libraries have the code of the wrapped function, so they do not
    count as replacements.
    """
    request, public = _request_functions(aiohttp.ClientSession)
    if request is _REQUEST and public is _PUBLIC:  # these were examined at import
        return _IS_REPLACED_AT_IMPORT
    return not (_is_genuine(request) and _is_genuine(public))


def _is_genuine(function: object) -> bool:
    return type(function) is FunctionType and function.__code__.co_filename == client.__file__


def loop_of(session: ClientSession) -> asyncio.AbstractEventLoop | None:
    """Returns the event loop in which the session was made and must be used, or None if that is unknown."""
    loop: asyncio.AbstractEventLoop | None = getattr(session, "_loop", None)
    return loop


def middlewares_of(session: ClientSession) -> tuple[ClientMiddlewareType, ...]:
    """Returns the middlewares that the session was made with."""
    return tuple(getattr(session, "_middlewares", ()))


def before_sending(request: ClientRequest, check: "Callable[[Connection], Awaitable[None]]") -> None:
    """Makes the request await `check` with its connection right before it is written. Changes the request in place.

    If `check` raises, the request is not written.
    """
    send = request.send

    async def check_and_send(conn: "Connection") -> ClientResponse:
        await check(conn)
        return await send(conn)

    request.send = check_and_send  # type: ignore[method-assign]  # of this one request, not of its class


class _Needed(NamedTuple):
    """A function of aiohttp that the SDK needs, with the number of positional and the names of keyword arguments."""

    path: str
    by_position: int
    by_name: tuple[str, ...] = ()
    is_async: bool = False


_RESPONSE_PARAMS: Final = (
    *("skip_payload", "read_until_eof", "auto_decompress", "read_bufsize"),
    *("max_line_size", "max_field_size", "max_headers"),
)
_FOR_CONNECTIONS: Final = (
    _Needed("aiohttp:TCPConnector.connect", 4, is_async=True),
    _Needed("aiohttp:TCPConnector._create_connection", 4, is_async=True),
    _Needed("aiohttp:ClientRequest", 2, ("loop",)),
    _Needed("aiohttp.client_proto:ResponseHandler.set_response_params", 1, _RESPONSE_PARAMS),
    _Needed("aiohttp.client_proto:ResponseHandler.read", 1, is_async=True),
    _Needed("aiohttp:StreamReader.on_eof", 2),
)
_ATTRIBUTES: Final = (
    *("aiohttp.connector:Connection.protocol", "aiohttp.connector:Connection.transport"),
    *("aiohttp.connector:Connection.close", "aiohttp.connector:Connection.release"),
    *("aiohttp.client_proto:ResponseHandler.should_close", "aiohttp:ClientRequest.connection_key"),
    *("aiohttp.http:RawResponseMessage.code", "aiohttp.http:RawResponseMessage.headers"),
)
_FOR_SESSIONS: Final = (_Needed("aiohttp:ClientRequest.send", 2, is_async=True),)


def find_missing(needed: Iterable[_Needed], attributes: Iterable[str] = ()) -> list[str]:
    """Returns the names that the installed aiohttp does not have, or that do not accept the needed arguments."""
    return [path for path in attributes if _find(path) is None] + [one.path for one in needed if not _is_there(one)]


def _is_there(needed: _Needed) -> bool:
    function = _find(needed.path)
    if not callable(function) or (needed.is_async and not inspect.iscoroutinefunction(function)):
        return False
    try:
        inspect.signature(function).bind(*[None] * needed.by_position, **dict.fromkeys(needed.by_name))
    except (TypeError, ValueError):
        return False
    return True


def _find(path: str) -> object:
    module, _, names = path.partition(":")
    try:
        found: object = attrgetter(names)(import_module(module))
    except (ImportError, AttributeError):
        return None
    return found


_request_functions: Final = attrgetter("_request", "request")
_REQUEST, _PUBLIC = _request_functions(aiohttp.ClientSession)
_IS_REPLACED_AT_IMPORT: Final = not (_is_genuine(_REQUEST) and _is_genuine(_PUBLIC))
MISSING: Final = find_missing(_FOR_CONNECTIONS, _ATTRIBUTES)
MISSING_FOR_SESSIONS: Final = find_missing(_FOR_SESSIONS)
