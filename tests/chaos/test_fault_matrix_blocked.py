"""Connections that end or are written to while their caller's own work blocks the loop: nothing in it has noticed."""

import time
from collections.abc import AsyncIterator

import pytest

from paycombat_async import AsyncPayCombat, Payout
from paycombat_async.sandbox import Movement, Sandbox
from paycombat_async.sandbox.faults.names import IDLE_FAULTS
from tests.calls import payout
from tests.chaos.matrix_cells import PAYEE, credentials

pytestmark = pytest.mark.promise("P3", "P9")

WORK = 0.05  # seconds: ten times what the sandbox waits


@pytest.fixture(name="sandbox", params=["shared-loop", "thread"])
async def _sandbox(request: pytest.FixtureRequest) -> AsyncIterator[Sandbox]:
    """By the machine's own clock: it does not wait for the caller."""
    if request.param == "thread":
        with Sandbox() as sandbox:
            yield sandbox
    else:
        async with Sandbox() as sandbox:
            yield sandbox


async def pay(client: AsyncPayCombat, order: str) -> Payout:
    return await client.payouts.create(payout(order_id=order, payout_beneficiary_param=PAYEE))


@pytest.mark.parametrize("fault", sorted(IDLE_FAULTS))
async def test_a_payout_after_work_that_blocked_the_loop_gets_its_own_answer(fault: str, sandbox: Sandbox) -> None:
    """Its connection is looked at before it is used, down to the socket, and another one made."""
    sandbox.faults.script("payouts.create", [fault])
    async with AsyncPayCombat(**credentials(sandbox)) as client:
        first = await pay(client, "first")
        time.sleep(WORK)  # noqa: ASYNC251  # that is what it is about
        second = await pay(client, "second")

    paid = [(entry.reference, entry.id) for entry in sandbox.ledger if entry.movement is Movement.PAYOUT]
    assert [("first", first.id), ("second", second.id)] == paid
    assert ["first", "second"] == [first.order_id, second.order_id]
