"""Errors in the form of the provider's upstream, and what the SDK reads in them."""

import re
import sys
from collections.abc import AsyncIterator
from decimal import Decimal

import aiohttp
import pytest

from paycombat_async import ApiError, AsyncPayCombat, BadRequest, NotFound, Outcome, PayoutBeneficiary, SimulatePayin
from paycombat_async.sandbox import SANDBOX_TOKEN, Sandbox
from paycombat_sync import PayCombat
from tests.calls import payout
from tests.processes import Process
from tests.sandbox.caller import Caller, StandingClock
from tests.sandbox.money import BENEFICIARY, create_payin, made

ANA = PayoutBeneficiary.from_mapping(BENEFICIARY)


@pytest.fixture(name="caller")
async def _caller(clock: StandingClock) -> AsyncIterator[Caller]:
    sandbox = Sandbox(clock=clock, balances={"AUD": 10}, upstream_errors=True)
    async with sandbox, aiohttp.ClientSession() as session:
        yield Caller(sandbox, session)


@pytest.fixture(name="client")
async def _client(caller: Caller) -> AsyncIterator[AsyncPayCombat]:
    sandbox = caller.sandbox
    async with AsyncPayCombat(
        token=sandbox.token, signature_key=sandbox.signature_key, base_url=sandbox.base_url
    ) as client:
        yield client


async def test_an_error_is_envelope_b_with_an_error_object(caller: Caller) -> None:
    """`success` is false; the status stands in three places."""
    answer = await caller.send("GET", "/api/v1/customer/customer/nobody")

    assert 404 == answer.status
    assert re.fullmatch("[0-9a-f]{32}", answer.body.pop("request_id"))
    assert {
        "data": {},
        "request_time": "2025-11-24T16:00:00.250Z",
        "status_code": 404,
        "status_text": "Not Found",
        "success": False,
        "error": {"code": 404, "name": "NOT_FOUND", "message": "there is no customer with this customer_id"},
    } == answer.body


async def test_the_sdk_reads_code_and_message(client: AsyncPayCombat) -> None:
    """A message and a list of messages alike; the outcome is a refusal."""
    with pytest.raises(NotFound) as missing:
        await client.customers.retrieve("nobody")
    with pytest.raises(BadRequest) as invalid:
        await client.payouts.create(payout(payout_method_name="nobodys", payout_beneficiary_param=ANA))

    assert ("404", Outcome.REJECTED) == (missing.value.code, missing.value.outcome)
    assert ("400", Outcome.REJECTED) == (invalid.value.code, invalid.value.outcome)
    assert "there is no customer with this customer_id" in repr(vars(missing.value))
    assert "$.payout_method_name: there is no such payout method" in repr(vars(invalid.value))


async def test_a_wrong_state_is_406_and_proves_a_refusal(caller: Caller, client: AsyncPayCombat) -> None:
    """As the upstream answers a simulation unless the payin is pending."""
    payin = made(await create_payin(caller))["id"]
    caller.sandbox.settle(payin, "EXPIRED")

    with pytest.raises(ApiError) as caught:
        await client.payins.simulate(SimulatePayin(extra={"payin_id": payin, "status": "SUCCESS"}))

    assert (406, "406", Outcome.REJECTED) == (caught.value.status, caught.value.code, caught.value.outcome)


async def test_too_low_a_balance_is_402_and_proves_nothing(caller: Caller, client: AsyncPayCombat) -> None:
    """The upstream says of it only that the call was valid and failed, so the SDK does not take it for a refusal."""
    with pytest.raises(ApiError) as caught:
        await client.payouts.create(payout(payout_beneficiary_param=ANA))

    assert (402, Outcome.UNKNOWN) == (caught.value.status, caught.value.outcome)
    assert Decimal(10) == caller.sandbox.balance("AUD")


async def test_refusals_before_a_handler_have_that_form_too(caller: Caller) -> None:
    """Token, signature, path, method and content type; a success is as it was."""
    update = "/api/v1/customer/update"
    answers = [
        await caller.send("GET", "/api/v1/customer/customer", headers={"X-token": "snd_other"}),
        await caller.send("PATCH", update, body=b"{}", headers={"signature": "0" * 64}),
        await caller.send("GET", "/api/v1/nothing"),
        await caller.send("PUT", update),
        await caller.send("PATCH", update, body=b"{}", headers={"Content-Type": "text/plain"}),
    ]

    assert [401, 401, 404, 404, 406] == [answer.status for answer in answers]
    assert all(answer.status == answer.body["error"]["code"] == answer.body["status_code"] for answer in answers)
    assert 200 == (await caller.send("GET", "/api/v1/customer/customer")).status


@pytest.mark.parametrize("program", [["paycombat_async.sandbox"], ["paycombat_async.cli", "sandbox"]], ids=" ".join)
def test_both_programs_take_the_option(program: list[str]) -> None:
    """`--upstream-errors`."""
    with Process(sys.executable, "-W", "error", "-m", *program, "--upstream-errors") as process:
        found = re.search(r"http://127\.0\.0\.1:[0-9]+", process.line())
        assert found is not None
        options = {"token": SANDBOX_TOKEN, "signature_key": "snd_signature_key_of_the_local_sandbox"}
        with PayCombat(base_url=found[0], **options) as client, pytest.raises(NotFound) as caught:
            client.customers.retrieve("nobody")

    assert "404" == caught.value.code


def test_it_is_off_by_default() -> None:
    """The sandbox's own form stays what it was."""
    with (
        Sandbox() as sandbox,
        PayCombat(token=sandbox.token, signature_key=sandbox.signature_key, base_url=sandbox.base_url) as client,
        pytest.raises(NotFound) as caught,
    ):
        client.customers.retrieve("nobody")

    assert "NOT_FOUND" == caught.value.code
