"""Starts a native thread (a thread of the operating system), even in programs that gevent has patched.

After `gevent.monkey.patch_all()`, `threading.Thread` starts a greenlet in the caller's own thread. If an event loop ran
in this greenlet, asyncio would see a running loop in all other greenlets of the thread, too. As a result:

- Django would refuse to use its ORM.
- `asyncio.run` would fail.
- A second client would find an event loop that is already running.

Therefore the event loop gets a native thread. gevent's locks work between native threads: while a caller waits for the
loop, the other greenlets of the caller's thread continue (test_gevent.py).
"""

import sys
import threading
from collections.abc import Callable
from typing import Any, Final, Protocol

from paycombat_async._clock import SYSTEM_CLOCK
from paycombat_async.errors import ConfigurationError

_POLL_S: Final = 0.1  # in seconds: the longest single wait for a lock, and so the longest delay of Ctrl-C on Windows
_PAUSE_S: Final = 0.005  # seconds between two checks whether a thread has ended


class Thread(Protocol):
    """A thread that has been started."""

    @property
    def ident(self) -> int | None:
        """The number that `get_ident` returns in this thread, or None before the thread runs."""
        ...

    def join(self, timeout: float) -> None:
        """Waits until the thread has ended, but at most `timeout` seconds. Raises nothing if the time runs out."""
        ...


def start_thread(target: Callable[[], None], name: str) -> Thread:
    """Starts a daemon thread that calls `target`. Raises `RuntimeError` if Python cannot start a thread.

    Raises `ConfigurationError` in a program that eventlet has patched, because eventlet's locks do not work between
    native threads.
    """
    patched = _patched_by_gevent()
    if patched is not None:
        return _GeventThread(target, patched)
    _refuse_eventlet()
    thread = threading.Thread(target=target, name=name, daemon=True)
    thread.start()
    return thread


def poll_seconds() -> float:
    """Returns how many seconds a single wait for another thread may last, or -1 for no limit.

    A caller that must wait longer waits repeatedly. Single waits must be short in two cases:

    - On Windows, Ctrl-C does not interrupt a wait for a lock.
    - With gevent, a wait without a limit raises `LoopExit` if no other greenlet of this thread can run. gevent does not
      know that another thread will end the wait.
    """
    return _POLL_S if sys.platform == "win32" or _patched_by_gevent() is not None else -1


def get_ident() -> int:
    """Returns the number of the calling native thread.

    With gevent, `threading.get_ident` would return the number of the greenlet instead.
    """
    patched = _patched_by_gevent()
    if patched is None:
        return threading.get_ident()
    ident: int = patched.get_original("_thread", "get_ident")()
    return ident


class _GeventThread:
    def __init__(self, target: Callable[[], None], patched: Any) -> None:
        self.ident: int | None = None
        self._target = target
        self._gevent: Any = sys.modules["gevent"]
        self._is_over = False
        # Each thread has a hub (gevent's event loop), and the first use of a hub imports modules. If two threads import
        # these modules at the same time, each waits for the other. Therefore they are imported before the new thread
        # starts.
        hub = self._gevent.get_hub()
        _ = hub.resolver, hub.threadpool
        patched.get_original("_thread", "start_new_thread")(self._run, ())

    def join(self, timeout: float) -> None:
        if self._gevent.getcurrent() is self._gevent.get_hub():
            return  # the hub (gevent's event loop) must not wait; a client was garbage-collected in it
        until = SYSTEM_CLOCK.monotonic() + timeout
        while not self._is_over and SYSTEM_CLOCK.monotonic() < until:
            self._gevent.sleep(_PAUSE_S)

    def _run(self) -> None:
        self.ident = get_ident()
        # `threading` stores an entry for each greenlet that uses it. The entry for this thread's main greenlet would
        # never be deleted, because `threading` has not started this thread. Therefore `target` runs in a second
        # greenlet.
        self._gevent.spawn(self._target).join()
        self._gevent.sleep(0)  # lets `threading` delete the entry for the second greenlet
        self._gevent.get_hub().destroy(destroy_loop=True)  # else the hub's file descriptors would stay open
        self._is_over = True


def _patched_by_gevent() -> Any:
    """Returns the module `gevent.monkey`, or None if gevent has not patched `threading`."""
    monkey = sys.modules.get("gevent.monkey")
    return monkey if monkey is not None and monkey.is_module_patched("threading") else None


def _refuse_eventlet() -> None:
    patcher = sys.modules.get("eventlet.patcher")
    if patcher is not None and patcher.is_monkey_patched("thread"):
        raise ConfigurationError(
            "the blocking client does not work in threads that eventlet has patched; use gevent or native threads"
        )
