"""The calls of `paycombat probe`, in such an order that earlier answers contain the ids that later calls need."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from paycombat_async import endpoints as api
from paycombat_async.endpoints import Endpoint
from paycombat_async.schemas import (
    CreateCustomer,
    CreateIndividual,
    CreateNewCheckout,
    CreatePayin,
    CreatePaymentRequest,
    SimulatePayin,
    UpdateCustomer,
)

LABEL: Final = "made by paycombat probe"
CHANGED: Final = f"{LABEL}, and changed"
_AMOUNT: Final = Decimal("1.50")

# The values that the calls need, by name: the ids found so far, and `currency`, `country`, `run`. A name that begins
# with `own_` is the id of an object that this run of the probe has made.
Known = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One call of the probe, what it needs from earlier answers, and what its answer must contain.

    `Known` has the values found so far, by name.

    - `needs`: names in `Known`. If one of them or of `parameters` is missing there, the call is skipped.
    - `parameters`: maps names of path parameters to names in `Known`.
    - `query`: the same for the query. The API of Finmo, the provider's upstream, needs these parameters. The probe
      sends them only if the call fails without them.
    - `keeps`: maps names in `Known` to fields of the answer, whose values are added to `Known`. If the answer is a
      list, one item of the list is used.
    - `expects`: maps fields of the answer to the values that they must have.
    - `present`: fields of the answer that must have any value.
    - `clearing`: builds a second body, which sends "" in the field `clears`, to see whether that clears the field.
    - `is_write`: the call creates or changes something, and is made only if the user agrees.
    - `never`: if not empty, the reason why the probe never makes this call.
    """

    endpoint: Endpoint[Any, Any]
    body: Callable[[Known], object] | None = None
    needs: tuple[str, ...] = ()
    parameters: Mapping[str, str] = field(default_factory=dict[str, str])
    query: Mapping[str, str] = field(default_factory=dict[str, str])
    keeps: Mapping[str, str] = field(default_factory=dict[str, str])
    expects: Mapping[str, object] = field(default_factory=dict[str, object])
    present: tuple[str, ...] = ()
    clears: str = ""
    clearing: Callable[[Known], object] | None = None
    is_write: bool = False
    never: str = ""


def steps(run: str) -> tuple[Step, ...]:
    """Returns all calls of the probe, one for each endpoint.

    The objects that the probe creates have `run` as their reference, so that they can be recognized.
    """
    return (*_LISTS, *_writes(run), *_READS, *_LAST, *_NEVER)


_CURRENCY: Final = {"currency": "currency"}
_OWN: Final = {"customer_id": "own_customer_id"}
_ANY: Final = {"customer_id": "customer_id"}

_LISTS: Final = (
    Step(endpoint=api.LIST_COUNTRIES_AND_CURRENCIES),
    Step(
        endpoint=api.LIST_PAYIN_METHODS,
        query={"country": "country", "currency": "currency"},
        keeps={"payin_method_name": "payin_method_name"},
    ),
    Step(
        endpoint=api.LIST_PAYOUT_METHODS,
        query={
            "sender_country": "country",
            "sender_currency": "currency",
            "beneficiary_country": "country",
            "beneficiary_currency": "currency",
        },
    ),
    Step(endpoint=api.LIST_PAYMENT_METHODS, parameters=_CURRENCY),
    Step(endpoint=api.RETRIEVE_PAYOUT_BALANCE, parameters=_CURRENCY, present=("currency", "balance")),
    Step(endpoint=api.RETRIEVE_VA_BANK_INFORMATION),
    Step(endpoint=api.LIST_CUSTOMERS, keeps={"customer_id": "customer_id"}),
    Step(endpoint=api.LIST_PAYOUTS, keeps={"payout_id": "id"}),
    Step(endpoint=api.LIST_CHECKOUTS, keeps={"checkout_id": "id"}),
)

_READS: Final = (
    Step(endpoint=api.RETRIEVE_PAYIN_METHOD, parameters={"payin_method_name": "payin_method_name"}),
    Step(endpoint=api.RETRIEVE_CUSTOMER, parameters=_ANY),
    Step(endpoint=api.CHECK_WALLET_READY, parameters=_ANY, present=("is_wallet_ready", "missing_field")),
    Step(endpoint=api.RETRIEVE_PAYOUT, parameters={"id": "payout_id"}),
    Step(endpoint=api.RETRIEVE_CHECKOUT, parameters={"id": "checkout_id"}),
    Step(endpoint=api.RETRIEVE_PAYIN, parameters={"id": "payin_id"}),
)

# These calls are made after the reading calls, because they change or delete objects that the reading calls retrieve.
_LAST: Final = (
    Step(
        endpoint=api.SIMULATE_PAYIN,
        body=lambda known: SimulatePayin(extra={"payin_id": known["own_payin_id"], "status": "SUCCESS"}),
        needs=("own_payin_id",),
        is_write=True,
    ),
    Step(endpoint=api.DELETE_CUSTOMER, parameters=_OWN, is_write=True),
)

_MOVES_MONEY: Final = "it would send money"
_NEVER: Final = (
    Step(endpoint=api.CREATE_PAYOUT, never=_MOVES_MONEY),
    Step(endpoint=api.SIMULATE_PAYOUT, never="it needs a payout that is pending, and the probe makes none"),
    Step(endpoint=api.CREATE_VIRTUAL_ACCOUNT, never="it would register an account with a bank"),
    Step(endpoint=api.CREATE_CHECKOUT_VIRTUAL_ACCOUNT, never="it would register an account with a bank"),
)


def _writes(run: str) -> tuple[Step, ...]:
    """Returns the calls that create or change something: they make a customer, a checkout and a payin, and no more."""
    return (
        Step(
            endpoint=api.CREATE_CUSTOMER,
            body=_new_customer,
            keeps={"own_customer_id": "customer_id", "customer_id": "customer_id"},
            expects={"description": LABEL, "organization_reference_id": run},
            is_write=True,
        ),
        Step(
            endpoint=api.UPDATE_CUSTOMER,
            body=lambda known: UpdateCustomer(customer_id=known["own_customer_id"], description=CHANGED),
            needs=("own_customer_id",),
            # `type` and the reference are not sent by this update, so that they must stay as they were created.
            expects={"description": CHANGED, "organization_reference_id": run, "type": "individual"},
            clears="organization_reference_id",
            clearing=lambda known: UpdateCustomer(customer_id=known["own_customer_id"], organization_reference_id=""),
            is_write=True,
        ),
        Step(endpoint=api.DISABLE_CUSTOMER, parameters=_OWN, expects={"is_active": False}, is_write=True),
        Step(endpoint=api.ENABLE_CUSTOMER, parameters=_OWN, expects={"is_active": True}, is_write=True),
        Step(
            endpoint=api.CREATE_PAYMENT_REQUEST,
            body=_new_checkout,
            keeps={"own_checkout_token": "checkout_token", "own_checkout_id": "id", "checkout_id": "id"},
            present=("checkout_token", "checkout_url"),
            is_write=True,
        ),
        Step(
            endpoint=api.CREATE_NEW_CHECKOUT,
            body=lambda known: CreateNewCheckout(
                checkout_token=known["own_checkout_token"], payin_method_name=known["payin_method_name"]
            ),
            needs=("own_checkout_token", "payin_method_name"),
            is_write=True,
        ),
        Step(
            endpoint=api.CREATE_PAYIN,
            body=_new_payin,
            needs=("payin_method_name",),
            keeps={"own_payin_id": "id", "payin_id": "id"},
            expects={"order_reference": run},
            is_write=True,
        ),
    )


def _new_customer(known: Known) -> CreateCustomer:
    person = CreateIndividual(first_name="Paycombat", last_name="Probe", address_country=known["country"])
    return CreateCustomer(
        description=LABEL, type="individual", organization_reference_id=known["run"], individual=person
    )


def _new_checkout(known: Known) -> CreatePaymentRequest:
    place = {"currency": known["currency"], "country_code": known["country"]}
    return CreatePaymentRequest(extra={"amount": _AMOUNT, **place, "description": LABEL})


def _new_payin(known: Known) -> CreatePayin:
    method = {"currency": known["currency"], "payin_method_name": known["payin_method_name"]}
    return CreatePayin(extra={"amount": _AMOUNT, **method, "order_reference": known["run"]})
