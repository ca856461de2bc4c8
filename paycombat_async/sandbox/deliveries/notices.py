"""Lines for the terminal of `paycombat sandbox` about webhooks that could not be delivered.

If many webhooks fail at the same time, most of them are only counted.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from paycombat_async._clock import Clock
from paycombat_async._printable import printable
from paycombat_async.sandbox.deliveries.log import Delivery

# The highest number of lines in one period, so that many failing webhooks do not fill the terminal. A single webhook
# never reaches this number, because it has 9 attempts by default.
_LINES: Final = 10
_PERIOD_S: Final = 10.0


class UndeliveredNotices:
    """Writes a line for each failed attempt to deliver a webhook, but at most 10 lines in 10 seconds.

    At the end of the 10 seconds, one more line says how many other attempts have failed. When the sandbox stops, call
    `end`, so that the last such line is written. All calls must be in one event loop.
    """

    def __init__(self, write: Callable[[str], None], clock: Clock) -> None:
        self._write = write
        self._clock = clock
        self._lines = 0
        # One item for each failed attempt that got no line of its own: True if it was the webhook's last attempt. The
        # line at the end of the 10 seconds counts these items.
        self._uncounted: list[bool] = []
        self._period: asyncio.Task[None] | None = None

    def failed(self, delivery: Delivery, wait: float | None) -> None:
        """Writes a line about a failed attempt, or only counts the attempt.

        `wait` is the time in seconds until the next attempt, or None after the last attempt.
        """
        if self._period is None:
            self._period = asyncio.create_task(self._count())
        if self._lines == _LINES:
            self._uncounted.append(wait is None)
            return
        self._lines += 1
        then = f"next try in {wait:g} s" if wait is not None else f"given up after {_number(delivery.attempts, 'try')}"
        status = delivery.statuses[-1]
        why = "there was no answer" if status is None else f"the answer was {status}"
        url = delivery.url.partition("?")[0]  # the URL without its query, which may contain a secret
        self._write(
            printable(f"{delivery.event} of {delivery.id} was not delivered to {url}: {why}; {then}", limit=500)
        )

    async def end(self) -> None:
        """Ends the current 10 seconds, and writes how many failed attempts had no line of their own."""
        period, self._period = self._period, None
        if period is not None:
            period.cancel()
            await asyncio.wait([period])
        self._write_count()

    async def _count(self) -> None:
        await self._clock.sleep(_PERIOD_S)
        self._lines, self._period = 0, None
        self._write_count()

    def _write_count(self) -> None:
        left, self._uncounted = self._uncounted, []
        if left:
            tries = _number(len(left), "more try", "more tries")
            self._write(
                f"{tries} to deliver webhooks failed; {_number(sum(left), 'webhook was', 'webhooks were')} given up"
            )


def _number(count: int, one: str, many: str = "tries") -> str:
    return f"{count:,} {one if count == 1 else many}"
