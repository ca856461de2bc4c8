"""Slots are given in the order of asking, and none is lost, whatever is cancelled when."""

import asyncio
import random

import pytest

from paycombat_async.transport.slots import Slots

pytestmark = pytest.mark.promise("P4")


async def use(slots: Slots, order: list[int], number: int) -> None:
    if not slots.take():
        await slots.wait()
    try:
        order.append(number)
        await asyncio.sleep(0)
    finally:
        slots.give_back()


async def turns(number: int = 3) -> None:
    for _ in range(number):
        await asyncio.sleep(0)


async def test_they_are_given_in_the_order_of_asking():
    """A task that comes back does not overtake those that wait."""
    slots, order = Slots(2), []
    tasks = [asyncio.create_task(use(slots, order, number)) for number in range(7)]
    await turns(1)

    assert not slots.take()
    await use(slots, order, 7)
    await asyncio.gather(*tasks)
    assert (list(range(8)), 2) == (order, slots.free)


async def test_a_cancelled_task_takes_none():
    """The next one gets the slot."""
    slots, order = Slots(1), []
    assert slots.take()
    first, second = (asyncio.create_task(use(slots, order, number)) for number in range(2))
    await turns()
    first.cancel()
    await turns()
    slots.give_back()

    await second
    assert ([1], 1, True) == (order, slots.free, first.cancelled())


async def test_a_slot_passed_on_to_a_task_that_is_cancelled_goes_to_the_next():
    """Both happen in the same turn of the loop, so that the task never runs with its slot."""
    slots, order = Slots(1), []
    assert slots.take()
    first, second = (asyncio.create_task(use(slots, order, number)) for number in range(2))
    await turns()
    slots.give_back()
    first.cancel()

    await second
    assert ([1], 1, True) == (order, slots.free, first.cancelled())


@pytest.mark.parametrize("is_passed_on", [False, True])
async def test_a_coroutine_that_is_closed_while_it_waits_takes_none(is_passed_on):
    """So do frameworks that run coroutines themselves, and an interrupt that comes when the slot is passed on."""
    slots = Slots(1)
    assert slots.take()
    waiting = slots.wait()
    waiting.send(None)
    if is_passed_on:
        slots.give_back()
    waiting.close()
    if not is_passed_on:
        slots.give_back()

    assert 1 == slots.free


def test_an_event_loop_that_is_closed_too_early_costs_no_traceback():
    """The garbage collector closes the coroutines of its tasks, those with a slot and those that wait."""
    slots, loop = Slots(1), asyncio.new_event_loop()

    async def hold() -> None:
        if not slots.take():
            await slots.wait()
        try:
            await asyncio.Event().wait()
        finally:
            slots.give_back()

    calls = [hold() for _ in range(3)]
    tasks = [loop.create_task(call) for call in calls]
    loop.run_until_complete(turns())
    loop.close()
    for task, call in zip(tasks, calls, strict=True):
        task._log_destroy_pending = False
        call.close()

    assert 1 == slots.free


@pytest.mark.parametrize("seed", range(20))
async def test_none_is_lost_or_given_twice(seed):
    """Tasks come and are cancelled in any order."""
    chance, slots, used = random.Random(seed), Slots(3), [0]

    async def work() -> None:
        if not slots.take():
            await slots.wait()
        used[0] += 1
        try:
            assert used[0] <= 3
            await turns(chance.randrange(3))
        finally:
            used[0] -= 1
            slots.give_back()

    tasks = []
    for _ in range(200):
        tasks.append(asyncio.create_task(work()))
        if chance.random() < 0.5:
            chance.choice(tasks).cancel()
        await turns(chance.randrange(2))
    results = await asyncio.gather(*tasks, return_exceptions=True)

    assert {None, asyncio.CancelledError} == {None if result is None else type(result) for result in results}
    assert 3 == slots.free
