"""Endpoints are declared once, and say no more than the provider's record does."""

import re
from types import NoneType
from typing import Any, get_args

import msgspec
import pytest

from paycombat_async import endpoints
from paycombat_async._protocol.url import check_template
from paycombat_async.endpoints import ENDPOINTS, Endpoint, Evidence, Repeat
from paycombat_async.schemas.checkouts import (
    Checkout,
    CreateCheckoutVirtualAccount,
    CreateNewCheckout,
    CreatePaymentRequest,
)
from paycombat_async.schemas.customers import CreateCustomer, Customer, DeletedCustomer, UpdateCustomer, WalletReadiness
from paycombat_async.schemas.envelope import Page
from paycombat_async.schemas.merchant import PayoutBalance
from paycombat_async.schemas.methods import PayinMethod, PayoutMethod
from paycombat_async.schemas.payins import CreatePayin, CreateVirtualAccount, Payin, SimulatePayin, VirtualAccount
from paycombat_async.schemas.payouts import CreatePayout, Payout, SimulatePayout

SHOWN, USED, GUESSED = Evidence.DOCUMENTED, Evidence.OBSERVED, Evidence.INFERRED
SAFE, ONCE = Repeat.SAFE, Repeat.ONLY_IF_UNSENT
API = "/api/v1"
FIELDS = f"{API}/payin-method/required-field/{{payin_method_name}}"
CHECKOUT_VA = f"{API}/checkout/create-virtual-account"
ID = "{customer_id}"

# constant: method, path, evidence, repeat, signed, request, response; in the order of the provider's sidebar
RECORD: dict[str, tuple[object, ...]] = {
    "LIST_COUNTRIES_AND_CURRENCIES": ("GET", None, GUESSED, SAFE, False, NoneType, object),
    "LIST_PAYOUT_METHODS": ("GET", f"{API}/payout-method/all", GUESSED, SAFE, False, NoneType, Page[PayoutMethod]),
    "LIST_PAYIN_METHODS": ("GET", f"{API}/payin-method/all", GUESSED, SAFE, False, NoneType, Page[PayinMethod]),
    "RETRIEVE_PAYIN_METHOD": ("GET", FIELDS, GUESSED, SAFE, False, NoneType, PayinMethod),
    "CREATE_PAYIN": ("POST", f"{API}/payin/create", SHOWN, ONCE, True, CreatePayin, Payin),
    "SIMULATE_PAYIN": ("PATCH", f"{API}/payin/simulate", GUESSED, ONCE, True, SimulatePayin, object),
    "RETRIEVE_PAYIN": ("GET", f"{API}/payin/retrieve-payin/{{id}}", SHOWN, SAFE, False, NoneType, Payin),
    "CREATE_VIRTUAL_ACCOUNT": (
        *("POST", f"{API}/payin/create-va", SHOWN, ONCE, True),
        *(CreateVirtualAccount, VirtualAccount),
    ),
    "CREATE_PAYOUT": ("POST", f"{API}/payout/create-payout", USED, ONCE, True, CreatePayout, Payout),
    "SIMULATE_PAYOUT": ("PATCH", f"{API}/payout/simulate", GUESSED, ONCE, True, SimulatePayout, object),
    "RETRIEVE_PAYOUT": ("GET", f"{API}/payout/retrieve-payout/{{id}}", GUESSED, SAFE, False, NoneType, Payout),
    "LIST_PAYOUTS": ("GET", f"{API}/payout", GUESSED, SAFE, False, NoneType, Page[Payout]),
    "CREATE_PAYMENT_REQUEST": ("POST", f"{API}/checkout", GUESSED, ONCE, True, CreatePaymentRequest, Checkout),
    "LIST_CHECKOUTS": ("GET", f"{API}/checkout", GUESSED, SAFE, False, NoneType, Page[Checkout]),
    "RETRIEVE_CHECKOUT": ("GET", f"{API}/checkout/retrieve/{{id}}", SHOWN, SAFE, False, NoneType, Checkout),
    "CREATE_CHECKOUT_VIRTUAL_ACCOUNT": (
        *("PATCH", CHECKOUT_VA, SHOWN, ONCE, True),
        *(CreateCheckoutVirtualAccount, Checkout),
    ),
    "RETRIEVE_VA_BANK_INFORMATION": ("GET", None, GUESSED, SAFE, False, NoneType, object),
    "CREATE_NEW_CHECKOUT": ("PATCH", f"{API}/checkout", SHOWN, ONCE, True, CreateNewCheckout, Checkout),
    "CREATE_CUSTOMER": ("POST", f"{API}/customer/create", SHOWN, ONCE, True, CreateCustomer, Customer),
    "UPDATE_CUSTOMER": ("PATCH", f"{API}/customer/update", SHOWN, SAFE, True, UpdateCustomer, Customer),
    "LIST_CUSTOMERS": ("GET", f"{API}/customer/customer", GUESSED, SAFE, False, NoneType, Page[Customer]),
    "RETRIEVE_CUSTOMER": ("GET", f"{API}/customer/customer/{ID}", SHOWN, SAFE, False, NoneType, Customer),
    "CHECK_WALLET_READY": ("GET", None, GUESSED, SAFE, False, NoneType, WalletReadiness),
    "ENABLE_CUSTOMER": ("PATCH", f"{API}/customer/enable/{ID}", GUESSED, SAFE, False, NoneType, Customer),
    "DISABLE_CUSTOMER": ("PATCH", f"{API}/customer/disable/{ID}", SHOWN, SAFE, False, NoneType, Customer),
    "DELETE_CUSTOMER": ("DELETE", f"{API}/customer/delete/{ID}", GUESSED, SAFE, False, NoneType, DeletedCustomer),
    "RETRIEVE_PAYOUT_BALANCE": (
        *("GET", f"{API}/merchant/balance/{{currency}}", SHOWN, SAFE, False),
        *(NoneType, PayoutBalance),
    ),
    "LIST_PAYMENT_METHODS": ("GET", None, GUESSED, SAFE, False, NoneType, Page[PayinMethod]),
}
TITLES = [
    "Get All Country & Currency Code",
    "Get All Payout Method",
    "Get All Payin Method",
    "Get Required Fields by Payin method",
    "Create Payin",
    "Simulate Payin",
    "Retrieve Payin",
    "Create Virtual Account",
    "Create Payout",
    "Simulate Payout",
    "Retrieve Payout",
    "Get All Payout",
    "Create Payment Request",
    "Get All Checkout",
    "Get Detail Checkout",
    "Create Virtual Account [KRW]",
    "Get VA Bank Information [KRW]",
    "Create New Checkout",
    "Create Customer",
    "Update Customer",
    "Get All Customer",
    "Get Detail Customer by Id",
    "Check Is Customer Wallet Ready",
    "Enable Customer",
    "Disable Customer",
    "Delete Customer",
    "Get Balance Payout",
    "Get List Payment Method by Currency",
]
# Methods named after what they give; their constants say how it is got.
NOUNS = {"countries_and_currencies", "required_fields", "va_bank_information", "payout_balance"}
CONSTANTS = {name: value for name, value in vars(endpoints).items() if isinstance(value, Endpoint)}

each_endpoint = pytest.mark.parametrize("endpoint", ENDPOINTS, ids=[endpoint.name for endpoint in ENDPOINTS])


@pytest.mark.parametrize(("constant", "row"), RECORD.items(), ids=RECORD)
def test_endpoints_say_what_the_record_says(constant: str, row: tuple[object, ...]) -> None:
    """Method, path, how sure we are, whether it may be repeated, whether its body is signed, what goes and comes."""
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


def test_endpoints_stand_in_the_providers_order() -> None:
    """The tuple follows the sidebar of the provider's documentation, webhooks left out."""
    assert TITLES == [endpoint.title for endpoint in ENDPOINTS]
    assert [CONSTANTS[name] for name in RECORD] == list(ENDPOINTS)


def test_every_constant_is_in_the_tuple() -> None:
    """`ENDPOINTS` contains every declared endpoint exactly once."""
    assert set(RECORD) == set(CONSTANTS)
    assert {id(endpoint) for endpoint in CONSTANTS.values()} == {id(endpoint) for endpoint in ENDPOINTS}
    assert len(ENDPOINTS) == len({endpoint.name for endpoint in ENDPOINTS})
    assert len(ENDPOINTS) == len({endpoint.title for endpoint in ENDPOINTS})


@pytest.mark.parametrize("constant", CONSTANTS)
def test_constants_are_verb_and_object(constant: str) -> None:
    """VERB_OBJECT in upper case; the verb is that of the method, unless the method is named after what it gives."""
    verb = constant.partition("_")[0].lower()
    method = CONSTANTS[constant].name.split(".")[1]

    assert re.fullmatch(r"[A-Z]+(_[A-Z]+)+", constant)
    if method in NOUNS:
        assert ("GET", True) == (CONSTANTS[constant].method, verb in {"list", "retrieve"})
    else:
        assert method.startswith(verb)


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


def test_one_path_and_method_is_one_endpoint() -> None:
    """What differs in neither could not be told apart by a server."""
    known = [(endpoint.method, endpoint.path) for endpoint in ENDPOINTS if endpoint.path is not None]

    assert len(known) == len(set(known)) == 24


@each_endpoint
def test_an_endpoint_is_signed_exactly_when_it_has_a_body(endpoint: Endpoint[Any, Any]) -> None:
    """GET, DELETE and the body-less PATCH pages list no signature header."""
    assert endpoint.signed == (endpoint.request is not NoneType)
    assert not (endpoint.signed and endpoint.method in {"GET", "DELETE"})


@pytest.mark.promise("P3")
@each_endpoint
def test_reading_and_deleting_may_be_repeated_and_creating_may_not(endpoint: Endpoint[Any, Any]) -> None:
    """Where nobody knows what became of a call, a second one must not create a second thing."""
    verb = endpoint.name.split(".")[1].partition("_")[0]

    if endpoint.method in {"GET", "DELETE"}:
        assert endpoint.repeat is Repeat.SAFE
    if endpoint.method == "POST" or verb in {"create", "simulate"}:
        assert endpoint.repeat is Repeat.ONLY_IF_UNSENT


@each_endpoint
def test_every_endpoint_points_to_a_page_of_the_provider(endpoint: Endpoint[Any, Any]) -> None:
    """A reader can look up what the constant claims."""
    assert re.fullmatch(r"https://docs\.paycombat\.com/[a-z0-9-]*", endpoint.doc)


def test_no_endpoint_points_to_the_page_of_another_one() -> None:
    """Where its own page has no known address, it points to the documentation's front page."""
    pages = [endpoint.doc.removeprefix("https://docs.paycombat.com/") for endpoint in ENDPOINTS]
    own = [page for page in pages if page]

    assert (19, 9) == (len(set(own)), pages.count(""))
    for endpoint in ENDPOINTS:
        words = set(re.findall(r"[a-z]+", endpoint.title.lower()))
        page = endpoint.doc.removeprefix("https://docs.paycombat.com/")
        assert set(re.findall(r"[a-z]+", page.rpartition("-")[0])) <= words


@each_endpoint
def test_other_guesses_are_of_inferred_paths_only(endpoint: Endpoint[Any, Any]) -> None:
    """They are templates that `paths=` takes, differ from the path, and name nothing but its parameters."""
    assert not (endpoint.alternatives and endpoint.evidence is not Evidence.INFERRED)
    assert len({*endpoint.alternatives, endpoint.path}) == len(endpoint.alternatives) + 1
    for template in endpoint.alternatives:
        assert template == check_template(endpoint.name, template, endpoint.path)


@pytest.mark.parametrize("endpoint", [e for e in ENDPOINTS if e.evidence is Evidence.INFERRED], ids=lambda e: e.name)
def test_every_inferred_path_has_another_guess(endpoint: Endpoint[Any, Any]) -> None:
    """So that `paycombat probe` can say more than that the first one is wrong."""
    assert endpoint.alternatives


def test_only_long_lists_have_page_arguments() -> None:
    """The wire's names for paging stand on the lists that grow, under the same words, and nowhere else."""
    paged = {e.name: (e.page_parameter, e.size_parameter) for e in ENDPOINTS if e.page_parameter or e.size_parameter}

    assert dict.fromkeys(("payouts.list", "checkouts.list", "customers.list"), ("page", "limit")) == paged


def test_only_what_is_on_no_record_may_be_answered_with_nothing() -> None:
    """A money call whose answer is empty has an unknown outcome."""
    may_be_empty = {endpoint.name for endpoint in ENDPOINTS if endpoint.may_be_empty}

    assert {"customers.delete", "payins.simulate", "payouts.simulate"} == may_be_empty


REFERENCES = {
    "payins.create": "order_reference",
    "payouts.create": "order_id",
    "customers.create": "organization_reference_id",
}


def test_what_can_be_told_apart_by_a_name_of_the_merchants_own_says_so() -> None:
    """The reference is a field of the request, or of what comes back (and then goes into `extra`)."""
    named = {endpoint.name: endpoint.reference for endpoint in ENDPOINTS if endpoint.reference is not None}

    assert REFERENCES == named
    for endpoint in ENDPOINTS:
        fields = {field.name for kind in (endpoint.request, endpoint.response) for field in fields_of(kind)}
        assert endpoint.reference is None or endpoint.reference in fields


def fields_of(kind: Any) -> tuple[msgspec.structs.FieldInfo, ...]:
    return msgspec.structs.fields(kind) if isinstance(kind, type) and issubclass(kind, msgspec.Struct) else ()


@each_endpoint
def test_a_call_that_must_happen_once_says_how_to_find_out(endpoint: Endpoint[Any, Any]) -> None:
    """Each endpoint that is not safe to repeat has its own advice in `find_out`."""
    default = Endpoint.__dataclass_fields__["find_out"].default

    assert (endpoint.find_out != default) == (endpoint.repeat is Repeat.ONLY_IF_UNSENT)


# answered: the fields of the request it repeats; a * marks another identity, which means another call's answer
ECHOES = {
    "payins.create": {
        "order_reference": ("order_reference",),
        "payer_id": ("payer_id",),
        "amount": ("amount",),
        "amount_type": ("currency",),
    },
    "payouts.create": {
        "order_id*": ("order_id",),
        "wire_amount": ("sender_amount", "beneficiary_amount"),
        "currency": ("sender_currency", "beneficiary_currency"),
        "beneficiary_bank": ("payout_method_name",),
    },
    "checkouts.create": {"amount": ("amount",), "currency": ("currency",)},
    "checkouts.create_virtual_account": {
        "checkout_token*": ("checkout_token",),
        "payin_method_name": ("payin_method_name",),
    },
    "checkouts.create_new": {
        "checkout_token*": ("checkout_token",),
        "payin_method_name": ("payin_method_name",),
    },
}


def test_the_echoes_of_money_calls_are_those_on_record() -> None:
    """`currency` of a payin says FIAT, so its echo is `amount_type`; a payout's bank is its method."""
    declared = {
        endpoint.name: {echo.answered + "*" * echo.is_identity: echo.sent for echo in endpoint.echoes}
        for endpoint in ENDPOINTS
        if endpoint.echoes
    }

    assert ECHOES == declared


@each_endpoint
def test_an_echo_is_a_field_of_the_answer(endpoint: Endpoint[Any, Any]) -> None:
    """And stands in the request, if that has typed fields beyond `extra`'s."""
    answered = {field.name for field in fields_of(endpoint.response)}
    asked = {field.name for field in fields_of(endpoint.request)}

    assert {echo.answered for echo in endpoint.echoes} <= answered
    for echo in endpoint.echoes:
        assert set(echo.sent) <= asked or endpoint.request in {CreatePayin, CreatePaymentRequest}


def test_endpoints_cannot_be_changed() -> None:
    """Endpoint constants are immutable, since all clients share them."""
    with pytest.raises(AttributeError):
        endpoints.UPDATE_CUSTOMER.path = "/elsewhere"  # type: ignore[misc]  # the point of the test


def test_a_list_gives_pages_of_one_kind() -> None:
    """Every list, and only a list, is answered with a page."""
    lists = {endpoint.name for endpoint in ENDPOINTS if endpoint.name.endswith(".list")}

    assert lists == {endpoint.name for endpoint in ENDPOINTS if get_args(endpoint.response)}
