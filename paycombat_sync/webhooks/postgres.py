"""The blocking inbox in PostgreSQL."""

import contextlib
from collections.abc import Generator
from typing import TYPE_CHECKING, cast

from paycombat_async._postgres.tables import BLOCKING_POOL, DEFAULT_SCHEMA
from paycombat_async._secrets import Secret, as_secret
from paycombat_async.intents.intent import Intents
from paycombat_async.schemas.events import WebhookEvent
from paycombat_async.telemetry import Telemetry
from paycombat_async.webhooks.inboxes import postgres
from paycombat_async.webhooks.inboxes import postgres_scripts as scripts
from paycombat_async.webhooks.inboxes.inbox import LEASE_S, Receipt
from paycombat_async.webhooks.inboxes.postgres_core import PostgresCore
from paycombat_async.webhooks.inboxes.rules import lease_lost
from paycombat_sync.webhooks.delivery import PostgresDelivery, traced
from paycombat_sync.webhooks.loop_inbox import LoopInbox

if TYPE_CHECKING:
    from paycombat_async._postgres.given import BlockingConnection, RawConnection
    from paycombat_async._postgres.pool import Pool
    from paycombat_async._postgres.threaded import BlockingPool


class _Async(postgres.PostgresInbox):
    """An async inbox that accepts a blocking pool. Through `core`, the blocking inbox reads and writes the tables."""

    _pool = BLOCKING_POOL

    @property
    def core(self) -> PostgresCore:
        return self._core


class PostgresInbox(LoopInbox):
    """An `Inbox` in a PostgreSQL database, which many machines may share. The database's clock decides when leases end.

    Run `inbox.migrate()` once before the first use, and again after each upgrade of paycombat. When `receive`
    returns, the event is stored durably. With asynchronous replication, however, a failover may lose events that the
    standby server has not yet received. Payloads contain personal data; each payload is deleted when its event is done.

    When any process stores an event, the waiting workers of all processes are notified (NOTIFY). PgBouncer in
    transaction mode does not pass notifications on. Behind PgBouncer, workers look for new events at intervals, unless
    you pass a connection string that bypasses PgBouncer as `listen_dsn`.
    """

    def __init__(
        self,
        dsn_or_pool: "str | BlockingPool",
        *,
        schema: str = DEFAULT_SCHEMA,
        intents: Intents | None = None,
        listen_dsn: str | None = None,
        telemetry: bool | Telemetry = True,
    ) -> None:
        """Takes a connection string or your own `ConnectionPool`. Connects at the first use, not here.

        `intents` is an intents store, which records the calls that move money. If an event shows that the provider has
        carried out one of these calls, the inbox marks the call as carried out in the store. The inbox never closes
        your pool. If you pass a pool, also pass a connection string as `listen_dsn`, over which the inbox receives
        notifications (NOTIFY). If opentelemetry-api is installed, the work on each event is traced in a span, unless
        `telemetry` is False.

        Raises `ConfigurationError` if psycopg is not installed, or if the name of the schema or a connection string is
        invalid.
        """
        source = Secret(dsn_or_pool) if isinstance(dsn_or_pool, str) else dsn_or_pool
        listen = as_secret(listen_dsn)
        # The variables are deleted, because a traceback that shows local variables would show the passwords.
        del dsn_or_pool, listen_dsn
        # The casts are needed, because the async class declares only async pools and strings. In fact the async class
        # accepts a Secret in place of each connection string and, because of `_pool = BLOCKING_POOL`, a blocking pool.
        inbox = _Async(
            cast("Pool", source),
            schema=schema,
            intents=intents,
            listen_dsn=cast("str | None", listen),
            telemetry=telemetry,
        )
        super().__init__(inbox)
        self.schema = schema
        self._postgres = inbox
        self._core = inbox.core
        self._connections = self._core.tables.blocking_connections(source)

    def receive(self, event: WebhookEvent, connection: "BlockingConnection | None" = None) -> Receipt:
        """Stores the event. If the inbox has received the same event before, returns DUPLICATE.

        Of several concurrent calls with one event, all but one return DUPLICATE. If the inbox has an intents store,
        which records the calls that move money, `receive` first marks the call that created the event's payin or payout
        as APPLIED there. APPLIED means that the provider has carried out the call, even if the payin or payout has
        failed since. If the event contradicts the record of the call, `receive` returns CONFLICT in place of NEW.

        Raises `StoreFailed` if the event or the record cannot be stored; in this case reply 500, never 200.

        With `connection`, a `Connection` of psycopg or Django's `connection`, the event is stored in the transaction of
        this connection, and is kept only if you commit the transaction. If no transaction is open, `receive` begins
        one. Raises `ConfigurationError` if the connection commits each statement (autocommit) and has no open
        transaction.
        """
        if connection is None:
            return super().receive(event)
        own = self._core.tables.blocking_connection(connection)
        is_contradicted = self._runner.run(self._core.settle, event)
        script = scripts.receive(event, is_contradicted=is_contradicted)
        return self._core.receipt(self._core.tables.play_within(own, script))

    @contextlib.contextmanager
    def taken(self, *, connection: "BlockingConnection | None" = None) -> Generator[PostgresDelivery | None]:
        """Context manager; yields the next delivery, or None if no event can be taken.

        The inbox takes the event and marks it as done in one transaction. At a clean end of the `with` block, the
        transaction is committed, together with what you wrote over `delivery.connection`. If the block raises, the
        transaction is rolled back, and the event waits before its next attempt, as after `release`. No other worker
        gets the event meanwhile, however long the block takes.

        With `connection`, a `Connection` of psycopg or Django's `connection`, the inbox uses your own transaction,
        which you commit or roll back after the block. After a rollback the event can be taken again immediately. Raises
        `ConfigurationError` if the connection commits each statement (autocommit) and has no open transaction.
        """
        if connection is None:
            own = self._taken()
        else:
            own = self._taken_within(self._core.tables.blocking_connection(connection))
        with traced(own) as delivery:
            yield delivery

    def migrate(self) -> None:
        """Creates the schema and its tables, or updates them. Safe to repeat and to run concurrently in many processes.

        Raises `StoreFailed` if the database fails, or if the tables are from a later release of paycombat.
        """
        self._runner.run(self._postgres.migrate)

    def version(self) -> int:
        """Returns the version of the inbox's tables, or 0 if there are none.

        This release needs the version `len(INBOX_STEPS)`.
        """
        return self._runner.run(self._postgres.version)

    def close(self) -> None:
        """Ends the loops of `work`, and closes what the inbox itself has opened. The next use opens the inbox again."""
        super().close()
        self._connections.close()

    @contextlib.contextmanager
    def _taken(self) -> Generator[PostgresDelivery | None]:
        delivery: PostgresDelivery | None = None
        try:
            with contextlib.ExitStack() as stack:
                connection = stack.enter_context(self._connections.transaction())
                delivery = self._take_within(connection)
                if delivery is None:
                    stack.close()  # frees the connection now, because the `with` block may take long
                    yield None
                    return
                yield delivery
                self._end_within(connection, delivery)
        except GeneratorExit:  # raised by the garbage collector, which must not wait for a database
            raise
        except BaseException:
            if delivery is not None:
                self._runner.run(self._core.count_failure, delivery.number, delivery.attempt)
            raise

    @contextlib.contextmanager
    def _taken_within(self, connection: "RawConnection") -> Generator[PostgresDelivery | None]:
        delivery = self._take_within(connection)
        yield delivery
        if delivery is not None:
            self._end_within(connection, delivery)

    def _take_within(self, connection: "RawConnection") -> PostgresDelivery | None:
        tables = self._core.tables
        if not tables.is_checked:
            self._runner.run(tables.check)
        since = self._core.clock.monotonic()
        taken = tables.play_within(connection, scripts.take(LEASE_S))
        if taken is None:
            return None
        delivery = self._core.delivery(taken, lease=LEASE_S, since=since)
        return PostgresDelivery(delivery, self, self._runner, connection)

    def _end_within(self, connection: "RawConnection", delivery: PostgresDelivery) -> None:
        script = scripts.done(delivery.number, delivery.token)
        if not self._core.tables.play_within(connection, script):
            raise lease_lost(delivery.number)
