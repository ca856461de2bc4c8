"""A block of moments (times to send) that an event loop has reserved. At each moment it may send one request."""

from typing import Final

# A task wakes up late if its event loop is busy. A moment may be used up to this many seconds late, and the following
# moments are not moved. Otherwise the rate would never be reached. In any second, this adds at most 5 % to the number
# of requests.
LATENESS_S: Final = 0.05


class Block:
    """A number (`size`) of moments, `interval` seconds apart. The first is at `start`, in monotonic seconds."""

    def __init__(self, start: float, interval: float, size: int) -> None:
        self._next, self._interval, self._left = start, interval, size

    @property
    def is_used_up(self) -> bool:
        """Whether no moment is left."""
        return self._left <= 0

    def take(self, now: float) -> float | None:
        """Takes the next moment and returns 0. If the moment has not come yet, returns the seconds until then.

        Returns None if no moment is left. Moments that are more than `LATENESS_S` in the past are dropped. Other
        machines send in their own moments now, so using the old moments as well would exceed the rate.
        """
        if (late := now - LATENESS_S - self._next) > 0:
            missed = min(self._left, int(late / self._interval) + 1)
            self._next += missed * self._interval
            self._left -= missed
        if self._left <= 0:
            return None
        if now < self._next:
            return self._next - now
        self._next += self._interval
        self._left -= 1
        return 0.0
