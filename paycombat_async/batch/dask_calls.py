"""Calls of Dask that return within a limit even if the scheduler never answers."""

import asyncio
import concurrent.futures
import threading
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar, cast

T = TypeVar("T")

# Seconds for one answer of the scheduler. Dask itself waits without a limit for a scheduler whose process is suspended.
ANSWER_S: Final = 10.0


async def ask(method: Callable[[], object], *, asynchronous: bool) -> object:
    """Returns the result of a method of Dask. The methods of an `asynchronous` client return coroutines.

    Raises `TimeoutError` if there is no result within `ANSWER_S` seconds, and any error of Dask.
    """
    async with asyncio.timeout(ANSWER_S):
        if asynchronous:
            return await cast("Awaitable[object]", method())
        return await _in_daemon_thread(method)


async def _in_daemon_thread(function: Callable[[], T]) -> T:
    """Calls `function` in a thread. If the call never returns, the thread keeps neither the loop nor the process alive.

    A thread of `asyncio.to_thread` would keep the process alive, because `asyncio.run` waits for such threads at its
    end.
    """
    future: concurrent.futures.Future[T] = concurrent.futures.Future()
    future.set_running_or_notify_cancel()  # from here on it cannot be cancelled, so that the result can always be set

    def call() -> None:
        try:
            future.set_result(function())
        except BaseException as error:  # noqa: BLE001  # the caller gets it
            future.set_exception(error)

    threading.Thread(target=call, name="paycombat-dask", daemon=True).start()
    return await asyncio.wrap_future(future)
