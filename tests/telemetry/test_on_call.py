"""`on_call` where calls are made for others: by the batch, by the blocking client, and with a hook that fails."""

import logging
from collections import Counter

import pytest

from paycombat_async import Call, Outcome, UpdateCustomer, sync_customers
from paycombat_async.testing import FakeClock
from paycombat_sync import PayCombat
from tests.batch.provider import Provider, refused, updated
from tests.calls import payout
from tests.conftest import SIGNATURE_KEY, TOKEN

pytestmark = pytest.mark.promise("P17")

PAID = b'{"status":true,"data":{"id":"payout-4711","order_id":"order-1","status":"PENDING"},"request_id":"r1"}'
ROWS = [UpdateCustomer(customer_id=f"customer-{number}", description="VIP") for number in range(5)]


async def test_a_batch_reports_every_row_once(make_client) -> None:
    """Those that needed two attempts, and those that failed, too."""

    def answer(customer_id: str, number: int):
        if customer_id == "customer-1":
            return refused(422)
        return refused(503) if customer_id == "customer-2" and number == 1 else updated(customer_id)

    calls: list[Call] = []
    await sync_customers(make_client(transport=Provider(answer), on_call=calls.append, telemetry=False), ROWS)

    seen = Counter((call.endpoint, call.outcome, call.error, call.status, call.attempts) for call in calls)
    assert {
        ("customers.update", None, None, 200, 1): 3,
        ("customers.update", None, None, 200, 2): 1,
        ("customers.update", Outcome.REJECTED, "Unprocessable", 422, 1): 1,
    } == seen


@pytest.mark.parametrize("show", [False, True], ids=["without reference", "with reference"])
def test_the_blocking_client_reports_the_same(transport, show) -> None:
    """Your own reference only where the client shows it."""
    calls: list[Call] = []
    transport.answer(200, PAID)
    options = {"token": TOKEN, "signature_key": SIGNATURE_KEY, "transport": transport, "clock": FakeClock()}
    with PayCombat(**options, on_call=calls.append, show_references=show, telemetry=False) as client:
        client.payouts.create(payout())

    reference = "order-1" if show else None
    assert [Call("payouts.create", None, None, 200, 1, 0.0, "r1", reference)] == calls


async def test_a_hook_that_fails_changes_no_row_and_no_payment(make_client, transport, recording, caplog) -> None:
    """It is logged, and the span of the call ends as it would."""

    def fail(_: Call) -> None:
        raise ValueError("of the hook")

    transport.answer(200, PAID)
    with caplog.at_level(logging.ERROR):
        made = await make_client(on_call=fail, telemetry=recording.telemetry).payouts.create(payout())
        report = await sync_customers(make_client(on_call=fail, transport=Provider()), ROWS)

    assert ("payout-4711", 5, 0) == (made.id, report.updated, report.failed)
    assert ["a hook of the PayCombat client failed"] * 6 == caplog.messages
    assert ["CLIENT", "INTERNAL"] == [span.kind for span in recording.spans]
