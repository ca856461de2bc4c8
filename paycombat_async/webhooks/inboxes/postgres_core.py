"""Code that the async and the blocking `PostgresInbox` share: the tables, and transactions that take one event each."""

import contextlib
import logging
from collections.abc import AsyncGenerator, Callable
from typing import TYPE_CHECKING, Final, TypeVar

from paycombat_async._clock import SYSTEM_CLOCK
from paycombat_async._postgres.scripts import Script
from paycombat_async._postgres.tables import Tables
from paycombat_async.errors import StoreFailed
from paycombat_async.intents.intent import Intents
from paycombat_async.schemas.events import WebhookEvent
from paycombat_async.telemetry import Telemetry
from paycombat_async.telemetry.attributes import EVENT_NUMBER, error_fields
from paycombat_async.webhooks.inboxes import postgres_scripts as scripts
from paycombat_async.webhooks.inboxes.delivery import Delivery, Keeper, PostgresDelivery
from paycombat_async.webhooks.inboxes.evidence import settle
from paycombat_async.webhooks.inboxes.inbox import LEASE_S, Receipt
from paycombat_async.webhooks.inboxes.rules import lease_lost

if TYPE_CHECKING:
    from paycombat_async._postgres.pool import Connection

T = TypeVar("T")

_log: Final = logging.getLogger("paycombat")


class PostgresCore:
    """Runs the scripts (sequences of SQL statements) of an inbox on its tables.

    `intents` is the store of calls that the events settle; None if it has no store. `keeper` is the inbox itself.
    """

    def __init__(
        self, tables: Tables, intents: Intents | None, keeper: Keeper, telemetry: Telemetry | None = None
    ) -> None:
        self.tables = tables
        self.clock = SYSTEM_CLOCK
        self._intents = intents
        self._keeper = keeper
        self._telemetry = telemetry

    async def run(self, make_script: Callable[[], Script[T]], connection: "Connection | None" = None) -> T:
        """Returns the result of a script. It runs in the open transaction of `connection`, if given.

        Without `connection`, each statement is a transaction of its own. Raises `StoreFailed`.
        """
        if connection is None:
            return await self.tables.run(make_script)
        return await self.tables.run_within(connection, make_script())

    async def settle(self, event: WebhookEvent) -> bool:
        """Records that the call named by the event was carried out. Returns whether the event contradicts the record.

        Raises `StoreFailed`, even if only the inbox's tables are missing or of another version.
        """
        await self.tables.check()
        return await settle(self._intents, event)

    def receipt(self, found: Receipt | None) -> Receipt:
        """Returns `found`, the result of the script `receive`. Raises `StoreFailed` if it is None.

        None means that others changed the recorded status at each try.
        """
        if found is None:
            raise self.tables.database.failure("is being changed by too many others at once")
        return found

    def delivery(self, taken: scripts.TakenEvent, *, lease: float, since: float) -> Delivery:
        """Returns the delivery of an event that was taken after `since`, by `clock.monotonic()`."""
        return Delivery(
            taken.event,
            attempt=taken.attempt,
            number=taken.number,
            token=taken.token,
            keeper=self._keeper,
            lease=lease,
            since=since,
            clock=self.clock,
            telemetry=self._telemetry,
        )

    async def take(self, lease: float, connection: "Connection | None" = None) -> Delivery | None:
        """Returns the next delivery, None if none can be taken. The transaction is that of `connection`, if given."""
        since = self.clock.monotonic()
        taken = await self.run(lambda: scripts.take(lease), connection)
        return None if taken is None else self.delivery(taken, lease=lease, since=since)

    async def take_within(self, connection: "Connection") -> PostgresDelivery | None:
        """Returns the next delivery, None if none can be taken, with the connection over which it is taken."""
        delivery = await self.take(LEASE_S, connection)
        return None if delivery is None else PostgresDelivery(delivery, connection)

    async def end(self, delivery: Delivery, connection: "Connection | None" = None) -> None:
        """Marks the event as done. Raises `LeaseLost` if another worker has taken it since."""
        number, token = delivery.number, delivery.token
        if not await self.run(lambda: scripts.done(number, token), connection):
            raise lease_lost(number)

    @contextlib.asynccontextmanager
    async def taken(self) -> AsyncGenerator[PostgresDelivery | None]:
        """A context with the next event, None if nothing waits; taking it and marking it done are one transaction."""
        delivery: PostgresDelivery | None = None
        try:
            async with contextlib.AsyncExitStack() as stack:
                connection = await stack.enter_async_context(self.tables.database.transaction())
                delivery = await self.take_within(connection)
                if delivery is None:
                    await stack.aclose()  # returns the connection before the `with` block runs, which may take long
                    yield None
                    return
                yield delivery
                await self.end(delivery, connection)
        except GeneratorExit:  # the coroutine is being closed, so nothing can be awaited any more
            raise
        except BaseException:
            if delivery is not None:
                await self.count_failure(delivery.number, delivery.attempt)
            raise

    @contextlib.asynccontextmanager
    async def taken_within(self, connection: "Connection") -> AsyncGenerator[PostgresDelivery | None]:
        """Like `taken`, but in the transaction of the caller's connection, which the caller ends."""
        delivery = await self.take_within(connection)
        yield delivery
        if delivery is not None:
            await self.end(delivery, connection)

    async def count_failure(self, number: int, attempt: int) -> None:
        """Counts an attempt whose transaction was rolled back, even while the caller is being cancelled.

        If that fails, logs a warning and raises nothing, because the error of the attempt is being raised.
        """
        from paycombat_async.webhooks.inboxes.holding import finish  # noqa: PLC0415  # imports asyncio

        try:
            await finish(self.run(lambda: scripts.fail(number, attempt)))
        except StoreFailed as error:
            fields = {EVENT_NUMBER: number, **error_fields(error)}
            _log.warning("the failure of event %d is not counted: %s", number, error, extra=fields)
