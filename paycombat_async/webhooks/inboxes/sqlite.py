"""An inbox in a SQLite file: its events survive crashes, and all processes of one machine may use it."""

from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

from paycombat_async._bounds import check_days, check_limit
from paycombat_async._clock import SYSTEM_CLOCK, Clock
from paycombat_async._file_path import file_path
from paycombat_async.errors import ConfigurationError
from paycombat_async.intents.intent import Intents
from paycombat_async.schemas.events import WebhookEvent
from paycombat_async.telemetry import Telemetry
from paycombat_async.webhooks.inboxes.delivery import Delivery
from paycombat_async.webhooks.inboxes.evidence import settle
from paycombat_async.webhooks.inboxes.inbox import FORGET_DAYS, LEASE_S, LISTED, Damaged, Depth, Receipt
from paycombat_async.webhooks.inboxes.local import LocalInbox
from paycombat_async.webhooks.inboxes.rules import check_lease, no_connection

P = ParamSpec("P")
T = TypeVar("T")


class SqliteInbox(LocalInbox):
    """An `Inbox` in one file on a local disk, for all threads, event loops and processes of this machine.

    When `receive` returns, the event is on the disk. Storing takes one fsync: about 1 ms, or 10 ms on a slow disk.
    Payloads contain personal data. Therefore only the owner of the file may read it (mode 0600), and each payload is
    deleted when its event is done. SQLite's write-ahead log, a second file beside the first, may contain deleted
    payloads for longer. The log is cleared by `aclose`, and by a `take` that returns None a minute or more after a
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
        from paycombat_async.webhooks.inboxes.sqlite_file import InboxFile, token_of  # noqa: PLC0415  # loads sqlite3

        self._path = Path()  # set first, so that `repr` works in error reports if `path` is refused
        where = file_path(path, "SqliteInbox takes the path of a file (PostgresInbox takes a connection string)")
        if str(where) == ":memory:":
            raise ConfigurationError("SqliteInbox needs a file; MemoryInbox keeps events in memory")
        self._path = where.absolute()
        super().__init__(intents, clock, telemetry)
        self._file = InboxFile(self._path, clock)
        self._token_of = token_of

    async def receive(self, event: WebhookEvent, connection: None = None) -> Receipt:
        if connection is not None:
            raise no_connection()
        is_contradicted = await settle(self._intents, event)
        return await self._change(self._file.receive, event, is_contradicted=is_contradicted)

    async def take(self, *, lease: float = LEASE_S) -> Delivery | None:
        from paycombat_async.webhooks.inboxes.holding import finish  # noqa: PLC0415  # imports asyncio

        return await finish(self._take(check_lease(lease)), undo=self._give_back)

    async def done(self, taken: Delivery | WebhookEvent) -> None:
        if isinstance(taken, Delivery):
            await self._change(self._file.done, taken.number, taken.token)
        else:
            await self._change(self._file.done_by_key, taken)

    async def release(self, delivery: Delivery) -> None:
        await self._change(self._file.release, delivery.number, delivery.token)

    async def renew(self, delivery: Delivery, *, lease: float = LEASE_S) -> None:
        await _in_thread(self._file.renew, delivery.number, delivery.token, check_lease(lease))

    async def depth(self) -> Depth:
        return await _in_thread(self._file.depth)

    async def pending(self, receipt: Receipt = Receipt.NEW, *, limit: int = LISTED) -> list[WebhookEvent]:
        return await _in_thread(self._file.pending, receipt, check_limit(limit))

    async def damaged(self, *, limit: int = LISTED) -> list[Damaged]:
        return await _in_thread(self._file.damaged, check_limit(limit))

    async def forget(self, *, days: float = FORGET_DAYS) -> int:
        return await _in_thread(self._file.forget, check_days(days))

    async def aclose(self) -> None:
        """Ends the loops of `work`, and closes the file. The next use of the inbox opens it again."""
        self._news.close()
        await _in_thread(self._file.close)

    def __repr__(self) -> str:
        return f"SqliteInbox({str(self._path)!r})"

    async def _take(self, lease: float) -> Delivery | None:
        since = self._clock.monotonic()
        taken = await _in_thread(self._file.take, lease)
        if taken is None:
            return None
        return Delivery(
            taken.event,
            attempt=taken.attempt,
            number=taken.number,
            token=self._token_of(taken.number, taken.attempt),
            keeper=self,
            clock=self._clock,
            lease=lease,
            since=since,
            telemetry=self._telemetry,
        )

    async def _give_back(self, delivery: Delivery | None) -> None:
        if delivery is not None:
            await self.release(delivery)

    async def _change(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs `work`, which changes the inbox, in a thread.

        Wakes the waiting workers and returns the result of `work`.
        """

        def change() -> T:
            result = work(*args, **kwargs)
            self._news.tell()  # called in the thread of `work`, because the caller may be cancelled while `work` runs
            return result

        return await _in_thread(change)


async def _in_thread(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Runs `work` in a thread and returns its result.

    In the event loop, the fsync of `work` would block all other tasks.
    """
    import asyncio  # noqa: PLC0415  # importing it takes 30 ms, too long for code that only verifies webhooks

    return await asyncio.to_thread(work, *args, **kwargs)
