"""The ways in which a call is given up, each at a given turn of the event loop. `CUT` stands for its answer then."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final

import anyio

from tests.chaos.echo_server import Steps

CUT: Final = "cut"
Call = Callable[[], Coroutine[Any, Any, str]]
Cancel = Callable[[Call, int], Awaitable[str]]
_LONG_AGO: Final = -math.inf


class SiblingFailed(Exception):
    """What ends the task group that the call is in."""


async def by_task_cancel(call: Call, turns: int) -> str:
    task = asyncio.create_task(call())
    steps = Steps(turns, task.cancel)
    return await _outcome(task, steps)


async def by_two_cancels(call: Call, turns: int) -> str:
    """The second while the first is being carried out."""
    task = asyncio.create_task(call())
    first, second = Steps(turns, task.cancel), Steps(turns + 1, task.cancel)
    try:
        return await _outcome(task, first)
    finally:
        second.cancel()


async def by_timeout(call: Call, turns: int) -> str:
    try:
        async with asyncio.timeout(None) as scope:
            steps = Steps(turns, lambda: scope.reschedule(0))
            try:
                return await call()
            finally:
                steps.cancel()
    except TimeoutError:
        return CUT


async def by_task_group(call: Call, turns: int) -> str:
    """A sibling fails."""
    sibling = asyncio.get_running_loop().create_future()
    steps = Steps(turns, lambda: sibling.done() or sibling.set_exception(SiblingFailed))
    task = None
    try:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(call())
            task.add_done_callback(lambda _: sibling.done() or sibling.set_result(None))
            await sibling
    except* SiblingFailed:
        pass
    finally:
        steps.cancel()
    assert task is not None
    return CUT if task.cancelled() else task.result()


async def by_anyio_task_group(call: Call, turns: int) -> str:
    """A sibling fails, and anyio cancels again at each turn until the call has ended."""
    answers = [CUT]
    sibling = asyncio.get_running_loop().create_future()
    steps = Steps(turns, lambda: sibling.done() or sibling.set_exception(SiblingFailed))

    async def run() -> None:
        answers.append(await call())
        sibling.done() or sibling.set_result(None)

    try:
        async with anyio.create_task_group() as group:
            group.start_soon(run)
            await sibling
    except* SiblingFailed:
        pass
    finally:
        steps.cancel()
    return answers[-1]


async def by_cancel_scope(call: Call, turns: int) -> str:
    with anyio.CancelScope() as scope:
        return await _in_scope(call, Steps(turns, scope.cancel))
    return CUT


async def by_move_on_after(call: Call, turns: int) -> str:
    with anyio.move_on_after(math.inf) as scope:
        return await _in_scope(call, Steps(turns, lambda: setattr(scope, "deadline", _LONG_AGO)))
    return CUT


async def by_fail_after(call: Call, turns: int) -> str:
    try:
        with anyio.fail_after(math.inf) as scope:
            return await _in_scope(call, Steps(turns, lambda: setattr(scope, "deadline", _LONG_AGO)))
    except TimeoutError:
        pass
    return CUT


async def _in_scope(call: Call, steps: Steps) -> str:
    try:
        return await call()
    finally:
        steps.cancel()


async def _outcome(task: "asyncio.Task[str]", steps: Steps) -> str:
    await asyncio.wait([task])
    steps.cancel()
    return CUT if task.cancelled() else task.result()


CANCELS: Final[tuple[Cancel, ...]] = (
    by_task_cancel,
    by_two_cancels,
    by_timeout,
    by_task_group,
    by_anyio_task_group,
    by_cancel_scope,
    by_move_on_after,
    by_fail_after,
)
