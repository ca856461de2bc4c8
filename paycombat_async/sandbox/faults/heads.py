"""Changes that make only the headers of a response unusual or wrong. Status, length and body stay correct."""

from dataclasses import replace

from paycombat_async.sandbox.faults.response import Change, Context, PlainResponse

_LONG = 9000  # the length of a header in bytes; by default, aiohttp accepts lines of up to 8190 bytes
_MANY = 200  # the number of additional headers; by default, aiohttp accepts 128 header lines


def long_header(response: PlainResponse, _context: Context) -> PlainResponse:
    """Returns the response with one more header of 9 kB, as long as a gateway's Content-Security-Policy may be."""
    return _with(response, {"Content-Security-Policy": "x" * _LONG})


def many_headers(response: PlainResponse, _context: Context) -> PlainResponse:
    """Returns the response with 200 more headers, as a chain of gateways may add."""
    return _with(response, {f"X-Gateway-{number}": "passed" for number in range(_MANY)})


def not_as_json(response: PlainResponse, _context: Context) -> PlainResponse:
    """Returns the correct JSON body with the Content-Type of an HTML page."""
    return _with(response, {"Content-Type": "text/html; charset=iso-8859-1"})


def encoded_as(name: str) -> Change:
    """Returns a function that gives the plain JSON body a Content-Encoding which it does not have.

    A server may name a character set (UTF-8) there, and a proxy that decompresses bodies may leave gzip in place.
    """

    def change(response: PlainResponse, _context: Context) -> PlainResponse:
        return _with(response, {"Content-Encoding": name})

    return change


def _with(response: PlainResponse, headers: dict[str, str]) -> PlainResponse:
    return replace(response, headers={**response.headers, **headers})
