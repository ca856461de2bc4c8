"""A block of moments (times to send) that an event loop has reserved. At each moment it may send one request."""

from typing import Final

# If an event loop is busy, its tasks wake up late. A moment (a time to send) may be used up to this many seconds late,
# and the following moments stay where they are. Without this tolerance, fewer requests than the rate allows would be
# sent. The tolerance adds at most 5 % to the requests of any second.
LATENESS_S: Final = 0.05


class Block:
    """A number (`size`) of moments (times to send), `interval` seconds apart.

    The first moment is at `start`, in monotonic seconds.
    """

    def __init__(self, start: float, interval: float, size: int) -> None:
        self._next, self._interval, self._left = start, interval, size

    @property
    def is_used_up(self) -> bool:
        """Whether all moments (times to send) of the block are used or dropped."""
        return self._left <= 0

    def take(self, now: float) -> float | None:
        """Takes the next moment (time to send) and returns 0. Returns the seconds until the moment if it is not due.

        Returns None if no moment is left. Moments that are more than `LATENESS_S` seconds in the past are dropped,
        because other machines send at their own moments now. If the old moments were used as well, more requests than
        the rate allows would be sent.
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
