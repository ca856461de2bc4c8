"""How many rows are read ahead of the calls: as few as keep the calls busy."""

from typing import Final

from paycombat_async._clock import Clock

_QUICK_S: Final = 0.05  # chunks of rows that are used up faster make too many commits of the journal
_SLOW_S: Final = 0.2


class ReadingPace:
    """Adapts the size of the next chunk of rows, so that the workers use up a chunk in 0.05 to 0.2 seconds.

    `rows` is how many rows to read next, as soon as only `low` rows are left in the queue.
    """

    def __init__(self, workers: int, clock: Clock) -> None:
        """The first chunk is one row for each of the `workers`."""
        self.rows = workers
        self._most = most_at_once(workers)
        self._clock = clock
        self._since: float | None = None

    @property
    def low(self) -> int:
        """The number of queued rows at which the next chunk is read."""
        return self.rows // 2

    def adapt(self, read: int) -> None:
        """Adapt `rows` to the time since the last call: now a chunk of `read` rows is nearly used up."""
        now = self._clock.monotonic()
        # The first chunk says nothing about the speed: the workers take it all at once.
        if self._since is not None:
            lasted = now - self._since
            if lasted < _QUICK_S and read >= self.rows:
                self.rows = min(2 * self.rows, self._most)
            elif lasted > _SLOW_S:
                self.rows = max(self.rows // 2, 1)
        self._since = now


def most_at_once(workers: int) -> int:
    """The highest number of rows that are read at once."""
    return max(64, min(256, 4 * workers))
