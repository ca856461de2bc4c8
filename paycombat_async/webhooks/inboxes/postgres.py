"""An inbox in PostgreSQL, shared by programs on many machines."""

import contextlib
import functools
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, ClassVar

from paycombat_async._bounds import check_days, check_limit
from paycombat_async._postgres.tables import ASYNC_POOL, DEFAULT_SCHEMA, Tables, delete_repeatedly
from paycombat_async._process_bound import ProcessBound
from paycombat_async._secrets import Secret, as_secret
from paycombat_async.intents.intent import Intents, check_store
from paycombat_async.schemas.events import WebhookEvent
from paycombat_async.telemetry import Telemetry
from paycombat_async.telemetry.telemetry import telemetry_of
from paycombat_async.webhooks.inboxes import postgres_scripts as scripts
from paycombat_async.webhooks.inboxes.delivery import Delivery, PostgresDelivery, traced
from paycombat_async.webhooks.inboxes.inbox import FORGET_DAYS, LEASE_S, LISTED, POLL_S, Damaged, Depth, Inbox, Receipt
from paycombat_async.webhooks.inboxes.news import News
from paycombat_async.webhooks.inboxes.postgres_core import PostgresCore
from paycombat_async.webhooks.inboxes.postgres_news import Notices
from paycombat_async.webhooks.inboxes.postgres_tables import INBOX_STEPS
from paycombat_async.webhooks.inboxes.rules import check_lease, lease_lost, never_received

if TYPE_CHECKING:
    import asyncio

    from paycombat_async._postgres.pool import Connection, Pool


class PostgresInbox(ProcessBound, Inbox):
    """An `Inbox` in a PostgreSQL database, which many machines may share. The database's clock decides when leases end.

    Run `await inbox.migrate()` once before the first use, and again after each upgrade of paycombat. When `receive`
    returns, the event is stored durably. With asynchronous replication, however, a failover may lose events that the
    standby server has not yet received. Payloads contain personal data; each payload is deleted when its event is done.

    When any process stores an event, the waiting workers of all processes are notified (NOTIFY). PgBouncer in
    transaction mode does not pass notifications on. Behind PgBouncer, workers look for new events at intervals, unless
    you pass a connection string that bypasses PgBouncer as `listen_dsn`.
    """

    _pool: ClassVar[str] = ASYNC_POOL

    def __init__(
        self,
        dsn_or_pool: "str | Pool",
        *,
        schema: str = DEFAULT_SCHEMA,
        intents: Intents | None = None,
        listen_dsn: str | None = None,
        telemetry: bool | Telemetry = True,
    ) -> None:
        """Takes a connection string or your own `AsyncConnectionPool`. Connects at the first use, not here.

        `intents` is an intents store, which records the calls that move money. If an event shows that the provider has
        carried out one of these calls, the inbox marks the call as carried out in the store. Your pool belongs to the
        event loop in which you open it; the inbox never closes it. If you pass a pool, notifications (NOTIFY) need
        `listen_dsn`. If opentelemetry-api is installed, the work on each event is traced in a span, unless `telemetry`
        is False. Raises `ConfigurationError` if psycopg is not installed, or if the name of the schema or a connection
        string is invalid.
        """
        source = Secret(dsn_or_pool) if isinstance(dsn_or_pool, str) else dsn_or_pool
        listen = source if isinstance(source, Secret) else None
        listen = as_secret(listen_dsn) or listen
        is_direct = listen_dsn is not None
        del dsn_or_pool, listen_dsn  # otherwise a traceback that shows local variables would show the passwords
        self.schema = schema
        tables = Tables(
            source,
            schema,
            owner="PostgresInbox",
            kind="inbox",
            component="inbox",
            steps=INBOX_STEPS,
            pool=self._pool,
        )
        self._core = PostgresCore(tables, check_store(intents), self, telemetry_of(telemetry))
        self._news = News()
        self._notices = Notices(self._news, listen, schema, self._core.clock, is_direct=is_direct)

    async def receive(self, event: WebhookEvent, connection: "Connection | None" = None) -> Receipt:
        """Stores the event. If the inbox has received the same event before, returns DUPLICATE.

        Of several concurrent calls with one event, all but one return DUPLICATE. If the inbox has an intents store,
        which records the calls that move money, `receive` first marks the call that created the event's payin or payout
        as APPLIED there. APPLIED means that the provider has carried out the call, even if the payin or payout has
        failed since. If the event contradicts the record of the call, `receive` returns CONFLICT in place of NEW.

        Raises `StoreFailed` if the event or the record cannot be stored; in this case reply 500, never 200.

        With `connection`, an `AsyncConnection` of psycopg, the event is stored in the transaction of this connection,
        and is kept only if you commit the transaction. If no transaction is open, `receive` begins one. Raises
        `ConfigurationError` if the connection commits each statement (autocommit) and has no open transaction.
        """
        if connection is not None:
            self._core.tables.check_transaction(connection)
        is_contradicted = await self._core.settle(event)
        script = functools.partial(scripts.receive, event, is_contradicted=is_contradicted)
        receipt = self._core.receipt(await self._core.run(script, connection))
        if receipt is Receipt.NEW and connection is None:
            self._news.tell()
        return receipt

    async def take(self, *, lease: float = LEASE_S) -> Delivery | None:
        from paycombat_async.webhooks.inboxes.holding import finish  # noqa: PLC0415  # imports asyncio

        return await finish(self._core.take(check_lease(lease)), undo=self._give_back)

    async def done(self, taken: Delivery | WebhookEvent) -> None:
        if isinstance(taken, Delivery):
            await self._core.end(taken)
        elif not await self._core.run(lambda: scripts.done_by_key(taken)):
            raise never_received(taken)
        self._news.tell()

    async def release(self, delivery: Delivery) -> None:
        number, token, attempt = delivery.number, delivery.token, delivery.attempt
        if not await self._core.run(lambda: scripts.release(number, token, attempt)):
            raise lease_lost(number)
        self._news.tell()

    async def renew(self, delivery: Delivery, *, lease: float = LEASE_S) -> None:
        check_lease(lease)
        if not await self._core.run(lambda: scripts.renew(delivery.number, delivery.token, lease)):
            raise lease_lost(delivery.number)

    def work(
        self, *, lease: float = LEASE_S, poll: float = POLL_S, stop: "asyncio.Event | None" = None
    ) -> AsyncGenerator[Delivery, None]:
        """Yields deliveries endlessly, each as `take` returns it, and waits while no event can be taken.

        The wait ends as soon as this process receives an event or a notification of PostgreSQL (NOTIFY) announces one,
        and otherwise after `poll` seconds. When `stop` is set or the inbox is closed, the iteration ends: immediately
        if it is waiting, else after the current delivery. If the inbox raises `StoreFailed`, one warning is logged, and
        the inbox is tried again after waits that grow up to 30 seconds.
        """
        return self._work(lease, poll, stop)

    def taken(self, *, connection: "Connection | None" = None) -> AbstractAsyncContextManager[PostgresDelivery | None]:
        """Context manager; yields the next delivery, or None if no event can be taken.

        The inbox takes the event and marks it as done in one transaction. At a clean end of the `with` block, the
        transaction is committed, together with what you wrote over `delivery.connection`. If the block raises, the
        transaction is rolled back, and the event waits before its next attempt, as after `release`. No other worker
        gets the event meanwhile, however long the block takes.

        With `connection`, an `AsyncConnection` of psycopg, the inbox uses your own transaction, which you commit or
        roll back after the block. After a rollback the event can be taken again immediately. Raises
        `ConfigurationError` if the connection commits each statement (autocommit) and has no open transaction.
        """
        if connection is None:
            return traced(self._core.taken())
        self._core.tables.check_transaction(connection)
        return traced(self._core.taken_within(connection))

    async def depth(self) -> Depth:
        return await self._core.run(scripts.depth)

    async def pending(self, receipt: Receipt = Receipt.NEW, *, limit: int = LISTED) -> list[WebhookEvent]:
        check_limit(limit)
        return await self._core.run(lambda: scripts.pending(receipt, limit))

    async def damaged(self, *, limit: int = LISTED) -> list[Damaged]:
        check_limit(limit)
        return await self._core.run(lambda: scripts.damaged(limit))

    async def forget(self, *, days: float = FORGET_DAYS) -> int:
        check_days(days)
        forget_some = functools.partial(self._core.run, lambda: scripts.forget_some(days))
        return await delete_repeatedly(forget_some, scripts.FORGOTTEN_AT_ONCE)

    async def migrate(self) -> None:
        """Creates the schema and its tables, or updates them. Safe to repeat and to run concurrently in many processes.

        Raises `StoreFailed` if the database fails, or if the tables are from a later release of paycombat.
        """
        await self._core.tables.migrate()

    async def version(self) -> int:
        """Returns the version of the inbox's tables, or 0 if there are none.

        This release needs the version `len(INBOX_STEPS)`.
        """
        return await self._core.tables.version()

    async def aclose(self) -> None:
        """Ends the loops of `work`, and closes what the inbox itself has opened. The next use opens the inbox again."""
        self._news.close()
        await self._core.tables.aclose()

    def __repr__(self) -> str:
        return f"PostgresInbox(schema={self.schema!r})"

    async def _give_back(self, delivery: Delivery | None) -> None:
        if delivery is not None:
            await self.release(delivery)

    async def _work(self, lease: float, poll: float, stop: "asyncio.Event | None") -> AsyncGenerator[Delivery, None]:
        from paycombat_async.webhooks.inboxes.work import deliveries  # noqa: PLC0415  # imports asyncio

        found = deliveries(lambda: self.take(lease=lease), self._news, self._core.clock, poll=poll, stop=stop)
        async with self._notices.received(), contextlib.aclosing(found):
            async for delivery in found:
                yield delivery
