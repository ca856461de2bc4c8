"""A process of a shop: `python -m tests.webhooks.inbox_shop FOLDER PART OFFSET`. Two threads receive, two more work.

It receives the deliveries of FOLDER/PART, works on all that is in FOLDER/inbox.db, and ends when nothing is left. Its
clock is OFFSET seconds ahead. What it does is appended to FOLDER/log, one line at a time; on stdout is a dot on a line
for each delivery that was answered.
"""

import fcntl
import json
import os
import sys
import threading
from pathlib import Path

from paycombat_async._clock import SystemClock
from paycombat_sync.webhooks import Delivery, SqliteInbox, read


class AheadClock(SystemClock):
    """The clock of this machine, some seconds ahead."""

    def __init__(self, offset: float) -> None:
        self._offset = offset

    def now(self) -> float:
        return SystemClock.now() + self._offset


class Shop:
    """Receives and works, and writes down both."""

    def __init__(self, folder: Path, offset: float) -> None:
        self._folder = folder
        self._inbox = SqliteInbox(folder / "inbox.db", clock=AheadClock(offset))
        self._log = os.open(folder / "log", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        self._stop = threading.Event()

    def run(self, deliveries: list[tuple[int, str]]) -> None:
        workers = [threading.Thread(target=self._work) for _ in range(2)]
        receivers = [threading.Thread(target=self._receive, args=(deliveries[part::2],)) for part in range(2)]
        for thread in (*workers, *receivers):
            thread.start()
        for thread in receivers:
            thread.join()
        while delivery := self._inbox.take():
            self._handle(delivery)
        self._stop.set()
        for thread in workers:
            thread.join()
        self._inbox.close()

    def _receive(self, deliveries: list[tuple[int, str]]) -> None:
        for number, body in deliveries:
            event = read(body.encode())
            self._note("answered", number, self._inbox.receive(event), event.key)
            os.write(1, b".\n")

    def _work(self) -> None:
        for delivery in self._inbox.work(stop=self._stop, poll=0.1):
            self._handle(delivery)

    def _handle(self, delivery: Delivery) -> None:
        with delivery as event:
            file = os.open(self._folder / f"lock-{event.id}", os.O_RDWR | os.O_CREAT)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # a kill releases it
            except BlockingIOError:
                self._note("at once", delivery.number, delivery.attempt, event.key)
            self._note("begun", delivery.number, delivery.attempt, event.key)
            self._note("ended", delivery.number, delivery.attempt, event.key)
            os.close(file)

    def _note(self, *words: object) -> None:
        os.write(self._log, json.dumps(words).encode() + b"\n")


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    Shop(folder, float(sys.argv[3])).run(json.loads((folder / sys.argv[2]).read_bytes()))
