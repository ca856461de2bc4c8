"""The inbox: accepts each event once, though webhooks are repeated, arrive out of order and have neither time nor id.

    receive -> reply 200 -> take -> work -> done

`receive` stores the event before it returns, so that no event is lost after the 200. A worker takes the events one by
one and marks each as done. After a crash an unfinished event is taken again: each is processed at least once.
"""

import threading
from enum import StrEnum
from typing import NamedTuple, Protocol

from paycombat_async._clock import SYSTEM_CLOCK, Clock
from paycombat_async.errors import ConfigurationError
from paycombat_async.schemas.events import UnknownEvent, WebhookEvent

LEASE_S = 60.0
FORGET_DAYS = 90.0
DAY_S = 86_400.0


class Receipt(StrEnum):
    """How the inbox classified a delivery. Answer 200 in all four cases: the provider need not send it again."""

    NEW = "new"  # stored, to be processed
    DUPLICATE = "duplicate"  # the same event was received before
    OUTDATED = "outdated"  # the payin or payout already has this or a later status
    CONFLICT = "conflict"  # a final status other than the recorded one, as SUCCESS after EXPIRED: check by hand


# The stage of each status, by type: the recorded status of a payin or payout is only replaced by one of a later stage.
# An event whose type or status is not in this table changes no recorded status.
STAGES = {
    "PAYIN": {"PENDING": 0, "SUCCESS": 1, "FAILED": 1, "EXPIRED": 1},
    "PAYOUT": {"PENDING": 0, "SUCCESS": 1, "FAILED": 1, "RETURNED": 2},
}


class Inbox(Protocol):
    """Stores events until they are done. Calls block, since `SqliteInbox` writes to disk: use `asyncio.to_thread`."""

    def receive(self, event: WebhookEvent) -> Receipt:
        """Store the event. If it is delivered several times, even concurrently, all deliveries but one are `DUPLICATE`.

        Raises `ConfigurationError` if it cannot be stored: answer 500, never 200.
        """
        ...

    def take(self, *, lease: float = LEASE_S) -> WebhookEvent | None:
        """Return the next event in order of arrival, None without one; no other worker gets it for `lease` seconds.

        An event not marked as done by then, because the work failed or the process died, can be taken again. An event
        waits until the earlier ones of the same payin or payout are done.
        """
        ...

    def done(self, event: WebhookEvent) -> None:
        """Mark the event as processed: its payload is deleted, its key is kept. A second call does nothing.

        Raises `ConfigurationError` for an event that this inbox never received.
        """
        ...

    def pending(self, receipt: Receipt = Receipt.NEW) -> list[WebhookEvent]:
        """Return the events with this verdict of `receive`, such as CONFLICT, that are not done, in order of arrival.

        They include events that a worker has taken. Those with `CONFLICT` are never given to a worker: review them
        manually, then call `done`.
        """
        ...

    def forget(self, *, days: float = FORGET_DAYS) -> int:
        """Delete the events that are done and arrived more than `days` ago; returns how many.

        The statuses of payins and payouts stay, so that a later replay of their events is `OUTDATED`. A replay of
        any other event is `NEW` again.
        """
        ...


class Subject(NamedTuple):
    """The payin or payout whose status an event changes, and the new status."""

    name: str
    status: str
    stages: dict[str, int]


def subject_of(event: WebhookEvent) -> Subject | None:
    """Returns the status change that an event brings; None if it brings none.

    The fields of an `UnknownEvent` may contradict each other, so a final status in it is not believed; PENDING, which
    ends nothing, is.
    """
    stages = STAGES.get(event.type or "", {})
    if not event.id or event.status not in stages:
        return None
    if isinstance(event, UnknownEvent) and event.status != "PENDING":
        return None
    return Subject(f"{event.type}/{event.id}", event.status, stages)


def judge(subject: Subject | None, standing: str | None) -> Receipt:
    """Returns the verdict on an event's first delivery, such as CONFLICT.

    `standing` is the recorded status of its payin or payout, if there is one.
    """
    if subject is None or standing is None:
        return Receipt.NEW
    step = subject.stages[subject.status] - subject.stages[standing]
    if step == 0 and subject.status != standing:
        return Receipt.CONFLICT
    return Receipt.NEW if step > 0 else Receipt.OUTDATED


def never_received(event: WebhookEvent) -> ConfigurationError:
    """Returns the error that `done` raises for an event that was never received."""
    return ConfigurationError(f"the event {event.key} was never received by this inbox; give done() what take() gave")


class MemoryInbox(Inbox):
    """An `Inbox` in memory, for tests; its events are lost when the process ends. Safe to share between threads."""

    def __init__(self, *, clock: Clock = SYSTEM_CLOCK) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._arrived: dict[str, float] = {}
        self._standing: dict[str, str] = {}
        self._open: dict[str, tuple[Receipt, WebhookEvent]] = {}
        self._leased_until: dict[str, float] = {}

    def receive(self, event: WebhookEvent) -> Receipt:
        with self._lock:
            if event.key in self._arrived:
                return Receipt.DUPLICATE
            subject = subject_of(event)
            receipt = judge(subject, self._standing.get(subject.name) if subject else None)
            if subject and receipt is Receipt.NEW:
                self._standing[subject.name] = subject.status
            if receipt is not Receipt.OUTDATED:
                self._open[event.key] = receipt, event
            self._arrived[event.key] = self._clock.now()
            return receipt

    def take(self, *, lease: float = LEASE_S) -> WebhookEvent | None:
        with self._lock:
            now = self._clock.now()
            ahead: set[str] = set()
            for event in self._pending(Receipt.NEW):
                subject = subject_of(event)
                if self._leased_until.get(event.key, now) <= now and not (subject and subject.name in ahead):
                    self._leased_until[event.key] = now + lease
                    return event
                if subject:
                    ahead.add(subject.name)
            return None

    def done(self, event: WebhookEvent) -> None:
        with self._lock:
            if event.key not in self._arrived:
                raise never_received(event)
            self._open.pop(event.key, None)
            self._leased_until.pop(event.key, None)

    def pending(self, receipt: Receipt = Receipt.NEW) -> list[WebhookEvent]:
        with self._lock:
            return self._pending(receipt)

    def forget(self, *, days: float = FORGET_DAYS) -> int:
        with self._lock:
            before = self._clock.now() - days * DAY_S
            old = [key for key, arrived in self._arrived.items() if arrived < before and key not in self._open]
            for key in old:
                del self._arrived[key]
            return len(old)

    def _pending(self, receipt: Receipt) -> list[WebhookEvent]:
        return [event for kept_as, event in self._open.values() if kept_as is receipt]
