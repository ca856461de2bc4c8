"""The functions that execute the requests of the checkout endpoints.

Each function takes a request whose token and signature have been verified, and returns an object of the endpoint's
response type.
"""

from typing import Any, Protocol

import msgspec

from paycombat_async.sandbox.bodies import given
from paycombat_async.sandbox.checkouts.bodies import PaymentRequest
from paycombat_async.sandbox.checkouts.hosted.address import hosted_url
from paycombat_async.sandbox.checkouts.rules import choose_bank, choose_method, new_checkout
from paycombat_async.sandbox.checkouts.table import Document
from paycombat_async.sandbox.methods.payins import KOREAN_BANKS
from paycombat_async.sandbox.paging import window_of
from paycombat_async.sandbox.routing import RoutedCall
from paycombat_async.schemas import Page
from paycombat_async.schemas.checkouts import Checkout, CreateCheckoutVirtualAccount, CreateNewCheckout


def create_payment_request(call: RoutedCall[PaymentRequest]) -> Checkout:
    state = call.state
    with state.transaction():
        customer_id = given(call.request.customer_id)
        if customer_id is not None:
            state.customers.find(customer_id)
        key = f"checkout/{state.origin}/{state.checkouts.count() + 1}"
        document = new_checkout(call.request, key=key, at=state.now())
        state.checkouts.add(document)
        state.announce_checkout(document["id"])
    return _checkout(document, call)


def list_checkouts(call: RoutedCall[None]) -> Page[Checkout]:
    checkouts = call.state.checkouts
    window = window_of(call.query)
    documents = checkouts.page(limit=window.limit, skip=window.skip)
    return Page(items=[_checkout(document, call) for document in documents], total=checkouts.count())


def retrieve_checkout(call: RoutedCall[None]) -> Checkout:
    return _checkout(call.state.checkouts.find(call.path["id"]), call)


def create_new_checkout(call: RoutedCall[CreateNewCheckout]) -> Checkout:
    return _changed(call, choose_method)


def create_checkout_virtual_account(call: RoutedCall[CreateCheckoutVirtualAccount]) -> Checkout:
    return _changed(call, choose_bank)


def retrieve_va_bank_information(_call: RoutedCall[None]) -> object:
    """Returns bank codes and names as lists and dicts. The response is undocumented, so the SDK has no type for it."""
    return KOREAN_BANKS


class _Change(Protocol):
    def __call__(self, document: Document, name: str, *, at: str) -> None: ...


def _changed(
    call: RoutedCall[CreateNewCheckout] | RoutedCall[CreateCheckoutVirtualAccount], change: _Change
) -> Checkout:
    state = call.state
    with state.transaction():
        document = state.checkouts.find_by_token(call.request.checkout_token)
        change(document, call.request.payin_method_name, at=state.now())
        state.checkouts.write(document)
    return _checkout(document, call)


def _checkout(document: Document, call: RoutedCall[Any]) -> Checkout:
    url = hosted_url(call.origin, document["checkout_token"], call.token)
    return msgspec.convert(document | {"checkout_url": url}, Checkout)
