"""Tasks that write to the intents store: they continue if their API call is cancelled, so no record is unfinished."""

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    import asyncio

T = TypeVar("T")

_tasks: Final[set["asyncio.Task[Any]"]] = set()  # keeps tasks alive: event loops hold only weak references


# The two `Any` are what the coroutine yields to its event loop and what it gets back.
def in_task(work: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
    """Starts `work` in a new task, and returns the task; `finished` waits for the end of all such tasks."""
    import asyncio  # noqa: PLC0415  # importing it takes 30 ms, which code that only signs need not spend

    task = asyncio.get_running_loop().create_task(work)
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)
    return task


async def finished() -> None:
    """Waits until all tasks that `in_task` has started in this event loop are done, including those they start."""
    import asyncio  # noqa: PLC0415  # importing it takes 30 ms, which code that only signs need not spend

    loop = asyncio.get_running_loop()
    # Threads with event loops of their own may change the set during the iteration; `list` copies it in one step.
    while own := [task for task in list(_tasks) if task.get_loop() is loop]:
        await asyncio.wait(own)
