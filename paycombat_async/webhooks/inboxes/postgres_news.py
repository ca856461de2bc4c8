"""Wakes the workers of a process when another process or machine has stored an event (LISTEN and NOTIFY)."""

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

_LONGEST_WAIT_S: Final = 30.0  # the longest time between two attempts to listen
_log: Final = logging.getLogger("paycombat")


class Notices:
    """Wakes the workers, through `news`, when another process has stored an event (NOTIFY).

    Uses one connection and one task for each event loop that has a worker. Without a connection string, or through a
    connection pooler, no notifications arrive. Then the workers find the events by polling.
    """

    def __init__(self, news: News, dsn: Secret | None, schema: str, clock: Clock, *, is_direct: bool) -> None:
        """`dsn` is the connection string for listening. It is None if the user has passed a pool and no `listen_dsn`.

        `is_direct` says whether the user has passed `listen_dsn`. With `listen_dsn`, the user promises that there is no
        connection pooler between this process and the server. Raises `ConfigurationError` if `dsn` is not a valid
        connection string.
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
        """Context manager; receives notifications until the end of the `with` block.

        All workers of an event loop share one task, which receives the notifications.
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
                        # The first payload of each connection is None, and says that listening has begun. It wakes the
                        # workers, too, because events that were stored before listening began caused no notification.
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
    """The task that listens in one event loop, and the number of workers that use it."""

    __slots__ = ("task", "users")

    def __init__(self, task: "asyncio.Task[None]") -> None:
        self.task = task
        self.users = 0
