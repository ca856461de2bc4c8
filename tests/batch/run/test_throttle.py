"""The pace: fewer calls after a 429, all of them again by and by."""

import asyncio

from paycombat_async import Attempt
from paycombat_async.batch.run.throttle import LONGEST_HOLD, Throttle
from paycombat_async.testing import FakeClock


def too_many(elapsed: float = 0.1) -> Attempt:
    return Attempt("customers.update", 1, 429, None, elapsed, None)


def test_a_429_halves_once_for_all_calls_that_were_under_way() -> None:
    """Attempts that began before the cut say nothing new; one that began after it does. One call is always let go."""
    clock = FakeClock()
    pace = Throttle(64, None, clock)
    limits = []

    for elapsed, passed in [(0.1, 0.0), (0.1, 0.0), (0.1, 0.0), (0.1, 0.2), (0.1, 0.2)] + [(0.1, 0.2)] * 9:
        clock.time += passed
        pace.throttled(too_many(elapsed))
        limits.append(pace.limit)

    assert [32, 32, 32, 16, 8, 4, 2, 1, 1, 1, 1, 1, 1, 1] == limits


def test_good_answers_give_back_one_call_per_round() -> None:
    """From 32 to 33 after 32 of them, and never beyond what was asked for."""
    pace = Throttle(64, None, FakeClock())
    pace.throttled(too_many())

    for _ in range(33):
        pace.on_success()
    after_a_round = pace.limit
    for _ in range(10_000):
        pace.on_success()

    assert 33 == after_a_round
    assert 64 == pace.limit


async def test_no_more_workers_go_on_than_the_limit_allows() -> None:
    """Of two, one stands still until good answers have given back its place."""
    pace = Throttle(2, None, FakeClock())
    pace.throttled(too_many())
    workers = [asyncio.create_task(pace.acquire_slot()) for _ in range(2)]
    await asyncio.sleep(0)
    went_on = [worker.done() for worker in workers]

    pace.on_success()
    await asyncio.gather(*workers)

    assert [False, True] == went_on


async def test_nobody_has_to_ask_once_the_trouble_is_over() -> None:
    """After a cut that was made good, and after a hold; with a rate everybody always has to."""
    clock = FakeClock()
    pace = Throttle(2, None, clock)
    slow = [pace.is_slow]

    pace.throttled(too_many())
    slow.append(pace.is_slow)
    pace.on_success()
    slow.append(pace.is_slow)
    pace.hold(3.0)
    pace.on_success()
    slow.append(pace.is_slow)
    await pace.wait_for_rate()
    pace.on_success()
    slow.append(pace.is_slow)

    assert [False, True, False, True, False] == slow
    assert [3.0] == clock.slept
    assert Throttle(2, 5.0, clock).is_slow


async def test_the_rate_spaces_the_starts() -> None:
    """Four calls at two per second take a second and a half to start."""
    clock = FakeClock()
    pace = Throttle(8, 2.0, clock)
    begun = clock.time

    for _ in range(4):
        await pace.wait_for_rate()

    assert 1.5 == clock.time - begun


async def test_a_hold_keeps_all_calls_back() -> None:
    """For as long as the provider asks, within reason."""
    clock = FakeClock()
    pace = Throttle(8, None, clock)
    begun = clock.time

    pace.hold(7.0)
    pace.hold(3.0)
    await pace.wait_for_rate()
    after_first = clock.time - begun
    pace.hold(1e9)
    await pace.wait_for_rate()

    assert 7.0 == after_first
    assert 7.0 + LONGEST_HOLD == clock.time - begun
