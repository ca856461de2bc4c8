"""Code that the async and the blocking `PostgresInbox` share: the tables, and transactions that take an event each."""

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
    """Executes the operations of an inbox on its PostgreSQL tables.

    Each operation is a script, a generator of SQL statements. `intents` is None or an intents store, which records the
    calls that move money. `keeper` is the inbox itself.
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
        """Runs the script (a generator of SQL statements) that `make_script` returns, and returns its result.

        With `connection`, the script runs in the open transaction of `connection`. Otherwise each statement is a
        transaction of its own. Raises `StoreFailed` if the database fails, or if the tables do not have the version
        that this release needs.
        """
        if connection is None:
            return await self.tables.run(make_script)
        return await self.tables.run_within(connection, make_script())

    async def settle(self, event: WebhookEvent) -> bool:
        """Records in the intents store that the provider has carried out the call that created a payin or payout.

        `event` is about this payin or payout. Returns whether the event contradicts the record of the call. Raises
        `StoreFailed` if the intents store fails, or if the inbox's own tables are missing or of another version.
        """
        await self.tables.check()
        return await settle(self._intents, event)

    def receipt(self, found: Receipt | None) -> Receipt:
        """Returns `found`, the receipt of a stored event. Raises `StoreFailed` if it is None.

        None means that the event was not stored, because other processes changed the recorded status during each try.
        """
        if found is None:
            raise self.tables.database.failure("is being changed by too many others at once")
        return found

    def delivery(self, taken: scripts.TakenEvent, *, lease: float, since: float) -> Delivery:
        """Returns a `Delivery` for an event that was just taken.

        The lease, the time for which no other worker gets the event, began at `since` or a little later. `since` is a
        time of `clock.monotonic()`.
        """
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
        """Takes the next event and returns its delivery. Returns None if no event can be taken.

        With `connection`, the event is taken in the transaction of `connection`.
        """
        since = self.clock.monotonic()
        taken = await self.run(lambda: scripts.take(lease), connection)
        return None if taken is None else self.delivery(taken, lease=lease, since=since)

    async def take_within(self, connection: "Connection") -> PostgresDelivery | None:
        """Takes the next event in the transaction of `connection`.

        Returns its delivery, or None if no event can be taken.
        """
        delivery = await self.take(LEASE_S, connection)
        return None if delivery is None else PostgresDelivery(delivery, connection)

    async def end(self, delivery: Delivery, connection: "Connection | None" = None) -> None:
        """Marks the event as done. Raises `LeaseLost` if a second worker has taken the event since."""
        number, token = delivery.number, delivery.token
        if not await self.run(lambda: scripts.done(number, token), connection):
            raise lease_lost(number)

    @contextlib.asynccontextmanager
    async def taken(self) -> AsyncGenerator[PostgresDelivery | None]:
        """Context manager; yields the next delivery, or None if no event can be taken.

        One transaction contains the taking, the `with` block and the marking as done. If the block raises, the
        transaction is rolled back, and the failed attempt is counted.
        """
        delivery: PostgresDelivery | None = None
        try:
            async with contextlib.AsyncExitStack() as stack:
                connection = await stack.enter_async_context(self.tables.database.transaction())
                delivery = await self.take_within(connection)
                if delivery is None:
                    # returns the connection to the pool before the `with` block, which may take long
                    await stack.aclose()
                    yield None
                    return
                yield delivery
                await self.end(delivery, connection)
        except GeneratorExit:  # the coroutine is being closed, and must not await anything
            raise
        except BaseException:
            if delivery is not None:
                await self.count_failure(delivery.number, delivery.attempt)
            raise

    @contextlib.asynccontextmanager
    async def taken_within(self, connection: "Connection") -> AsyncGenerator[PostgresDelivery | None]:
        """Context manager; yields the next delivery, or None. The event is taken in the transaction of `connection`.

        At a clean end of the block, the event is marked as done. The caller commits or rolls back the transaction. If
        the block raises, the attempt to work on the event is not counted.
        """
        delivery = await self.take_within(connection)
        yield delivery
        if delivery is not None:
            await self.end(delivery, connection)

    async def count_failure(self, number: int, attempt: int) -> None:
        """Counts an attempt whose transaction was rolled back, even while the caller is being cancelled.

        If the database fails, logs a warning and raises nothing, because the caller raises the error of the attempt
        itself.
        """
        from paycombat_async.webhooks.inboxes.holding import finish  # noqa: PLC0415  # imports asyncio

        try:
            await finish(self.run(lambda: scripts.fail(number, attempt)))
        except StoreFailed as error:
            fields = {EVENT_NUMBER: number, **error_fields(error)}
            _log.warning("the failure of event %d is not counted: %s", number, error, extra=fields)
