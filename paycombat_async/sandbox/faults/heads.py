"""Faults that make only the headers of a response unusual or wrong. Status, length and body stay correct."""

from dataclasses import replace

from paycombat_async.sandbox.faults.response import Change, Context, PlainResponse

_LONG = 9000  # bytes in the long header; by default, aiohttp accepts header lines of up to 8190 bytes
_MANY = 200  # the number of added headers; by default, aiohttp accepts 128 header lines


def long_header(response: PlainResponse, _context: Context) -> PlainResponse:
    """Returns the response with an additional header of 9 kB. A gateway's Content-Security-Policy may be that long."""
    return _with(response, {"Content-Security-Policy": "x" * _LONG})


def many_headers(response: PlainResponse, _context: Context) -> PlainResponse:
    """Returns the response with 200 additional headers, as many as a chain of gateways may add."""
    return _with(response, {f"X-Gateway-{number}": "passed" for number in range(_MANY)})


def not_as_json(response: PlainResponse, _context: Context) -> PlainResponse:
    """Returns the correct response, but with the Content-Type of an HTML page."""
    return _with(response, {"Content-Type": "text/html; charset=iso-8859-1"})


def encoded_as(name: str) -> Change:
    """Returns a function that adds a wrong Content-Encoding header to a response. The JSON body is not encoded.

    Some servers name a character set (UTF-8) in this header. A proxy may decompress the body and leave "gzip" in it.
    """

    def change(response: PlainResponse, _context: Context) -> PlainResponse:
        return _with(response, {"Content-Encoding": name})

    return change


def _with(response: PlainResponse, headers: dict[str, str]) -> PlainResponse:
    return replace(response, headers={**response.headers, **headers})
