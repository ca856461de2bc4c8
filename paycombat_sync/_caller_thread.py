"""Runs a job, such as a batch, in the client's event loop, and the user's own code (rows, hooks) in the calling thread.

If the user's code ran in the thread of the event loop, a hook could not call the client, and a generator of rows could
not use a database connection that the calling thread has opened.

Some comments end with the name of a test in parentheses. The named test fails without the code that the comment
explains.
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
    """A function that the user's thread must call, and the future for its result.

    `answer` is None if nobody waits for the result.
    """

    work: Callable[[], object]
    answer: asyncio.Future[Any] | None  # Any: the result of `work` may have any type


class CallerThread(Generic[T]):
    """Connects a job in the event loop with the thread that waits for the job. Each object serves one job."""

    def __init__(self) -> None:
        self._tasks: asyncio.Queue[_Task | None] = asyncio.Queue()
        self._job: asyncio.Task[T] | None = None

    # The two `Any` are the types of the values that a coroutine exchanges with asyncio. No caller uses them.
    def run(self, runner: Runner, job: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Runs the job in the event loop and returns its result. Meanwhile, this thread calls functions for the job.

        The job passes these functions with `run_in_caller` and `notify_caller`. If Ctrl-C comes, or if a hook or a
        signal handler raises an error, the job is cancelled. The error is raised when the job has ended.
        """
        try:
            runner.run(self._start, job)
            while (task := runner.run(self._tasks.get)) is not None:
                self._carry_out(runner, task)
            return runner.run(self._result)
        # Catches BaseException, because the job must end after a KeyboardInterrupt, too
        # (test_an_interrupt_ends_the_run_and_leaves_the_client_usable).
        except BaseException:
            # If a hook has closed the client, the job has already ended, and `run` raises ConfigurationError
            # (test_a_hook_may_close_the_client_and_exit).
            with suppress(ConfigurationError):
                runner.run(self._cancel)
            raise

    async def run_in_caller(self, work: Callable[[], U]) -> U:
        """Calls `work` in the calling thread, and returns its result or raises its error.

        Must be called in the event loop.
        """
        answer: asyncio.Future[U] = asyncio.get_running_loop().create_future()
        self._tasks.put_nowait(_Task(work, answer))
        return await answer

    def notify_caller(self, hook: Callable[[U], None]) -> Callable[[U], None]:
        """Returns a function with one argument that makes the calling thread call `hook` with that argument.

        The returned function must be called in the event loop, and does not wait until the calling thread has called
        `hook`.
        """

        def notify(value: U) -> None:
            # This function runs in the event loop's thread. Therefore it does not call `hook` itself
            # (test_rows_and_progress_stay_in_the_thread_of_the_caller).
            self._tasks.put_nowait(_Task(lambda: hook(value), None))

        return notify

    def _carry_out(self, runner: Runner, task: _Task) -> None:
        if task.answer is None:
            task.work()
            return
        try:
            value = task.work()
        # The error is raised in the job, which waits for the result
        # (test_an_error_of_the_callers_code_is_raised_in_the_job).
        except Exception as error:  # noqa: BLE001
            runner.run(_resolve, task.answer.set_exception, error)
        else:
            runner.run(_resolve, task.answer.set_result, value)

    async def _start(self, job: Callable[[], Coroutine[Any, Any, T]]) -> None:
        self._job = asyncio.create_task(job())
        self._job.add_done_callback(lambda _: self._tasks.put_nowait(None))

    async def _result(self) -> T:
        assert self._job is not None  # noqa: S101  # `_start` has set it
        return await self._job

    async def _cancel(self) -> None:
        # `_job` is None if Ctrl-C came before the job was started
        # (test_an_interrupt_before_the_job_has_started_is_raised).
        if self._job is not None:
            self._job.cancel()
            # The job must have closed its files before the caller goes on
            # (test_an_interrupt_is_raised_after_the_job_has_ended).
            await asyncio.wait([self._job])


async def _resolve(settle: Callable[[U], None], value: U) -> None:
    settle(value)
