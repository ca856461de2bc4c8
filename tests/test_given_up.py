"""Calls that end without an answer because they were given up: cancelled, timed out outside, or closed under them."""

import asyncio
import hashlib
import logging
import threading
from collections.abc import Callable
from typing import Any

import anyio
import pytest

from paycombat_async import (
    AsyncPayCombat,
    Attempt,
    Call,
    ConfigurationError,
    ConnectFailed,
    Disconnected,
    Draft,
    Outcome,
    PayCombatError,
    RawReply,
    UpdateCustomer,
)
from paycombat_async._engine import engine
from paycombat_async._protocol.draft import draft
from paycombat_async.testing import FakeClock
from paycombat_sync import PayCombat
from tests.calls import payout
from tests.raw_server import Arrived, RawServer, Serve, answering, http

pytestmark = pytest.mark.promise("P15")

PAID = b'{"status":true,"message":"OK","data":{"id":"payout_1"}}'
LONGEST_S = 60  # a bound, not a measurement
CREDENTIALS = {"token": "snd_t", "signature_key": "snd_k"}


class Silent:
    """A transport that takes drafts and never answers; `taken` is set with the first one."""

    def __init__(self) -> None:
        self.drafts: list[Draft] = []
        self.taken = asyncio.Event()

    async def send(self, draft: Draft, timeout: float) -> RawReply:
        self.drafts.append(draft)
        self.taken.set()
        await asyncio.Event().wait()
        raise AssertionError("unreachable")


async def by_cancel(call: Any, taken: asyncio.Event) -> BaseException:
    task = asyncio.ensure_future(call)
    await taken.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError) as caught:
        await task
    return caught.value


async def by_wait_for(call: Any, taken: asyncio.Event) -> BaseException:
    with pytest.raises(TimeoutError) as caught:
        await asyncio.wait_for(call, 0.05)
    assert caught.value.__cause__ is not None
    return caught.value.__cause__


async def by_timeout(call: Any, taken: asyncio.Event) -> BaseException:
    async def with_limit() -> None:
        async with asyncio.timeout(None) as scope:
            asyncio.get_running_loop().call_soon(scope.reschedule, 0)
            await call

    with pytest.raises(TimeoutError) as caught:
        await with_limit()
    assert caught.value.__cause__ is not None
    return caught.value.__cause__


WAYS: dict[str, Callable[[Any, asyncio.Event], Any]] = {
    "cancel": by_cancel,
    "wait_for": by_wait_for,
    "timeout": by_timeout,
}


@pytest.mark.parametrize("way", WAYS)
async def test_a_payout_that_was_given_up_leaves_its_evidence(way, make_client, caplog):
    """Hooks, log and the cause of what is raised all say which payout it was, and that it may have been made."""
    attempts: list[Attempt] = []
    calls: list[Call] = []
    silent = Silent()
    client = make_client(transport=silent, on_attempt=attempts.append, on_call=calls.append, show_references=True)

    with caplog.at_level(logging.WARNING, "paycombat"):
        raised = await WAYS[way](client.payouts.create(payout(order_id="order-1")), silent.taken)

    error = raised.__cause__
    digest = hashlib.sha256(silent.drafts[0].body).hexdigest()
    assert isinstance(error, Disconnected)
    assert ("payouts.create", "order-1", digest, 1) == (
        error.endpoint,
        error.reference,
        error.body_digest,
        error.attempts,
    )
    assert (Outcome.UNKNOWN, False) == (error.outcome, error.may_pass_later)
    assert "list your payouts" in error.advice
    assert [(1, None, Outcome.UNKNOWN, None)] == [(a.number, a.status, a.outcome, a.wait) for a in attempts]
    assert [("payouts.create", Outcome.UNKNOWN, "CancelledError", 1, "order-1")] == [
        (call.endpoint, call.outcome, call.error, call.attempts, call.reference) for call in calls
    ]
    [record] = caplog.records
    assert "order-1" in record.getMessage()
    assert digest in record.getMessage()


async def test_a_cancel_scope_stays_what_it_is(make_client):
    """The cause that the cancellation is given does not confuse anyio, which knows its cancellations again."""
    silent = Silent()
    with anyio.move_on_after(0.05) as scope:
        await make_client(transport=silent).payouts.create(payout())

    assert scope.cancelled_caught


async def test_an_update_that_was_given_up_is_no_warning(make_client, caplog):
    """It may be sent again by whoever wants it."""
    silent = Silent()
    with caplog.at_level(logging.WARNING, "paycombat"):
        call = make_client(transport=silent).customers.update(UpdateCustomer(customer_id="c", description="VIP"))
        error = (await by_cancel(call, silent.taken)).__cause__

    assert (Outcome.UNKNOWN, True) == (error.outcome, error.may_pass_later)
    assert [] == caplog.records


async def test_a_call_that_waited_for_a_connection_was_not_sent():
    """The only connection is taken, so nothing of the second payout left when it was given up."""
    begun = asyncio.Event()

    async def silence(reader: asyncio.StreamReader, _writer: object, _arrived: Arrived) -> bool:
        begun.set()
        await reader.read()
        return False

    async with (
        RawServer(silence) as server,
        AsyncPayCombat(**CREDENTIALS, base_url=server.base_url, max_connections=1) as client,
    ):
        first = asyncio.create_task(client.payouts.create(payout(order_id="order-1")))
        await begun.wait()
        second = asyncio.create_task(client.payouts.create(payout(order_id="order-2")))
        await asyncio.sleep(0)
        fates = []
        for task in (second, first):
            task.cancel()
            with pytest.raises(asyncio.CancelledError) as caught:
                await task
            fates.append(caught.value.__cause__)

    assert [ConnectFailed, Disconnected] == [type(fate) for fate in fates]
    assert [(Outcome.NOT_SENT, True), (Outcome.UNKNOWN, False)] == [(f.outcome, f.may_pass_later) for f in fates]
    assert [None, "order-1"] == [fate.reference for fate in fates]


async def test_a_call_given_up_between_two_attempts_was_not_sent_again(make_client, transport):
    """An update whose first attempt is in doubt stays in doubt; a payout that never left was not sent."""
    waiting = asyncio.Event()

    class Clock:
        """One who waits, waits for ever."""

        now = monotonic = random = staticmethod(lambda: 0.0)

        async def sleep(self, seconds: float) -> None:
            waiting.set()
            await asyncio.Event().wait()

    client = make_client(clock=Clock())
    transport.fail(Disconnected("lost"))
    update = client.customers.update(UpdateCustomer(customer_id="c", description="VIP"))
    doubtful = (await by_cancel(update, waiting)).__cause__
    waiting.clear()
    transport.fail(ConnectFailed("refused"))
    unsent = (await by_cancel(client.payouts.create(payout()), waiting)).__cause__

    assert [Outcome.UNKNOWN, Outcome.NOT_SENT] == [doubtful.outcome, unsent.outcome]


async def test_an_exception_of_a_foreign_transport_leaves_the_same_evidence(make_client):
    """It passes as it is, and its cause says what is known."""

    class Broken:
        async def send(self, draft: Draft, timeout: float) -> RawReply:
            raise KeyError("of its own")

    calls: list[Call] = []
    with pytest.raises(KeyError) as caught:
        await make_client(transport=Broken(), on_call=calls.append).payouts.create(payout(order_id="order-1"))

    assert (Outcome.UNKNOWN, "order-1") == (caught.value.__cause__.outcome, caught.value.__cause__.reference)
    assert [("KeyError", Outcome.UNKNOWN, None)] == [(call.error, call.outcome, call.reference) for call in calls]


async def test_every_call_is_told_of_once(make_client, transport, clock):
    """A success, a refusal, a call that took three attempts, and one that was refused before sending."""
    calls: list[Call] = []
    client = make_client(on_call=calls.append)
    transport.answer(200, b'{"status":true,"data":{"customer_id":"c"},"request_id":"r1"}')
    await client.customers.retrieve("c")
    transport.answer(404, b'{"status":false,"request_id":"r2"}')
    for _ in range(3):
        transport.answer(503, b"{}")
    for work in (client.customers.retrieve("c"), client.customers.retrieve("c"), client.customers.retrieve("..")):
        with pytest.raises(PayCombatError):
            await work

    assert [
        (None, None, 200, 1, "r1"),
        ("NotFound", Outcome.REJECTED, 404, 1, "r2"),
        ("ProviderError", Outcome.UNKNOWN, 503, 3, None),
        ("InvalidRequest", Outcome.NOT_SENT, None, 0, None),
    ] == [(call.error, call.outcome, call.status, call.attempts, call.request_id) for call in calls]
    assert [0.0, 0.0, sum(clock.slept), 0.0] == [call.elapsed for call in calls]


class Gate:
    """A server that answers when the gate is opened."""

    def __init__(self) -> None:
        self.arrived = asyncio.Event()
        self.open = asyncio.Event()

    async def script(self, _reader: object, writer: asyncio.StreamWriter, _arrived: Arrived) -> bool:
        self.arrived.set()
        await self.open.wait()
        writer.write(http(200, PAID))
        return True


async def test_a_closing_client_lets_calls_under_way_finish():
    """New ones are refused meanwhile, and the client is closed as soon as the last one has ended."""
    gate = Gate()
    async with RawServer(gate.script) as server:
        client = AsyncPayCombat(**CREDENTIALS, base_url=server.base_url)
        payouts = [asyncio.create_task(client.payouts.create(payout(order_id=f"order-{n}"))) for n in range(20)]
        await gate.arrived.wait()

        closing = asyncio.create_task(client.aclose(grace=LONGEST_S))
        await asyncio.sleep(0)
        with pytest.raises(ConfigurationError, match="closed"):
            await client.payouts.create(payout())
        assert not closing.done()
        gate.open.set()
        made = await asyncio.gather(*payouts)
        await asyncio.wait_for(closing, LONGEST_S)

    assert ["payout_1"] * 20 == [each.id for each in made]


@pytest.mark.parametrize("grace", [0.001, 1, 30.0])
async def test_every_grace_is_waited_for(grace, make_client):
    """However short it is, a call that ends in time is not cut."""
    taken, may_answer = asyncio.Event(), asyncio.Event()

    class Waiting:
        async def send(self, draft: Draft, timeout: float) -> RawReply:
            taken.set()
            await may_answer.wait()
            return RawReply(200, {}, PAID)

    class Standing(FakeClock):
        async def sleep(self, seconds: float) -> None:
            self.slept.append(seconds)
            await asyncio.Event().wait()

    clock = Standing()
    client = make_client(transport=Waiting(), clock=clock)
    paying = asyncio.create_task(client.payouts.create(payout()))
    await taken.wait()
    closing = asyncio.create_task(client.aclose(grace=grace))
    for _ in range(20):
        await asyncio.sleep(0)
    assert not closing.done()
    may_answer.set()
    made = await paying
    await closing

    assert ("payout_1", [grace]) == (made.id, clock.slept)


async def test_what_is_left_when_the_grace_is_over_is_cut_with_its_evidence():
    """Each payout says that it may have been made, under which name, and to hooks as well."""
    gate = Gate()
    calls: list[Call] = []
    async with RawServer(gate.script) as server:
        client = AsyncPayCombat(**CREDENTIALS, base_url=server.base_url, on_call=calls.append, show_references=True)
        payouts = [asyncio.create_task(client.payouts.create(payout(order_id=f"order-{n}"))) for n in range(20)]
        await gate.arrived.wait()
        for _ in range(200):  # until all of them are on their way
            await asyncio.sleep(0)

        await client.aclose(grace=0.05)
        errors = await asyncio.gather(*payouts, return_exceptions=True)

    names = [f"order-{n}" for n in range(20)]
    assert names == [error.reference for error in errors]
    assert [Outcome.UNKNOWN] * 20 == [error.outcome for error in errors]
    assert set(names) == {call.reference for call in calls}


async def test_a_call_that_waits_for_its_next_attempt_is_not_sent_by_a_closed_client():
    """It ends with what it has met; no connection is made after the end."""
    gone = asyncio.Event()

    class Clock:
        now = monotonic = random = staticmethod(lambda: 0.0)

        async def sleep(self, seconds: float) -> None:
            await client.aclose()
            gone.set()

    async with RawServer(answering(http(503, b"{}"))) as server:
        client = AsyncPayCombat(**CREDENTIALS, base_url=server.base_url, clock=Clock())
        with pytest.raises(PayCombatError) as caught:
            await client.customers.retrieve("c")

    assert gone.is_set()
    assert (503, 1, 1) == (caught.value.status, caught.value.attempts, len(server.arrived))


def test_the_blocking_client_lets_calls_of_other_threads_finish(serve: Serve):
    """`close(grace=…)` waits for them; without it they are cut, with their evidence."""
    arrived, release = threading.Event(), threading.Event()
    results: list[object] = []

    async def script(_reader: object, writer: asyncio.StreamWriter, _arrived: Arrived) -> bool:
        arrived.set()
        await asyncio.to_thread(release.wait, LONGEST_S)
        writer.write(http(200, PAID))
        return True

    def pay(client: PayCombat) -> None:
        try:
            results.append(client.payouts.create(payout(order_id="order-1")).id)
        except PayCombatError as error:
            results.append((error.reference, error.outcome))

    base_url = serve(script)
    for grace in (LONGEST_S, 0):
        arrived.clear()
        release.clear()
        client = PayCombat(**CREDENTIALS, base_url=base_url)
        payer = threading.Thread(target=pay, args=(client,))
        payer.start()
        assert arrived.wait(LONGEST_S)
        if grace:
            threading.Timer(0.05, release.set).start()
        client.close(grace=grace)
        payer.join(LONGEST_S)
        release.set()

    assert ["payout_1", ("order-1", Outcome.UNKNOWN)] == results


@pytest.mark.parametrize("grace", [0, 0.05])
async def test_a_call_that_waits_for_its_turn_when_the_client_is_closed_was_not_sent(grace):
    """It says so with an error of ours, not with aiohttp's word that its session is closed."""
    gate = Gate()
    async with RawServer(gate.script) as server:
        client = AsyncPayCombat(**CREDENTIALS, base_url=server.base_url, max_connections=1)
        payouts = [asyncio.create_task(client.payouts.create(payout(order_id=f"order-{n}"))) for n in range(3)]
        await gate.arrived.wait()
        await client.aclose(grace)
        errors = await asyncio.gather(*payouts, return_exceptions=True)

    assert [Disconnected, ConnectFailed, ConnectFailed] == [type(error) for error in errors]
    assert [Outcome.UNKNOWN, Outcome.NOT_SENT, Outcome.NOT_SENT] == [error.outcome for error in errors]
    assert "the client was closed" in str(errors[-1])


async def test_a_call_that_is_still_connecting_ends_with_the_client():
    """A handshake that hangs holds up neither the call nor its deadline."""
    begun = asyncio.Event()

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        begun.set()
        await reader.read()
        writer.close()

    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    base_url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    client = AsyncPayCombat(**CREDENTIALS, base_url=base_url, timeout=LONGEST_S, connect_timeout=LONGEST_S)
    async with server:
        call = asyncio.create_task(client.payouts.create(payout()))
        await begun.wait()
        await client.aclose()
        with pytest.raises(ConnectFailed, match="the client was closed") as caught:
            await asyncio.wait_for(call, LONGEST_S / 4)

    assert Outcome.NOT_SENT is caught.value.outcome


async def test_a_call_that_was_let_in_just_before_another_thread_closed_the_client_is_not_sent(monkeypatch):
    """It makes no connections that nobody would close any more."""
    async with RawServer(answering(http(200, PAID))) as server:
        client = AsyncPayCombat(**CREDENTIALS, base_url=server.base_url)
        monkeypatch.setattr(engine, "draft", lambda *args, **more: (close(client), draft(*args, **more))[1])
        with pytest.raises(ConnectFailed, match="the client was closed"):
            await client.payouts.create(payout())

    assert 0 == server.connections


def close(client: AsyncPayCombat) -> None:
    closer = threading.Thread(target=lambda: asyncio.run(client.aclose()))
    closer.start()
    closer.join(LONGEST_S)


@pytest.mark.parametrize("grace", [-1, float("nan"), float("inf"), True, None, "5"])
async def test_a_grace_that_is_no_time_is_refused_before_anything_is_closed(grace, make_client):
    """A slip in a number must not cut payouts that were to be waited for."""
    client = make_client()
    with pytest.raises(ConfigurationError, match="grace"):
        await client.aclose(grace)
    assert not client.is_closed

    with PayCombat(**CREDENTIALS) as blocking:
        with pytest.raises(ConfigurationError, match="grace"):
            blocking.close(grace)
        assert not blocking.is_closed


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ((200, PAID), Outcome.UNKNOWN),
        ((200, b'{"status":true}'), Outcome.UNKNOWN),
        ((500, b"{}"), Outcome.UNKNOWN),
        ((400, b'{"status":false}'), Outcome.NOT_SENT),
    ],
)
@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit, asyncio.CancelledError])
async def test_a_hook_that_interrupts_everything_does_not_change_what_became_of_the_call(
    interrupt, answer, outcome, make_client, transport
):
    """What may have been carried out stays so, with its reference, and each hook is told once."""
    attempts: list[Attempt] = []
    calls: list[Call] = []

    def hook(attempt: Attempt) -> None:
        attempts.append(attempt)
        raise interrupt

    client = make_client(on_attempt=hook, on_call=calls.append)
    transport.answer(*answer)
    fate: BaseException | None = None
    try:
        await client.payouts.create(payout(order_id="order-1"))
    except interrupt as cut:
        fate = cut.__cause__

    assert isinstance(fate, PayCombatError)
    assert (outcome, 1, 1) == (fate.outcome, len(attempts), len(calls))
    assert calls[0].outcome is outcome
    assert (None if outcome is Outcome.NOT_SENT else "order-1") == fate.reference
