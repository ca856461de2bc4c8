"""`--settle-after`, `--webhook-url` and `--webhook-waits`, of both programs that run a sandbox."""

import asyncio
import re
import signal
import sys

import pytest

from paycombat_async import AsyncPayCombat, BeneficiaryIndividual, PayoutBeneficiary, webhooks
from paycombat_async.sandbox import SANDBOX_SIGNATURE_KEY, SANDBOX_TOKEN
from tests.calls import payout
from tests.processes import Process, run
from tests.sandbox.deliveries.receiver import receiving

ANA = PayoutBeneficiary(
    individual=BeneficiaryIndividual(first_name="Ana", last_name="Reyes"), account_number="1234567", bsb="063-000"
)


PROGRAMS = [
    pytest.param(["-m", "paycombat_async.sandbox"], id="sandbox"),
    pytest.param(["-m", "paycombat_async.cli", "sandbox"], id="paycombat"),
]


@pytest.mark.parametrize("program", PROGRAMS)
async def test_a_payout_settles_and_says_so(program: list[str]) -> None:
    """The merchant's own server hears of it, signed, without a line of code in the sandbox."""
    async with receiving() as receiver:
        receiver.statuses = [500, 503]
        flags = ["--settle-after", "0", "--webhook-url", receiver.url, "--webhook-waits", "0,0"]
        command = [sys.executable, "-W", "error", *program, *flags]
        with Process(*command) as process:
            found = re.search(r"http://127\.0\.0\.1:[0-9]+", await asyncio.to_thread(process.line))
            assert found is not None
            async with AsyncPayCombat(
                token=SANDBOX_TOKEN, signature_key=SANDBOX_SIGNATURE_KEY, base_url=found[0]
            ) as client:
                await client.payouts.create(payout(order_id="order-9", payout_beneficiary_param=ANA))
                await receiver.until(3)
            process.signal(signal.SIGTERM)
            ended = await asyncio.to_thread(process.end)

    assert 0 == ended.returncode, ended.stderr
    assert len({received.body for received in receiver.received}) == 1
    event = receiver.received[0].event

    assert isinstance(event, webhooks.PayoutSucceeded)
    assert "order-9" == event.payout.order_id


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("waits", ["soon", "-1"])
def test_waits_that_are_none_are_refused(program: list[str], waits: str) -> None:
    """In one sentence, with exit code 2."""
    ended = run(sys.executable, "-W", "error", *program, f"--webhook-waits={waits}")

    assert 2 == ended.returncode
    assert "webhook_waits: expected seconds" in ended.stderr
    assert 1 == len(ended.stderr.splitlines())
