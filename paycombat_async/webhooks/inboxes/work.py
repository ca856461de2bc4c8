"""The loop of `work()` in every inbox: takes events, and waits while no event can be taken."""

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

_LONGEST_WAIT_S: Final = 30.0  # the longest time in seconds between two tries while the inbox raises `StoreFailed`
_log: Final = logging.getLogger("paycombat")


async def deliveries(
    take: Callable[[], Awaitable[Delivery | None]],
    news: News,
    clock: Clock,
    *,
    poll: float,
    stop: asyncio.Event | None,
) -> AsyncGenerator[Delivery, None]:
    """Yields the deliveries that `take` returns.

    When `take` returns None, waits for `news`, but at most `poll` seconds.

    While `take` raises `StoreFailed`, each wait is longer than the one before, up to 30 seconds. Ends when `stop` is
    set or the inbox is closed. No task is left running while the caller works on a delivery. Raises
    `ConfigurationError` if `poll` is not from 0.001 to 100,000,000 seconds.
    """
    check_poll(poll)
    closings, failures = news.closings, 0
    while True:
        # listening begins before `take`, so that an event that arrives in between is noticed
        with news.listening() as arrived:
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
    """Waits until `arrived` or `stop` is set, or `sleep` has ended.

    Leaves no task running, even when it is cancelled.
    """
    # Any: what a coroutine exchanges with its event loop
    waits: list[Coroutine[Any, Any, object]] = [arrived.wait(), sleep]
    if stop is not None:
        waits.append(stop.wait())
    tasks = [asyncio.get_running_loop().create_task(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
