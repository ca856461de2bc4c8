"""The undocumented parts of aiohttp that the SDK uses, and the check that the installed aiohttp has them.

A later version of aiohttp may rename these parts or change their parameters. Therefore they are checked when this
module is imported. `MISSING` has the names of missing parts. If a part is missing, the SDK sends its requests through
an `aiohttp.ClientSession`, which is public.
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

# By default, aiohttp accepts 8 190 bytes per header line and 128 header lines in an answer. A proxy in front of the
# provider may add more, such as a long Content-Security-Policy or many Set-Cookie headers. With aiohttp's limits, such
# an answer raised an error.
MAX_HEAD_LINE: Final = 64 * 1024
MAX_HEAD_LINES: Final = 1000
_READ_BUFFER_BYTES: Final = 64 * 1024


class Destination(ClientRequest):
    """A request that only tells aiohttp's connector where to connect: host, port and TLS, without a proxy.

    This request is never sent. Its headers contain `Host` as aiohttp writes it. aiohttp finds free connections by the
    value of `connection_key`, which is computed only once here, and not for each call.
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
    """Returns an awaitable for the next answer: its head (with `code` and `headers`) and the stream of its body.

    When awaited, it raises an aiohttp error if the connection broke. If the answer is not HTTP, it raises the error of
    aiohttp's parser, which is not a `ClientError`.
    """
    return protocol.read()  # returned without `await`, which saves one coroutine per call


def is_interim(head: "RawResponseMessage") -> bool:
    """Whether the status is 1xx, except 101. After such an answer, the final answer follows (RFC 9110, 15.2)."""
    return 100 <= head.code < 200 and head.code != 101


def is_spent(protocol: "ResponseHandler") -> bool:
    """Whether the connection cannot be used again, for example because it broke or received unexpected bytes."""
    return protocol.should_close


def is_request_replaced() -> bool:
    """Whether a library such as aioresponses or VCR.py has replaced the request function of aiohttp's session.

    The name of the function does not show a replacement, because `functools.wraps` copies names. Therefore the file
    that contains the function's code is compared. Wrappers of tracing libraries have the code of the wrapped function,
    so they do not count as replacements.
    """
    request, public = _request_functions(aiohttp.ClientSession)
    if request is _REQUEST and public is _PUBLIC:  # neither was replaced since the import
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
    """Changes the request, so that aiohttp awaits `check(connection)` right before it writes the request.

    If `check` raises an error, the request is not written.
    """
    send = request.send

    async def check_and_send(conn: "Connection") -> ClientResponse:
        await check(conn)
        return await send(conn)

    request.send = check_and_send  # type: ignore[method-assign]  # of this one request, not of its class


class _Needed(NamedTuple):
    """A function of aiohttp that the SDK needs, and the arguments that it must accept.

    `by_position` is the number of positional arguments, including the `self` of a method. `by_name` has the names of
    the keyword arguments.
    """

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
    """Returns the names of the functions and attributes that the installed aiohttp does not have.

    A function that does not accept the needed arguments counts as missing, too.
    """
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
