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
    """The part of a blocking inbox that a delivery uses."""

    def done(self, taken: "Delivery") -> None:
        """Marks the event as processed."""
        ...

    def release(self, delivery: "Delivery") -> None:
        """Gives the event back, to be taken again."""
        ...


class Delivery:
    """An event that a worker has taken from an inbox, and that no other worker gets until the lease ends.

    `with delivery as event:` renews the lease whenever a third of it has passed. At a clean end of the `with` block,
    the event is marked as done. If the block raises, the event is released, to be taken again. If the lease is lost,
    `LeaseLost` is raised at a clean end of the block, because a thread cannot be cancelled.

    `attempt` says how many times the event has been taken, from 1; `number` is its number in the inbox; `token` is new
    each time, so that the inbox recognizes a worker whose lease was lost.
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
        """Called by an inbox; `runner` has the event loop in which the lease is renewed."""
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
        """The connection whose transaction marks the event as done; None, except for a `PostgresDelivery`."""
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
        """Starts the span of the work on the event, which is then current; None without telemetry."""
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
            elif is_clean:  # the inbox was closed meanwhile, and its next call uses a new loop
                self._keeper.done(self)
            else:
                self._keeper.release(self)

    async def _hold(self) -> "Holding":
        return self._async.hold(lambda: None)

    def __repr__(self) -> str:
        return repr(self._async)


class PostgresDelivery(Delivery):
    """A delivery in `PostgresInbox.taken()`: the transaction of its `connection` marks the event as done."""

    __slots__ = ("_connection",)

    def __init__(self, delivery: inner.Delivery, keeper: Keeper, runner: Runner, connection: "RawConnection") -> None:
        """Called by the inbox, for a delivery that was taken over `connection`; the rest is as for `Delivery`."""
        super().__init__(delivery, keeper, runner)
        self._connection = connection

    @property
    def connection(self) -> "RawConnection":
        """The connection whose transaction marks the event as done: what you write over it is committed with that."""
        return self._connection

    def __repr__(self) -> str:
        return f"Postgres{super().__repr__()}"


@contextmanager
def traced(taking: AbstractContextManager[D | None]) -> Generator[D | None]:
    """The same context, with a span from taking the delivery until its transaction has ended."""
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
