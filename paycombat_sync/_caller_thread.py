"""Runs a job in the client's loop, and the caller's own code (rows, hooks) in the thread that called.

In the loop's thread, a hook could not call the client, and what belongs to the caller's thread, such as the database
connection behind a generator of rows, would be used in another one. A comment beside a guard names its test.
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
    """Something to call in the calling thread, and the future for its result; None if nobody waits for it."""

    work: Callable[[], object]
    answer: asyncio.Future[Any] | None  # Any: whatever the work returns


class CallerThread(Generic[T]):
    """Connects a job in the loop with the thread that waits for it. Serves one job."""

    def __init__(self) -> None:
        self._tasks: asyncio.Queue[_Task | None] = asyncio.Queue()
        self._job: asyncio.Task[T] | None = None

    def run(self, runner: Runner, job: Callable[[], Coroutine[Any, Any, T]]) -> T:  # Any: what it yields to its loop
        """Returns the job's result, and calls here what the job asks for meanwhile.

        An interrupt, or an error of a hook, cancels the job, waits for its end and is raised.
        """
        try:
            runner.run(self._start, job)
            while (task := runner.run(self._tasks.get)) is not None:
                self._carry_out(runner, task)
            return runner.run(self._result)
        except BaseException:  # test_an_interrupt_ends_the_run_and_leaves_the_client_usable
            with suppress(ConfigurationError):  # closed, which ended the job: test_a_hook_may_close_the_client_and_exit
                runner.run(self._cancel)
            raise

    async def run_in_caller(self, work: Callable[[], U]) -> U:
        """Returns what `work` returns, or raises what it raises, in the calling thread. Called in the loop."""
        answer: asyncio.Future[U] = asyncio.get_running_loop().create_future()
        self._tasks.put_nowait(_Task(work, answer))
        return await answer

    def notify_caller(self, hook: Callable[[U], None]) -> Callable[[U], None]:
        """Returns a function for the loop that has the hook called in the calling thread, without waiting for it."""

        def notify(value: U) -> None:
            # test_rows_and_progress_stay_in_the_thread_of_the_caller
            self._tasks.put_nowait(_Task(lambda: hook(value), None))

        return notify

    def _carry_out(self, runner: Runner, task: _Task) -> None:
        if task.answer is None:
            task.work()
            return
        try:
            value = task.work()
        except Exception as error:  # noqa: BLE001  # test_an_error_of_the_callers_code_is_raised_in_the_job
            runner.run(_resolve, task.answer.set_exception, error)
        else:
            runner.run(_resolve, task.answer.set_result, value)

    async def _start(self, job: Callable[[], Coroutine[Any, Any, T]]) -> None:
        self._job = asyncio.create_task(job())
        self._job.add_done_callback(lambda _: self._tasks.put_nowait(None))

    async def _result(self) -> T:
        assert self._job is not None  # noqa: S101  # started above
        return await self._job

    async def _cancel(self) -> None:
        if self._job is not None:  # test_an_interrupt_before_the_job_has_started_is_raised
            self._job.cancel()
            await asyncio.wait([self._job])  # test_an_interrupt_is_raised_after_the_job_has_ended


async def _resolve(settle: Callable[[U], None], value: U) -> None:
    settle(value)
