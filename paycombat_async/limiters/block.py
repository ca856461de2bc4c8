"""A block of moments at which one event loop may send requests."""

from typing import Final

# A task wakes up late when its event loop is busy. A moment may be used up to this many seconds late without moving the
# following moments, so that the rate is reached. In any second, this adds at most 5 % to the number of requests.
LATENESS_S: Final = 0.05


class Block:
    """`size` moments, `interval` seconds apart, of which the first is at `start` (monotonic seconds)."""

    def __init__(self, start: float, interval: float, size: int) -> None:
        self._next, self._interval, self._left = start, interval, size

    @property
    def is_used_up(self) -> bool:
        """Whether no moment is left."""
        return self._left <= 0

    def take(self, now: float) -> float | None:
        """Takes the next moment and returns 0, or returns the seconds until that moment; None if no moment is left.

        Moments that are more than `LATENESS_S` in the past are dropped: by now, other machines send in their moments,
        so that using the old ones would exceed the rate.
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
