"""What the memory tells those who watch it."""

from collections.abc import Iterator
from decimal import Decimal

import pytest

from paycombat_async import CreateCustomer, CreateIndividual, CreatePaymentRequest
from paycombat_async.sandbox import Sandbox
from paycombat_async.sandbox.ledger.openings import Openings
from paycombat_async.sandbox.records import Kind, Record
from paycombat_async.sandbox.state import IN_MEMORY, SandboxState
from paycombat_sync import PayCombat
from tests.calls import payout
from tests.sandbox.caller import StandingClock
from tests.sandbox.deliveries.test_flags import ANA as PAYEE

ANA = CreateIndividual(first_name="Ana", last_name="Reyes", address_country="AU")


def a_payout(number: str) -> Record:
    return Record(
        id=number,
        kind=Kind.PAYOUT,
        status="PENDING",
        currency="AUD",
        amount=Decimal(1),
        reference=None,
        body_digest="",
        webhook_url=None,
        document={"payee_name": "Mary"},
    )


def announce_and_fail(state: SandboxState, record: Record) -> None:
    with state.transaction():
        state.announce(record)
        raise ZeroDivisionError


@pytest.fixture(name="state")
def _state() -> Iterator[SandboxState]:
    state = SandboxState(IN_MEMORY, clock=StandingClock(), seed=0, openings=Openings(None))
    yield state
    state.close()


def test_watchers_hear_what_was_committed(state: SandboxState) -> None:
    """Afterwards, in order, once; nothing of what was rolled back."""
    heard: list[str] = []
    state.watchers.append(lambda record: heard.append(record.id))

    with state.transaction():
        state.announce(a_payout("1"))
        state.announce(a_payout("2"))
        early = list(heard)
    with pytest.raises(ZeroDivisionError):
        announce_and_fail(state, a_payout("3"))
    with state.transaction():
        state.announce(a_payout("4"))

    assert [] == early
    assert ["1", "2", "4"] == heard


def test_records_show_no_personal_data() -> None:
    """The `repr` of a record contains no personal data, since tracebacks show it."""
    assert "Mary" not in repr(a_payout("1"))


def test_no_id_is_given_twice() -> None:
    """Neither by a sandbox that is started again nor by another one: an inbox would drop the webhooks as duplicates."""
    ids: list[str] = []
    for _ in range(2):
        with (
            Sandbox() as sandbox,
            PayCombat(token=sandbox.token, signature_key=sandbox.signature_key, base_url=sandbox.base_url) as client,
        ):
            checkout = client.checkouts.create(
                CreatePaymentRequest(extra={"amount": 1, "currency": "AUD", "redirect_url": "https://shop.example/"})
            )
            customer = client.customers.create(CreateCustomer(type="individual", description="d", individual=ANA))
            ids += [checkout.id, customer.customer_id, sandbox.pay(checkout.id)]
            ids.append(client.payouts.create(payout(payout_beneficiary_param=PAYEE)).id)

    assert len(ids) == len(set(ids))
