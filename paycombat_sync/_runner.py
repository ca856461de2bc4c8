"""Runs the async client for blocking code: each client has one event loop per process, until it is closed.

For a simple program, it would be enough to call `anyio.run` in one background thread for each client. All other code in
this module and in `_loop_thread` is needed for these five guarantees:

- Ctrl-C cancels the request.
- A forked child gets a loop of its own.
- A program ends even if it does not call `close()`.
- Calls work in a thread that already runs an event loop, as in a notebook.
- A call takes 10 µs less than with anyio's `BlockingPortal`.

Some comments end with the name of a test in parentheses. The named test fails without the code that the comment
explains.
"""

import asyncio
import os
import sys
import threading
import warnings
import weakref
from collections.abc import Callable, Coroutine
from contextlib import AbstractContextManager
from typing import Any, Final, NoReturn, ParamSpec, TypeVar

from paycombat_async.errors import ConfigurationError
from paycombat_sync._loop_thread import LoopThread

P = ParamSpec("P")
T = TypeVar("T")

_THREAD_NAME: Final = "paycombat"
_warned: Final[set[str]] = set()


class Runner:
    """Runs async functions for any thread, in an event loop that has a thread of its own.

    The first call starts this thread. The connections belong to its event loop, and stay open between calls. A client
    and the clients that its `with_options` makes share one runner.
    """

    def __init__(self) -> None:
        self._locks: dict[int, AbstractContextManager[object]] = {}
        self._thread: LoopThread | None = None
        self._is_closed = False

    @property
    def is_closed(self) -> bool:
        """Whether `close` was called. After `close`, `run` raises `ConfigurationError`."""
        return self._is_closed

    # The two `Any` are the types of the values that a coroutine exchanges with asyncio. No caller uses them.
    def run(self, function: Callable[P, Coroutine[Any, Any, T]], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Calls the coroutine function in the client's event loop, and returns its result or raises its error.

        Ctrl-C, or an error from a signal handler, cancels the call. Raises `ConfigurationError` if the client is
        closed, or if the calling code runs in the client's event loop, as a hook does, because the call would wait for
        itself.
        """
        thread = self._usable()
        _warn_of_blocking()
        return thread.run(function(*args, **kwargs))

    def close(self, end: Callable[[], Coroutine[Any, Any, None]] | None = None) -> None:
        """Runs the coroutine function `end` in the client's event loop, then stops the loop.

        If no event loop is running, `end` is not called. A second `close` does nothing. Raises `ConfigurationError` if
        the calling code runs in the client's event loop, as a hook does, because `close` would wait for itself.
        """
        with self._lock():
            thread = self._thread
            if thread is not None:
                _refuse_own(thread)  # a hook that closes would wait for itself (test_a_call_from_a_hook_is_refused)
            self._is_closed, self._thread = True, None
        # `end` needs a running event loop. The loop has already stopped if a user's hook raised SystemExit or
        # KeyboardInterrupt (test_a_hook_that_exits_ends_the_with_block_as_it_wants).
        if thread is not None and not thread.is_over:
            try:
                if end is not None:
                    thread.run(end())
            finally:  # the thread must stop even if `end` fails (test_closing_that_fails_still_ends_the_thread)
                thread.stop()

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a blocking client, its resources and its pagers cannot be pickled or copied, since their connections "
            "belong to one process; make a client in each process"
        )

    def _usable(self) -> LoopThread:
        thread = self._thread
        # A new event loop is needed in a forked child, and after a user's hook has raised SystemExit or
        # KeyboardInterrupt, which stop the event loop. In both cases `is_over` is True
        # (test_a_loop_that_a_hook_has_ended_is_replaced).
        if thread is None or thread.is_over:
            return self._start()
        _refuse_own(thread)  # a call from a hook would wait for itself (test_a_call_from_a_hook_is_refused)
        return thread

    def _start(self) -> LoopThread:
        # The lock lets only one of several threads start a loop (test_many_threads_may_make_the_first_call).
        with self._lock():
            # Without this check, a closed client would start a new event loop (test_a_closed_client_says_so).
            if self._is_closed:
                raise ConfigurationError("this client is closed; make a new one")
            if self._thread is None or self._thread.is_over:
                self._thread = LoopThread(_THREAD_NAME)
                # Stops the thread if the client is garbage-collected without `close`
                # (test_a_client_without_references_ends_its_thread).
                weakref.finalize(self, self._thread.stop_unless_busy)
            return self._thread

    def _lock(self) -> AbstractContextManager[object]:
        """Returns the lock for starting and closing the event loop. Each process has its own lock.

        At a fork, a thread of the parent may hold the parent's lock. In the child, this thread does not exist and would
        never release the lock (test_a_fork_during_the_first_call_of_another_thread). The lock is reentrant, because a
        signal handler may use the client while the same thread makes the client's first call
        (test_a_signal_handler_may_call_during_the_first_call).
        """
        return self._locks.setdefault(os.getpid(), threading.RLock())


def _refuse_own(thread: LoopThread) -> None:
    if thread.is_here:
        raise ConfigurationError(
            "a blocking call from within this client's own loop would wait for itself for ever: "
            "do not call the client from its hooks"
        )


def _warn_of_blocking() -> None:
    """Warns if an event loop of the user runs in this thread: while a call blocks, all tasks of this loop wait.

    Warns at most once per process, and never in IPython.
    """
    if _warned:
        return
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    # Warns only outside IPython, because blocking a notebook's event loop does no harm
    # (test_only_a_notebook_may_block_its_loop_without_a_warning).
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
