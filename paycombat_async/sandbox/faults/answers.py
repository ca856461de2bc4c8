"""Faults that replace the correct response by a wrong one: errors with many statuses, an HTML page, redirects."""

import math
from collections.abc import Callable
from email.utils import formatdate
from http import HTTPStatus
from typing import Final

from paycombat_async.sandbox.faults.response import JSON, Change, Context, PlainResponse, refused

_ERROR_OBJECT = (
    b'{"success":false,"error":{"code":406,"name":"NOT_ACCEPTABLE","message":["amount is too small","bsb is unknown"]},'
    b'"request_id":"0d5f7c1a9b3e4826","request_time":"2025-11-24T16:00:00.250Z"}'
)
FAIL: Final = b'{"status":"fail","data":{"sender_amount":"insufficient"}}'
ERROR: Final = b'{"status":"error","message":"something went wrong on our side"}'
ERROR_OBJECT: Final = b'{"error":{"code":"INSUFFICIENT_FUNDS","message":"the balance is too low"},"data":{}}'
STATUS_CODE: Final = b'{"statusCode":422,"message":"sender_amount is too small"}'
STATUS_499: Final = (
    b'{"data":{},"request_id":"0d5f7c1a9b3e4826","request_time":"2025-11-24T16:00:00.250Z","status_code":499,'
    b'"status_text":"Client Closed Request","success":false}'
)
_PAGE = (
    "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n"
    "<center><h1>{title}</h1></center>\r\n</body>\r\n</html>\r\n"
)


def server_error(status: int) -> Change:
    """Returns a function that replaces a response by a 5xx error: this status and the sandbox's usual error body."""
    answer = refused(status, "SERVER_ERROR", "something went wrong on our side", {})
    return lambda _plain, _context: answer


def client_error(status: int) -> Change:
    """Returns a function that replaces a response by a 4xx error: this status and the sandbox's usual error body.

    After some 4xx statuses, such as 408, the client cannot know whether the request was executed.
    """
    answer = refused(status, f"ERROR_{status}", "the request was not completed", {})
    return lambda _plain, _context: answer


def in_200(body: bytes) -> Change:
    """Returns a function that replaces a response by one with HTTP status 200 and `body`.

    `body` says that the call failed, in contradiction to the status.
    """
    answer = PlainResponse(200, JSON, body)
    return lambda _plain, _context: answer


def error_object(_plain: PlainResponse, _context: Context) -> PlainResponse:
    """Returns a 406 response in the format of Finmo, the payment company behind the provider's API.

    The body contains an error object with a code, a name and a list of messages.
    """
    return PlainResponse(406, JSON, _ERROR_OBJECT)


def html(status: int) -> Change:
    """Returns a function that replaces a response by an HTML error page, like those of nginx and other gateways."""
    page = _PAGE.format(title=f"{status} {HTTPStatus(status).phrase}").encode()
    return lambda _plain, _context: PlainResponse(status, {"Content-Type": "text/html"}, page)


def redirect(status: int) -> Change:
    """Returns a function that replaces a response by a redirect to the URL in `Faults(redirect_to=…)`."""
    return lambda _plain, context: PlainResponse(
        status, {"Location": context.redirect_to, "Content-Type": "text/html"}, b""
    )


def too_many(retry_after: Callable[[Context], str] | None) -> Change:
    """Returns a function that replaces a response by a 429 (Too Many Requests).

    `retry_after` is a function that returns the value of the Retry-After header. If it is None, the response has no
    such header.
    """

    def answer(_plain: PlainResponse, context: Context) -> PlainResponse:
        headers = {"Retry-After": retry_after(context)} if retry_after else {}
        return refused(429, "TOO_MANY_REQUESTS", "too many requests", headers)

    return answer


def in_whole_seconds(context: Context) -> str:
    return str(math.ceil(context.seconds))


def in_fractions(context: Context) -> str:
    return str(float(context.seconds))


def as_date(context: Context) -> str:
    """Returns the value of a Retry-After header as an HTTP date.

    HTTP dates have whole seconds; the time is rounded up.
    """
    return formatdate(math.ceil(context.now + context.seconds), usegmt=True)


def as_text(text: str) -> Callable[[Context], str]:
    return lambda _context: text
