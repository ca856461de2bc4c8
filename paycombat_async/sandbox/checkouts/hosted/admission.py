"""Checks that a request for a checkout's page may be answered. No I/O.

The checkout's token in the path is the secret: whoever has it may end the checkout. Other sites do not have it. Should
one of them get hold of it, it still cannot post the form from a customer's browser, because the browser says where a
request comes from.
"""

from typing import Final

from multidict import CIMultiDictProxy

from paycombat_async.sandbox.admission import check_host
from paycombat_async.sandbox.refusals import Refused

_FORM: Final = "application/x-www-form-urlencoded"
# The values of Sec-Fetch-Site with which browsers mark requests that no other site has caused.
_OWN_SITES: Final[tuple[list[str], ...]] = (["same-origin"], ["none"], [])


def check_reading(headers: CIMultiDictProxy[str]) -> None:
    """Raises `Refused` (421) for a Host header that is no loopback address, which stops DNS rebinding.

    Any site may lead a customer to the page, as a merchant's does.
    """
    check_host(headers.getall("Host", []))


def check_posting(headers: CIMultiDictProxy[str], content_type: str) -> None:
    """Raises `Refused` as `check_reading`, 403 for a form of another site, and 415 for anything but a form.

    With the page's Referrer-Policy, browsers send "null" as the Origin of its own form. So do sandboxed frames of other
    sites, but only with "cross-site" in Sec-Fetch-Site.
    """
    check_reading(headers)
    sites = headers.getall("Sec-Fetch-Site", [])
    own = [f"http://{headers['Host']}", *(["null"] if sites == ["same-origin"] else [])]
    if sites not in _OWN_SITES or not set(headers.getall("Origin", [])) <= set(own):
        raise Refused(403, "FORBIDDEN", "a page of another site must not end this checkout")
    if content_type != _FORM or "Content-Encoding" in headers:
        raise Refused(415, "UNSUPPORTED_MEDIA_TYPE", f"Content-Type must be {_FORM}")
