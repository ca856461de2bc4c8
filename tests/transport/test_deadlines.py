"""Time limits of many attempts with one timer: each ends at its own time, and cancellations stay whose they are."""

import asyncio
import contextlib

import pytest

from paycombat_async.transport.deadlines import DeadlineTimer
from tests.processes import PATIENCE_S

pytestmark = pytest.mark.promise("P4")

SOON, LATER, NEVER = 0.01, 0.03, 3600.0  # seconds of the loop's own clock; no test waits for the last of them


async def wait_for_ever() -> None:
    await asyncio.Event().wait()


async def test_what_takes_too_long_ends_with_a_timeout():
    """And the task is not left marked as cancelled."""
    attempts = DeadlineTimer()

    with pytest.raises(TimeoutError), attempts.begin(SOON):
        await wait_for_ever()

    assert 0 == asyncio.current_task().cancelling()


async def test_what_is_done_in_time_is_left_alone():
    """Also after the timer has gone off for somebody else."""
    attempts = DeadlineTimer()
    async with asyncio.TaskGroup() as group:
        slow = group.create_task(_timed_out(attempts, SOON))
        with attempts.begin(NEVER):
            await slow

    attempts.stop()
    assert slow.result()


@pytest.mark.parametrize("limits", [(SOON, LATER), (LATER, SOON), (SOON, SOON), (SOON, NEVER, LATER)], ids=str)
async def test_each_limit_is_kept(limits):
    """Whatever the order in which they were set: the one timer is set again for the next."""
    attempts = DeadlineTimer()
    tasks = [asyncio.create_task(_timed_out(attempts, limit)) for limit in limits]
    ending = [task for task, limit in zip(tasks, limits, strict=True) if limit != NEVER]

    async with asyncio.timeout(PATIENCE_S):
        assert [True] * len(ending) == await asyncio.gather(*ending)

    for task in tasks:
        task.cancel()
    attempts.stop()


async def test_a_cancellation_from_outside_stays_one():
    """It is not turned into a timeout, neither before the limit nor together with it."""
    attempts = DeadlineTimer()
    began = asyncio.Event()

    async def attempt() -> None:
        with attempts.begin(NEVER) as running:
            began.set()
            try:
                await wait_for_ever()
            except asyncio.CancelledError:
                running.expire()  # the limit is reached in the same moment
                raise

    task = asyncio.create_task(attempt())
    await began.wait()
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    attempts.stop()


async def test_another_error_at_the_limit_stays_what_it_is():
    """What the work itself raises is worth more than that it was late."""
    attempts = DeadlineTimer()

    async def fail_late() -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await wait_for_ever()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), attempts.begin(SOON):
        await fail_late()

    assert 0 == asyncio.current_task().cancelling()


async def test_limits_are_kept_after_the_last_one_was_reached():
    """Nothing of a timer that went off is left in the way of the next, nor of one that was taken away."""
    attempts = DeadlineTimer()

    async with asyncio.timeout(PATIENCE_S):
        first = await _timed_out(attempts, SOON)
        with attempts.begin(SOON):
            attempts.stop()
        second = await _timed_out(attempts, LATER)

    assert (True, True) == (first, second)


async def test_an_outer_timeout_is_not_swallowed():
    """`asyncio.timeout` around a call ends it at its own time."""
    attempts = DeadlineTimer()

    async def call() -> None:
        async with asyncio.timeout(SOON):
            with attempts.begin(NEVER):
                await wait_for_ever()

    with pytest.raises(TimeoutError):
        await call()

    attempts.stop()
    assert 0 == asyncio.current_task().cancelling()


async def _timed_out(attempts: DeadlineTimer, seconds: float) -> bool:
    try:
        with attempts.begin(seconds):
            await wait_for_ever()
    except TimeoutError:
        return True
    return False
