"""What the sandbox answers to each of the calls: real bodies, to be broken, and all the places in them."""

import json
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from typing import Any, Final, TypeAlias

from paycombat_async import (
    BeneficiaryIndividual,
    CreateCheckoutVirtualAccount,
    CreateCustomer,
    CreateIndividual,
    CreateNewCheckout,
    CreatePayin,
    CreatePaymentRequest,
    CreateVirtualAccount,
    PayoutBeneficiary,
    Reply,
    SimulatePayin,
    SimulatePayout,
    UpdateCustomer,
)
from paycombat_async.sandbox import Sandbox
from paycombat_async.testing import FakeClock
from paycombat_sync import PayCombat
from tests.calls import BY_NAME, payout

Place: TypeAlias = tuple[str | int, ...]

KDB: Final = "KDB산업은행"
BENEFICIARY: Final = PayoutBeneficiary(
    individual=BeneficiaryIndividual(first_name="Ana", last_name="Reyes"), account_number="1234567", bsb="062-000"
)
PAYOUT: Final = payout(payout_beneficiary_param=BENEFICIARY)
PAYIN: Final = CreatePayin(
    extra={"amount": Decimal("12.5"), "currency": "AUD", "payin_method_name": "au_bank_npp", "order_reference": "r-1"}
)
SIMULATED: Final = (
    SimulatePayin(extra={"id": "payin_1", "status": "SUCCESS"}),
    SimulatePayout(extra={"id": "payout_1", "status": "SUCCESS"}),
    UpdateCustomer(customer_id="customer_1", description="VIP"),
)
ACCOUNT: Final = CreateVirtualAccount(extra={"payin_method_name": KDB, "currency": "KRW"})
KRW_CHECKOUT: Final = CreatePaymentRequest(extra={"amount": 5_000, "currency": "KRW"})
PERSON: Final = CreateCustomer(
    description="d",
    type="individual",
    individual=CreateIndividual(first_name="Ana", last_name="Reyes", address_country="AU"),
)


class _Calls:
    """Makes calls and keeps their bodies by the endpoint's name."""

    def __init__(self, client: PayCombat) -> None:
        self._client = client
        self.bodies: dict[str, tuple[int, bytes]] = {}

    def __call__(self, name: str, request: object = None, **path: Any) -> Any:
        reply: Reply[Any] = self._client.send(BY_NAME[name], request, **path)
        self.bodies[name] = reply.status, reply.raw
        return reply.data


@cache
def real_answers() -> dict[str, tuple[int, bytes]]:
    """Status and body of a success of every endpoint, by its name."""
    with Sandbox(customers=2, clock=FakeClock()) as sandbox:
        token, key = sandbox.token, sandbox.signature_key
        with PayCombat(token=token, signature_key=key, base_url=sandbox.base_url, paths=sandbox.paths) as client:
            calls = _Calls(client)
            _pay(calls)
            _check_out(calls)
            _look_after_customers(calls, sandbox.customer_ids[0])
            _look_up(calls)
            return calls.bodies


def _pay(calls: _Calls) -> None:
    payout_id = calls("payouts.create", PAYOUT).id
    calls("payouts.simulate", SimulatePayout(extra={"id": payout_id, "status": "SUCCESS"}))
    calls("payouts.retrieve", id=payout_id)
    calls("payouts.list")
    payin_id = calls("payins.create", PAYIN).id
    calls("payins.simulate", SimulatePayin(extra={"id": payin_id, "status": "SUCCESS"}))
    calls("payins.retrieve", id=payin_id)
    calls("payins.create_virtual_account", ACCOUNT)


def _check_out(calls: _Calls) -> None:
    checkout = calls("checkouts.create", KRW_CHECKOUT)
    chosen = {"checkout_token": checkout.checkout_token, "payin_method_name": KDB}
    calls("checkouts.create_new", CreateNewCheckout(**chosen))
    calls("checkouts.create_virtual_account", CreateCheckoutVirtualAccount(**chosen))
    calls("checkouts.retrieve", id=checkout.id)
    calls("checkouts.list")
    calls("checkouts.va_bank_information")


def _look_after_customers(calls: _Calls, customer_id: str) -> None:
    calls("customers.create", PERSON)
    calls("customers.update", UpdateCustomer(customer_id=customer_id, description="VIP"))
    calls("customers.list")
    for name in ("retrieve", "check_wallet_ready", "disable", "enable", "delete"):
        calls(f"customers.{name}", customer_id=customer_id)


def _look_up(calls: _Calls) -> None:
    calls("master_data.countries_and_currencies")
    calls("payout_methods.list")
    calls("payin_methods.list")
    calls("payin_methods.required_fields", payin_method_name="au_bank_npp")
    calls("payment_methods.list", currency="AUD")
    calls("merchant.payout_balance", currency="AUD")


@cache
def places(name: str) -> tuple[Place, ...]:
    """Every place in the answer to this call where a value stands, the whole of it too."""
    return tuple(_places(json.loads(real_answers()[name][1]), ()))


def _places(value: object, here: Place) -> Iterator[Place]:
    yield here
    steps = value.items() if isinstance(value, dict) else enumerate(value[:3]) if isinstance(value, list) else ()
    for step, item in steps:
        yield from _places(item, (*here, step))


def replaced(name: str, pieces: dict[Place, str]) -> str:
    """The answer with these texts in the place of what stood there. What stands in a replaced part is gone with it."""
    tree = json.loads(real_answers()[name][1])
    marks = {f"\ue000{number}": piece for number, piece in enumerate(pieces.values())}
    for mark, place in zip(marks, pieces, strict=True):
        tree = _with(tree, place, mark)
    text = json.dumps(tree, ensure_ascii=False)
    for mark, piece in marks.items():
        text = text.replace(f'"{mark}"', piece)
    return text


def _with(tree: Any, place: Place, value: str) -> Any:
    if not place:
        return value
    step, *rest = place
    if isinstance(tree, dict | list):
        holder: Any = tree
        holder[step] = _with(holder[step], tuple(rest), value)
    return tree
