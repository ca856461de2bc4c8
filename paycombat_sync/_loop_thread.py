"""An event loop in a daemon thread of its own, and the calls that other threads make into it.

Not `asyncio.run_coroutine_threadsafe`: its future counts as cancelled at once, so nobody can wait until a request is
really cut; an interrupt before the future is in hand leaves the request running; and it costs 10 µs more per call.
"""

import asyncio
import sys
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, Final, Generic, TypeVar

from paycombat_async.errors import ConfigurationError, Disconnected, PayCombatError

T = TypeVar("T")

_CLOSED: Final = "this client was closed by another thread; make a new one"
_CANCEL_GRACE_S: Final = 3.0  # for a cut to be carried out, and for a loop to end: both take milliseconds
_POLL_S: Final = 0.1 if sys.platform == "win32" else -1  # there, Ctrl-C does not end a wait for a lock
# Named, because uvloop.install() changes the default, and with uvloop's loop a forked child that makes no call ends by
# a segmentation fault: test_the_blocking_client_stays_on_asyncios_own_loop, and the program `fork_after_uvloop_install`
if sys.platform == "win32":
    _LOOP_FACTORY: Final = asyncio.ProactorEventLoop
else:
    _LOOP_FACTORY: Final = asyncio.SelectorEventLoop


class _Call(Generic[T]):
    """A coroutine on its way through the loop, and the lock that its caller waits at."""

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
        """In the loop, and in the context of the caller."""
        self._task = asyncio.get_running_loop().create_task(self._coroutine)
        self._task.add_done_callback(self._finish)

    def cancel(self) -> None:
        """In the loop."""
        if self._task is not None:
            self._task.cancel()
        else:
            self.drop()

    def drop(self) -> None:
        """For a call that no loop will carry out, or bring to an end."""
        if self._task is None:
            self._coroutine.close()
        with suppress(RuntimeError):  # nobody waits any more
            self._finished.release()

    def wait(self, seconds: float) -> bool:
        return self._finished.acquire(timeout=seconds)

    def result(self) -> T:
        """The result, once. The task goes with it: an error would hold the frame that holds the task that holds it."""
        if self._task is None:
            raise ConfigurationError(_CLOSED)
        fate = self.fate()
        task, self._task = self._task, None
        try:
            if task.done() and not task.cancelled():
                return task.result()
        finally:
            del task
        try:
            raise fate or Disconnected("the client was closed during this call; whether it was carried out is unknown")
        finally:
            del fate  # an error that holds the frame that holds the error would wait for the garbage collector

    def fate(self) -> PayCombatError | None:
        """What the engine says of a call that was cancelled: it stands as the cause of the cancellation."""
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
        if not task.cancelled():
            task.exception()  # looked at: whoever gave the call up does not come for it
        self._finished.release()


class LoopThread:
    """Carries out coroutines for any number of threads, until `stop`.

    A daemon thread, since others are joined before Python runs its exit handlers: a client that nobody closed would
    never let the program end.
    """

    def __init__(self, name: str) -> None:
        """Starts the thread. Raises `ConfigurationError` where that is not possible any more."""
        self._lock = threading.RLock()
        self._calls: set[_Call[Any]] = set()
        self._is_over = False
        self._halt = asyncio.Event()
        self._started: Future[asyncio.AbstractEventLoop] = Future()
        self._thread = threading.Thread(target=self._serve, name=name, daemon=True)
        try:
            self._thread.start()
            self._loop = self._started.result()
        except RuntimeError as error:
            raise ConfigurationError(f"the client cannot have its thread: {error}") from None
        except BaseException:  # an interrupt, most likely inside start(), which waits for the new thread
            self._started.add_done_callback(self._halt_when_started)
            raise

    @property
    def is_over(self) -> bool:
        """Whether it takes no more calls."""
        return self._is_over

    @property
    def is_here(self) -> bool:
        """Whether the caller is this very thread, which would wait for itself."""
        return threading.get_ident() == self._thread.ident

    # Any: whatever the coroutine yields to its loop.
    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """The coroutine's result. An interrupt in here cuts the request, and waits until that is done."""
        call = _Call(coroutine)
        try:
            self._enter(call)
            while not call.wait(_POLL_S):
                pass
        except BaseException as interrupt:
            self._abandon(call)
            fate = call.fate()
            if fate is None:
                raise
            raise interrupt from fate
        finally:
            self._leave(call)
        try:
            return call.result()
        except (SystemExit, KeyboardInterrupt):  # from a hook: it ends any loop, and the next call needs another one
            self.stop()
            raise

    def stop(self) -> None:
        """End the loop: calls under way are cut, connections closed, the thread ends."""
        with self._lock:
            self._is_over = True
        with suppress(RuntimeError):  # ended already
            self._loop.call_soon_threadsafe(self._halt.set)
        if not self.is_here:
            self._thread.join(_CANCEL_GRACE_S)

    def stop_unless_busy(self) -> None:
        """At exit, or when the client is collected. Calls of daemon threads are left to end with the process.

        The lock stays locked then: such a thread is not woken for a last traceback about the loss of its connection.
        """
        self._lock.acquire()
        if not self._calls:
            self._lock.release()
            self.stop()

    def _enter(self, call: _Call[Any]) -> None:
        with self._lock:
            if self._is_over:
                raise ConfigurationError(_CLOSED)
            self._calls.add(call)
            self._loop.call_soon_threadsafe(call.start)

    def _abandon(self, call: _Call[Any]) -> None:
        if call not in self._calls:
            call.drop()
        elif not call.is_over:
            with suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(call.cancel)
            call.wait(_CANCEL_GRACE_S)

    def _leave(self, call: _Call[Any]) -> None:
        with self._lock:
            self._calls.discard(call)

    def _serve(self) -> None:
        try:
            import anyio  # noqa: PLC0415  # 15 ms: not for those who only import the package

            anyio.run(self._stay, backend_options={"loop_factory": _LOOP_FACTORY})
        except BaseException as error:  # noqa: BLE001  # the constructor raises it, or the call it came from did
            if not self._started.done():
                self._started.set_exception(error)
        finally:
            with self._lock:
                self._is_over = True
                for call in self._calls:
                    call.drop()

    async def _stay(self) -> None:
        self._started.set_result(asyncio.get_running_loop())
        await self._halt.wait()

    def _halt_when_started(self, started: "Future[asyncio.AbstractEventLoop]") -> None:
        if started.exception() is None:
            started.result().call_soon_threadsafe(self._halt.set)
