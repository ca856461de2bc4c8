"""`limiter=` of both clients: each attempt waits for its turn, and what gets none in time is not sent."""

import asyncio
from pathlib import Path

import pytest

from paycombat_async import (
    AnswerNotKept,
    AsyncPayCombat,
    ConfigurationError,
    ConnectFailed,
    Disconnected,
    Outcome,
    OutcomeUnknown,
    PayCombatError,
    StoreFailed,
    UpdateCustomer,
)
from paycombat_async.intents import SqliteIntents
from paycombat_async.limiters import LocalLimiter
from paycombat_async.testing import FakeClock, FakeTransport
from paycombat_sync import PayCombat
from tests.calls import good_answer, payout

GOOD = b'{"data":{"customer_id":"customer_1"},"request_id":"r1","status_code":200,"success":true}'
KEYS = {"token": "snd_token", "signature_key": "snd_key"}


class Counting:
    """Counts the turns; `act` happens in each."""

    def __init__(self, act: object = None) -> None:
        self.turns, self._act = 0, act

    async def acquire(self) -> None:
        self.turns += 1
        if isinstance(self._act, Exception):
            raise self._act
        if callable(self._act):
            await self._act()


async def test_each_attempt_takes_a_turn(transport: FakeTransport, clock: FakeClock) -> None:
    limiter = Counting()
    client = AsyncPayCombat(**KEYS, transport=transport, clock=clock, limiter=limiter)
    transport.answer(503, b"busy")
    transport.fail(Disconnected("x"))
    transport.answer(200, GOOD)

    await client.customers.retrieve("customer_1")

    assert 3 == limiter.turns == len(transport.drafts)


async def test_the_rate_holds_for_many_calls(transport: FakeTransport, clock: FakeClock) -> None:
    begun = clock.monotonic()
    client = AsyncPayCombat(**KEYS, transport=transport, clock=clock, limiter=LocalLimiter(10, clock=clock))
    for _ in range(50):
        transport.answer(200, GOOD)

    await asyncio.gather(*(client.customers.retrieve("customer_1") for _ in range(50)))

    assert 4.9 == pytest.approx(clock.monotonic() - begun, abs=0.1)


async def test_a_turn_that_comes_too_late_sends_nothing(transport: FakeTransport) -> None:
    """The time of the call is over while it waits: NOT_SENT, which may be tried again, and nothing went out."""

    async def never() -> None:
        await asyncio.Event().wait()

    client = AsyncPayCombat(**KEYS, transport=transport, timeout=0.01, limiter=Counting(never))

    for call in (client.payouts.create(payout()), client.customers.retrieve("customer_1")):
        with pytest.raises(ConnectFailed, match="limiter") as caught:
            await call
        assert (Outcome.NOT_SENT, 0, True) == (caught.value.outcome, caught.value.attempts, caught.value.may_pass_later)
    assert [] == transport.drafts


async def test_a_payout_is_not_sent_in_the_last_moments_of_its_time(transport: FakeTransport, clock: FakeClock) -> None:
    """A turn after 95 % of the time is too late for a payout, since its answer would come too late."""

    async def almost_too_long() -> None:
        await clock.sleep(0.95 * 30)

    client = AsyncPayCombat(**KEYS, transport=transport, clock=clock, limiter=Counting(almost_too_long))

    with pytest.raises(ConnectFailed) as caught:
        await client.payouts.create(payout())

    assert Outcome.NOT_SENT is caught.value.outcome
    assert [] == transport.drafts


async def test_after_an_uncertain_attempt_the_outcome_stays_uncertain(transport: FakeTransport) -> None:
    """The limiter fails before the retry of an update, whose first attempt may have been carried out."""

    class FailsLater(Counting):
        async def acquire(self) -> None:
            await super().acquire()
            if self.turns == 2:
                raise StoreFailed("the limiter in PostgreSQL cannot be reached")

    client = AsyncPayCombat(**KEYS, transport=transport, clock=FakeClock(), limiter=FailsLater())
    transport.fail(Disconnected("x"))

    with pytest.raises(PayCombatError) as caught:
        await client.customers.update(UpdateCustomer(customer_id="customer_1"))

    assert (StoreFailed, Outcome.UNKNOWN, 1) == (type(caught.value), caught.value.outcome, caught.value.attempts)


async def test_an_error_of_the_limiter_itself_reaches_the_caller(transport: FakeTransport) -> None:
    client = AsyncPayCombat(**KEYS, transport=transport, limiter=Counting(RuntimeError("redis is down")))

    with pytest.raises(RuntimeError, match="redis is down"):
        await client.payouts.create(payout())

    assert [] == transport.drafts


@pytest.mark.parametrize("error", [AnswerNotKept("x"), Disconnected("x"), OutcomeUnknown("x")], ids=repr)
async def test_an_error_of_a_call_that_the_limiter_makes_says_nothing_about_this_one(
    transport: FakeTransport, tmp_path: Path, error: PayCombatError
) -> None:
    """A limiter may use a client of its own. The payout was not sent, and its record must not say otherwise."""
    store = SqliteIntents(tmp_path / "payments.db")
    options = {**KEYS, "transport": transport, "intents": store}

    with pytest.raises(type(error)) as caught:
        await AsyncPayCombat(**options, limiter=Counting(error)).payouts.create(payout())

    assert Outcome.NOT_SENT is caught.value.outcome
    transport.answer(200, good_answer("payouts.create"))
    await AsyncPayCombat(**options).payouts.create(payout())
    assert 1 == len(transport.drafts)
    await store.aclose()


def test_the_blocking_client_takes_the_same_limiters() -> None:
    transport, limiter = FakeTransport(), Counting()
    transport.answer(200, GOOD)
    with PayCombat(**KEYS, transport=transport, limiter=limiter) as client:
        client.customers.retrieve("customer_1")
    assert 1 == limiter.turns


@pytest.mark.parametrize("limiter", [50, LocalLimiter, "50/s"])
def test_what_is_no_limiter_is_refused(limiter: object) -> None:
    with pytest.raises(ConfigurationError, match="limiter must be"):
        AsyncPayCombat(**KEYS, limiter=limiter)  # type: ignore[arg-type]  # wrong on purpose
