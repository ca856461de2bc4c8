"""The blocking inboxes in memory and in SQLite."""

from pathlib import Path

from paycombat_async._clock import SYSTEM_CLOCK, Clock
from paycombat_async.intents.intent import Intents
from paycombat_async.telemetry import Telemetry
from paycombat_async.webhooks.inboxes import memory, sqlite
from paycombat_sync.webhooks.loop_inbox import LoopInbox


class MemoryInbox(LoopInbox):
    """An `Inbox` in memory, which threads and event loops may share. All events are lost when the process ends."""

    def __init__(
        self, *, intents: Intents | None = None, clock: Clock = SYSTEM_CLOCK, telemetry: bool | Telemetry = True
    ) -> None:
        """Creates an empty inbox.

        `intents` is an intents store, which records the calls that move money. If an event shows that the provider has
        carried out one of these calls, the inbox marks the call as carried out in the store. If opentelemetry-api is
        installed, the work on each event is traced in a span, unless `telemetry` is False.
        """
        super().__init__(memory.MemoryInbox(intents=intents, clock=clock, telemetry=telemetry))


class SqliteInbox(LoopInbox):
    """An `Inbox` in one file on a local disk, for all threads, event loops and processes of this machine.

    When `receive` returns, the event is on the disk. Storing takes one fsync: about 1 ms, or 10 ms on a slow disk.
    Payloads contain personal data. Therefore only the owner of the file may read it (mode 0600), and each payload is
    deleted when its event is done. SQLite's write-ahead log, a second file beside the first, may contain deleted
    payloads for longer. The log is cleared by `close`, and by a `take` that returns None a minute or more after a
    deletion.
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

        `intents` is an intents store, which records the calls that move money. If an event shows that the provider has
        carried out one of these calls, the inbox marks the call as carried out in the store. If opentelemetry-api is
        installed, the work on each event is traced in a span, unless `telemetry` is False. Raises `ConfigurationError`
        if the file is unwritable, belongs to another account, is locked, is damaged, is not an inbox of this version,
        or is on a network file system.
        """
        super().__init__(sqlite.SqliteInbox(path, intents=intents, clock=clock, telemetry=telemetry))
