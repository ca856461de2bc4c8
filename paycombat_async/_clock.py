"""The SDK takes time, sleep and random numbers from a `Clock` only, so that tests can replace them."""

import math
import random
import time
from datetime import UTC
from typing import Protocol


class Clock(Protocol):
    """The time functions that the SDK uses. Pass your own as `clock=` to make retries instant in tests."""

    def now(self) -> float:
        """Returns the current time in seconds since 1970. The SDK compares it with dates that the provider sends."""
        ...

    def monotonic(self) -> float:
        """Returns the time in seconds of a clock that never runs backwards. The SDK measures deadlines with it."""
        ...

    def random(self) -> float:
        """Returns a random number in [0, 1). The SDK makes the waits between attempts random with it."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Waits this many seconds without blocking the event loop."""
        ...


class SystemClock:
    """The `Clock` of this machine: real time, real waits and Python's random numbers."""

    __slots__ = ()

    # These attributes are Python's own functions. Methods that call these functions would take twice as long.
    now = staticmethod(time.time)
    monotonic = staticmethod(time.monotonic)
    random = staticmethod(random.random)

    async def sleep(self, seconds: float) -> None:
        import asyncio  # noqa: PLC0415  # importing it takes 30 ms, which code that only signs need not spend

        await asyncio.sleep(seconds)


SYSTEM_CLOCK = SystemClock()


def retry_after_seconds(header: str | None, now: float) -> float | None:
    """Returns the time to wait, in seconds, that the value of a Retry-After header asks for (RFC 9110, 10.2.3).

    The value may be a number of seconds or an HTTP date. Returns 0 for a negative number or a past date. Returns None
    if the header is missing, or if its value is anything else, such as NaN or infinity.
    """
    if header is None:
        return None
    text = header.strip()
    try:
        seconds = float(text)
    except ValueError:
        seconds = _seconds_until(text, now)
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _seconds_until(http_date: str, now: float) -> float:
    import email.utils  # noqa: PLC0415  # importing it takes time and only dates in Retry-After need it

    try:
        moment = email.utils.parsedate_to_datetime(http_date)
    except (ValueError, OverflowError):
        return math.nan
    if moment.tzinfo is None:  # Python sets no time zone for "-0000", but every HTTP date is in GMT
        moment = moment.replace(tzinfo=UTC)
    try:
        return moment.timestamp() - now
    except (ValueError, OverflowError):
        return math.nan
