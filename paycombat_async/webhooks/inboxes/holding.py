"""Renews the lease of a worker on an event while it works, and then marks the event as done or releases it.

During the lease, no other worker gets the event.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from paycombat_async._clock import Clock
from paycombat_async.errors import LeaseLost, PayCombatError, StoreFailed
from paycombat_async.telemetry.attributes import EVENT_NUMBER, error_fields

T = TypeVar("T")

# Seconds for which a write to the inbox may go on after its worker was cancelled. The inbox itself gives up after 10 s.
_FINISH_S: Final = 15.0
# A renewal of a lease (a worker's time for an event) may always take this many seconds, even if the lease ends
# meanwhile. Such a late renewal succeeds if no other worker has taken the event.
_LATE_S: Final = 1.0
_RENEWALS: Final = 3  # how often a lease is renewed during its length
_RETRIES: Final = 30  # how often a failed renewal is tried again during the length of a lease
_log: Final = logging.getLogger("paycombat")


@dataclass(frozen=True, slots=True)
class Lease:
    """The lease of a worker on the event with this `number`: for `seconds` from `since` on, no other worker gets it.

    `since` is a time of `clock.monotonic()`. `renew`, `done` and `release` write to the inbox.
    """

    number: int
    seconds: float
    since: float
    clock: Clock
    renew: Callable[[], Coroutine[Any, Any, None]]  # Any: what a coroutine exchanges with its event loop
    done: Callable[[], Coroutine[Any, Any, None]]
    release: Callable[[], Coroutine[Any, Any, None]]


class Holding:
    """Renews the lease on one event in the running event loop, until `exit` or `end` is called."""

    def __init__(self, lease: Lease, on_lost: Callable[[], object]) -> None:
        """Starts the task that renews the lease. If the lease is lost, `on_lost` is called once, in the event loop."""
        self._lease = lease
        self._on_lost: Callable[[], object] | None = on_lost
        self._lost: LeaseLost | None = None
        self._worker: asyncio.Task[Any] | None = None  # Any: the result of the worker's task
        self._cancelling = 0
        self._renewals = asyncio.get_running_loop().create_task(self._renew())

    def enter(self, worker: "asyncio.Task[Any]") -> None:
        """Stores the worker's task, and how many times other code has already cancelled it.

        `exit` uses the number to see whether `on_lost` or other code has cancelled the task.
        """
        self._worker, self._cancelling = worker, worker.cancelling()

    async def exit(self, error: BaseException | None) -> None:
        """Called at the end of an `async with delivery` block. `error` is the error that the block has raised, or None.

        Without an error, marks the event as done; otherwise releases it. If the lease was lost before, writes nothing
        and raises `LeaseLost`. But if the block has raised an error of its own, or was cancelled by other code, this
        error is raised in place of `LeaseLost`. If `error` is a GeneratorExit, only the renewals are stopped, and the
        lease ends by itself.
        """
        if isinstance(error, GeneratorExit):  # the coroutine is being closed, and must not await anything
            self._stop()
            return
        if self._lost is None:
            await self.end(is_clean=error is None)
            return
        # LeaseLost replaces only the cancellation by `on_lost`. A cancellation by other code is passed on, as in
        # asyncio.timeout.
        is_ours = self._worker is None or self._worker.uncancel() <= self._cancelling
        if is_ours and (error is None or isinstance(error, asyncio.CancelledError)):
            raise self._lost

    async def end(self, *, is_clean: bool) -> None:
        """Stops the renewals of the lease, and marks the event as done if `is_clean` is true.

        Otherwise releases the event.

        If the caller is cancelled meanwhile, the write goes on for 15 seconds at most. Raises `LeaseLost` if the lease
        was lost, and `StoreFailed` if the event cannot be marked as done. If the event cannot be released, only a
        warning is logged, because the lease ends by itself.
        """
        self._stop()
        if self._lost is not None:
            raise self._lost
        await finish(self._done() if is_clean else self._release())

    def _stop(self) -> None:
        self._on_lost = None
        with suppress(RuntimeError):  # raised if the event loop is closed
            self._renewals.cancel()

    async def _done(self) -> None:
        await asyncio.wait([self._renewals])
        await self._lease.done()

    async def _release(self) -> None:
        """Releases the event.

        `LeaseLost` and `StoreFailed` are not raised: they would replace the error of the worker's block.
        """
        await asyncio.wait([self._renewals])
        try:
            await self._lease.release()
        except LeaseLost:
            pass  # a second worker has already taken the event
        except StoreFailed as error:
            fields = {EVENT_NUMBER: self._lease.number, **error_fields(error)}
            text = "event %d is taken again only when its lease is over: %s"
            _log.warning(text, self._lease.number, error, extra=fields)

    async def _renew(self) -> None:
        lease, clock = self._lease, self._lease.clock
        until = lease.since + lease.seconds
        pause = lease.seconds / _RENEWALS - (clock.monotonic() - lease.since)
        while self._lost is None:
            await clock.sleep(max(pause, 0.0))
            await asyncio.sleep(0)  # noqa: TID251  # lets other tasks run, because the sleep of a test's clock may not
            now = clock.monotonic()
            try:
                # A renewal must end before the lease does, because after the end of the lease a second worker may take
                # the event. But each renewal is given at least 1 second.
                async with asyncio.timeout(max(until - now, _LATE_S)):
                    await lease.renew()
            except LeaseLost as error:
                self._lost = error
            except (PayCombatError, TimeoutError) as error:
                pause = lease.seconds / _RETRIES
                if clock.monotonic() >= until or isinstance(error, TimeoutError):
                    why = str(error) or "the inbox does not answer"
                    self._lost = LeaseLost(f"the lease of event {lease.number} ended and cannot be renewed: {why}")
            else:
                until, pause = now + lease.seconds, lease.seconds / _RENEWALS
        if self._on_lost is not None:
            self._on_lost()


# Any: the types of the values that a coroutine exchanges with its event loop.
async def finish(work: Coroutine[Any, Any, T], *, undo: Callable[[T], Coroutine[Any, Any, None]] | None = None) -> T:
    """Returns the result of `work`. If the caller is cancelled, `work` still goes on, for 15 seconds at most.

    A cancelled caller never gets the result. If `work` then succeeds nevertheless, `undo` is called with the result. At
    the end, the cancellation is raised.
    """
    loop = asyncio.get_running_loop()
    task = loop.create_task(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        deadline = loop.time() + _FINISH_S
        await _outlast(task, deadline)
        if undo is not None and task.done() and not task.cancelled() and task.exception() is None:
            undoing = loop.create_task(undo(task.result()))
            await _outlast(undoing, deadline)
        raise


async def _outlast(task: "asyncio.Task[Any]", deadline: float) -> None:
    """Waits for the end of a task, and cancels it at `deadline`. If the caller is cancelled, the wait goes on.

    If the task raises an error, the error is logged as a warning.
    """
    loop = asyncio.get_running_loop()
    while not task.done() and loop.time() < deadline:
        with suppress(asyncio.CancelledError):  # `finish` raises the caller's first cancellation after the write
            await asyncio.wait([task], timeout=deadline - loop.time())
    task.cancel()
    error = task.exception() if task.done() and not task.cancelled() else None
    if error is not None:
        text = "a worker was cancelled, and its last write to the inbox failed: %s"
        _log.warning(text, error, extra=error_fields(error))
