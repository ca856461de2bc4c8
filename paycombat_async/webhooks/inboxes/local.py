"""The base class of the inboxes without a database server, which are in memory or in a SQLite file."""

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

from paycombat_async._clock import Clock
from paycombat_async._process_bound import ProcessBound
from paycombat_async.intents.intent import Intents, check_store
from paycombat_async.telemetry import Telemetry
from paycombat_async.telemetry.telemetry import telemetry_of
from paycombat_async.webhooks.inboxes.delivery import Delivery, taken_by_lease
from paycombat_async.webhooks.inboxes.inbox import LEASE_S, POLL_S, Inbox
from paycombat_async.webhooks.inboxes.news import News
from paycombat_async.webhooks.inboxes.rules import no_connection

if TYPE_CHECKING:
    import asyncio


class LocalInbox(ProcessBound, Inbox):
    """The methods `work` and `taken` of an inbox. Waiting workers are woken through `_news`.

    `taken` raises `ConfigurationError` if a database connection is passed.
    """

    def __init__(self, intents: Intents | None, clock: Clock, telemetry: bool | Telemetry) -> None:  # noqa: FBT001  # as users give it
        self._intents = check_store(intents)
        self._telemetry = telemetry_of(telemetry)
        self._clock = clock
        self._news = News()

    def work(
        self, *, lease: float = LEASE_S, poll: float = POLL_S, stop: "asyncio.Event | None" = None
    ) -> AsyncGenerator[Delivery, None]:
        from paycombat_async.webhooks.inboxes.work import deliveries  # noqa: PLC0415  # imports asyncio

        return deliveries(lambda: self.take(lease=lease), self._news, self._clock, poll=poll, stop=stop)

    def taken(self, *, connection: None = None) -> AbstractAsyncContextManager[Delivery | None]:
        if connection is not None:
            raise no_connection()
        return taken_by_lease(self.take)
