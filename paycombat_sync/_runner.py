"""Where blocking calls become async ones: `Runner` keeps one loop for a client's life, in each process it is in."""

import asyncio
import os
import sys
import threading
import warnings
import weakref
from collections.abc import Callable, Coroutine
from typing import Any, Final, ParamSpec, TypeVar

from paycombat_async._loop_local import leak_forever
from paycombat_async.errors import ConfigurationError
from paycombat_sync._loop_thread import LoopThread

P = ParamSpec("P")
T = TypeVar("T")

_THREAD_NAME: Final = "paycombat"
_warned: Final[set[str]] = set()


class Runner:
    """Runs async functions for any thread, in a thread and a loop that start with the first call.

    The connections live in that loop, and so outlive a call. A client and those made by its `with_options` share one.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._pid = os.getpid()
        self._thread: LoopThread | None = None
        self._end: weakref.finalize[..., Runner] | None = None
        self._is_closed = False
        _instances.add(self)

    @property
    def is_closed(self) -> bool:
        """Whether `close` was called: `run` raises `ConfigurationError` from then on."""
        return self._is_closed

    # Any: whatever the coroutine yields to its loop.
    def run(self, function: Callable[P, Coroutine[Any, Any, T]], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """What `function` returns or raises. An interrupt, such as Ctrl-C, cuts the request."""
        if self._is_closed:
            raise ConfigurationError("this client is closed; make a new one")
        thread = self._usable()
        _warn_of_blocking()
        return thread.run(function(*args, **kwargs))

    def close(self, end: Callable[[], Coroutine[Any, Any, None]] | None = None) -> None:
        """Runs `end` in the loop, if there ever was one, and ends the loop. Calling it twice does nothing."""
        with self._lock:
            thread = self._thread if self._pid == os.getpid() else None
            if thread is not None:
                _refuse_own(thread)
            self._is_closed, self._thread = True, None
        if thread is not None and not thread.is_over:
            try:
                if end is not None:
                    thread.run(end())
            finally:
                thread.stop()

    def _usable(self) -> LoopThread:
        thread = self._thread
        if thread is None or thread.is_over or self._pid != os.getpid():
            return self._start()
        _refuse_own(thread)
        return thread

    def _start(self) -> LoopThread:
        if self._pid != os.getpid():
            self.disown()
        with self._lock:
            if self._is_closed:
                raise ConfigurationError("this client was closed by another thread; make a new one")
            if self._thread is None or self._thread.is_over:
                self._thread = LoopThread(_THREAD_NAME)
                self._end = weakref.finalize(self, self._thread.stop_unless_busy)
            return self._thread

    def disown(self) -> None:
        """In a forked child: the parent's loop shares its sockets, so it is never touched, nor ever freed."""
        self._pid = os.getpid()
        self._lock = threading.RLock()  # another thread may have held it when the process was forked
        inherited, self._thread = self._thread, None
        if self._end is not None:
            self._end.detach()
        if inherited is not None:
            leak_forever(inherited)


def _refuse_own(thread: LoopThread) -> None:
    if thread.is_here:
        raise ConfigurationError(
            "a blocking call from within this client's own loop would wait for itself for ever: "
            "do not call the client from its hooks"
        )


def _warn_of_blocking() -> None:
    """Once per process: a blocking call in a coroutine stops all others. In a notebook there are none to stop."""
    if _warned:
        return
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    if not _in_ipython():
        _warned.add("blocking")
        warnings.warn(
            "PayCombat blocks the event loop that runs in this thread; use AsyncPayCombat in async code",
            RuntimeWarning,
            stacklevel=4,
        )


def _in_ipython() -> bool:
    shell_of = getattr(sys.modules.get("IPython"), "get_ipython", None)
    return shell_of is not None and shell_of() is not None


_instances: Final["weakref.WeakSet[Runner]"] = weakref.WeakSet()


def _disown_all() -> None:
    for runner in list(_instances):
        runner.disown()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_disown_all)
