"""The interface of an inbox, which keeps webhooks until they are done, and the values that it returns.

    receive -> reply 200 -> take -> work -> done

`receive` stores the event before it returns, so that no event is lost after the reply 200. The provider sends a webhook
several times, in any order, and without a time or an id of its own; the inbox keeps each event once. A worker takes an
event for a limited time, the lease, during which no other worker gets the event. After a crash, an unfinished event is
taken again. Therefore each event is worked on at least once, and by one worker at a time.
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
LISTED: Final = 100  # the default `limit` of `pending` and `damaged`


class Receipt(StrEnum):
    """What `receive` has found out about an event. Reply 200 in all four cases: the provider need not send it again."""

    NEW = "new"  # the event is stored and waits for a worker
    DUPLICATE = "duplicate"  # the same event was received before
    OUTDATED = "outdated"  # the payin or payout already has the event's status or a later status recorded
    CONFLICT = "conflict"  # the event contradicts a record, such as SUCCESS after EXPIRED; a person must review it


class Depth(Struct, frozen=True, kw_only=True):
    """How many events in an inbox are not done, for monitoring.

    `waiting` counts the events that no worker has, `taken` those that a worker has, `conflicts` those that a person
    must review, and `damaged` those whose payload cannot be read. `oldest` is the age in seconds of the oldest event
    that is not done, or None if there is no such event. Damaged events do not count for `oldest`.
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

    Every method may raise `StoreFailed`. After this error it is unknown whether the method has written anything. The
    inboxes of this package raise `ConfigurationError` if `limit` is negative, if `days` is below -36,500 or above
    36,500, or if `poll` is less than 0.001 seconds.
    """

    async def receive(self, event: WebhookEvent) -> Receipt:
        """Stores the event. If the inbox has received the same event before, returns DUPLICATE.

        Of several concurrent calls with one event, all but one return DUPLICATE. If the inbox has an intents store,
        which records the calls that move money, `receive` first marks the call that created the event's payin or payout
        as APPLIED there. APPLIED means that the provider has carried out the call, even if the payin or payout has
        failed since. If the event contradicts the record of the call, `receive` returns CONFLICT in place of NEW.

        Raises `StoreFailed` if the event or the record cannot be stored; in this case reply 500, never 200.
        """
        ...

    async def take(self, *, lease: float = LEASE_S) -> Delivery | None:
        """Takes the next event in order of arrival, and returns its delivery. Returns None if no event can be taken.

        The worker has the event for `lease` seconds. If the event is not done after this time, because the work failed
        or the process died, it can be taken again, with the next attempt number and a new token. An event waits until
        all earlier NEW events of the same payin or payout are done. An event whose payload cannot be read is never
        taken; `damaged` lists it. Raises `ConfigurationError` if `lease` is not a number from 0 to 100,000,000.
        """
        ...

    async def done(self, taken: Delivery | WebhookEvent) -> None:
        """Marks an event as processed: its payload is deleted, and its key is kept. A second call does nothing.

        A delivery may be marked even after its lease has ended, and after `release`, as long as no other worker has
        taken the event. Raises `LeaseLost` if a second worker has taken the event since, even if that worker has
        finished, or if `forget` has deleted the event.

        To decide about an event by hand, for example after a CONFLICT, pass the event in place of a delivery. An event
        passed in this way is marked even if a worker has it, and later calls of that worker do nothing. Raises
        `ConfigurationError` for an event that this inbox has never received, or has forgotten.
        """
        ...

    async def release(self, delivery: Delivery) -> None:
        """Gives a delivery back before its lease ends, so that the event can be taken again.

        After the first attempt, the event can be taken immediately. After the second attempt it waits 1 second, after
        the third 2 seconds, then 4 and so on, at most 60. Raises `LeaseLost` if a second worker has taken the event
        since, or if `forget` has deleted it. Does nothing if the event is done, or if this delivery was already
        released.
        """
        ...

    async def renew(self, delivery: Delivery, *, lease: float = LEASE_S) -> None:
        """Extends the lease to `lease` seconds from now, even if it has ended. `async with delivery` does so by itself.

        The lease is the time for which no other worker gets the event. Raises `LeaseLost` if a second worker has taken
        the event since, if `forget` has deleted it, or if the delivery was released. Does nothing if the event is done.
        First of all, raises `ConfigurationError` if `lease` is not a number from 0 to 100,000,000.
        """
        ...

    def work(
        self, *, lease: float = LEASE_S, poll: float = POLL_S, stop: "asyncio.Event | None" = None
    ) -> AsyncGenerator[Delivery, None]:
        """Yields deliveries endlessly, each as `take` returns it, and waits while no event can be taken.

        The wait ends as soon as this process receives an event, and otherwise after `poll` seconds, because another
        process may have received one. When `stop` is set or the inbox is closed, the iteration ends: immediately if it
        is waiting, else after the current delivery. If the inbox raises `StoreFailed`, one warning is logged, and the
        inbox is tried again after waits that grow up to 30 seconds.
        """
        ...

    def taken(self) -> AbstractAsyncContextManager[Delivery | None]:
        """Context manager; yields the next delivery, or None if no event can be taken.

        At a clean end of the `with` block, the event is marked as done. If the block raises, the event is released.
        """
        ...

    async def depth(self) -> Depth:
        """Returns how many events are not done, and the age of the oldest of them."""
        ...

    async def pending(self, receipt: Receipt = Receipt.NEW, *, limit: int = LISTED) -> list[WebhookEvent]:
        """Returns at most `limit` events that are not done and for which `receive` returned this receipt, oldest first.

        With NEW, the list includes events that a worker has taken. With CONFLICT, it has the events that no worker
        gets: a person reviews them, and then calls `done`. With DUPLICATE and OUTDATED, the list is empty.
        """
        ...

    async def damaged(self, *, limit: int = LISTED) -> list[Damaged]:
        """Returns at most `limit` events that no worker gets, because their payload cannot be read, oldest first."""
        ...

    async def forget(self, *, days: float = FORGET_DAYS) -> int:
        """Deletes the events that arrived more than `days` ago and are done or OUTDATED. Returns how many were deleted.

        The recorded statuses of payins and payouts are kept. Therefore, if the provider sends a deleted event again,
        the result is OUTDATED, or CONFLICT if the event contradicts the recorded status or the record of its call. Only
        two kinds of events become NEW again: those that change no status, and those that contradicted the record of a
        call which has been forgotten, too. With a negative number of days, done events that arrived just now are
        deleted, too.
        """
        ...

    async def aclose(self) -> None:
        """Ends the loops of `work`, and closes what the inbox itself has opened. The next use opens the inbox again."""
        ...
