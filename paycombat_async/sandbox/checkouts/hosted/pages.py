"""Builds the HTML of a checkout's payment page. The HTML does not contain the merchant's API token."""

import base64
import hashlib
from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from importlib.resources import files
from typing import Final, NamedTuple

from paycombat_async.sandbox.checkouts.hosted.address import page_path, redirect_url
from paycombat_async.sandbox.checkouts.hosted.money import money_text
from paycombat_async.sandbox.checkouts.hosted.status import Status
from paycombat_async.sandbox.checkouts.hosted.summary import summary_html
from paycombat_async.sandbox.checkouts.paying import FAILED_PAYINS
from paycombat_async.sandbox.checkouts.rules import fitting_methods
from paycombat_async.sandbox.checkouts.table import Document
from paycombat_async.sandbox.html_pages import Html, HtmlTemplate, joined, page_headers
from paycombat_async.sandbox.refusals import Refused
from paycombat_async.schemas.methods import PayinMethod

_PACKAGE: Final = "paycombat_async.sandbox.checkouts.hosted"
_FRAME, _OPEN, _CLOSED, _ORDER, _METHOD, _BACK = (
    HtmlTemplate(_PACKAGE, f"{name}.html") for name in ("frame", "open", "closed", "order", "method", "back")
)
_STYLE: Final = files(_PACKAGE).joinpath("style.css").read_text(encoding="utf-8")
_STYLE_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
# The Content-Security-Policy has no `form-action`. Chromium would apply it also to the redirect after the form, and
# this redirect may lead to any web site of a merchant.
HEADERS: Final = page_headers(f"style-src 'sha256-{_STYLE_HASH}'; img-src data:")


class _Words(NamedTuple):
    heading: str
    text: str


_ENDS: Final[Mapping[Status, _Words]] = {
    Status.PAID: _Words("Paid", "This checkout has been paid. You can close this page."),
    Status.EXPIRED: _Words("Expired", "This checkout has expired and can no longer be paid."),
    Status.CANCELLED: _Words("Cancelled", "This checkout was cancelled and can no longer be paid."),
    Status.UNPAYABLE: _Words("No way to pay", "No payin method fits the currency and the amount of this checkout."),
}
_FAILED: Final = Html('<p class="notice" role="status">The last payment failed. You can try again.</p>')


def checkout_page(document: Document, status: Status) -> str:
    """Returns the HTML of the payment page for a checkout with this status."""
    if status is Status.OPEN:
        return _frame(f"Pay {_money(document)}", _open(document))
    words = _ENDS[status]
    return _frame(words.heading, _closed(words, _order(document), redirect_url(document, status)))


def refusal_page(refused: Refused) -> str:
    """Returns the HTML of an error page for a refused request."""
    heading = "No such checkout" if refused.status == HTTPStatus.NOT_FOUND else HTTPStatus(refused.status).phrase
    return _frame(heading, _closed(_Words(heading, refused.message), Html(""), None))


def _frame(title: str, body: Html) -> str:
    return _FRAME.fill(title=title, style=Html(_STYLE), body=body)


def _open(document: Document) -> Html:
    fitting = fitting_methods(document)
    chosen = document.get("payin_method_name") or fitting[0].payin_method_name
    failed = document.get(FAILED_PAYINS, [])
    return _OPEN.fill(
        order=_order(document),
        notice=_FAILED if failed else "",
        action=page_path(document["checkout_token"]),
        attempt=str(len(failed)),
        methods=joined(_method(method, chosen) for method in fitting),
        amount=_money(document),
        expire_at=document["expire_at"],
        expiry=f"{datetime.fromisoformat(document['expire_at']):%d %B %Y, %H:%M} UTC".lstrip("0"),
    )


def _closed(words: _Words, order: Html, back: str | None) -> Html:
    link = _BACK.fill(address=back) if back else ""
    return _CLOSED.fill(heading=words.heading, text=words.text, order=order, back=link)


def _order(document: Document) -> Html:
    return _ORDER.fill(
        amount=_money(document),
        description=document.get("description") or "",
        summary=summary_html(document.get("order_summary")),
    )


def _method(method: PayinMethod, chosen: str) -> Html:
    name = method.payin_method_name
    return _METHOD.fill(
        name=name,
        description=method.payin_method_description or name,
        checked=Html("checked") if name == chosen else "",
    )


def _money(document: Document) -> str:
    return money_text(document["amount"], document["currency"])
