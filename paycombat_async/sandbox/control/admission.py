"""Checks of a request to the control interface (`/_sandbox/`): host, origin, token, content type. No I/O.

The sandbox listens on loopback addresses only, but a web page in a browser on the same machine could still send
requests to it. Checking the Host header stops DNS rebinding. The other checks stop requests from the pages of other web
sites (CSRF).
"""

from collections.abc import Mapping
from typing import Final

from multidict import CIMultiDictProxy

from paycombat_async.sandbox.admission import check_content_type, check_host
from paycombat_async.sandbox.control.token import CONTROL_HEADER, is_token
from paycombat_async.sandbox.refusals import Refused, unauthorized

# Allowed values of the header Sec-Fetch-Site. With these values, a browser says that no other site caused the request.
# A request without this header is accepted, too.
_OWN_SITES: Final = frozenset({"same-origin", "none"})


def check_control(headers: CIMultiDictProxy[str], token: str) -> None:
    """Raises `Refused` unless the sender of these headers may control the sandbox.

    The HTTP status is 421 for a wrong Host header, 403 for a request from another web site, and 401 for a missing or
    wrong control token.
    """
    check_host(headers.getall("Host", []))
    _check_origin(headers)
    given = headers.getall(CONTROL_HEADER, [])
    if len(given) != 1 or not is_token(given[0], token):
        raise unauthorized(f"{CONTROL_HEADER} is missing, repeated or wrong")


def check_json(content_type: str, charset: str | None, headers: Mapping[str, str]) -> None:
    """Raises `Refused` (HTTP 415) unless the headers say that the body is uncompressed JSON in UTF-8.

    A browser sends JSON to a foreign site only after asking that site (CORS), but some other content types without
    asking.
    """
    check_content_type(content_type, charset, headers.get("Content-Encoding"))


def _check_origin(headers: CIMultiDictProxy[str]) -> None:
    own = f"http://{headers['Host']}"
    is_own = all(origin == own for origin in headers.getall("Origin", []))
    if not is_own or not set(headers.getall("Sec-Fetch-Site", [])) <= _OWN_SITES:
        raise Refused(403, "FORBIDDEN", "a page of another site must not steer the sandbox")
