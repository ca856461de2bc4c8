"""An event loop in a daemon thread, and the calls that other threads make into it.

`anyio.run` creates and runs the loop, and in the end cancels the remaining tasks and closes it. How other threads start
calls in it is written here, because:

- Python joins the thread of anyio's `start_blocking_portal` before its exit handlers run, so that a program whose
  client was not closed would never end.
- The future of `asyncio.run_coroutine_threadsafe` counts as cancelled at once, so that nobody can wait until a request
  is really cut; an interrupt before the caller has the future leaves the request running; it costs 10 µs more per call.

A test's name in brackets is the test that fails without the line.
"""

import asyncio
import os
import sys
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, Final, Generic, TypeVar

from paycombat_async.errors import ConfigurationError, Disconnected, PayCombatError

T = TypeVar("T")

_CLOSED: Final = "this client was closed by another thread; make a new one"
_CANCEL_GRACE_S: Final = 3.0  # to cancel a call or end a loop; both take milliseconds unless a hook blocks the loop
_POLL_S: Final = 0.1 if sys.platform == "win32" else -1  # on Windows, Ctrl-C does not end a wait for a lock
# Named, because uvloop.install() changes the default, and with uvloop's loop a forked child that makes no call ends by
# a segmentation fault (test_the_blocking_client_stays_on_asyncios_own_loop, program `fork_after_uvloop_install`).
if sys.platform == "win32":
    _LOOP_FACTORY: Final = asyncio.ProactorEventLoop
else:
    _LOOP_FACTORY: Final = asyncio.SelectorEventLoop


class _Call(Generic[T]):
    """A coroutine that runs in the loop, and the lock that its caller waits for."""

    __slots__ = ("_coroutine", "_finished", "_task")

    # Any: whatever the coroutine yields to its loop.
    def __init__(self, coroutine: Coroutine[Any, Any, T]) -> None:
        self._coroutine = coroutine
        self._task: asyncio.Task[T] | None = None
        self._finished = threading.Lock()
        self._finished.acquire()

    @property
    def is_over(self) -> bool:
        return self._task is not None and self._task.done()

    def start(self) -> None:
        """Starts the task. Called in the loop, in the context of the caller."""
        self._task = asyncio.get_running_loop().create_task(self._coroutine)
        self._task.add_done_callback(self._finish)

    def cancel(self) -> None:
        """Cancels the task. Called in the loop."""
        if self._task is not None:
            self._task.cancel()
        else:  # an interrupt came before the task was created (test_an_interrupt_before_the_loop_has_the_call)
            self.drop()

    def drop(self) -> None:
        """Wakes the thread that waits for this call, when no loop will start or finish it."""
        # A coroutine that never starts must be closed, or Python warns (test_a_call_that_comes_too_late_is_refused).
        if self._task is None:
            self._coroutine.close()
        # Raised if `_finish` has already released the lock (test_closing_cuts_calls_of_other_threads).
        with suppress(RuntimeError):
            self._finished.release()

    def wait(self, seconds: float) -> bool:
        return self._finished.acquire(timeout=seconds)

    def result(self) -> T:
        """Returns the coroutine's result, or raises its error. Can be called only once, because it drops the task.

        Raises `ConfigurationError` if the loop ended before the call began, and for a call that was cut the engine's
        error or `Disconnected`.
        """
        if self._task is None:
            raise ConfigurationError(_CLOSED)
        fate = self.fate()
        # Breaks the cycle error -> frame -> task -> error (test_an_error_is_freed_without_the_garbage_collector).
        task, self._task = self._task, None
        try:
            # Otherwise the loop ended during the call, and the error below is raised
            # (test_closing_cuts_calls_of_other_threads, test_a_call_into_a_loop_that_is_ending_is_disconnected).
            if task.done() and not task.cancelled():
                return task.result()
        finally:
            del task
        try:
            raise fate or Disconnected("the client was closed during this call; whether it was carried out is unknown")
        finally:
            del fate  # breaks the cycle error -> frame -> error, which only the garbage collector would free

    def fate(self) -> PayCombatError | None:
        """Returns the engine's error for a cancelled call, the cause of its CancelledError; None if there is none."""
        if self._task is None or not self._task.cancelled():
            return None
        try:
            self._task.result()
        except asyncio.CancelledError as cut:
            cause = cut.__cause__
        else:
            return None
        return cause if isinstance(cause, PayCombatError) else None

    def _finish(self, task: asyncio.Task[T]) -> None:
        # Read, because asyncio logs an error that nobody reads
        # (test_an_interrupt_just_after_the_answer_is_raised_at_once).
        if not task.cancelled():
            task.exception()
        self._finished.release()


class LoopThread:
    """Runs coroutines for any number of threads, until `stop`. It belongs to the process that made it."""

    def __init__(self, name: str) -> None:
        """Starts the thread and the loop. Raises `ConfigurationError` if Python starts no thread, as at its exit."""
        self._pid = os.getpid()
        self._calls: set[_Call[Any]] = set()
        self._is_over = False
        self._halt = asyncio.Event()
        self._started: Future[asyncio.AbstractEventLoop] = Future()
        # A daemon: Python joins other threads before its exit handlers run, so a program that did not close its client
        # would never end (test_a_program_gets_its_answers_and_ends_quietly[close_forgotten]).
        self._thread = threading.Thread(target=self._serve, name=name, daemon=True)
        try:
            self._thread.start()
            self._loop = self._started.result()
        # Python starts no thread at its exit or at the system's limit
        # (test_where_no_thread_can_start_the_call_says_so).
        except RuntimeError as error:
            raise ConfigurationError(f"the client cannot have its thread: {error}") from None
        # After Ctrl-C, nobody else would end the thread (test_an_interrupt_while_the_loop_starts_leaves_no_thread).
        except BaseException:
            self._started.add_done_callback(self._halt_when_started)
            raise

    @property
    def is_over(self) -> bool:
        """Whether this loop takes no more calls: always True in a forked child, since the loop is the parent's.

        The process id is compared because a server that forks in C, such as uWSGI, does not call the functions of
        `os.register_at_fork` (programs `fork_after_use` and `fork_in_c`).
        """
        return self._is_over or self._pid != os.getpid()

    @property
    def is_here(self) -> bool:
        """Whether the caller runs in this thread: a blocking call would then wait for itself."""
        return threading.get_ident() == self._thread.ident

    # Any: whatever the coroutine yields to its loop.
    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Returns the coroutine's result. An interrupt cancels the coroutine and is raised when that has ended."""
        call = _Call(coroutine)
        try:
            self._enter(call)
            while not call.wait(_POLL_S):
                pass
        # The request must not go on after Ctrl-C (test_ctrl_c_cuts_the_request).
        except BaseException as interrupt:
            self._abandon(call)
            fate = call.fate()
            if fate is None:
                raise
            raise interrupt from fate
        finally:
            self._calls.discard(call)
        try:
            return call.result()
        # A hook that raises these ends the loop, so a new one is needed
        # (test_a_call_right_after_a_hook_ended_the_loop).
        except (SystemExit, KeyboardInterrupt):
            self.stop()
            raise

    def stop(self) -> None:
        """Ends the loop and its thread: cancels the running calls and closes the connections."""
        self._is_over = True  # refuses new calls while the loop ends (test_a_call_while_the_loop_ends_is_refused)
        # Raised if the loop has already ended (test_a_client_and_its_variants_share_one_thread).
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._halt.set)
        # A thread cannot join itself (test_a_client_collected_in_its_own_thread_ends_it_too).
        if not self.is_here:
            # The time is limited because a hook may hang (test_ctrl_c_ends_a_program_whose_hook_hangs).
            self._thread.join(_CANCEL_GRACE_S)

    def stop_unless_busy(self) -> None:
        """Ends the loop when the program exits or the client is garbage-collected, unless a call is still running.

        Such a call belongs to a daemon thread and ends with the process. Does nothing in a forked child.
        """
        # The loop of a forked child is its parent's (test_a_forked_child_leaves_the_loop_of_its_parent_alone), and
        # waiting for a running call would delay the exit (test_a_call_under_way_does_not_hold_up_the_exit).
        if self._pid == os.getpid() and not self._calls:
            self.stop()

    def _enter(self, call: _Call[Any]) -> None:
        """Starts the call in the loop, in the caller's context. No lock is needed: `_serve` drops late calls."""
        self._calls.add(call)
        # A loop that is ending might not run the call (test_a_call_while_the_loop_ends_is_refused).
        if not self._is_over:
            # Raised if the loop has ended since the check (test_a_call_that_comes_too_late_is_refused).
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(call.start)
                return
        self._calls.discard(call)
        raise ConfigurationError(_CLOSED)

    def _abandon(self, call: _Call[Any]) -> None:
        # `_enter` refused it, so no loop has it (test_a_call_that_comes_too_late_is_refused).
        if call not in self._calls:
            call.drop()
        # A call that has ended needs no cancelling (test_an_interrupt_just_after_the_answer_is_raised_at_once).
        elif not call.is_over:
            # Raised if the loop has ended (test_a_signal_handler_may_close_and_exit_before_the_loop_has_the_call).
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(call.cancel)
            # Waits until the request is really cut (test_ctrl_c_returns_when_the_request_is_cut), but not for ever,
            # since a hook may hang (test_ctrl_c_ends_a_program_whose_hook_hangs).
            call.wait(_CANCEL_GRACE_S)

    def _serve(self) -> None:
        try:
            import anyio  # noqa: PLC0415  # importing it takes 15 ms: not before the first call

            # One loop for all calls, because connections belong to it
            # (test_one_run_of_anyio_serves_all_calls_of_a_client).
            anyio.run(self._stay, backend_options={"loop_factory": _LOOP_FACTORY})
        except BaseException as error:  # noqa: BLE001  # the constructor or a call raises it
            # The constructor waits for this future (test_where_no_loop_can_start_the_call_says_so).
            if not self._started.done():
                self._started.set_exception(error)
        finally:
            # A hook may have ended the loop without `stop` (test_a_loop_that_nobody_stopped_is_replaced).
            self._is_over = True
            # Callers must not wait for a loop that has ended (test_a_call_into_a_loop_that_is_ending_is_disconnected).
            for call in list(self._calls):
                call.drop()

    async def _stay(self) -> None:
        self._started.set_result(asyncio.get_running_loop())
        await self._halt.wait()

    def _halt_when_started(self, started: "Future[asyncio.AbstractEventLoop]") -> None:
        started.result().call_soon_threadsafe(self._halt.set)
