"""Checks of a control request before it is executed: host, origin, token, content type. No I/O.

The sandbox listens on loopback addresses only, but a web page in a browser on the same machine could still send
requests to it. The Host header stops DNS rebinding, and the other checks stop requests of other sites (CSRF).
"""

from collections.abc import Mapping
from typing import Final

from multidict import CIMultiDictProxy

from paycombat_async.sandbox.admission import check_content_type, check_host
from paycombat_async.sandbox.control.token import CONTROL_HEADER, is_token
from paycombat_async.sandbox.refusals import Refused, unauthorized

# The values of Sec-Fetch-Site with which browsers mark requests that no other site has caused.
_OWN_SITES: Final = frozenset({"same-origin", "none"})


def check_control(headers: CIMultiDictProxy[str], token: str) -> None:
    """Raises `Refused` unless the request may steer the sandbox.

    The status is 421 for a wrong Host header, 403 for a request of another site, and 401 for a missing or wrong token.
    """
    check_host(headers.getall("Host", []))
    _check_origin(headers)
    given = headers.getall(CONTROL_HEADER, [])
    if len(given) != 1 or not is_token(given[0], token):
        raise unauthorized(f"{CONTROL_HEADER} is missing, repeated or wrong")


def check_json(content_type: str, charset: str | None, headers: Mapping[str, str]) -> None:
    """Refuses a body with 415 unless it is uncompressed JSON in UTF-8.

    Web pages can send other content types to any address without asking it first.
    """
    check_content_type(content_type, charset, headers.get("Content-Encoding"))


def _check_origin(headers: CIMultiDictProxy[str]) -> None:
    own = f"http://{headers['Host']}"
    is_own = all(origin == own for origin in headers.getall("Origin", []))
    if not is_own or not set(headers.getall("Sec-Fetch-Site", [])) <= _OWN_SITES:
        raise Refused(403, "FORBIDDEN", "a page of another site must not steer the sandbox")
