"""Decides how many rows are read ahead of the calls: as few as keep all workers busy."""

from typing import Final

from paycombat_async._clock import Clock

# Seconds. A chunk that is used up in less time is too small, because each chunk costs a commit of the journal.
_QUICK_S: Final = 0.05
# Seconds. A chunk that lasts longer is too large, because its last rows are read too early.
_SLOW_S: Final = 0.2


class ReadingPace:
    """Adapts the number of rows in a chunk, so that the workers use up a chunk in 0.05 to 0.2 seconds.

    The next chunk has `rows` rows, and is read as soon as at most `low` rows are left in the queue.
    """

    def __init__(self, workers: int, clock: Clock) -> None:
        """The first chunk has one row for each of the `workers`."""
        self.rows = workers
        self._most = most_at_once(workers)
        self._clock = clock
        self._since: float | None = None

    @property
    def low(self) -> int:
        """The number of rows left in the queue at which the next chunk is read."""
        return self.rows // 2

    def adapt(self, read: int) -> None:
        """Doubles `rows` if the time since the last call was too short, and halves `rows` if it was too long.

        Must be called when a chunk of `read` rows is nearly used up.
        """
        now = self._clock.monotonic()
        # The first chunk says nothing about the speed, because the workers take all of it immediately.
        if self._since is not None:
            lasted = now - self._since
            if lasted < _QUICK_S and read >= self.rows:
                self.rows = min(2 * self.rows, self._most)
            elif lasted > _SLOW_S:
                self.rows = max(self.rows // 2, 1)
        self._since = now


def most_at_once(workers: int) -> int:
    """Returns the highest number of rows in a chunk: four per worker, but at least 64 and at most 256."""
    return max(64, min(256, 4 * workers))
