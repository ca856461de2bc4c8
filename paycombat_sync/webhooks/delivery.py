"""An event that a worker has taken from a blocking inbox, with its lease.

The lease is the time for which no other worker gets the event.
"""

from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, TypeVar

from paycombat_async.errors import LeaseLost
from paycombat_async.schemas.events import WebhookEvent
from paycombat_async.webhooks.inboxes import delivery as inner
from paycombat_sync._runner import Runner

if TYPE_CHECKING:
    from paycombat_async._postgres.given import RawConnection
    from paycombat_async.telemetry.delivery_trace import DeliveryTrace
    from paycombat_async.webhooks.inboxes.holding import Holding

D = TypeVar("D", bound="Delivery")


class Keeper(Protocol):
    """The methods of a blocking inbox that its deliveries call. A delivery is an event that a worker has taken."""

    def done(self, taken: "Delivery") -> None:
        """Marks the event of a delivery as processed."""
        ...

    def release(self, delivery: "Delivery") -> None:
        """Gives the event of a delivery back to the inbox, so that it can be taken again."""
        ...


class Delivery:
    """An event that a worker has taken from an inbox. No other worker gets it until the lease ends.

    `with delivery as event:` renews the lease whenever a third of it has passed. At a clean end of the `with` block,
    the event is marked as done. If the block raises, the event is released, so that it can be taken again.

    The lease (the time for which no other worker gets the event) is lost if a second worker has taken the event, or if
    the lease has ended and the inbox fails to renew it. The block of a lost lease continues, because a thread cannot be
    cancelled. At a clean end of the block, the `with` statement raises `LeaseLost`.

    `attempt` says how many times the event has been taken, including this time. `number` is the event's number in the
    inbox. `token` is different each time that the event is taken. It shows the inbox whether a worker still has the
    event.
    """

    __slots__ = (
        "_async",
        "_holding",
        "_keeper",
        "_runner",
        "_trace",
        "attempt",
        "event",
        "number",
        "token",
    )

    def __init__(self, delivery: inner.Delivery, keeper: Keeper, runner: Runner) -> None:
        """Called by the inbox that the event was taken from, not by users. This inbox passes itself as `keeper`.

        `runner` has the event loop in which the lease is renewed.
        """
        self.event = delivery.event
        self.attempt = delivery.attempt
        self.number = delivery.number
        self.token = delivery.token
        self._async = delivery
        self._keeper = keeper
        self._runner = runner
        self._holding: Holding | None = None
        self._trace: DeliveryTrace | None = None

    @property
    def connection(self) -> "RawConnection | None":
        """The database connection in whose transaction the event is marked as done.

        None except in a `PostgresDelivery`.
        """
        return None

    def __enter__(self) -> WebhookEvent:
        self._holding = self._runner.run(self._hold)
        self._trace = self.start_trace()
        return self.event

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            self._end(error)
        except BaseException as raised:
            self._end_trace(raised)
            raise
        self._end_trace(error)

    def start_trace(self) -> "DeliveryTrace | None":
        """Starts an OpenTelemetry span for the work on the event, makes it the current span, and returns it.

        Returns None if telemetry is off.
        """
        return self._async.start_trace()

    def _end_trace(self, error: BaseException | None) -> None:
        trace, self._trace = self._trace, None
        if trace is not None:
            trace.end(error)

    def _end(self, error: BaseException | None) -> None:
        holding, self._holding = self._holding, None
        assert holding is not None  # noqa: S101  # __enter__ has set it
        is_clean = error is None
        # LeaseLost must not replace the error that the `with` block has raised.
        first: AbstractContextManager[None] = nullcontext() if is_clean else suppress(LeaseLost)
        with first:
            if not self._runner.is_closed:
                self._runner.run(holding.end, is_clean=is_clean)
            elif is_clean:  # the inbox was closed meanwhile; `done` opens it again
                self._keeper.done(self)
            else:
                self._keeper.release(self)

    async def _hold(self) -> "Holding":
        return self._async.hold(lambda: None)

    def __repr__(self) -> str:
        return repr(self._async)


class PostgresDelivery(Delivery):
    """An event taken with `PostgresInbox.taken()`, and marked as done in the transaction of `connection`."""

    __slots__ = ("_connection",)

    def __init__(self, delivery: inner.Delivery, keeper: Keeper, runner: Runner, connection: "RawConnection") -> None:
        """Called by the inbox, not by users, after it has taken the event over the database connection `connection`."""
        super().__init__(delivery, keeper, runner)
        self._connection = connection

    @property
    def connection(self) -> "RawConnection":
        """The connection in whose transaction the event is marked as done.

        What you write over it is committed with that.
        """
        return self._connection

    def __repr__(self) -> str:
        return f"Postgres{super().__repr__()}"


@contextmanager
def traced(taking: AbstractContextManager[D | None]) -> Generator[D | None]:
    """A context manager around the context manager `taking`. Yields its delivery, and records a span of the work on it.

    The span begins when `taking` has taken the event, and ends when `taking` has ended its transaction.
    """
    trace: DeliveryTrace | None = None
    try:
        with taking as delivery:
            trace = None if delivery is None else delivery.start_trace()
            yield delivery
    except BaseException as error:
        if trace is not None:
            trace.end(error)
        raise
    if trace is not None:
        trace.end(None)
