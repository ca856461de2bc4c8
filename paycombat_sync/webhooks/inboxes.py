"""The blocking inboxes in memory and in SQLite."""

from pathlib import Path

from paycombat_async._clock import SYSTEM_CLOCK, Clock
from paycombat_async.intents.intent import Intents
from paycombat_async.telemetry import Telemetry
from paycombat_async.webhooks.inboxes import memory, sqlite
from paycombat_sync.webhooks.loop_inbox import LoopInbox


class MemoryInbox(LoopInbox):
    """An `Inbox` in memory, which threads and event loops may share. Its events are lost when the process ends."""

    def __init__(
        self, *, intents: Intents | None = None, clock: Clock = SYSTEM_CLOCK, telemetry: bool | Telemetry = True
    ) -> None:
        """Makes an empty inbox.

        `intents` is a store of calls: an event that names one of these calls records that it was carried out. With
        opentelemetry-api installed, the work on an event makes a span, unless `telemetry` is False.
        """
        super().__init__(memory.MemoryInbox(intents=intents, clock=clock, telemetry=telemetry))


class SqliteInbox(LoopInbox):
    """An `Inbox` in one file on a local disk, for all threads, event loops and processes of this machine.

    When `receive` returns, the event is on the disk; that takes one fsync, about 1 ms, or 10 ms on a slow disk.
    Payloads contain personal data: only the owner of the file may read it (mode 0600), and each payload is deleted when
    its event is done. The write-ahead log beside the file may keep a deleted payload until `close`, or until a `take`
    that finds no event a minute or more after the deletion.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        intents: Intents | None = None,
        clock: Clock = SYSTEM_CLOCK,
        telemetry: bool | Telemetry = True,
    ) -> None:
        """Creates the file if it does not exist.

        Raises `ConfigurationError` if the file is unwritable, of another account, locked, damaged, not an inbox of this
        version, or on a network file system. `intents` is a store of calls: an event that names one of these calls
        records that it was carried out. With opentelemetry-api installed, the work on an event makes a span, unless
        `telemetry` is False.
        """
        super().__init__(sqlite.SqliteInbox(path, intents=intents, clock=clock, telemetry=telemetry))
