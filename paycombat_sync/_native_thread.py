"""Starts a thread of the operating system (a native thread), even in programs that gevent has patched.

After `gevent.monkey.patch_all()`, `threading.Thread` starts a greenlet in the caller's own thread. An event loop in
this greenlet would count as running in all other greenlets of the thread, too. As a result, Django would refuse to use
its ORM, `asyncio.run` would fail, and a second client would find an event loop that is already running. In contrast,
gevent's locks work between native threads. Therefore callers wait for the loop as they wait for any other lock, and the
other greenlets of their thread go on meanwhile (test_gevent.py).
"""

import sys
import threading
from collections.abc import Callable
from typing import Any, Final, Protocol

from paycombat_async._clock import SYSTEM_CLOCK
from paycombat_async.errors import ConfigurationError

_POLL_S: Final = 0.1  # the longest wait for a lock, in seconds, and so the longest delay of Ctrl-C on Windows
_PAUSE_S: Final = 0.005  # the seconds between two checks whether a thread has ended


class Thread(Protocol):
    """A thread that has been started."""

    @property
    def ident(self) -> int | None:
        """The number that `get_ident` returns in this thread, or None before the thread runs."""
        ...

    def join(self, timeout: float) -> None:
        """Waits until the thread has ended, but at most `timeout` seconds. Returns None in both cases."""
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

    A caller that must wait longer waits repeatedly. On Windows a single wait is short, because Ctrl-C does not
    interrupt a wait for a lock. With gevent, a single wait is short, too, because gevent does not know of other
    threads. If no other greenlet can run, gevent therefore raises `LoopExit` in a wait without a limit.
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
            return  # a client was garbage-collected in the hub, and the hub must not wait
        until = SYSTEM_CLOCK.monotonic() + timeout
        while not self._is_over and SYSTEM_CLOCK.monotonic() < until:
            self._gevent.sleep(_PAUSE_S)

    def _run(self) -> None:
        self.ident = get_ident()
        # `target` runs in a second greenlet and not in the thread's main greenlet. `threading` keeps an entry for a
        # greenlet that uses it, and never deletes the entry for the main greenlet of a thread that it did not start.
        self._gevent.spawn(self._target).join()
        self._gevent.sleep(0)  # lets `threading` delete the entry for the second greenlet
        self._gevent.get_hub().destroy(destroy_loop=True)  # otherwise the hub's file descriptors would stay open
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
