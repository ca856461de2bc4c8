"""The table of routes against the table of endpoints."""

import pytest

from paycombat_async.endpoints import CHECK_WALLET_READY, ENDPOINTS, RETRIEVE_CUSTOMER
from paycombat_async.sandbox import Sandbox
from paycombat_async.sandbox.customers.handlers import check_wallet_ready, retrieve_customer
from paycombat_async.sandbox.customers.pages import detailed_page, wallet_page
from paycombat_async.sandbox.envelopes import envelope_a
from paycombat_async.sandbox.routes import ROUTES
from paycombat_async.sandbox.routing import route


def test_every_endpoint_has_one_route() -> None:
    """None is forgotten, none is served twice."""
    assert sorted(endpoint.name for endpoint in ENDPOINTS) == sorted(each.endpoint.name for each in ROUTES)


def test_paths_are_given_for_those_endpoints_that_have_none() -> None:
    """With the holes that the client fills."""
    assert {
        "customers.check_wallet_ready": "/api/v1/customer/wallet-ready/{customer_id}",
        "checkouts.va_bank_information": "/api/v1/checkout/va-bank-information",
    }.items() <= Sandbox().paths.items()
    assert set(Sandbox().paths) == {endpoint.name for endpoint in ENDPOINTS if endpoint.path is None}


def test_a_route_has_exactly_one_path() -> None:
    """A route without a path, or with two, raises `ValueError`."""
    with pytest.raises(ValueError, match=r"customers\.check_wallet_ready"):
        route(CHECK_WALLET_READY, check_wallet_ready, envelope=envelope_a, show=wallet_page)
    with pytest.raises(ValueError, match=r"customers\.retrieve"):
        route(RETRIEVE_CUSTOMER, retrieve_customer, envelope=envelope_a, show=detailed_page, path="/elsewhere")
