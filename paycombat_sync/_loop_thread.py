"""An event loop in a daemon thread, and the calls that other threads make into this loop.

`anyio.run` creates and runs the loop. At the end it cancels the remaining tasks and closes the loop. The calls from
other threads are implemented here, and not taken from a library, for two reasons:

- anyio's `start_blocking_portal` starts a thread for which Python waits before it runs the exit handlers. Therefore a
  program that does not close its client would never end.
- `asyncio.run_coroutine_threadsafe` returns a future that is done as soon as `cancel` is called, even if the request
  still runs. Therefore a caller could not wait until the request has ended. If an interrupt came before the caller had
  the future, the request would not be cancelled. In addition, each call would take 10 µs more.

Some comments end with the name of a test in parentheses. The named test fails without the code that the comment
explains. A "test program" is one that a test runs in a process of its own.
"""

import asyncio
import os
import sys
import threading
from collections.abc import Coroutine
from concurrent.futures import Future, wait
from contextlib import suppress
from typing import Any, Final, Generic, TypeVar

from paycombat_async.errors import ConfigurationError, Disconnected, PayCombatError
from paycombat_sync._native_thread import get_ident, poll_seconds, start_thread

T = TypeVar("T")

_CLOSED: Final = "this client was closed by another thread; make a new one"
# How many seconds a thread waits at most until a call is cancelled, or until the event loop has stopped. Either takes
# milliseconds, unless a user's hook blocks the loop.
_CANCEL_GRACE_S: Final = 3.0
# The class of the event loop is fixed here, because `uvloop.install()` changes asyncio's default. With uvloop, a forked
# child process that makes no call ends with a segmentation fault
# (test_the_blocking_client_stays_on_asyncios_own_loop, test program `fork_after_uvloop_install`).
if sys.platform == "win32":
    _LOOP_FACTORY: Final = asyncio.ProactorEventLoop
else:
    _LOOP_FACTORY: Final = asyncio.SelectorEventLoop


class _Call(Generic[T]):
    """A coroutine to run in the event loop, and the lock on which the calling thread waits for its end."""

    __slots__ = ("_coroutine", "_finished", "_task")

    # The two `Any` are the types of the values that a coroutine exchanges with asyncio. No caller uses them.
    def __init__(self, coroutine: Coroutine[Any, Any, T]) -> None:
        self._coroutine = coroutine
        self._task: asyncio.Task[T] | None = None
        self._finished = threading.Lock()
        self._finished.acquire()

    @property
    def is_over(self) -> bool:
        return self._task is not None and self._task.done()

    def start(self) -> None:
        """Starts the coroutine as a task. Must be called in the loop's thread, with the caller's context variables."""
        self._task = asyncio.get_running_loop().create_task(self._coroutine)
        self._task.add_done_callback(self._finish)

    def cancel(self) -> None:
        """Cancels the coroutine, even before it has started. Must be called in the event loop's thread."""
        if self._task is not None:
            self._task.cancel()
        # There is no task if Ctrl-C came before `start` ran (test_an_interrupt_before_the_loop_has_the_call).
        else:
            self.drop()

    def drop(self) -> None:
        """Gives up the call, and ends the wait of the calling thread.

        Must be called only if the event loop will never start or finish the call.
        """
        # Python warns if a coroutine that never started is not closed (test_a_call_that_comes_too_late_is_refused).
        if self._task is None:
            self._coroutine.close()
        # RuntimeError is raised if `_finish` has already released the lock
        # (test_closing_cuts_calls_of_other_threads).
        with suppress(RuntimeError):
            self._finished.release()

    def wait(self, seconds: float) -> bool:
        return self._finished.acquire(timeout=seconds)

    def result(self) -> T:
        """Returns the coroutine's result, or raises its error. May be called only once.

        Raises `ConfigurationError` if the event loop stopped before the call began. If the call was cancelled, raises
        the SDK's error that is the `__cause__` of its CancelledError and says whether the request was sent. If there is
        no such error, or if the loop stopped during the call, raises `Disconnected`.
        """
        if self._task is None:
            raise ConfigurationError(_CLOSED)
        fate = self.fate()
        # Dropping the references to the task breaks the cycle error -> frame -> task -> error
        # (test_an_error_is_freed_without_the_garbage_collector).
        task, self._task = self._task, None
        try:
            # Only a task that has ended by itself has a result. If the task was cancelled or is not done, the loop has
            # stopped during the call, and `fate` or Disconnected is raised below
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
        """Returns the SDK's error for a cancelled call, which says whether the request was sent.

        This error is the `__cause__` of the CancelledError. Returns None if the call was not cancelled, or if there is
        no such error.
        """
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
        # The task's error is read here, because asyncio logs errors that are never read
        # (test_an_interrupt_just_after_the_answer_is_raised_at_once).
        if not task.cancelled():
            task.exception()
        self._finished.release()


class LoopThread:
    """A thread with an event loop, which runs coroutines for any number of threads until `stop` is called.

    It can be used only in the process that has created it.
    """

    def __init__(self, name: str) -> None:
        """Starts the thread and its event loop. `name` is the thread's name.

        Raises `ConfigurationError` if no thread can start, for example at interpreter exit.
        """
        self._pid = os.getpid()
        self._calls: set[_Call[Any]] = set()
        self._is_over = False
        self._halt = asyncio.Event()
        self._started: Future[asyncio.AbstractEventLoop] = Future()
        # The thread is a daemon, because Python joins all other threads before its exit handlers run. If the thread
        # were not a daemon, a program that does not close its client would never end
        # (test_a_program_gets_its_answers_and_ends_quietly[close_forgotten]).
        try:
            self._thread = start_thread(self._serve, name)
            # Waits repeatedly for a short time, because with gevent a wait without a time limit may raise LoopExit
            # (test_a_patched_program_gets_its_answers_and_ends_quietly).
            while (seconds := poll_seconds()) > 0 and not self._started.done():
                wait([self._started], seconds)
            self._loop = self._started.result()
        # RuntimeError is raised at interpreter exit, and if the system's limit of threads is reached
        # (test_where_no_thread_can_start_the_call_says_so).
        except RuntimeError as error:
            raise ConfigurationError(f"the client cannot have its thread: {error}") from None
        # If Ctrl-C comes during the start, the caller gets no `LoopThread` and cannot call `stop`. Therefore this
        # callback stops the thread (test_an_interrupt_while_the_loop_starts_leaves_no_thread).
        except BaseException:
            self._started.add_done_callback(self._halt_when_started)
            raise

    @property
    def is_over(self) -> bool:
        """Whether this event loop accepts no more calls. True in a forked child, because the loop runs in the parent.

        A fork is recognized by the process id. The functions of `os.register_at_fork` are not enough, because a server
        that forks in C, such as uWSGI, does not call them (test programs `fork_after_use` and `fork_in_c`).
        """
        return self._is_over or self._pid != os.getpid()

    @property
    def is_here(self) -> bool:
        """Whether the calling code runs in the event loop's own thread, as a user's hook does.

        A blocking call in this thread would wait for itself, and would never end.
        """
        return get_ident() == self._thread.ident

    # The two `Any` are the types of the values that a coroutine exchanges with asyncio. No caller uses them.
    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Runs the coroutine in the event loop. Returns its result, or raises its error.

        Ctrl-C, or an error from a signal handler, cancels the coroutine. When the coroutine has ended, or after 3
        seconds, KeyboardInterrupt or that error is raised. Raises `ConfigurationError` if the loop has ended before the
        call, and `Disconnected` if the loop ends during the call.
        """
        call = _Call(coroutine)
        try:
            self._enter(call)
            while not call.wait(poll_seconds()):
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
        # If a user's hook raises SystemExit or KeyboardInterrupt, asyncio stops the event loop. The next call needs a
        # new loop (test_a_call_right_after_a_hook_ended_the_loop).
        except (SystemExit, KeyboardInterrupt):
            self.stop()
            raise

    def stop(self) -> None:
        """Cancels the running calls, and ends the loop and its thread. Waits at most 3 seconds for the thread to end.

        A second call does nothing.
        """
        # New calls are refused while the loop ends (test_a_call_while_the_loop_ends_is_refused).
        self._is_over = True
        # RuntimeError is raised if the loop is already closed (test_a_client_and_its_variants_share_one_thread).
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._halt.set)
        # Only another thread may wait here, because a thread cannot join itself
        # (test_a_client_collected_in_its_own_thread_ends_it_too).
        if not self.is_here:
            # The wait is limited, because a user's hook may block the loop endlessly
            # (test_ctrl_c_ends_a_program_whose_hook_hangs).
            self._thread.join(_CANCEL_GRACE_S)

    def stop_unless_busy(self) -> None:
        """Ends the event loop, unless a call is still running. Does nothing in a forked child.

        Called when the program exits, or when the client is garbage-collected. A call that is still running runs in a
        daemon thread, and so ends with the process.
        """
        # Only the process that started the loop may stop it, and not a forked child
        # (test_a_forked_child_leaves_the_loop_of_its_parent_alone). The loop is stopped only if no call is running,
        # because waiting for a running call would delay the exit (test_a_call_under_way_does_not_hold_up_the_exit).
        if self._pid == os.getpid() and not self._calls:
            self.stop()

    def _enter(self, call: _Call[Any]) -> None:
        """Makes the event loop start the call, with the context variables of the caller.

        Raises `ConfigurationError` if the loop has ended. No lock is needed: a call that is added to `_calls` while the
        loop ends is dropped at the end of `_serve`, so its caller does not wait forever.
        """
        self._calls.add(call)
        # A loop that is ending may never run the call (test_a_call_while_the_loop_ends_is_refused).
        if not self._is_over:
            # RuntimeError is raised if the loop was closed after `_is_over` was checked
            # (test_a_call_that_comes_too_late_is_refused).
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(call.start)
                return
        self._calls.discard(call)
        raise ConfigurationError(_CLOSED)

    def _abandon(self, call: _Call[Any]) -> None:
        # `_enter` has refused this call, so the loop will not run it (test_a_call_that_comes_too_late_is_refused).
        if call not in self._calls:
            call.drop()
        # A call that has ended is not cancelled (test_an_interrupt_just_after_the_answer_is_raised_at_once).
        elif not call.is_over:
            # RuntimeError is raised if the loop is closed
            # (test_a_signal_handler_may_close_and_exit_before_the_loop_has_the_call).
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(call.cancel)
            # This thread waits until the request is really cancelled (test_ctrl_c_returns_when_the_request_is_cut), but
            # at most 3 seconds, because a user's hook may block the loop (test_ctrl_c_ends_a_program_whose_hook_hangs).
            call.wait(_CANCEL_GRACE_S)

    def _serve(self) -> None:
        try:
            import anyio  # noqa: PLC0415  # imported by the first call, because importing it takes 15 ms

            # All calls run in one event loop, because a connection can be used only in the loop that opened it
            # (test_one_run_of_anyio_serves_all_calls_of_a_client).
            anyio.run(self._stay, backend_options={"loop_factory": _LOOP_FACTORY})
        except BaseException as error:  # noqa: BLE001  # the constructor raises it in its caller's thread
            # The constructor waits for the future `_started`, so the future must get the error
            # (test_where_no_loop_can_start_the_call_says_so).
            if not self._started.done():
                self._started.set_exception(error)
        finally:
            # The loop may have stopped without `stop`, because a user's hook raised SystemExit or KeyboardInterrupt
            # (test_a_loop_that_nobody_stopped_is_replaced).
            self._is_over = True
            # Callers must not wait for a loop that has ended (test_a_call_into_a_loop_that_is_ending_is_disconnected).
            for call in list(self._calls):
                call.drop()

    async def _stay(self) -> None:
        self._started.set_result(asyncio.get_running_loop())
        await self._halt.wait()

    def _halt_when_started(self, started: "Future[asyncio.AbstractEventLoop]") -> None:
        started.result().call_soon_threadsafe(self._halt.set)
