"""Sends each webhook until a 2xx response or the last attempt.

Webhooks about one object are sent one after the other.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

import aiohttp

from paycombat_async._clock import Clock
from paycombat_async.sandbox._tasks import BackgroundTasks
from paycombat_async.sandbox.deliveries.log import Deliveries, Delivery
from paycombat_async.sandbox.deliveries.payloads import PayloadBuilder
from paycombat_async.sandbox.envelopes import iso_time
from paycombat_async.sandbox.faults import Fault
from paycombat_async.sandbox.records import Record

_TIMEOUT_S: Final = 5.0


class HttpSender:
    """Sends webhooks by HTTP POST. Call `post` and `close` in the same event loop."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    async def post(self, delivery: Delivery) -> int | None:
        """Sends a webhook and returns the HTTP status.

        Returns None if the connection failed, or if there was no response within 5 seconds. Redirects are not followed,
        because they may lead to another host.
        """
        headers = {"Content-Type": "application/json", "X-Signature": delivery.signature}
        try:
            async with self._opened().post(
                delivery.url, data=delivery.body, headers=headers, allow_redirects=False
            ) as answer:
                return answer.status
        except (aiohttp.ClientError, OSError, TimeoutError):
            return None

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                # The connection is closed after each webhook. An idle connection would delay the shutdown of the
                # merchant's server.
                connector=aiohttp.TCPConnector(force_close=True),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=_TIMEOUT_S),
            )
        return self._session


class Dispatcher:
    """Queues and sends webhooks, with several attempts for each one.

    `waits` has the seconds to wait before the second attempt, the third attempt, and so on.
    """

    def __init__(
        self,
        *,
        builder: PayloadBuilder,
        sender: HttpSender,
        clock: Clock,
        waits: Sequence[float],
        log: Deliveries,
        fault: Callable[[], Fault | None],
        on_change: Callable[[], None],
    ) -> None:
        """Must be called in the event loop that will send the webhooks.

        `fault` is called once for each webhook, and returns the error to inject into it, or None. `on_change` is called
        after each change of the log.
        """
        self._builder = builder
        self._sender = sender
        self._clock = clock
        self._waits = waits
        self._log = log
        self._fault = fault
        self._on_change = on_change
        self._tasks = BackgroundTasks()
        self._queued: deque[Delivery] = deque()
        self._held: list[Delivery] = []
        self._latest: dict[str, asyncio.Task[None]] = {}

    def watch(self, record: Record) -> None:
        """Queues the webhook about the new status of a payin, payout or virtual account.

        Does nothing if there is no webhook about this status, or no URL for it. Safe to call from any thread.
        """
        delivery = self._builder.build(record)
        if delivery is not None:
            self._queued.append(delivery)
            self._tasks.call_soon(self._take)

    async def drain(self) -> None:
        """Sends the webhooks that the fault `OUT_OF_ORDER_WEBHOOK` has held back, and waits for all webhooks.

        When it returns, each webhook has had a 2xx response or its last attempt.
        """
        while self._queued:
            self._take()
        self._release()
        while self._tasks.running:
            await asyncio.wait(self._tasks.running)

    def send_again(self, delivery: Delivery) -> None:
        """Sends a webhook again, as a new delivery. Call it in the event loop that sends webhooks."""
        self._send(_unsent(delivery))

    def send_twice(self, delivery: Delivery) -> None:
        """Sends a webhook as two new deliveries at the same time. Call it in the event loop that sends webhooks."""
        earlier = self._latest.get(delivery.id)
        after = () if earlier is None else (earlier,)
        for _ in range(2):
            self._start(_unsent(delivery), after)

    def drop(self) -> None:
        """Discards all webhooks that are not yet delivered. Call it in the event loop that sends them."""
        self._queued.clear()
        self._held.clear()
        self._tasks.drop()

    async def end(self) -> None:
        """Stops sending, and discards all webhooks that are not yet delivered."""
        await self._tasks.end()
        await self._sender.close()

    def _take(self) -> None:
        if not self._queued:
            return  # `drain` has already sent the webhook for which this call was scheduled
        delivery = self._queued.popleft()
        fault = self._fault()
        if fault is Fault.OUT_OF_ORDER_WEBHOOK:
            self._held.append(delivery)
            return
        task = self._send(delivery)
        if fault is Fault.DUPLICATE_WEBHOOK:
            task = self._send(_unsent(delivery))
        self._release(task)

    def _release(self, *after: asyncio.Task[None]) -> None:
        held, self._held = self._held, []
        for delivery in held:
            self._send(delivery, *after)

    def _send(self, delivery: Delivery, *after: asyncio.Task[None]) -> asyncio.Task[None]:
        earlier = self._latest.get(delivery.id)
        return self._start(delivery, after if earlier is None else (*after, earlier))

    def _start(self, delivery: Delivery, after: tuple[asyncio.Task[None], ...]) -> asyncio.Task[None]:
        task = self._tasks.start(self._deliver(delivery, after))
        self._latest[delivery.id] = task
        task.add_done_callback(lambda _: self._forget(delivery.id, task))
        return task

    def _forget(self, record_id: str, task: asyncio.Task[None]) -> None:
        if self._latest.get(record_id) is task:
            del self._latest[record_id]

    async def _deliver(self, delivery: Delivery, earlier: tuple[asyncio.Task[None], ...]) -> None:
        if earlier:
            await asyncio.wait(earlier)
        self._log.add(delivery)
        for wait in (*self._waits, None):
            delivery.times.append(iso_time(self._clock.now()))
            self._on_change()
            delivery.statuses.append(await self._sender.post(delivery))
            self._on_change()
            if delivery.is_delivered:
                return
            if self._log.on_failed is not None:
                self._log.on_failed(delivery, wait)
            if wait is not None:
                await self._clock.sleep(wait)


def _unsent(delivery: Delivery) -> Delivery:
    return replace(delivery, statuses=[], times=[], number=0)
