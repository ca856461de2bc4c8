"""An event loop in a daemon thread, and the calls that other threads make into it.

`anyio.run` makes the loop, runs it, and at its end cancels what is left and closes it. How calls enter is written here:

- anyio's `start_blocking_portal` has a thread that Python joins before its exit handlers run, so that a program whose
  client was not closed would never end.
- The future of `asyncio.run_coroutine_threadsafe` counts as cancelled at once, so that nobody can wait until a request
  is really cut; an interrupt before the caller has the future leaves the request running; it costs 10 µs more per call.

The comment beside a guard names the test that fails without it.
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
# a segmentation fault: test_the_blocking_client_stays_on_asyncios_own_loop, and the program `fork_after_uvloop_install`
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
        else:  # test_an_interrupt_before_the_loop_has_the_call
            self.drop()

    def drop(self) -> None:
        """Wakes the caller of a call that no loop will start, or finish."""
        if self._task is None:  # test_a_call_that_comes_too_late_is_refused
            self._coroutine.close()
        with suppress(RuntimeError):  # already woken by _finish: test_closing_cuts_calls_of_other_threads
            self._finished.release()

    def wait(self, seconds: float) -> bool:
        return self._finished.acquire(timeout=seconds)

    def result(self) -> T:
        """Returns the result, or raises the error, once.

        Raises `ConfigurationError` if the loop ended before the call began, and what the engine says of a call that
        was cut. Drops the task: an error would hold the frame that holds the task that holds the error.
        """
        if self._task is None:
            raise ConfigurationError(_CLOSED)
        fate = self.fate()
        task, self._task = self._task, None  # test_an_error_is_freed_without_the_garbage_collector
        try:
            # test_closing_cuts_calls_of_other_threads, test_a_call_into_a_loop_that_is_ending_is_disconnected
            if task.done() and not task.cancelled():
                return task.result()
        finally:
            del task
        try:
            raise fate or Disconnected("the client was closed during this call; whether it was carried out is unknown")
        finally:
            del fate  # an error that holds the frame that holds the error would wait for the garbage collector

    def fate(self) -> PayCombatError | None:
        """The engine's error for a call that was cancelled, which is the cause of the cancellation; otherwise None."""
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
        if not task.cancelled():  # else asyncio logs it: test_an_interrupt_just_after_the_answer_is_raised_at_once
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
        # A daemon: others are joined before Python runs its exit handlers, so a client that nobody closed would never
        # let the program end. test_a_program_gets_its_answers_and_ends_quietly[close_forgotten]
        self._thread = threading.Thread(target=self._serve, name=name, daemon=True)
        try:
            self._thread.start()
            self._loop = self._started.result()
        except RuntimeError as error:  # test_where_no_thread_can_start_the_call_says_so
            raise ConfigurationError(f"the client cannot have its thread: {error}") from None
        except BaseException:  # Ctrl-C inside start(): test_an_interrupt_while_the_loop_starts_leaves_no_thread
            self._started.add_done_callback(self._halt_when_started)
            raise

    @property
    def is_over(self) -> bool:
        """Whether it takes no more calls. In a forked child it never does: loop and sockets are the parent's.

        Tests: the programs `fork_after_use` and `fork_in_c`. `os.register_at_fork` would not be enough, because a
        server that forks in C, such as uWSGI, does not call what is registered there.
        """
        return self._is_over or self._pid != os.getpid()

    @property
    def is_here(self) -> bool:
        """Whether the caller is this thread, which would wait for itself."""
        return threading.get_ident() == self._thread.ident

    # Any: whatever the coroutine yields to its loop.
    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Returns the coroutine's result. An interrupt cancels the coroutine, and waits until that is done."""
        call = _Call(coroutine)
        try:
            self._enter(call)
            while not call.wait(_POLL_S):
                pass
        except BaseException as interrupt:  # test_ctrl_c_cuts_the_request
            self._abandon(call)
            fate = call.fate()
            if fate is None:
                raise
            raise interrupt from fate
        finally:
            self._calls.discard(call)
        try:
            return call.result()
        except (SystemExit, KeyboardInterrupt):  # from a hook: they end any loop, and the next call needs another one
            self.stop()  # test_a_call_right_after_a_hook_ended_the_loop
            raise

    def stop(self) -> None:
        """Ends the loop and its thread: running calls are cancelled, connections closed."""
        self._is_over = True  # test_a_call_while_the_loop_ends_is_refused
        with suppress(RuntimeError):  # the loop has ended: test_a_client_and_its_variants_share_one_thread
            self._loop.call_soon_threadsafe(self._halt.set)
        if not self.is_here:  # test_a_client_collected_in_its_own_thread_ends_it_too
            self._thread.join(_CANCEL_GRACE_S)  # a limit: test_ctrl_c_ends_a_program_whose_hook_hangs

    def stop_unless_busy(self) -> None:
        """Ends the loop at exit, or when the client is collected. Does nothing in a forked child.

        A call of a daemon thread that is still running ends with the process.
        """
        # test_a_forked_child_leaves_the_loop_of_its_parent_alone, test_a_call_under_way_does_not_hold_up_the_exit
        if self._pid == os.getpid() and not self._calls:
            self.stop()

    def _enter(self, call: _Call[Any]) -> None:
        """Starts the call in the loop, in the caller's context. No lock: `_serve` drops what was added too late."""
        self._calls.add(call)
        if not self._is_over:  # test_a_call_while_the_loop_ends_is_refused
            with suppress(RuntimeError):  # the loop has ended since: test_a_call_that_comes_too_late_is_refused
                self._loop.call_soon_threadsafe(call.start)
                return
        self._calls.discard(call)
        raise ConfigurationError(_CLOSED)

    def _abandon(self, call: _Call[Any]) -> None:
        if call not in self._calls:  # test_a_call_that_comes_too_late_is_refused
            call.drop()
        elif not call.is_over:  # test_an_interrupt_just_after_the_answer_is_raised_at_once
            with suppress(RuntimeError):  # test_a_signal_handler_may_close_and_exit_before_the_loop_has_the_call
                self._loop.call_soon_threadsafe(call.cancel)
            # Waits: test_ctrl_c_returns_when_the_request_is_cut. A limit: test_ctrl_c_ends_a_program_whose_hook_hangs
            call.wait(_CANCEL_GRACE_S)

    def _serve(self) -> None:
        try:
            import anyio  # noqa: PLC0415  # 15 ms: not for those who only import the package

            # test_one_run_of_anyio_serves_all_calls_of_a_client
            anyio.run(self._stay, backend_options={"loop_factory": _LOOP_FACTORY})
        except BaseException as error:  # noqa: BLE001  # the constructor raises it, or the call it came from did
            if not self._started.done():  # test_where_no_loop_can_start_the_call_says_so
                self._started.set_exception(error)
        finally:
            self._is_over = True  # test_a_loop_that_nobody_stopped_is_replaced
            for call in list(self._calls):  # test_a_call_into_a_loop_that_is_ending_is_disconnected
                call.drop()

    async def _stay(self) -> None:
        self._started.set_result(asyncio.get_running_loop())
        await self._halt.wait()

    def _halt_when_started(self, started: "Future[asyncio.AbstractEventLoop]") -> None:
        started.result().call_soon_threadsafe(self._halt.set)
