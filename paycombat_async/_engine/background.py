"""Work on a store that goes on if its call is cancelled: a record must not be left half known."""

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    import asyncio

T = TypeVar("T")

_tasks: Final[set["asyncio.Task[Any]"]] = set()  # keeps tasks alive: event loops hold only weak references


# The two `Any` are what the coroutine yields to its event loop and what it gets back.
def in_task(work: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
    """Starts the work in a task of its own, and returns the task; `finished` waits for its end."""
    import asyncio  # noqa: PLC0415  # importing it takes 30 ms, which code that only signs need not spend

    task = asyncio.get_running_loop().create_task(work)
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)
    return task


async def finished() -> None:
    """Waits until all such work of the running loop is done, and what that has started, too."""
    import asyncio  # noqa: PLC0415  # importing it takes 30 ms, which code that only signs need not spend

    loop = asyncio.get_running_loop()
    # `list` copies the set at once, while loops of other threads may change it.
    while own := [task for task in list(_tasks) if task.get_loop() is loop]:
        await asyncio.wait(own)
