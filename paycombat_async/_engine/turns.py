"""Waits for the client's limiter before an attempt, but no longer than the time of the call allows."""

from paycombat_async._clock import Clock
from paycombat_async.errors import ConnectFailed
from paycombat_async.limiters.limiter import Limiter


async def wait_for_turn(limiter: Limiter, clock: Clock, name: str, seconds: float) -> None:
    """Waits until the limiter lets one more request of the endpoint `name` be sent.

    Raises `ConnectFailed` with the outcome NOT_SENT if this takes longer than `seconds`. Raises the limiter's own
    errors unchanged.
    """
    import asyncio  # noqa: PLC0415  # importing it takes 30 ms, which code that only signs need not spend

    begun = clock.monotonic()
    limit = asyncio.timeout(max(seconds, 0))
    try:
        async with limit:
            await limiter.acquire()
    except TimeoutError:
        if not limit.expired():
            raise
    if limit.expired() or clock.monotonic() - begun > seconds:
        raise ConnectFailed(f"{name}: not sent, because the limiter of the rate had no turn for it within its time")
