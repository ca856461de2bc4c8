"""An inbox in memory, for tests."""

import threading

from msgspec import Struct

from paycombat_async._bounds import check_days, check_limit
from paycombat_async._clock import SYSTEM_CLOCK, Clock
from paycombat_async.intents.intent import Intents
from paycombat_async.schemas.events import WebhookEvent
from paycombat_async.telemetry import Telemetry
from paycombat_async.webhooks.inboxes.delivery import Delivery
from paycombat_async.webhooks.inboxes.evidence import settle
from paycombat_async.webhooks.inboxes.inbox import (
    DAY_S,
    FORGET_DAYS,
    LEASE_S,
    LISTED,
    Damaged,
    Depth,
    Receipt,
)
from paycombat_async.webhooks.inboxes.local import LocalInbox
from paycombat_async.webhooks.inboxes.rules import (
    check_lease,
    is_over,
    lease_lost,
    never_received,
    no_connection,
    retry_delay,
    subject_of,
    verdict,
)


class _Entry(Struct):
    """A received event. Its times are in seconds, as `clock.now()` returns them.

    From `since` to `until`, no worker may take the event. `is_held` is True from the time when a worker takes the event
    until the event is released or done, even if the worker's lease ends in between.
    """

    number: int
    event: WebhookEvent
    receipt: Receipt
    arrived: float
    is_done: bool
    attempt: int = 0
    since: float = 0.0
    until: float = 0.0
    is_held: bool = False

    def wait(self, now: float, seconds: float) -> None:
        self.since, self.until = now, now + seconds


class MemoryInbox(LocalInbox):
    """An `Inbox` in memory, which threads and event loops may share. All events are lost when the process ends."""

    def __init__(
        self, *, intents: Intents | None = None, clock: Clock = SYSTEM_CLOCK, telemetry: bool | Telemetry = True
    ) -> None:
        """Creates an empty inbox.

        `intents` is an intents store, which records the calls that move money. If an event shows that the provider has
        carried out one of these calls, the inbox marks the call as carried out in the store. If opentelemetry-api is
        installed, the work on each event is traced in a span, unless `telemetry` is False.
        """
        super().__init__(intents, clock, telemetry)
        self._lock = threading.Lock()
        self._received = 0
        self._by_key: dict[str, _Entry] = {}
        self._by_number: dict[int, _Entry] = {}
        # the recorded status of each payin and payout, by a name such as "PAYIN/id-1"
        self._standing: dict[str, str] = {}

    async def receive(self, event: WebhookEvent, connection: None = None) -> Receipt:
        if connection is not None:
            raise no_connection()
        is_contradicted = await settle(self._intents, event)
        with self._lock:
            if event.key in self._by_key:
                return Receipt.DUPLICATE
            subject = subject_of(event)
            standing = self._standing.get(subject.name) if subject else None
            receipt = verdict(event, standing, is_contradicted=is_contradicted)
            if subject and receipt is Receipt.NEW:
                self._standing[subject.name] = subject.status
            self._received += 1
            is_done = receipt is Receipt.OUTDATED
            entry = _Entry(self._received, event, receipt, self._clock.now(), is_done)
            self._by_key[event.key] = self._by_number[entry.number] = entry
        self._news.tell()
        return receipt

    async def take(self, *, lease: float = LEASE_S) -> Delivery | None:
        since = self._clock.monotonic()
        check_lease(lease)
        with self._lock:
            entry = self._next()
            if entry is None:
                return None
            entry.attempt += 1
            entry.is_held = True
            entry.wait(self._clock.now(), lease)
            return Delivery(
                entry.event,
                attempt=entry.attempt,
                number=entry.number,
                token=_token(entry),
                keeper=self,
                clock=self._clock,
                lease=lease,
                since=since,
                telemetry=self._telemetry,
            )

    async def done(self, taken: Delivery | WebhookEvent) -> None:
        with self._lock:
            if isinstance(taken, Delivery):
                entry = self._taken(taken)
            elif taken.key in self._by_key:
                entry = self._by_key[taken.key]
            else:
                raise never_received(taken)
            entry.is_done, entry.is_held = True, False
        self._news.tell()

    async def release(self, delivery: Delivery) -> None:
        with self._lock:
            entry = self._taken(delivery)
            if entry.is_held:
                entry.is_held = False
                entry.wait(self._clock.now(), retry_delay(entry.attempt))
        self._news.tell()

    async def renew(self, delivery: Delivery, *, lease: float = LEASE_S) -> None:
        check_lease(lease)
        with self._lock:
            entry = self._taken(delivery)
            if entry.is_held:
                entry.wait(self._clock.now(), lease)
            elif not entry.is_done:
                raise lease_lost(delivery.number)

    async def depth(self) -> Depth:
        with self._lock:
            now = self._clock.now()
            left = [entry for entry in self._by_number.values() if not entry.is_done]
        new = [entry for entry in left if entry.receipt is Receipt.NEW]
        taken = sum(entry.is_held and not is_over(entry.since, entry.until, now) for entry in new)
        return Depth(
            waiting=len(new) - taken,
            taken=taken,
            conflicts=len(left) - len(new),
            damaged=0,
            oldest=max((max(now - entry.arrived, 0.0) for entry in left), default=None),
        )

    async def pending(self, receipt: Receipt = Receipt.NEW, *, limit: int = LISTED) -> list[WebhookEvent]:
        check_limit(limit)
        with self._lock:
            left = (entry for entry in self._by_number.values() if not entry.is_done)
            return [entry.event for entry in left if entry.receipt is receipt][:limit]

    async def damaged(self, *, limit: int = LISTED) -> list[Damaged]:
        """Returns an empty list: events in memory are never damaged."""
        check_limit(limit)
        return []

    async def forget(self, *, days: float = FORGET_DAYS) -> int:
        with self._lock:
            before = self._clock.now() - check_days(days) * DAY_S
            old = [entry for entry in self._by_number.values() if entry.arrived < before and entry.is_done]
            for entry in old:
                del self._by_number[entry.number], self._by_key[entry.event.key]
        return len(old)

    async def aclose(self) -> None:
        """Ends the loops of `work`. The events stay in memory."""
        self._news.close()

    def __repr__(self) -> str:
        return f"MemoryInbox({len(self._by_number)} events)"

    def _next(self) -> _Entry | None:
        now = self._clock.now()
        ahead: set[str] = set()
        for entry in self._by_number.values():
            if entry.is_done or entry.receipt is not Receipt.NEW:
                continue
            subject = subject_of(entry.event)
            if is_over(entry.since, entry.until, now) and not (subject and subject.name in ahead):
                return entry
            if subject:
                ahead.add(subject.name)
        return None

    def _taken(self, delivery: Delivery) -> _Entry:
        """Returns the entry of an event that a worker has taken.

        Raises `LeaseLost` if a second worker has taken the event since.
        """
        entry = self._by_number.get(delivery.number)
        if entry is None or _token(entry) != delivery.token:
            raise lease_lost(delivery.number)
        return entry


def _token(entry: _Entry) -> str:
    return f"{entry.number}-{entry.attempt}"
