"""Endpoints are declared once, and say no more than the provider's record does."""

import re
from types import NoneType
from typing import Any

import pytest

from paycombat_async import endpoints
from paycombat_async.endpoints import ENDPOINTS, Endpoint, Evidence, Repeat
from paycombat_async.schemas.customers import CreateCustomer, Customer, DeletedCustomer, UpdateCustomer, WalletReadiness
from paycombat_async.schemas.envelope import Page

SHOWN, GUESSED = Evidence.DOCUMENTED, Evidence.INFERRED
SAFE, ONCE = Repeat.SAFE, Repeat.ONLY_IF_UNSENT
ID = "{customer_id}"

# constant: method, path, evidence, repeat, signed, request, response
CUSTOMERS: dict[str, tuple[object, ...]] = {
    "CREATE_CUSTOMER": ("POST", "/api/v1/customer/create", SHOWN, ONCE, True, CreateCustomer, Customer),
    "UPDATE_CUSTOMER": ("PATCH", "/api/v1/customer/update", SHOWN, SAFE, True, UpdateCustomer, Customer),
    "LIST_CUSTOMERS": ("GET", "/api/v1/customer/customer", GUESSED, SAFE, False, NoneType, Page[Customer]),
    "RETRIEVE_CUSTOMER": ("GET", f"/api/v1/customer/customer/{ID}", SHOWN, SAFE, False, NoneType, Customer),
    "CHECK_WALLET_READY": ("GET", None, GUESSED, SAFE, False, NoneType, WalletReadiness),
    "ENABLE_CUSTOMER": ("PATCH", f"/api/v1/customer/enable/{ID}", GUESSED, SAFE, False, NoneType, Customer),
    "DISABLE_CUSTOMER": ("PATCH", f"/api/v1/customer/disable/{ID}", SHOWN, SAFE, False, NoneType, Customer),
    "DELETE_CUSTOMER": ("DELETE", f"/api/v1/customer/delete/{ID}", GUESSED, SAFE, False, NoneType, DeletedCustomer),
}
TITLES = [
    "Create Customer",
    "Update Customer",
    "Get All Customer",
    "Get Detail Customer by Id",
    "Check Is Customer Wallet Ready",
    "Enable Customer",
    "Disable Customer",
    "Delete Customer",
]
CONSTANTS = {name: value for name, value in vars(endpoints).items() if isinstance(value, Endpoint)}

each_endpoint = pytest.mark.parametrize("endpoint", ENDPOINTS, ids=[endpoint.name for endpoint in ENDPOINTS])


@pytest.mark.parametrize(("constant", "row"), CUSTOMERS.items(), ids=CUSTOMERS)
def test_customer_endpoints_say_what_the_record_says(constant: str, row: tuple[object, ...]) -> None:
    """Method, path, how sure we are, whether it may be repeated, whether its body is signed."""
    endpoint = CONSTANTS[constant]

    assert row == (
        endpoint.method,
        endpoint.path,
        endpoint.evidence,
        endpoint.repeat,
        endpoint.signed,
        endpoint.request,
        endpoint.response,
    )


def test_customer_endpoints_stand_in_the_providers_order() -> None:
    """The tuple follows the sidebar of the provider's documentation."""
    customers = [endpoint for endpoint in ENDPOINTS if endpoint.name.startswith("customers.")]

    assert [CONSTANTS[name] for name in CUSTOMERS] == customers
    assert [endpoint.title for endpoint in customers] == TITLES


def test_every_constant_is_in_the_tuple() -> None:
    """Nothing is declared and forgotten, and nothing is listed twice."""
    assert list(CONSTANTS.values()) == list(ENDPOINTS)
    assert len(ENDPOINTS) == len({endpoint.name for endpoint in ENDPOINTS})
    assert len(ENDPOINTS) == len({endpoint.title for endpoint in ENDPOINTS})


@pytest.mark.parametrize("constant", CONSTANTS)
def test_constants_are_verb_and_object(constant: str) -> None:
    """VERB_OBJECT in upper case; the verb is that of the method the constant belongs to."""
    verb = constant.partition("_")[0].lower()

    assert re.fullmatch(r"[A-Z]+(_[A-Z]+)+", constant)
    assert CONSTANTS[constant].name.split(".")[1].startswith(verb)


@each_endpoint
def test_names_are_namespace_and_method(endpoint: Endpoint[Any, Any]) -> None:
    """They are what users write in `paths=` and read in errors: the way the method is called on a client."""
    assert re.fullmatch(r"[a-z_]+\.[a-z_]+", endpoint.name)


@each_endpoint
def test_a_path_is_missing_only_where_nothing_is_on_record(endpoint: Endpoint[Any, Any]) -> None:
    """A path is a plain template under the API's root; no path at all is never called documented."""
    if endpoint.path is None:
        assert endpoint.evidence is Evidence.INFERRED
        return

    assert re.fullmatch(r"/api/v1(/[a-z-]+|/\{[a-z_]+\})+", endpoint.path)


def test_only_the_wallet_check_has_no_path_among_customers() -> None:
    """Of the eight, the record leaves one without even a neighbour to guess from."""
    assert [name for name in CUSTOMERS if CONSTANTS[name].path is None] == ["CHECK_WALLET_READY"]


@each_endpoint
def test_an_endpoint_is_signed_exactly_when_it_has_a_body(endpoint: Endpoint[Any, Any]) -> None:
    """GET, DELETE and the body-less PATCH pages list no signature header."""
    assert endpoint.signed == (endpoint.request is not NoneType)
    assert not (endpoint.signed and endpoint.method in {"GET", "DELETE"})


@each_endpoint
def test_reading_and_deleting_may_be_repeated_and_creating_may_not(endpoint: Endpoint[Any, Any]) -> None:
    """Where nobody knows what became of a call, a second one must not create a second thing."""
    if endpoint.method in {"GET", "DELETE"}:
        assert endpoint.repeat is Repeat.SAFE
    if endpoint.method == "POST":
        assert endpoint.repeat is Repeat.ONLY_IF_UNSENT


@each_endpoint
def test_every_endpoint_points_to_a_page_of_the_provider(endpoint: Endpoint[Any, Any]) -> None:
    """A reader can look up what the constant claims."""
    assert re.fullmatch(r"https://docs\.paycombat\.com/[a-z0-9-]+", endpoint.doc)


def test_only_lists_have_page_arguments_and_only_delete_may_be_empty() -> None:
    """The wire's names for paging stand on the list endpoints and nowhere else."""
    paged = {e.name for e in ENDPOINTS if e.page_parameter or e.size_parameter}
    may_be_empty = {e.name for e in ENDPOINTS if e.name.startswith("customers.") and e.may_be_empty}

    assert paged == {e.name for e in ENDPOINTS if e.name.endswith(".list") and e.page_parameter}
    assert {"customers.list"} == {name for name in paged if name.startswith("customers.")}
    assert may_be_empty == {"customers.delete"}


def test_endpoints_cannot_be_changed() -> None:
    """Users share the constants, so nobody may change one for all."""
    with pytest.raises(AttributeError):
        endpoints.UPDATE_CUSTOMER.path = "/elsewhere"  # type: ignore[misc]  # the point of the test
