"""A cell of the fault matrix: one call of one kind on a client of its own, and what is asked about it afterwards."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from paycombat_async import (
    BeneficiaryIndividual,
    CreateNewCheckout,
    CreatePaymentRequest,
    PayCombatError,
    PayoutBeneficiary,
    UpdateCustomer,
)
from paycombat_async.sandbox import Sandbox
from paycombat_sync import PayCombat
from tests.calls import payout
from tests.chaos.matrix import CHANCE, KINDS, TIMEOUT, Verdict

NOW = 1_764_000_000.0
WITNESS = "customer_witness"
METHOD = "au_bank_npp"
PAYEE = PayoutBeneficiary(
    individual=BeneficiaryIndividual(first_name="Mary", last_name="Major"), account_number="1234567", bsb="123-456"
)

# On a blocking client each gives its result, on an async one what to await.
CALLS: dict[str, Callable[[Any, str], Any]] = {
    "get": lambda client, subject: client.customers.retrieve(subject),
    "update": lambda client, subject: client.customers.update(UpdateCustomer(customer_id=subject, description="VIP")),
    "delete": lambda client, subject: client.customers.delete(subject),
    "payout": lambda client, subject: client.payouts.create(payout(order_id=subject, payout_beneficiary_param=PAYEE)),
    "checkout": lambda client, subject: client.checkouts.create_new(
        CreateNewCheckout(checkout_token=subject, payin_method_name=METHOD)
    ),
}
OPERATIONS = {
    "get": "customers.retrieve",
    "update": "customers.update",
    "delete": "customers.delete",
    "payout": "payouts.create",
    "checkout": "checkouts.create_new",
}
NAMES = {"payout": "order_id", "checkout": "checkout_token"}  # of the field that says what an answer is about


class Leap:
    """Time for loops and clocks that leaves some out: nobody has to wait for what is known to take long."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def time(self) -> float:
        return time.monotonic() + self.seconds


class HurriedClock:
    """Waits between attempts pass at once. They count all the same. `on_sleep` is called in each of them."""

    def __init__(self, leap: Leap) -> None:
        self._leap = leap
        self.slept: list[float] = []
        self.on_sleep: Callable[[], None] = lambda: None

    def now(self) -> float:
        return NOW

    def monotonic(self) -> float:
        return self._leap.time() + sum(self.slept)

    def random(self) -> float:
        return CHANCE

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.on_sleep()


class Told(NamedTuple):
    """What a call told its caller, after how many seconds by its clock."""

    answer: Any
    seconds: float


@dataclass(frozen=True)
class Cell:
    """One call, about its subject."""

    kind: str
    subject: str
    client: Any
    clock: HurriedClock

    def call(self) -> Any:
        return CALLS[self.kind](self.client, self.subject)

    def witness(self) -> Any:
        """A call with an answer that no other has, and with time."""
        return self.client.with_options(timeout=TIMEOUT).customers.retrieve(WITNESS)


def credentials(sandbox: Sandbox) -> dict[str, Any]:
    return {"token": sandbox.token, "signature_key": sandbox.signature_key, "base_url": sandbox.base_url}


def subjects(sandbox: Sandbox) -> dict[str, str]:
    """What the calls of each kind are about; all of it is there."""
    sandbox.add_customers([WITNESS, "of-get", "of-update", "of-delete"])
    with PayCombat(**credentials(sandbox)) as client:
        checkout = client.checkouts.create(CreatePaymentRequest(extra={"amount": 50, "currency": "AUD"}))
    sandbox.arrivals.clear()
    assert checkout.checkout_token
    return {kind: f"of-{kind}" for kind in KINDS} | {"checkout": checkout.checkout_token}


def executions(sandbox: Sandbox, cell: Cell) -> int:
    """How often the server did what was asked for; whether at all, where doing it twice leaves no trace."""
    match cell.kind:
        case "get":
            return 0
        case "update":
            return sandbox.executions(cell.subject)
        case "delete":
            return int(cell.subject not in sandbox.customer_ids)
        case "payout":
            return sum(entry.reference == cell.subject for entry in sandbox.ledger)
        case _:
            return int(sandbox._state.checkouts.find_by_token(cell.subject).get("payin_method_name") == METHOD)


def verdict(sandbox: Sandbox, cell: Cell, told: Told) -> Verdict:
    error = told.answer if isinstance(told.answer, PayCombatError) else None
    return Verdict(
        type(error) if error else None,
        error.outcome if error else None,
        error.attempts if error else len(cell.clock.slept) + 1,
        sandbox.arrivals.counts[OPERATIONS[cell.kind]],
        executions(sandbox, cell),
        tuple(round(wait, 6) for wait in cell.clock.slept),
    )


def is_held(sandbox: Sandbox, cell: Cell) -> bool:
    """Whether the latest attempt has met a fault at the server."""
    met = sum(applied.operation == OPERATIONS[cell.kind] for applied in sandbox.faults.applied)
    return met > len(cell.clock.slept)


def is_strange(cell: Cell, told: Told, *, may_be_nameless: bool) -> bool:
    """Whether the answer is about something else than was asked for. Nothing at all is not strange."""
    name = getattr(told.answer, NAMES.get(cell.kind, "customer_id"), None)
    return name not in {cell.subject, None, *([""] if may_be_nameless else [])}
