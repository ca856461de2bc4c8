"""A merchant's side of the machine: the server that takes webhooks, and the model of the inbox behind it."""

from types import TracebackType
from typing import Final, Self

from paycombat_async.sandbox._background_loop import BackgroundLoop
from paycombat_async.testing import FakeClock
from paycombat_sync.webhooks import Inbox, Receipt, WebhookEvent
from tests.sandbox.deliveries.receiver import Received, Receiver, receiving

_STAGES: Final = {"PENDING": 0, "SUCCESS": 1, "FAILED": 1, "RETURNED": 2}
LEASE: Final = 60.0


class Mailbox:
    """Takes webhooks in a thread of its own and keeps them all."""

    def __init__(self) -> None:
        self._thread = BackgroundLoop("mailbox")
        self._server = receiving()
        self.receiver: Receiver = self._thread.run(self._server.__aenter__())

    @property
    def letters(self) -> list[Received]:
        return list(self.receiver.received)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._thread.run(self._server.__aexit__(None, None, None))
        self._thread.stop()


class ModeledInbox:
    """An inbox in use, beside a model of it that knows only what its documentation says."""

    def __init__(self, inbox: Inbox, clock: FakeClock) -> None:
        self._inbox = inbox
        self._clock = clock
        self._came: set[str] = set()
        self._open: dict[str, WebhookEvent] = {}
        self._leases: dict[str, float] = {}
        self.standing: dict[str, str] = {}

    def receive(self, event: WebhookEvent) -> Receipt:
        """Hands a delivery in and holds the receipt against the model."""
        receipt = self._inbox.receive(event)
        assert event.id is not None
        assert event.status is not None
        before = self.standing.get(event.id)
        step = _STAGES[event.status] - (-1 if before is None else _STAGES[before])
        if event.key in self._came:
            expected = Receipt.DUPLICATE
        elif step > 0:
            expected = Receipt.NEW
        else:
            expected = Receipt.CONFLICT if step == 0 and before != event.status else Receipt.OUTDATED
        assert expected == receipt
        if receipt is Receipt.NEW:
            self.standing[event.id] = event.status
            self._open[event.key] = event
        self._came.add(event.key)
        return receipt

    def work(self, *, to_the_end: bool) -> WebhookEvent | None:
        """Takes the next event; `to_the_end` says whether the worker lives long enough to call it done."""
        delivery = self._inbox.take(lease=LEASE)
        event = delivery.event if delivery else None
        assert (event.key if event else None) == self._next()
        if event is not None:
            self._leases[event.key] = self._clock.time + LEASE
            if to_the_end:
                self._inbox.done(delivery)
                del self._open[event.key]
        return event

    def _next(self) -> str | None:
        ahead: set[str | None] = set()
        for key, event in self._open.items():
            if event.id not in ahead and self._leases.get(key, 0.0) <= self._clock.time:
                return key
            ahead.add(event.id)
        return None

    def check(self) -> None:
        """What waits is what came and is not done, in the order in which it came."""
        assert list(self._open) == [event.key for event in self._inbox.pending(limit=len(self._open) + 1)]

    def close(self) -> None:
        """End its thread."""
        self._inbox.close()
