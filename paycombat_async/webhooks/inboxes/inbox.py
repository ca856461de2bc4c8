"""The interface of an inbox, which keeps webhooks until they are done, and the values that it returns.

    receive -> reply 200 -> take -> work -> done

`receive` stores the event before it returns, so that no event is lost after the answer 200. Webhooks are repeated,
arrive out of order, and have neither a time nor an id of their own; the inbox keeps each event once. A worker takes an
event for a time, the lease, in which no other worker gets it. After a crash, an unfinished event is taken again:
therefore each event is worked on at least once, and by one worker at a time.
"""

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Protocol

from msgspec import Struct

from paycombat_async.schemas.events import WebhookEvent
from paycombat_async.webhooks.inboxes.delivery import Delivery

if TYPE_CHECKING:
    import asyncio

LEASE_S: Final = 60.0
POLL_S: Final = 1.0
FORGET_DAYS: Final = 90.0
DAY_S: Final = 86_400.0
LISTED: Final = 100  # events that `pending` and `damaged` return at most if no `limit` is given


class Receipt(StrEnum):
    """The result of `receive`. Answer 200 in all four cases, because the provider need not send the event again."""

    NEW = "new"  # stored, to be processed
    DUPLICATE = "duplicate"  # the same event was received before
    OUTDATED = "outdated"  # the payin or payout already has this or a later status
    CONFLICT = "conflict"  # the event contradicts a record, such as SUCCESS after EXPIRED: a person must check it


class Depth(Struct, frozen=True, kw_only=True):
    """The numbers of events in an inbox that are not done, for monitoring.

    `waiting` counts the events that no worker has, `taken` the events under a lease, `conflicts` the events that a
    person must check, `damaged` the events whose payload cannot be read. `oldest` is the age in seconds of the oldest
    event that is not done, damaged events left out; None if there is no such event.
    """

    waiting: int
    taken: int
    conflicts: int
    damaged: int
    oldest: float | None


class Damaged(Struct, frozen=True, kw_only=True):
    """An event whose stored payload cannot be read: its number in the inbox, its key, and when it arrived (UTC)."""

    number: int
    key: str
    arrived_at: datetime


class Inbox(Protocol):
    """Stores events until they are done. `testing.inbox_conformance` tests an inbox that you write yourself.

    Every method may raise `StoreFailed`; then it is unknown whether anything was written.
    """

    async def receive(self, event: WebhookEvent) -> Receipt:
        """Stores the event. If it is delivered several times, even concurrently, all deliveries but one are DUPLICATE.

        With an intents store, the call that the event names is first recorded there as APPLIED, whatever the status of
        the event. An event that contradicts that record is a CONFLICT. Raises `StoreFailed` if the event or that record
        cannot be stored: then answer 500, never 200.
        """
        ...

    async def take(self, *, lease: float = LEASE_S) -> Delivery | None:
        """Returns the next event in order of arrival; None if no event can be taken.

        An event that is not done by then, because the work failed or the process died, can be taken again: with the
        next attempt number and another token. An event waits until the earlier ones of the same payin or payout are
        done. An event whose payload cannot be read is set aside, see `damaged`. Raises `ConfigurationError` for a lease
        that is no number of seconds from 0 to 100,000,000.
        """
        ...

    async def done(self, taken: Delivery | WebhookEvent) -> None:
        """Marks an event as processed: its payload is deleted, and its key is kept. A second call does nothing.

        A delivery may be marked after its lease and after `release`, as long as nobody has taken the event again.
        Raises `LeaseLost` if another worker has taken it since, also when that one is done, and if it was forgotten. To
        decide by hand, as for a CONFLICT, pass the event itself: it is marked even if a worker has taken it, whose own
        calls then do nothing. Raises `ConfigurationError` for an event that this inbox never received.
        """
        ...

    async def release(self, delivery: Delivery) -> None:
        """Gives a delivery back before its lease is over, so that the event can be taken again.

        After the second attempt it waits 1 second, then 2, 4 and so on, at most 60. Raises `LeaseLost` as `done` does.
        Does nothing if the event is done, or was released by this delivery before.
        """
        ...

    async def renew(self, delivery: Delivery, *, lease: float = LEASE_S) -> None:
        """Extends the lease to `lease` seconds from now; `async with delivery` does so by itself.

        The lease may be over by now. Raises `ConfigurationError` for a lease as `take` does, before all else; then
        `LeaseLost` as `done` does, and if the delivery was released. Does nothing if the event is done.
        """
        ...

    def work(
        self, *, lease: float = LEASE_S, poll: float = POLL_S, stop: "asyncio.Event | None" = None
    ) -> AsyncGenerator[Delivery, None]:
        """Yields deliveries endlessly, each as `take` returns it, and waits while no event can be taken.

        Events that this process receives are noticed immediately, those of other processes after `poll` seconds at
        most. Ends when `stop` is set, after the delivery under way, and when the inbox is closed. While the inbox
        raises `StoreFailed`, it logs one warning and tries again after growing waits.
        """
        ...

    def taken(self) -> AbstractAsyncContextManager[Delivery | None]:
        """Context manager; yields the next delivery, None if no event can be taken.

        At a clean end of the `with` block the event is done. If the block raises, the event is released.
        """
        ...

    async def depth(self) -> Depth:
        """Returns how many events are not done, and the age of the oldest."""
        ...

    async def pending(self, receipt: Receipt = Receipt.NEW, *, limit: int = LISTED) -> list[WebhookEvent]:
        """Returns the events with this result of `receive` that are not done, in order of arrival, at most `limit`.

        They include events that a worker has taken. Events with CONFLICT are never given to a worker: a person reviews
        them, and then calls `done`.
        """
        ...

    async def damaged(self, *, limit: int = LISTED) -> list[Damaged]:
        """Returns the events that were set aside because their payload cannot be read, in order of arrival.

        They are at most `limit`.
        """
        ...

    async def forget(self, *, days: float = FORGET_DAYS) -> int:
        """Deletes the events that are done and arrived more than `days` ago. Returns how many it has deleted.

        The statuses of payins and payouts stay, so that a later replay of their events is OUTDATED. A replay of any
        other event is NEW again. With a negative number of days, done events that arrived just now are deleted, too.
        """
        ...

    async def aclose(self) -> None:
        """Ends the loops of `work`, and closes what the inbox itself has opened. The next use opens it again."""
        ...
