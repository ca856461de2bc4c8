"""The inbox: takes each webhook once, although deliveries are repeated, overtake each other and bear no time or id.

    receive -> reply 200 -> take -> work -> done

`receive` keeps the event before it returns, which makes the 200 honest. A worker takes the events one by one and marks
each as done. Work that a crash cuts off comes again: each event is worked on at least once.
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
    """What a delivery is to the inbox. Answer 200 to all four: the provider has nothing to send again."""

    NEW = "new"  # to be worked on
    DUPLICATE = "duplicate"  # it came before
    OUTDATED = "outdated"  # the payin or payout stands there already, or further
    CONFLICT = "conflict"  # another end than the one it came to, such as SUCCESS after EXPIRED: look at both


# A payin or payout only moves to a later stage. What is not in the table moves nothing, and is kept once.
STAGES = {
    "PAYIN": {"PENDING": 0, "SUCCESS": 1, "FAILED": 1, "EXPIRED": 1},
    "PAYOUT": {"PENDING": 0, "SUCCESS": 1, "FAILED": 1, "RETURNED": 2},
}


class Inbox(Protocol):
    """Keeps events until they are done. Calls block, `SqliteInbox` for a write to disk: `asyncio.to_thread` helps."""

    def receive(self, event: WebhookEvent) -> Receipt:
        """Keep the event. Of several deliveries of it, however many at once, exactly one is `NEW`.

        Raises `ConfigurationError` if it cannot be kept: answer 500, never 200.
        """
        ...

    def take(self, *, lease: float = LEASE_S) -> WebhookEvent | None:
        """The next event to work on, in order of arrival, if there is one; nobody else gets it for `lease` seconds.

        If it is not done by then, because the work failed or the process died, it is there to be taken again. An event
        waits until the earlier ones of the same payin or payout are done.
        """
        ...

    def done(self, event: WebhookEvent) -> None:
        """Note that the work is done. The payload is dropped; that the event came is kept. Safe to repeat.

        Raises `ConfigurationError` for an event that this inbox never received.
        """
        ...

    def pending(self, receipt: Receipt = Receipt.NEW) -> list[WebhookEvent]:
        """What is not done, in order of arrival, taken or not: the `NEW`, or each `CONFLICT`, for a person to judge."""
        ...

    def forget(self, *, days: float = FORGET_DAYS) -> int:
        """Forget the deliveries that are done and came longer ago than this; how many.

        How payins and payouts stand is never forgotten: their replays, valid for ever, are `OUTDATED` then. A replay of
        anything else is `NEW` again.
        """
        ...


class Subject(NamedTuple):
    """The payin or payout that an event moves, and where to."""

    name: str
    status: str
    stages: dict[str, int]


def subject_of(event: WebhookEvent) -> Subject | None:
    """None for an event that moves nothing. Of an `UnknownEvent`, which may contradict itself, only PENDING counts."""
    stages = STAGES.get(event.type or "", {})
    if not event.id or event.status not in stages:
        return None
    if isinstance(event, UnknownEvent) and event.status != "PENDING":
        return None
    return Subject(f"{event.type}/{event.id}", event.status, stages)


def judge(subject: Subject | None, standing: str | None) -> Receipt:
    """What a delivery that has not come before is, when its payin or payout stands so."""
    if subject is None or standing is None:
        return Receipt.NEW
    step = subject.stages[subject.status] - subject.stages[standing]
    if step == 0 and subject.status != standing:
        return Receipt.CONFLICT
    return Receipt.NEW if step > 0 else Receipt.OUTDATED


def never_received(event: WebhookEvent) -> ConfigurationError:
    """What `done` raises."""
    return ConfigurationError(f"the event {event.key} was never received by this inbox; give done() what take() gave")


class MemoryInbox(Inbox):
    """An `Inbox` that ends with the process: for tests, and for trying things out. Safe to share between threads."""

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
