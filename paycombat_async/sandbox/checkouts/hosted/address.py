"""The addresses of a checkout's page, and where its customer goes from there."""

from collections.abc import Mapping
from string import printable
from typing import Final
from urllib.parse import quote, unquote

from paycombat_async.sandbox.checkouts.hosted.status import Status
from paycombat_async.sandbox.checkouts.rules import is_web_address
from paycombat_async.sandbox.checkouts.table import Document

HOSTED: Final = "/checkout"
# The fields of `advanced_redirect_url`, as Finmo, the provider's upstream, names them. A failed payment leaves the
# checkout open.
_REDIRECTS: Final[Mapping[Status, str]] = {
    Status.OPEN: "failed_url",
    Status.PAID: "completed_url",
    Status.EXPIRED: "expired_url",
    Status.CANCELLED: "cancelled_url",
}


def hosted_url(origin: str, checkout_token: str, token: str) -> str:
    """Returns the `checkout_url` of a checkout: an address at `origin`, with the query of the provider's addresses.

    In `https://checkout.paycombat.com/?token=…&identifier=…`, `token` is the checkout's token and `identifier` is the
    token of the merchant (here the argument `token`), which the SDK must redact in its log. Neither is percent-encoded,
    as in the provider's documentation.
    """
    return f"{origin}{HOSTED}?token={checkout_token}&identifier={token}"


def page_path(checkout_token: str) -> str:
    """Returns the path to which a `checkout_url` leads. The merchant's token is no longer in it."""
    return f"{HOSTED}/{checkout_token}"


def identifiers(raw_query: str) -> set[str]:
    """Returns what the query of a `checkout_url` may mean by `identifier`, as written and percent-decoded.

    The identifier may be everything after the name, because it is not encoded and may contain an ampersand.
    """
    written = raw_query.partition("identifier=")[2]
    return {written, unquote(written), unquote(written.partition("&")[0])}


def redirect_url(document: Document, status: Status) -> str | None:
    """Returns where the customer goes when the checkout has this status, or None if the merchant named no address.

    The address in `advanced_redirect_url` takes precedence over `redirect_url`. It is returned in ASCII, as a header
    needs it. Only http and https addresses are returned.
    """
    by_end: Document = document.get("advanced_redirect_url") or {}
    chosen: object = by_end.get(_REDIRECTS.get(status, "")) or document.get("redirect_url")
    return quote(chosen, safe=printable.strip()) if is_web_address(chosen) else None
