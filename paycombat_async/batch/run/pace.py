"""Decides how many rows are read before their calls start: few, but enough to keep all workers busy."""

from typing import Final

from paycombat_async._clock import Clock

# Seconds. If the workers send a chunk (the rows that are read at a time) in less than this time, the chunk is too
# small, because each chunk costs a commit of the journal.
_QUICK_S: Final = 0.05
# Seconds. If the workers need more than this time to send a chunk (the rows that are read at a time), the chunk is too
# large: its last rows are read long before they are sent.
_SLOW_S: Final = 0.2


class ReadingPace:
    """Adapts the number of rows in a chunk (the rows read at a time), so that the workers send it in 0.05 to 0.2 s.

    The next chunk has `rows` rows, and is read as soon as at most `low` rows are left in the queue.
    """

    def __init__(self, workers: int, clock: Clock) -> None:
        """`workers` is the number of workers, and also the number of rows that are read first."""
        self.rows = workers
        self._most = most_at_once(workers)
        self._clock = clock
        self._since: float | None = None

    @property
    def low(self) -> int:
        """The number of rows left in the queue at which the next chunk is read."""
        return self.rows // 2

    def adapt(self, read: int) -> None:
        """Doubles `rows` if the last rows were sent in less than 0.05 seconds, halves it if they took more than 0.2.

        Must be called when most of the `read` rows that were read last have been sent. The time is measured from one
        call of this method to the next.
        """
        now = self._clock.monotonic()
        # The first rows say nothing about the speed, because the workers take all of them at once.
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
