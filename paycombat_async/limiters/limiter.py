"""The interface of a limiter, and the check of its rate."""

from typing import Final, Protocol

from paycombat_async.errors import ConfigurationError

MOST_PER_SECOND: Final = 1_000_000.0
LEAST_PER_SECOND: Final = 0.001


class Limiter(Protocol):
    """Limits the rate at which a client sends requests. Pass your own limiter as `limiter=`."""

    async def acquire(self) -> None:
        """Waits until one more request may be sent. The client calls this before each attempt, including retries.

        The wait counts towards the time-out of the call. If the time-out passes first, the client cancels this method
        and does not send the attempt. If this method raises, the client does not send the attempt either, and the call
        ends with the exception.
        """
        ...


def check_rate(per_second: object) -> float:
    """Returns the rate unchanged. Raises `ConfigurationError` unless it is a number from 0.001 to 1,000,000."""
    if not isinstance(per_second, int | float) or isinstance(per_second, bool):
        raise ConfigurationError("per_second must be a number")
    if not LEAST_PER_SECOND <= per_second <= MOST_PER_SECOND:  # in this form, NaN is refused, too
        raise ConfigurationError("per_second must be from 0.001 to 1,000,000")
    return per_second


def check_limiter(limiter: Limiter | None) -> Limiter | None:
    """Returns the limiter (or None) unchanged.

    Raises `ConfigurationError` if it has no method `acquire`, or if it is a class and not an instance.
    """
    if limiter is not None and (isinstance(limiter, type) or not callable(getattr(limiter, "acquire", None))):
        raise ConfigurationError("limiter must be a Limiter, such as LocalLimiter(per_second=50)")
    return limiter
