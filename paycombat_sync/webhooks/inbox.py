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

    Every method may raise `StoreFailed`; it is then unknown whether anything was written.
    """

    def receive(self, event: WebhookEvent) -> Receipt:
        """Stores the event. If it is delivered several times, even concurrently, all deliveries but one are DUPLICATE.

        With an intents store, the call that the event names is first recorded there as APPLIED, whatever the status of
        the event; an event that contradicts that record is a CONFLICT. Raises `StoreFailed` if the event or that record
        cannot be stored: answer 500, never 200.
        """
        ...

    def take(self, *, lease: float = LEASE_S) -> Delivery | None:
        """Returns the next event in order of arrival, None without one; no other worker gets it for `lease` seconds.

        An event that is not done by then, because the work failed or the process died, can be taken again. An event
        waits until the earlier ones of the same payin or payout are done. An event whose payload cannot be read is set
        aside, see `damaged`.
        """
        ...

    def done(self, taken: Delivery | WebhookEvent) -> None:
        """Marks an event as processed: its payload is deleted, its key is kept. A second call does nothing.

        Raises `LeaseLost` for a delivery that another worker has taken since. To decide by hand, as for a CONFLICT,
        pass the event itself: it is marked even if a worker has taken it. Raises `ConfigurationError` for an event that
        this inbox never received.
        """
        ...

    def release(self, delivery: Delivery) -> None:
        """Gives a delivery back before its lease is over, to be taken again: at once after its first attempt.

        After the second attempt it waits 1 second, then 2, 4 and so on, at most 60. Raises `LeaseLost` if another
        worker has taken it since. Does nothing if the event is done.
        """
        ...

    def renew(self, delivery: Delivery, *, lease: float = LEASE_S) -> None:
        """Extends the lease to `lease` seconds from now; `with delivery` does so by itself.

        Raises `LeaseLost` if the delivery was released, or another worker has taken it since. Does nothing if the event
        is done.
        """
        ...

    def work(
        self, *, lease: float = LEASE_S, poll: float = POLL_S, stop: threading.Event | None = None
    ) -> Generator[Delivery, None, None]:
        """Yields deliveries for ever, each as `take` returns it, and waits while there is none.

        Events of this process are noticed at once, those of other processes after `poll` seconds at most. Ends when
        `stop` is set, after the delivery under way, and when the inbox is closed. While the inbox cannot be reached, it
        logs one warning and tries again after growing waits.
        """
        ...

    def taken(self) -> AbstractContextManager[Delivery | None]:
        """A context with the next event, None if nothing waits: done on a clean end, released when the body raises."""
        ...

    def depth(self) -> Depth:
        """Returns how many events are not done, and how old the oldest is."""
        ...

    def pending(self, receipt: Receipt = Receipt.NEW, *, limit: int = LISTED) -> list[WebhookEvent]:
        """Returns the events with this verdict of `receive` that are not done, in order of arrival, at most `limit`.

        They include events that a worker has taken. Those with CONFLICT are never given to a worker: review them, then
        call `done`.
        """
        ...

    def damaged(self, *, limit: int = LISTED) -> list[Damaged]:
        """Returns the events that were set aside because their payload cannot be read, in order of arrival."""
        ...

    def forget(self, *, days: float = FORGET_DAYS) -> int:
        """Deletes the events that are done and arrived more than `days` ago; returns how many.

        The statuses of payins and payouts stay, so that a later replay of their events is OUTDATED. A replay of any
        other event is NEW again.
        """
        ...

    def close(self) -> None:
        """Ends the loops of `work`, and closes what the inbox itself has opened; its next use opens it again."""
        ...
