"""Wakes the waiting workers of this process when any other process has stored an event.

PostgreSQL's commands LISTEN and NOTIFY pass the message between the processes.
"""

import contextlib
import logging
import weakref
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Final

from paycombat_async._clock import Clock
from paycombat_async._secrets import Secret
from paycombat_async.telemetry.attributes import error_fields
from paycombat_async.webhooks.inboxes.news import News
from paycombat_async.webhooks.inboxes.postgres_scripts import CHANNEL

if TYPE_CHECKING:
    import asyncio

_LONGEST_WAIT_S: Final = 30.0  # the longest time in seconds between two attempts to listen
_log: Final = logging.getLogger("paycombat")


class Notices:
    """Wakes the waiting workers of this process when any other process has stored an event.

    Each event loop with workers has one connection and one task that receive the notifications (NOTIFY). Without a
    connection string, or through a connection pooler, no notifications arrive, and the workers look for events at
    intervals.
    """

    def __init__(self, news: News, dsn: Secret | None, schema: str, clock: Clock, *, is_direct: bool) -> None:
        """`dsn` is the connection string for receiving notifications, or None if the user has passed only a pool.

        `is_direct` says whether the user has passed `listen_dsn`, and has so promised that no connection pooler is
        between this process and the server. Raises `ConfigurationError` if `dsn` is not a valid connection string.
        """
        from paycombat_async._postgres.pool import with_defaults  # noqa: PLC0415  # needs psycopg

        if dsn is not None:
            with_defaults(dsn)
        self._news = news
        self._dsn = dsn
        self._payload = f'"{schema}"'
        self._clock = clock
        self._is_direct = is_direct
        self._listeners: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _Listener]
        self._listeners = weakref.WeakKeyDictionary()

    @contextlib.asynccontextmanager
    async def received(self) -> AsyncGenerator[None]:
        """Context manager; receives the notifications of PostgreSQL until the end of the `with` block.

        All workers of an event loop share one task for this.
        """
        import asyncio  # noqa: PLC0415  # importing it takes 30 ms, too long for code that only verifies webhooks

        if self._dsn is None:
            yield
            return
        loop = asyncio.get_running_loop()
        listener = self._listeners.get(loop)
        if listener is None:
            listener = self._listeners[loop] = _Listener(loop.create_task(self._listen(self._dsn)))
        listener.users += 1
        try:
            yield
        finally:
            listener.users -= 1
            if listener.users == 0:
                del self._listeners[loop]
                listener.task.cancel()
                await asyncio.wait([listener.task])

    async def _listen(self, dsn: Secret) -> None:
        from paycombat_async._postgres.listener import POOLER, ListenFailed, notifications  # noqa: PLC0415  # psycopg

        failures = 0
        while True:
            try:
                async with contextlib.aclosing(notifications(dsn, CHANNEL, is_direct=self._is_direct)) as heard:
                    async for payload in heard:
                        failures = 0
                        # On each connection, the first payload is None and means that listening has begun. The workers
                        # are woken by this payload, too, because no notification has announced the events that were
                        # stored before.
                        if payload in {None, self._payload}:
                            self._news.tell()
            except ListenFailed as error:
                failures += 1
                if str(error) == POOLER:
                    text = "the inbox in PostgreSQL %s; workers poll it instead, unless you give listen_dsn"
                    _log.info(text, error, extra=error_fields(error))
                    return
                if failures == 1:
                    text = "no notifications, because the inbox in PostgreSQL %s; workers poll it"
                    _log.warning(text, error, extra=error_fields(error))
            await self._clock.sleep(min(2.0 ** min(failures, 10), _LONGEST_WAIT_S))


class _Listener:
    """The task that receives notifications in one event loop, and the number of workers that use it."""

    __slots__ = ("task", "users")

    def __init__(self, task: "asyncio.Task[None]") -> None:
        self.task = task
        self.users = 0
