"""The URLs of a checkout's payment page, and the merchant's URL to which the customer is redirected afterwards."""

from collections.abc import Mapping
from string import printable
from typing import Final
from urllib.parse import quote, unquote

from paycombat_async.sandbox.checkouts.hosted.status import Status
from paycombat_async.sandbox.checkouts.rules import is_web_address
from paycombat_async.sandbox.checkouts.table import Document

HOSTED: Final = "/checkout"
# For each status of a checkout, the field of `advanced_redirect_url` that contains the merchant's URL. The names are
# those of Finmo, the payment company behind the provider's API. An open checkout has "failed_url", because a failed
# payment leaves it open.
_REDIRECTS: Final[Mapping[Status, str]] = {
    Status.OPEN: "failed_url",
    Status.PAID: "completed_url",
    Status.EXPIRED: "expired_url",
    Status.CANCELLED: "cancelled_url",
}


def hosted_url(origin: str, checkout_token: str, token: str) -> str:
    """Returns the `checkout_url` of a checkout, which leads to its payment page at `origin`.

    The query has the form of the provider's own URLs, `https://checkout.paycombat.com/?token=…&identifier=…`. In it,
    `token` is the checkout's token, and `identifier` is the merchant's API token (here the argument `token`), which the
    SDK must redact in its logs. Neither is percent-encoded, as in the provider's documentation.
    """
    return f"{origin}{HOSTED}?token={checkout_token}&identifier={token}"


def page_path(checkout_token: str) -> str:
    """Returns the path of a checkout's payment page, to which its `checkout_url` redirects.

    Unlike the `checkout_url`, this path does not contain the merchant's API token.
    """
    return f"{HOSTED}/{checkout_token}"


def identifiers(raw_query: str) -> set[str]:
    """Returns all possible readings of `identifier`, the merchant's API token, in the query of a `checkout_url`.

    The token is not percent-encoded there and may contain "&" or "%". Therefore the set has three candidates:
    everything after "identifier=", the same percent-decoded, and the decoded part before the first "&".
    """
    written = raw_query.partition("identifier=")[2]
    return {written, unquote(written), unquote(written.partition("&")[0])}


def redirect_url(document: Document, status: Status) -> str | None:
    """Returns the URL to which the customer is redirected at this status, or None if the merchant gave no such URL.

    A URL in `advanced_redirect_url` takes precedence over `redirect_url`. The returned URL is ASCII, because it is sent
    in a header. If the URL is neither http nor https, None is returned.
    """
    by_end: Document = document.get("advanced_redirect_url") or {}
    chosen: object = by_end.get(_REDIRECTS.get(status, "")) or document.get("redirect_url")
    return quote(chosen, safe=printable.strip()) if is_web_address(chosen) else None
