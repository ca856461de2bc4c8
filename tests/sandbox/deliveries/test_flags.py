"""`--settle-after` and `--webhook-url`, of both programs that run a sandbox."""

import asyncio
import re
import sys
from pathlib import Path

import pytest

from paycombat_async import AsyncPayCombat, BeneficiaryIndividual, PayoutBeneficiary, webhooks
from paycombat_async.sandbox import SANDBOX_SIGNATURE_KEY, SANDBOX_TOKEN
from tests.calls import payout
from tests.sandbox.deliveries.receiver import receiving

ANA = PayoutBeneficiary(
    individual=BeneficiaryIndividual(first_name="Ana", last_name="Reyes"), account_number="1234567", bsb="063-000"
)
ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    "program",
    [
        pytest.param(["-m", "paycombat_async.sandbox"], id="sandbox"),
        pytest.param(["-m", "paycombat_async.cli", "sandbox"], id="paycombat"),
    ],
)
async def test_a_payout_settles_and_says_so(program: list[str]) -> None:
    """The merchant's own server hears of it, signed, without a line of code in the sandbox."""
    async with receiving() as receiver:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-W", "error", *program, "--settle-after", "0", "--webhook-url", receiver.url),
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            assert process.stdout is not None
            found = re.search(r"http://127\.0\.0\.1:[0-9]+", (await process.stdout.readline()).decode())
            assert found is not None
            async with AsyncPayCombat(
                token=SANDBOX_TOKEN, signature_key=SANDBOX_SIGNATURE_KEY, base_url=found[0]
            ) as client:
                await client.payouts.create(payout(order_id="order-9", payout_beneficiary_param=ANA))
                await receiver.until(1)
        finally:
            process.terminate()
            await process.communicate()

    event = receiver.received[0].event

    assert isinstance(event, webhooks.PayoutSucceeded)
    assert "order-9" == event.payout.order_id
