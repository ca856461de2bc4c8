"""Work that a job in the loop leaves to the thread that waits for it: reading the caller's rows, calling his hooks.

Done in the loop's thread, a hook could not call the client, and what belongs to the caller's thread, such as the
database connection behind a generator, would be used in another one.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from paycombat_async.errors import ConfigurationError
from paycombat_sync._runner import Runner

T = TypeVar("T")
U = TypeVar("U")


@dataclass(frozen=True, slots=True)
class _Task:
    """Something to call in the waiting thread, and where what it returns goes; None where nobody asks."""

    work: Callable[[], object]
    answer: asyncio.Future[Any] | None  # Any: whatever the work returns


class CallerThread(Generic[T]):
    """Between a job in the loop and the thread that waits for it. Serves one job."""

    def __init__(self) -> None:
        self._tasks: asyncio.Queue[_Task | None] = asyncio.Queue()
        self._task: asyncio.Task[T] | None = None

    def run(self, runner: Runner, job: Callable[[], Coroutine[Any, Any, T]]) -> T:  # Any: what it yields to its loop
        """Carries the job out in the loop, and its errands here. An interrupt cancels the job and waits for its end."""
        try:
            runner.run(self._start, job)
            while (task := runner.run(self._tasks.get)) is not None:
                self._carry_out(runner, task)
            return runner.run(self._result)
        except BaseException:
            with suppress(ConfigurationError):  # the client was closed, which has ended the job already
                runner.run(self._cancel)
            raise

    async def run_in_caller(self, work: Callable[[], U]) -> U:
        """In the loop: what `work` returns or raises in the waiting thread."""
        answer: asyncio.Future[U] = asyncio.get_running_loop().create_future()
        self._tasks.put_nowait(_Task(work, answer))
        return await answer

    def notify_caller(self, hook: Callable[[U], None]) -> Callable[[U], None]:
        """For the loop: a function that has the hook called in the waiting thread, and does not wait for it."""

        def tell(news: U) -> None:
            self._tasks.put_nowait(_Task(lambda: hook(news), None))

        return tell

    def _carry_out(self, runner: Runner, task: _Task) -> None:
        if task.answer is None:
            task.work()
            return
        try:
            value = task.work()
        except Exception as error:  # noqa: BLE001  # it is the job's, which asked for it
            runner.run(_resolve, task.answer.set_exception, error)
        else:
            runner.run(_resolve, task.answer.set_result, value)

    async def _start(self, job: Callable[[], Coroutine[Any, Any, T]]) -> None:
        self._task = asyncio.create_task(job())
        self._task.add_done_callback(lambda _: self._tasks.put_nowait(None))

    async def _result(self) -> T:
        assert self._task is not None  # noqa: S101  # started above
        return await self._task

    async def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])


async def _resolve(settle: Callable[[U], None], value: U) -> None:
    settle(value)
