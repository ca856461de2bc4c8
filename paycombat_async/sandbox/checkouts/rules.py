"""Creates the stored document of a checkout, and sets the payin method in this document. No I/O.

The document is the JSON object that the sandbox stores for a checkout.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, TypeGuard
from urllib.parse import urlsplit

import msgspec
from msgspec import UNSET, UnsetType

from paycombat_async._json.amounts import LIMIT
from paycombat_async._signing import content_digest
from paycombat_async.sandbox.amounts import read_amount, text_of
from paycombat_async.sandbox.bodies import given
from paycombat_async.sandbox.checkouts.bodies import PaymentRequest
from paycombat_async.sandbox.checkouts.table import Document
from paycombat_async.sandbox.deliveries.url import check_webhook_url
from paycombat_async.sandbox.envelopes import iso_time
from paycombat_async.sandbox.lifecycle import MERCHANT, uuid_of
from paycombat_async.sandbox.methods.currencies import AREA_OF_CURRENCY
from paycombat_async.sandbox.methods.payins import DEFAULT_EXPIRY_S, MAX_EXPIRY_S, PAYIN_METHOD_OF_NAME, PAYIN_METHODS
from paycombat_async.sandbox.refusals import bad_request, unprocessable
from paycombat_async.schemas.methods import PayinMethod

# The key of the cancellation time in a checkout's stored document. Responses do not contain this key.
CANCELLED_AT: Final = "cancelled_at"
# The fields of `advanced_redirect_url`. Each is the merchant's URL for one outcome of a checkout. The names are those
# of Finmo, the payment company behind the provider's API.
REDIRECT_NAMES: Final = ("completed_url", "failed_url", "expired_url", "cancelled_url")


def new_checkout(request: PaymentRequest, *, key: str, at: str) -> Document:
    """Returns the document that is stored for a new checkout, which has no payin method yet.

    The checkout's id and token are derived from `key`. Raises `Refused` (HTTP 400) if a field of the request is
    invalid.
    """
    area = AREA_OF_CURRENCY.get(request.currency)
    if area is None:
        raise bad_request(f"$.currency: expected one of {', '.join(AREA_OF_CURRENCY)}")
    if request.country_code not in {UNSET, area.country_code}:
        raise bad_request(f"$.country_code: expected {area.country_code}, which goes with {area.currency}")
    check_webhook_url(request.webhook_url)
    _check_redirect_url("redirect_url", given(request.redirect_url))
    addresses = {} if isinstance(request.advanced_redirect_url, UnsetType) else request.advanced_redirect_url
    for name in REDIRECT_NAMES:
        _check_redirect_url(f"advanced_redirect_url.{name}", addresses.get(name))
    return _sent(request) | {
        "id": uuid_of(content_digest(b"id", key.encode())[:32]),
        "checkout_token": content_digest(b"checkout_token", key.encode()),
        "amount": text_of(read_amount(request.amount, "$.amount")),
        "country_code": area.country_code,
        "country_name": area.country_name,
        "merchant_id": MERCHANT,
        "expire_at": _expiry(given(request.expire_at), at),
        "created_at": at,
        "updated_at": at,
    }


def choose_method(document: Document, name: str, *, at: str) -> None:
    """Sets the payin method in the checkout's `document`, in place of a method that was set before.

    Raises `Refused` with HTTP status 400 if the method is unknown or does not allow the currency or amount, and with
    422 if the checkout has expired or was cancelled.
    """
    _attach(document, _fitting(document, name), at)


def choose_bank(document: Document, name: str, *, at: str) -> None:
    """Sets the payin method for a virtual account in the checkout's `document`.

    Raises `Refused` with HTTP status 400 if the method is unknown, opens no virtual accounts, or does not allow the
    currency or amount, and with 422 if the checkout has expired or was cancelled.
    """
    method = _fitting(document, name)
    if not method.is_va_allowed:
        raise bad_request("$.payin_method_name: this payin method opens no virtual accounts")
    _attach(document, method, at)


def fitting_methods(document: Document) -> list[PayinMethod]:
    """Returns the payin methods that allow the checkout's currency and amount."""
    return [method for method in PAYIN_METHODS if _misfit(method, document) is None]


def is_web_address(address: object) -> TypeGuard[str]:
    """Returns whether `address` is an http or https URL. Only such a URL is safe as the target of a redirect."""
    if not isinstance(address, str):
        return False
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    is_web = parts.scheme in {"http", "https"} and bool(parts.hostname)
    return is_web and address.isprintable() and " " not in address


def check_open(document: Document, at: str) -> None:
    """Raises `Refused` (HTTP 422) if the checkout was cancelled, or has expired at the time `at`."""
    if CANCELLED_AT in document:
        raise unprocessable("CHECKOUT_CANCELLED", "this checkout was cancelled; create another one")
    if document["expire_at"] <= at:
        raise unprocessable("CHECKOUT_EXPIRED", "this checkout has expired; create another one")


def _attach(document: Document, method: PayinMethod, at: str) -> None:
    check_open(document, at)
    document |= {"payin_method_name": method.payin_method_name, "updated_at": at}


def _fitting(document: Document, name: str) -> PayinMethod:
    method = PAYIN_METHOD_OF_NAME.get(name)
    if method is None:
        raise bad_request("$.payin_method_name: there is no such payin method")
    misfit = _misfit(method, document)
    if misfit is not None:
        raise bad_request(f"$.payin_method_name: this payin method is {misfit}")
    return method


def _misfit(method: PayinMethod, document: Document) -> str | None:
    """Returns the reason why this payin method cannot pay this checkout, or None if it can."""
    if method.currency != document["currency"]:
        return f"not for {document['currency']}"
    if not (method.min_amount or 0) <= Decimal(document["amount"]) <= (method.max_amount or LIMIT):
        return "for other amounts, see its min_amount, max_amount"
    return None


def _sent(request: PaymentRequest) -> Document:
    """Returns the fields of the request, without the amount, empty strings and absent fields."""
    fields = msgspec.structs.asdict(request).items()
    return {name: value for name, value in fields if value is not UNSET and value != "" and name != "amount"}


def _check_redirect_url(name: str, address: object) -> None:
    if address is not None and address != "" and not is_web_address(address):
        raise bad_request(f"$.{name}: expected an http or https URL")


def _expiry(written: str | None, at: str) -> str:
    """Returns the time at which the checkout expires, in the fixed-width UTC form of `iso_time`, which sorts as text.

    `written` is the time in the request, or None for 48 hours from now. Raises `Refused` (HTTP 400) if the time is
    invalid, in the past, or more than 400 days ahead.
    """
    now = datetime.fromisoformat(at)
    if written is None:
        return iso_time((now + timedelta(seconds=DEFAULT_EXPIRY_S)).timestamp())
    try:
        asked = msgspec.convert(written, datetime)
        left = (asked - now).total_seconds()
    # `now` has a UTC offset; subtracting it from a time without one raises TypeError
    except (msgspec.ValidationError, TypeError):
        raise bad_request("$.expire_at: expected a time like 2025-01-31T12:00:00Z") from None
    if not 0 < left <= MAX_EXPIRY_S:
        raise bad_request(f"$.expire_at: expected a time in the next {MAX_EXPIRY_S} seconds")
    return iso_time(asked.timestamp())
