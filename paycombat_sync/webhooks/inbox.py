"""The interface of a blocking inbox, which keeps webhooks until they are done."""

import threading
from collections.abc import Generator
from contextlib import AbstractContextManager
from typing import Protocol

from paycombat_async.schemas.events import WebhookEvent
from paycombat_async.webhooks.inboxes.inbox import FORGET_DAYS, LEASE_S, LISTED, POLL_S, Damaged, Depth, Receipt
from paycombat_sync.webhooks.delivery import Delivery


class Inbox(Protocol):
    """Stores events until they are done. `testing.inbox_conformance` tests an inbox that you write yourself.

    Every method may raise `StoreFailed`. After this error it is unknown whether the method has written anything. The
    inboxes of this package raise `ConfigurationError` for a `limit` below 0, for `days` beyond 36,500 in either
    direction, and for a `poll` of less than 0.001 seconds.
    """

    def receive(self, event: WebhookEvent) -> Receipt:
        """Stores the event. Of several calls with the same event, even concurrent ones, all but one return DUPLICATE.

        If the inbox has an intents store (a store of recorded calls), `receive` first marks the call that made the
        event's payin or payout as APPLIED in the store. APPLIED means that the provider has carried out the call, even
        if the payin or payout has failed since. If the event contradicts the record of the call, `receive` returns
        CONFLICT instead of NEW. Raises `StoreFailed` if the event or the record cannot be stored. In this case reply
        500, never 200.
        """
        ...

    def take(self, *, lease: float = LEASE_S) -> Delivery | None:
        """Takes the next event in order of arrival, and returns its delivery. Returns None if no event can be taken.

        The lease ends after `lease` seconds. If the event is not done by then, because the work failed or the process
        died, it can be taken again, with the next attempt number and another token. An event waits until all earlier
        NEW events of the same payin or payout are done. An event whose payload cannot be read is never returned;
        `damaged` lists it. Raises `ConfigurationError` if `lease` is not a number of seconds from 0 to 100,000,000.
        """
        ...

    def done(self, taken: Delivery | WebhookEvent) -> None:
        """Marks an event as processed: its payload is deleted, and its key is kept. A second call does nothing.

        A delivery may be marked after its lease has ended, and after `release`, if nobody has taken the event again.
        Raises `LeaseLost` if another worker has taken the event since, even if that worker has finished, or if
        `forget` has deleted the event. To decide by hand, for example after a CONFLICT, pass the event itself. Then the
        event is marked even if a worker has it, and the worker's own calls do nothing. Raises `ConfigurationError` for
        an event that this inbox has never received, or has forgotten.
        """
        ...

    def release(self, delivery: Delivery) -> None:
        """Gives a delivery back before its lease is over, so that the event can be taken again.

        After the first attempt the event can be taken immediately. After the second attempt it waits 1 second, after
        the third 2 seconds, then 4 and so on, at most 60. Raises `LeaseLost` if another worker has taken the event
        since, or if `forget` has deleted it. Does nothing if the event is done, or if this delivery was released
        before.
        """
        ...

    def renew(self, delivery: Delivery, *, lease: float = LEASE_S) -> None:
        """Extends the lease to `lease` seconds from now. `with delivery` calls this by itself.

        The lease may already have ended. Raises `ConfigurationError` for an invalid lease, as `take` does, before
        anything else is checked. Raises `LeaseLost` if another worker has taken the event since, if `forget` has
        deleted it, or if the delivery was released. Does nothing if the event is done.
        """
        ...

    def work(
        self, *, lease: float = LEASE_S, poll: float = POLL_S, stop: threading.Event | None = None
    ) -> Generator[Delivery, None, None]:
        """Yields deliveries endlessly, each as `take` returns it, and waits while no event can be taken.

        The wait ends immediately when this process receives an event. Otherwise the wait ends after `poll` seconds,
        because another process may have received an event. When `stop` is set or the inbox is closed, the iteration
        ends: immediately if it is waiting for events, else after the current delivery. While the inbox raises
        `StoreFailed`, one warning is logged, and the inbox is tried again after waits that grow up to 30 seconds.
        """
        ...

    def taken(self) -> AbstractContextManager[Delivery | None]:
        """Context manager; yields the next delivery, or None if no event can be taken.

        At a clean end of the `with` block, the event is marked as done. If the block raises, the event is released.
        """
        ...

    def depth(self) -> Depth:
        """Returns how many events are not done, and the age of the oldest of them."""
        ...

    def pending(self, receipt: Receipt = Receipt.NEW, *, limit: int = LISTED) -> list[WebhookEvent]:
        """Returns at most `limit` events that are not done and for which `receive` returned this receipt, oldest first.

        Events that a worker has taken are included. Events with the receipt CONFLICT are never given to a worker. A
        person reviews them, and then calls `done`. For DUPLICATE and OUTDATED the list is empty.
        """
        ...

    def damaged(self, *, limit: int = LISTED) -> list[Damaged]:
        """Returns at most `limit` events that no worker gets, because their payload cannot be read, oldest first."""
        ...

    def forget(self, *, days: float = FORGET_DAYS) -> int:
        """Deletes the events that arrived more than `days` ago and are done or OUTDATED. Returns how many were deleted.

        The recorded statuses of payins and payouts are kept. Therefore, if the provider sends a deleted event again,
        the event is OUTDATED, or a CONFLICT if it contradicts the recorded status or the record of its call. NEW again
        is only an event that changes no status, or one that contradicted the record of its call if that record has been
        forgotten, too. With a negative number of days, done events that arrived just now are deleted, too.
        """
        ...

    def close(self) -> None:
        """Ends the loops of `work`, and closes what the inbox itself has opened. The next use opens the inbox again."""
        ...
