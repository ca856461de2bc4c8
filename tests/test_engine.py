"""The loop of one call over a fake transport and a fake clock: attempts, waits, deadlines, hooks."""

import asyncio
import gc
import logging
import re
import warnings
import weakref

import pytest

from paycombat_async import (
    AsyncPayCombat,
    Attempt,
    ConnectFailed,
    CreateCustomer,
    Customer,
    Disconnected,
    NotFound,
    Outcome,
    PayCombatError,
    ProviderError,
    RateLimited,
    RawReply,
    RetryPolicy,
    TimedOut,
    UnverifiedEndpointWarning,
    UpdateCustomer,
)
from paycombat_async._engine.engine import _warned
from paycombat_async.endpoints import UPDATE_CUSTOMER
from tests.calls import payout

GOOD = b'{"data":{"customer_id":"customer_1"},"request_id":"r1","status_code":200,"success":true}'
UPDATE = UpdateCustomer(customer_id="customer_1", description="VIP")
CREATE = CreateCustomer(description="new", type="individual")


@pytest.mark.promise("P1")
async def test_one_draft_serves_every_attempt(client, transport):
    """The very same bytes and the same signature are sent again."""
    transport.fail(Disconnected("x"))
    transport.answer(503, b"busy")
    transport.answer(200, GOOD)

    reply = await client.send(UPDATE_CUSTOMER, UPDATE)

    first, second, third = transport.drafts
    assert first is second is third
    assert (3, "r1") == (reply.attempts, reply.request_id)


class FailsOnce:
    """A road that breaks at first, and remembers with what without keeping it."""

    error: weakref.ref[Disconnected] | None = None

    async def send(self, draft, timeout):
        if self.error is None:
            raise self._failure()
        return RawReply(200, {}, GOOD)

    def _failure(self) -> Disconnected:
        error = Disconnected("x")
        self.error = weakref.ref(error)
        return error


async def test_errors_of_earlier_attempts_are_gone_at_once(clock):
    """Nothing of a call that came right in the end waits for the garbage collector."""
    road = FailsOnce()
    client = AsyncPayCombat(token="snd_token", signature_key="snd_key", transport=road, clock=clock)
    gc.disable()
    try:
        await client.customers.update(UPDATE)

        assert road.error is not None
        assert road.error() is None
    finally:
        gc.enable()


@pytest.mark.promise("P4")
async def test_the_deadline_is_shared_by_attempts_that_may_follow(client, transport, clock):
    """A safe call gives each attempt its part; with 30 s and 2 retries the first may take 10 s."""
    transport.fail(TimedOut("x"))
    transport.fail(TimedOut("x"))
    transport.answer(200, GOOD)

    await client.customers.update(UPDATE)

    left_for_two, left_for_one = 30 - clock.slept[0], 30 - sum(clock.slept)
    assert pytest.approx([10.0, left_for_two / 2, left_for_one]) == transport.timeouts


@pytest.mark.promise("P4")
async def test_a_call_that_cannot_be_repeated_gets_the_whole_deadline(client, transport):
    """There is nothing to save for."""
    transport.answer(200, GOOD)

    await client.customers.create(CREATE)

    assert [30.0] == transport.timeouts


@pytest.mark.promise("P3")
@pytest.mark.parametrize("failure", [TimedOut("x"), Disconnected("x"), 500, 502, 503, 429, 408, b"<html>"], ids=repr)
async def test_a_creation_is_sent_once(client, transport, failure):
    """Whatever comes back after bytes may have left, nothing is sent a second time."""
    if isinstance(failure, int):
        transport.answer(failure, b'{"status":false}')
    elif isinstance(failure, bytes):
        transport.answer(200, failure)
    else:
        transport.fail(failure)

    with pytest.raises(PayCombatError) as caught:
        await client.customers.create(CREATE)

    assert 1 == len(transport.drafts) == caught.value.attempts


@pytest.mark.promise("P3")
async def test_a_creation_that_never_left_is_sent_again(client, transport):
    """Provably not sent is safe for all."""
    transport.fail(ConnectFailed("x"))
    transport.answer(200, GOOD)

    await client.customers.create(CREATE)

    assert 2 == len(transport.drafts)


async def test_errors_say_how_often_it_was_tried(client, transport):
    """After two retries the last error comes out, unchained."""
    for _ in range(3):
        transport.answer(500, b'{"status":false,"message":"sorry"}')

    with pytest.raises(ProviderError) as caught:
        await client.customers.update(UPDATE)

    error = caught.value
    assert (3, Outcome.UNKNOWN, "sorry") == (error.attempts, error.outcome, error.provider_message)
    assert (None, None) == (error.__cause__, error.__context__)


LOST_FIRST = {
    "lost, refused": ([Disconnected("broken"), 400], Outcome.UNKNOWN),
    "lost, never left": ([Disconnected("broken"), ConnectFailed("x"), ConnectFailed("x")], Outcome.UNKNOWN),
    "lost, never left, refused": ([500, ConnectFailed("x"), 404], Outcome.UNKNOWN),
    "never left, refused": ([ConnectFailed("x"), 400], Outcome.REJECTED),
    "never left": ([ConnectFailed("x")] * 3, Outcome.NOT_SENT),
}


@pytest.mark.promise("P3")
@pytest.mark.parametrize(("answers", "outcome"), LOST_FIRST.values(), ids=LOST_FIRST)
async def test_one_lost_answer_leaves_the_whole_call_in_doubt(answers, outcome, client, transport):
    """What refuses a later attempt says nothing of the first, which may have been carried out."""
    for answer in answers:
        if isinstance(answer, int):
            transport.answer(answer, b'{"status":false,"message":"no"}')
        else:
            transport.fail(answer)

    with pytest.raises(PayCombatError) as caught:
        await client.customers.update(UPDATE)

    assert (outcome, len(answers)) == (caught.value.outcome, caught.value.attempts)


async def test_a_lost_answer_to_a_question_leaves_no_doubt(client, transport):
    """A GET changes nothing, so its last answer counts."""
    transport.fail(Disconnected("broken"))
    transport.answer(404, b'{"status":false,"message":"no"}')

    with pytest.raises(NotFound) as caught:
        await client.customers.retrieve("customer_1")

    assert (Outcome.REJECTED, 2) == (caught.value.outcome, caught.value.attempts)


@pytest.mark.promise("P4")
async def test_retry_after_beyond_the_deadline_is_given_to_the_caller(client, transport, clock):
    """No wait, one attempt, the value on the error."""
    transport.answer(429, b'{"status":false}', {"retry-after": "9000"})

    with pytest.raises(RateLimited) as caught:
        await client.customers.update(UPDATE)

    assert (9000.0, 1, []) == (caught.value.retry_after, caught.value.attempts, clock.slept)


async def test_retry_after_as_a_date_is_measured_against_the_clock(client, transport, clock):
    """The fake clock stands at 2023-11-14 22:13:20 GMT; jitter is half a second."""
    transport.answer(429, b'{"status":false}', {"retry-after": "Tue, 14 Nov 2023 22:13:25 GMT"})
    transport.answer(200, GOOD)

    await client.customers.update(UPDATE)

    assert [5.5] == clock.slept


async def test_retries_draw_on_a_budget_that_successes_refill(client, transport):
    """Each retry costs 14 of 500 tokens; the success after it gives them back, a first success gives one."""
    bucket = client._engine.bucket
    for _ in range(3):
        transport.fail(TimedOut("x"))
    with pytest.raises(TimedOut):
        await client.customers.update(UPDATE)
    spent = bucket.tokens
    transport.answer(200, GOOD)

    await client.customers.update(UPDATE)

    assert (472, 473) == (spent, bucket.tokens)


async def test_cancelling_is_not_swallowed(make_client):
    """A cancelled call ends as cancelled, during the send and during a wait."""

    class Stuck:
        async def send(self, draft, timeout):
            await asyncio.Event().wait()

    task = asyncio.create_task(make_client(transport=Stuck()).customers.update(UPDATE))
    await asyncio.sleep(0)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_client_that_is_closed_meanwhile_does_not_try_again(client, transport):
    """Closing ends calls under way; a retry would open connections that nobody closes."""

    class Closing:
        async def send(self, draft, timeout):
            await client.aclose()
            return await transport.send(draft, timeout)

    transport.fail(Disconnected("x"))
    closing = AsyncPayCombat(token="snd_t", signature_key="snd_k", transport=Closing())
    client = closing

    with pytest.raises(Disconnected):
        await closing.customers.update(UPDATE)

    assert 1 == len(transport.drafts)


async def test_on_attempt_hears_of_every_send(make_client, transport):
    """Number, status, outcome and the wait that follows; the last has no wait."""
    heard: list[Attempt] = []
    client = make_client(on_attempt=heard.append)
    transport.answer(503, b"")
    transport.answer(200, GOOD)

    await client.customers.update(UPDATE)

    assert [(1, 503, Outcome.UNKNOWN, 0.5), (2, 200, None, None)] == [
        (attempt.number, attempt.status, attempt.outcome, attempt.wait) for attempt in heard
    ]


async def test_a_failing_hook_does_not_take_the_answer_with_it(make_client, transport, caplog):
    """It is logged instead."""

    def broken(_news: object) -> None:
        raise RuntimeError("the hook's own fault")

    client = make_client(on_attempt=broken, on_drift=broken)
    transport.answer(200, GOOD.replace(b'"success"', b'"x":1,"success"').replace(b'"data":{', b'"data":{"new":1,'))

    customer = await client.customers.update(UPDATE)

    assert "customer_1" == customer.customer_id
    assert 2 == len([record for record in caplog.records if record.exc_info])


@pytest.mark.promise("P7")
async def test_nothing_private_is_logged(make_client, transport, caplog):
    """At DEBUG: names, numbers and times; no token, no key, no id, no field's value."""
    caplog.set_level(logging.DEBUG)
    client = make_client(token="snd_marked", signature_key="snd_secret")
    transport.fail(Disconnected("x"))
    transport.answer(200, b'{"success":true,"data":{"customer_id":"customer_1","description":"VIP","company":7}}')

    await client.customers.update(UPDATE)

    assert caplog.text
    assert not re.search("snd_|marked|secret|VIP|customer_1", caplog.text)


@pytest.mark.parametrize(
    ("base_url", "expected"), [("https://api.paycombat.com", [True]), ("http://127.0.0.1:1", [])], ids=["live", "local"]
)
async def test_a_guessed_path_warns_once_but_not_on_this_machine(make_client, transport, base_url, expected):
    """The warning names the endpoint and the cure."""
    _warned.clear()
    client = make_client(base_url=base_url)
    for _ in range(2):
        transport.answer(200, GOOD)

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        await client.customers.enable("customer_1")
        await client.customers.enable("customer_1")

    messages = [str(warning.message) for warning in caught if warning.category is UnverifiedEndpointWarning]
    assert ["customers.enable" in message and "paths=" in message for message in messages] == expected


async def test_a_path_given_by_the_user_does_not_warn(make_client, transport):
    """`paths=` is knowledge, not a guess; it is what goes out."""
    _warned.clear()
    client = make_client(paths={"customers.enable": "/api/v2/on/{customer_id}"})
    transport.answer(200, GOOD)

    await client.customers.enable("customer_1")

    assert "https://api.paycombat.com/api/v2/on/customer_1" == transport.drafts[0].url


async def test_data_is_the_struct(client, transport):
    """Resource methods return the response Struct itself."""
    transport.answer(200, GOOD)

    customer = await client.customers.update(UPDATE)

    assert Customer(customer_id="customer_1") == customer


@pytest.mark.parametrize(("call", "attempts"), [("payout", 1), ("update", 2)])
async def test_a_payout_is_not_begun_in_the_last_tenth_of_its_time(call, attempts, make_client, transport, clock):
    """It would most likely end as unknown; that it was not sent is certain. An update may be tried to the last."""
    clock.chance = 0.95
    client = make_client(timeout=1.0, retry=RetryPolicy(base=1.0, cap=1.0))
    for _ in range(2):
        transport.fail(ConnectFailed("refused"))
    request = client.payouts.create(payout()) if call == "payout" else client.customers.retrieve("customer_1")

    with pytest.raises(ConnectFailed) as caught:
        await request

    assert (attempts, Outcome.NOT_SENT, True) == (
        caught.value.attempts,
        caught.value.outcome,
        caught.value.may_pass_later,
    )
