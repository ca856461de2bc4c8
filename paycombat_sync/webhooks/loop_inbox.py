"""A blocking inbox that runs an async inbox in the event loop of a background thread."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncGenerator, Generator
from typing import Final

from paycombat_async._clock import SYSTEM_CLOCK
from paycombat_async._process_bound import ProcessBound
from paycombat_async.errors import ConfigurationError, Disconnected
from paycombat_async.schemas.events import WebhookEvent
from paycombat_async.webhooks.inboxes import delivery as inner
from paycombat_async.webhooks.inboxes import inbox as original
from paycombat_async.webhooks.inboxes.inbox import FORGET_DAYS, LEASE_S, LISTED, POLL_S, Damaged, Depth, Receipt
from paycombat_async.webhooks.inboxes.rules import no_connection
from paycombat_sync._runner import Runner
from paycombat_sync.webhooks.delivery import Delivery
from paycombat_sync.webhooks.inbox import Inbox

# Seconds between two checks of `stop`, because an event loop cannot wait for a `threading.Event`.
_STOP_S: Final = 0.1


class LoopInbox(ProcessBound, Inbox):
    """A blocking `Inbox`. Each method runs a method of the async inbox in the event loop of a background thread."""

    def __init__(self, inbox: original.Inbox) -> None:
        self._async = inbox
        self._runner = Runner()

    def receive(self, event: WebhookEvent, connection: None = None) -> Receipt:
        if connection is not None:
            raise no_connection()
        return self._runner.run(self._async.receive, event)

    def take(self, *, lease: float = LEASE_S) -> Delivery | None:
        runner = self._runner
        delivery = runner.run(self._async.take, lease=lease)
        return None if delivery is None else Delivery(delivery, self, runner)

    def done(self, taken: Delivery | WebhookEvent) -> None:
        self._runner.run(self._async.done, _original(taken) if isinstance(taken, Delivery) else taken)

    def release(self, delivery: Delivery) -> None:
        self._runner.run(self._async.release, _original(delivery))

    def renew(self, delivery: Delivery, *, lease: float = LEASE_S) -> None:
        self._runner.run(self._async.renew, _original(delivery), lease=lease)

    def work(
        self, *, lease: float = LEASE_S, poll: float = POLL_S, stop: threading.Event | None = None
    ) -> Generator[Delivery, None, None]:
        runner, stopped = self._runner, asyncio.Event()
        deliveries = self._async.work(lease=lease, poll=poll, stop=stopped)
        try:
            while (delivery := runner.run(_next, deliveries, stop, stopped)) is not None:
                yield Delivery(delivery, self, runner)
        except (ConfigurationError, Disconnected):
            if not runner.is_closed:
                raise
        finally:
            with contextlib.suppress(ConfigurationError, Disconnected):  # raised if the inbox was closed meanwhile
                runner.run(_end, deliveries)

    @contextlib.contextmanager
    def taken(self, *, connection: None = None) -> Generator[Delivery | None]:
        if connection is not None:
            raise no_connection()
        delivery = self.take()
        if delivery is None:
            yield None
        else:
            with delivery:
                yield delivery

    def depth(self) -> Depth:
        return self._runner.run(self._async.depth)

    def pending(self, receipt: Receipt = Receipt.NEW, *, limit: int = LISTED) -> list[WebhookEvent]:
        return self._runner.run(self._async.pending, receipt, limit=limit)

    def damaged(self, *, limit: int = LISTED) -> list[Damaged]:
        return self._runner.run(self._async.damaged, limit=limit)

    def forget(self, *, days: float = FORGET_DAYS) -> int:
        return self._runner.run(self._async.forget, days=days)

    def close(self) -> None:
        runner, self._runner = self._runner, Runner()
        runner.close(self._async.aclose)

    def __repr__(self) -> str:
        if not hasattr(self, "_async"):  # an error reporter may call __repr__ before __init__ has finished
            return f"{type(self).__name__}(not set up)"
        return repr(self._async)


def _original(delivery: Delivery) -> inner.Delivery:
    return delivery._async  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # private, but of this SDK


async def _next(
    deliveries: AsyncGenerator[inner.Delivery, None], stop: threading.Event | None, stopped: asyncio.Event
) -> inner.Delivery | None:
    """Returns the next delivery, or None at the end of `deliveries`.

    If other code sets `stop` while this method waits, sets `stopped` in the event loop at most 0.1 s later.
    """
    if stop is None:
        return await anext(deliveries, None)
    if stop.is_set():
        stopped.set()
    watching = asyncio.get_running_loop().create_task(_copy(stop, stopped))
    try:
        return await anext(deliveries, None)
    finally:
        watching.cancel()


async def _copy(stop: threading.Event, stopped: asyncio.Event) -> None:
    while not stop.is_set():
        await SYSTEM_CLOCK.sleep(_STOP_S)
    stopped.set()


async def _end(deliveries: AsyncGenerator[inner.Delivery, None]) -> None:
    await deliveries.aclose()
