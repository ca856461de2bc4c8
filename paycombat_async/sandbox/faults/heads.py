"""Changes that make only the headers of a response odd or wrong. Status, length and body stay correct."""

from dataclasses import replace

from paycombat_async.sandbox.faults.response import Context, PlainResponse

_LONG = 9000  # bytes; aiohttp accepts lines of up to 8190 bytes by default
_MANY = 200  # aiohttp accepts 128 header lines by default


def long_header(response: PlainResponse, _context: Context) -> PlainResponse:
    """Returns the response with one more header, which has 9 kB, as a gateway's Content-Security-Policy may have."""
    return _with(response, {"Content-Security-Policy": "x" * _LONG})


def many_headers(response: PlainResponse, _context: Context) -> PlainResponse:
    """Returns the response with 200 more headers, as a chain of gateways may add."""
    return _with(response, {f"X-Gateway-{number}": "passed" for number in range(_MANY)})


def not_as_json(response: PlainResponse, _context: Context) -> PlainResponse:
    """Returns the correct JSON body with the Content-Type of an HTML page."""
    return _with(response, {"Content-Type": "text/html; charset=iso-8859-1"})


def wrongly_encoded(response: PlainResponse, _context: Context) -> PlainResponse:
    """Returns the plain JSON body under a Content-Encoding that is the name of a character set."""
    return _with(response, {"Content-Encoding": "UTF-8"})


def _with(response: PlainResponse, headers: dict[str, str]) -> PlainResponse:
    return replace(response, headers={**response.headers, **headers})
