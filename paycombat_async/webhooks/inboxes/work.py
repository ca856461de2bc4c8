"""The loop of `work()`, which every inbox uses: takes events, and waits while no event can be taken."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from typing import Any, Final

from paycombat_async._clock import Clock
from paycombat_async.errors import StoreFailed
from paycombat_async.telemetry.attributes import error_fields
from paycombat_async.webhooks.inboxes.delivery import Delivery
from paycombat_async.webhooks.inboxes.news import News
from paycombat_async.webhooks.inboxes.rules import check_poll

_LONGEST_WAIT_S: Final = 30.0  # the longest time between two tries while the inbox raises `StoreFailed`
_log: Final = logging.getLogger("paycombat")


async def deliveries(
    take: Callable[[], Awaitable[Delivery | None]],
    news: News,
    clock: Clock,
    *,
    poll: float,
    stop: asyncio.Event | None,
) -> AsyncGenerator[Delivery, None]:
    """Yields the deliveries that `take` returns. If `take` returns None, waits for `news`, but at most `poll` seconds.

    After each further `StoreFailed` of `take`, waits longer, up to 30 seconds. Ends when `stop` is set or the inbox is
    closed. Leaves no task running while the caller works on a delivery. Raises `ConfigurationError` if `poll` is out of
    range.
    """
    check_poll(poll)
    closings, failures = news.closings, 0
    while True:
        with news.listening() as arrived:  # listening begins before `take`, so that no event arrives unnoticed
            if news.closings != closings or (stop is not None and stop.is_set()):
                return
            try:
                delivery = await take()
                failures = 0
            except StoreFailed as error:
                delivery, failures = None, failures + 1
                if failures == 1:
                    text = "the inbox cannot be reached; its workers go on trying: %s"
                    _log.warning(text, error, extra=error_fields(error))
            if delivery is None:
                wait = min(poll * 2.0 ** min(failures, 10), max(poll, _LONGEST_WAIT_S))
                await _wait(arrived, stop, clock.sleep(wait))
        if delivery is not None:
            yield delivery


async def _wait(arrived: asyncio.Event, stop: asyncio.Event | None, sleep: Coroutine[Any, Any, None]) -> None:
    """Waits until one of the events is set or the sleep has ended. Leaves no task running, even when cancelled."""
    waits: list[Coroutine[Any, Any, object]] = [arrived.wait(), sleep]  # Any: what coroutines yield to their loop
    if stop is not None:
        waits.append(stop.wait())
    tasks = [asyncio.get_running_loop().create_task(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
