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

    Every method may raise `StoreFailed`; then it is unknown whether anything was written.
    """

    def receive(self, event: WebhookEvent) -> Receipt:
        """Stores the event. If it is delivered several times, even concurrently, all deliveries but one are DUPLICATE.

        With an intents store, the call that the event names is first recorded there as APPLIED, whatever the status of
        the event. An event that contradicts that record is a CONFLICT. Raises `StoreFailed` if the event or that record
        cannot be stored: then answer 500, never 200.
        """
        ...

    def take(self, *, lease: float = LEASE_S) -> Delivery | None:
        """Returns the next event in order of arrival; None if no event can be taken.

        An event that is not done by then, because the work failed or the process died, can be taken again: with the
        next attempt number and another token. An event waits until the earlier ones of the same payin or payout are
        done. An event whose payload cannot be read is set aside, see `damaged`. Raises `ConfigurationError` for a lease
        that is no number of seconds from 0 to 100,000,000.
        """
        ...

    def done(self, taken: Delivery | WebhookEvent) -> None:
        """Marks an event as processed: its payload is deleted, and its key is kept. A second call does nothing.

        A delivery may be marked after its lease and after `release`, as long as nobody has taken the event again.
        Raises `LeaseLost` if another worker has taken it since, also when that one is done, and if it was forgotten. To
        decide by hand, as for a CONFLICT, pass the event itself: it is marked even if a worker has taken it, whose own
        calls then do nothing. Raises `ConfigurationError` for an event that this inbox never received.
        """
        ...

    def release(self, delivery: Delivery) -> None:
        """Gives a delivery back before its lease is over, so that the event can be taken again.

        After the second attempt it waits 1 second, then 2, 4 and so on, at most 60. Raises `LeaseLost` as `done` does.
        Does nothing if the event is done, or was released by this delivery before.
        """
        ...

    def renew(self, delivery: Delivery, *, lease: float = LEASE_S) -> None:
        """Extends the lease to `lease` seconds from now; `with delivery` does so by itself.

        The lease may be over by now. Raises `ConfigurationError` for a lease as `take` does, before all else; then
        `LeaseLost` as `done` does, and if the delivery was released. Does nothing if the event is done.
        """
        ...

    def work(
        self, *, lease: float = LEASE_S, poll: float = POLL_S, stop: threading.Event | None = None
    ) -> Generator[Delivery, None, None]:
        """Yields deliveries endlessly, each as `take` returns it, and waits while no event can be taken.

        Events that this process receives are noticed immediately, those of other processes after `poll` seconds at
        most. Ends when `stop` is set, after the delivery under way, and when the inbox is closed. While the inbox
        raises `StoreFailed`, it logs one warning and tries again after growing waits.
        """
        ...

    def taken(self) -> AbstractContextManager[Delivery | None]:
        """Context manager; yields the next delivery, None if no event can be taken.

        At a clean end of the `with` block the event is done. If the block raises, the event is released.
        """
        ...

    def depth(self) -> Depth:
        """Returns how many events are not done, and the age of the oldest."""
        ...

    def pending(self, receipt: Receipt = Receipt.NEW, *, limit: int = LISTED) -> list[WebhookEvent]:
        """Returns the events with this result of `receive` that are not done, in order of arrival, at most `limit`.

        They include events that a worker has taken. Events with CONFLICT are never given to a worker: a person reviews
        them, and then calls `done`.
        """
        ...

    def damaged(self, *, limit: int = LISTED) -> list[Damaged]:
        """Returns the events that were set aside because their payload cannot be read, in order of arrival.

        They are at most `limit`.
        """
        ...

    def forget(self, *, days: float = FORGET_DAYS) -> int:
        """Deletes the events that are done and arrived more than `days` ago. Returns how many it has deleted.

        The statuses of payins and payouts stay, so that a later replay of their events is OUTDATED. A replay of any
        other event is NEW again. With a negative number of days, done events that arrived just now are deleted, too.
        """
        ...

    def close(self) -> None:
        """Ends the loops of `work`, and closes what the inbox itself has opened. The next use opens it again."""
        ...
