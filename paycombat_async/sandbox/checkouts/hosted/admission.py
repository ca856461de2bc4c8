"""Checks of requests for the payment page of a checkout. No I/O.

The path of the page contains the checkout's token. Whoever knows this token may pay or cancel the checkout. If another
web site learns the token, it still cannot submit the page's form from a customer's browser: the browser names the
requesting site in the headers Origin and Sec-Fetch-Site, which are checked here.
"""

from typing import Final

from multidict import CIMultiDictProxy

from paycombat_async.sandbox.admission import check_host
from paycombat_async.sandbox.refusals import Refused

_FORM: Final = "application/x-www-form-urlencoded"
# Allowed values of the header Sec-Fetch-Site, with which a browser says that no other site caused the request. An empty
# list means that the client has not sent this header.
_OWN_SITES: Final[tuple[list[str], ...]] = (["same-origin"], ["none"], [])


def check_reading(headers: CIMultiDictProxy[str]) -> None:
    """Raises `Refused` (HTTP 421) unless the Host header is localhost or a loopback address: against DNS rebinding.

    The web site that links to the page is not checked, because the merchant's own shop is a foreign site for the
    sandbox, too.
    """
    check_host(headers.getall("Host", []))


def check_posting(headers: CIMultiDictProxy[str], content_type: str) -> None:
    """Raises `Refused` unless these are the headers of the payment page's own form.

    The HTTP status is 421 for a wrong Host header, 403 for a form on another web site, and 415 for a body that is not
    an uncompressed form. Because of the page's Referrer-Policy, a browser sends "Origin: null" with the page's own
    form. A sandboxed frame of a foreign site sends "Origin: null", too, but with "Sec-Fetch-Site: cross-site".
    Therefore "null" is accepted only with "same-origin".
    """
    check_reading(headers)
    sites = headers.getall("Sec-Fetch-Site", [])
    own = [f"http://{headers['Host']}", *(["null"] if sites == ["same-origin"] else [])]
    if sites not in _OWN_SITES or not set(headers.getall("Origin", [])) <= set(own):
        raise Refused(403, "FORBIDDEN", "a page of another site must not end this checkout")
    if content_type != _FORM or "Content-Encoding" in headers:
        raise Refused(415, "UNSUPPORTED_MEDIA_TYPE", f"Content-Type must be {_FORM}")
