"""An event that a worker has taken from an inbox, with its lease. During the lease, no other worker gets the event."""

import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from paycombat_async._clock import SYSTEM_CLOCK, Clock
from paycombat_async.schemas.events import WebhookEvent
from paycombat_async.telemetry import Telemetry

if TYPE_CHECKING:
    from paycombat_async._postgres.pool import Connection
    from paycombat_async.telemetry.delivery_trace import DeliveryTrace
    from paycombat_async.webhooks.inboxes.holding import Holding

D = TypeVar("D", bound="Delivery")


class Keeper(Protocol):
    """The methods of an inbox that its deliveries call. A delivery is an event that a worker has taken."""

    # Any, here and below: the types of the values that a coroutine exchanges with its event loop. No caller uses them.
    def done(self, taken: "Delivery") -> Coroutine[Any, Any, None]:
        """Marks the event of a delivery as processed."""
        ...

    def release(self, delivery: "Delivery") -> Coroutine[Any, Any, None]:
        """Gives the event of a delivery back to the inbox, so that it can be taken again."""
        ...

    def renew(self, delivery: "Delivery", *, lease: float) -> Coroutine[Any, Any, None]:
        """Extends the worker's lease on the event to `lease` seconds from now."""
        ...


class Delivery:
    """An event that a worker has taken from an inbox. No other worker gets it until the lease ends.

    `async with delivery as event:` renews the lease whenever a third of it has passed. At a clean end of the `with`
    block, the event is marked as done. If the block raises or is cancelled, the event is released, so that it can be
    taken again. The lease (the time for which no other worker gets the event) is lost if a second worker has taken the
    event, or if the lease has ended and the inbox fails to renew it. If the lease is lost, the block is cancelled, and
    the `async with` statement raises `LeaseLost`.

    `attempt` says how many times the event has been taken, including this time. `number` is the event's number in the
    inbox. `token` is different each time that the event is taken. It shows the inbox whether a worker still has the
    event.
    """

    __slots__ = (
        "_clock",
        "_holding",
        "_keeper",
        "_lease",
        "_since",
        "_telemetry",
        "_trace",
        "attempt",
        "event",
        "number",
        "token",
    )

    def __init__(
        self,
        event: WebhookEvent,
        *,
        attempt: int,
        number: int,
        token: str,
        keeper: Keeper,
        lease: float,
        since: float,
        clock: Clock = SYSTEM_CLOCK,
        telemetry: Telemetry | None = None,
    ) -> None:
        """Called by the inbox that the event was taken from, not by users. This inbox passes itself as `keeper`.

        The lease began at `since`, and lasts `lease` seconds. `since` is a time of `clock.monotonic()`, which is
        `time.monotonic()` unless a test passes its own clock. `since` may be a little earlier than the time at which
        the inbox has stored the lease.
        """
        self.event = event
        self.attempt = attempt
        self.number = number
        self.token = token
        self._keeper = keeper
        self._clock = clock
        self._lease = lease
        self._since = since
        self._holding: Holding | None = None
        self._telemetry = telemetry
        self._trace: DeliveryTrace | None = None

    @property
    def connection(self) -> "Connection | None":
        """The database connection in whose transaction the event is marked as done.

        It is None in every delivery that is not a `PostgresDelivery`.
        """
        return None

    async def __aenter__(self) -> WebhookEvent:
        import asyncio  # noqa: PLC0415  # importing it takes 30 ms, too long for code that only verifies webhooks

        task = asyncio.current_task()
        assert task is not None  # noqa: S101  # a coroutine of asyncio runs in a task
        self._holding = self.hold(task.cancel)
        self._holding.enter(task)
        self._trace = self.start_trace()
        return self.event

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        holding, self._holding = self._holding, None
        assert holding is not None  # noqa: S101  # __aenter__ has set it
        try:
            await holding.exit(error)
        except BaseException as raised:
            self._end_trace(raised)
            raise
        self._end_trace(error)

    def _end_trace(self, error: BaseException | None) -> None:
        trace, self._trace = self._trace, None
        if trace is not None:
            trace.end(error)

    def start_trace(self) -> "DeliveryTrace | None":
        """Starts an OpenTelemetry span for the work on the event, makes it the current span, and returns it.

        Returns None if telemetry is off.
        """
        if self._telemetry is None:
            return None
        return self._telemetry.start_delivery(type(self.event).__name__, self.number, self.attempt)

    def hold(self, on_lost: Callable[[], object]) -> "Holding":
        """Starts to renew the lease on the event, in the running event loop.

        Returns the `Holding`, whose method `end` stops the renewals. If the lease is lost, `on_lost` is called once, in
        the same event loop.
        """
        from paycombat_async.webhooks.inboxes.holding import Holding, Lease  # noqa: PLC0415  # imports asyncio

        keeper = self._keeper
        lease = Lease(
            number=self.number,
            seconds=self._lease,
            since=self._since,
            clock=self._clock,
            renew=lambda: keeper.renew(self, lease=self._lease),
            done=lambda: keeper.done(self),
            release=lambda: keeper.release(self),
        )
        return Holding(lease, on_lost)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.event!r}, number={self.number}, attempt={self.attempt})"


class PostgresDelivery(Delivery):
    """An event taken with `PostgresInbox.taken()`, and marked as done in the transaction of `connection`."""

    __slots__ = ("_connection",)

    def __init__(self, delivery: Delivery, connection: "Connection") -> None:
        """Called by the inbox, which has taken the event in the transaction of `connection`."""
        for name in Delivery.__slots__:
            setattr(self, name, getattr(delivery, name))
        self._connection = connection

    @property
    def connection(self) -> "Connection":
        """The connection in whose transaction the event is marked as done.

        What you write over this connection is committed in the same transaction.
        """
        return self._connection


@contextlib.asynccontextmanager
async def traced(taking: AbstractAsyncContextManager[D | None]) -> AsyncGenerator[D | None]:
    """Context manager; enters the context manager `taking`, which takes an event, and yields the delivery of the event.

    Records an OpenTelemetry span for the work on the event. The span begins when the event is taken, and ends when the
    transaction of `taking` has ended.
    """
    trace: DeliveryTrace | None = None
    try:
        async with taking as delivery:
            trace = None if delivery is None else delivery.start_trace()
            yield delivery
    except BaseException as error:
        if trace is not None:
            trace.end(error)
        raise
    if trace is not None:
        trace.end(None)


@contextlib.asynccontextmanager
async def taken_by_lease(take: Callable[[], Awaitable[Delivery | None]]) -> AsyncGenerator[Delivery | None]:
    """Context manager; takes the next event and yields its delivery, or None if no event can be taken.

    During the `with` block, the lease on the event is renewed. At the end of the block, the event is marked as done, or
    released if the block has raised.
    """
    delivery = await take()
    if delivery is None:
        yield None
    else:
        async with delivery:
            yield delivery
