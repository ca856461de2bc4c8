"""Tasks that write to the intents store. They continue if their call is cancelled, so that each record is finished."""

import logging
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, Final, TypeVar

from paycombat_async.telemetry.attributes import ERROR

if TYPE_CHECKING:
    import asyncio

T = TypeVar("T")

# Closing a client waits this many seconds at most for the intents store, because a program must be able to stop even if
# the store does not answer. A record that is left without an outcome becomes UNKNOWN when its lease (the time for
# sending) ends.
LONGEST_S: Final = 30.0
_log: Final = logging.getLogger("paycombat")
# Python may free an unfinished task if nothing refers to it: event loops hold only weak references to their tasks.
_tasks: Final[set["asyncio.Task[Any]"]] = set()


# The two `Any` are the types of the values that the coroutine yields to its event loop and gets back from it.
def in_task(work: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
    """Starts `work` in a new task, and returns the task. `finished` waits for the end of all such tasks."""
    import asyncio  # noqa: PLC0415  # importing it takes 30 ms, which code that only signs need not spend

    task = asyncio.get_running_loop().create_task(work)
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)
    return task


async def finished() -> None:
    """Waits until all tasks that `in_task` has started in this event loop are done.

    Tasks that `in_task` starts meanwhile are waited for, too. If some are not done after `LONGEST_S` seconds, logs a
    warning and returns.
    """
    import asyncio  # noqa: PLC0415  # importing it takes 30 ms, which code that only signs need not spend

    loop = asyncio.get_running_loop()
    end = loop.time() + LONGEST_S
    # `_tasks` has the tasks of all threads, and other threads may change it at any time. `list` copies it in one step.
    while own := [task for task in list(_tasks) if task.get_loop() is loop]:
        left = end - loop.time()
        if left <= 0:
            text = "the intents store did not answer before the client was closed: %d outcomes may not be recorded"
            _log.warning(text, len(own), extra={ERROR: "StoreFailed"})
            return
        await asyncio.wait(own, timeout=left)
