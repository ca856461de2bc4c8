"""The blocking inboxes: the same names, parameters, docstrings and behaviour as the async ones, for threads."""

import asyncio
import contextlib
import gc
import inspect
import threading
from collections.abc import AsyncGenerator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType

import pytest

from paycombat_async import ConfigurationError, LeaseLost
from paycombat_async import webhooks as original
from paycombat_async.testing import FakeClock
from paycombat_async.testing.inbox_conformance import CHECKS, Check
from paycombat_async.webhooks import Damaged, Depth, Receipt, WebhookEvent, read
from paycombat_sync import webhooks
from paycombat_sync.webhooks import Delivery, Inbox, MemoryInbox, PostgresDelivery, SqliteInbox
from tests.processes import PATIENCE_S
from tests.sync.test_parity import members, plain, translated

PAID = read(b'{"id":"id-1","type":"PAYIN","status":"SUCCESS"}')
LATER = read(b'{"id":"id-2","type":"PAYIN","status":"SUCCESS"}')

TWINS = [
    (original.Inbox, webhooks.Inbox),
    (original.MemoryInbox, webhooks.MemoryInbox),
    (original.SqliteInbox, webhooks.SqliteInbox),
]


def in_words(text: str | None) -> str:
    return translated((text or "").replace("async with", "with"))


def parameters(function: object) -> list[tuple[str, object, object]]:
    return [(one.name, one.kind, one.default) for one in inspect.signature(function).parameters.values()]


@pytest.mark.promise("P10")
@pytest.mark.parametrize(("one", "other"), TWINS, ids=lambda it: f"{it.__module__}.{it.__name__}")
def test_each_inbox_mirrors_the_async_one(one: type, other: type) -> None:
    """The same methods with the same parameters, defaults and docstrings; only the events that stop them differ."""
    names = {name for kind in (original.Inbox, one) for name in members(kind)}

    assert in_words(one.__doc__) == other.__doc__
    for name in names:
        function, twin = plain(getattr(one, name)), plain(getattr(other, translated(name)))
        assert parameters(function) == parameters(twin), name
        assert not inspect.iscoroutinefunction(twin), name
        if one is original.Inbox or name == "__init__":
            assert in_words(function.__doc__) == in_words(twin.__doc__), name


@pytest.mark.promise("P10")
def test_a_delivery_has_the_same_attributes() -> None:
    """What starts with an underscore is private."""

    def public(kind: type) -> set[str]:
        return {name for name in dir(kind) if not name.startswith("_")}

    assert public(original.Delivery) - {"hold"} == public(Delivery)
    assert public(original.PostgresDelivery) - {"hold"} == public(PostgresDelivery)


class _Awaited:
    """A blocking delivery, to be used as the conformance suite does."""

    def __init__(self, delivery: Delivery) -> None:
        self.blocking = delivery
        self.event, self.attempt, self.number = delivery.event, delivery.attempt, delivery.number
        self.token, self.connection = delivery.token, delivery.connection

    async def __aenter__(self) -> WebhookEvent:
        return await asyncio.to_thread(self.blocking.__enter__)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.blocking.__exit__, kind, error, traceback)


class _AwaitedInbox:
    """A blocking inbox as an async one: each call in a thread."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox

    async def receive(self, event: WebhookEvent) -> Receipt:
        return await asyncio.to_thread(self._inbox.receive, event)

    async def take(self, *, lease: float = 60.0) -> _Awaited | None:
        delivery = await asyncio.to_thread(self._inbox.take, lease=lease)
        return _Awaited(delivery) if delivery else None

    async def done(self, taken: _Awaited | WebhookEvent) -> None:
        await asyncio.to_thread(self._inbox.done, taken.blocking if isinstance(taken, _Awaited) else taken)

    async def release(self, delivery: _Awaited) -> None:
        await asyncio.to_thread(self._inbox.release, delivery.blocking)

    async def renew(self, delivery: _Awaited, *, lease: float = 60.0) -> None:
        await asyncio.to_thread(self._inbox.renew, delivery.blocking, lease=lease)

    async def work(self, *, lease: float = 60.0, stop: asyncio.Event | None = None) -> AsyncGenerator[_Awaited, None]:
        told = threading.Event()
        watching = asyncio.create_task(self._tell(stop, told)) if stop else None
        deliveries = self._inbox.work(lease=lease, stop=told)
        try:
            while delivery := await asyncio.to_thread(next, deliveries, None):
                yield _Awaited(delivery)
                if stop and stop.is_set():
                    told.set()
        finally:
            if watching:
                watching.cancel()
            await asyncio.to_thread(deliveries.close)

    async def _tell(self, stop: asyncio.Event, told: threading.Event) -> None:
        await stop.wait()
        told.set()

    @contextlib.asynccontextmanager
    async def taken(self) -> AsyncGenerator[_Awaited | None, None]:
        context = self._inbox.taken()
        delivery = await asyncio.to_thread(context.__enter__)
        try:
            yield _Awaited(delivery) if delivery else None
        except BaseException as error:
            if not await asyncio.to_thread(context.__exit__, type(error), error, error.__traceback__):
                raise
        else:
            await asyncio.to_thread(context.__exit__, None, None, None)

    async def depth(self) -> Depth:
        return await asyncio.to_thread(self._inbox.depth)

    async def pending(self, receipt: Receipt = Receipt.NEW, *, limit: int = 100) -> list[WebhookEvent]:
        return await asyncio.to_thread(self._inbox.pending, receipt, limit=limit)

    async def damaged(self, *, limit: int = 100) -> list[Damaged]:
        return await asyncio.to_thread(self._inbox.damaged, limit=limit)

    async def forget(self, *, days: float = 90) -> int:
        return await asyncio.to_thread(self._inbox.forget, days=days)

    async def aclose(self) -> None:
        await asyncio.to_thread(self._inbox.close)


@pytest.fixture(name="inbox", params=["memory", "sqlite"])
def _inbox(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Inbox]:
    inbox = MemoryInbox() if request.param == "memory" else SqliteInbox(tmp_path / "inbox.db")
    yield inbox
    inbox.close()


@pytest.mark.promise("P10", "P14")
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_the_blocking_inboxes_keep_the_rules(check: Check, inbox: Inbox) -> None:
    """Each rule of the async ones."""
    await check(_AwaitedInbox(inbox))


@pytest.mark.promise("P14")
def test_a_lost_lease_comes_out_of_the_block() -> None:
    """At its end, since a thread cannot be cut; an error of the body itself goes first."""
    clock = FakeClock()
    inbox = MemoryInbox(clock=clock)
    for event in (PAID, LATER):
        inbox.receive(event)
    first, second = inbox.take(), inbox.take()
    assert first is not None
    assert second is not None
    clock.time += 61
    inbox.take()
    inbox.take()

    with pytest.raises(LeaseLost), first:
        pass
    with pytest.raises(KeyError), second:
        raise KeyError

    assert inbox.depth().taken == 2
    inbox.close()


def test_closing_from_another_thread_ends_work(inbox: Inbox) -> None:
    """And what was under way is done all the same: the inbox opens itself again for that."""
    inbox.receive(PAID)
    has_begun, is_closed = threading.Event(), threading.Event()

    def work() -> int:
        worked = 0
        for delivery in inbox.work():
            with delivery:
                has_begun.set()
                assert is_closed.wait(PATIENCE_S)
            worked += 1
        return worked

    with ThreadPoolExecutor(1) as pool:
        worked = pool.submit(work)
        assert has_begun.wait(PATIENCE_S)
        inbox.close()
        is_closed.set()

        assert 1 == worked.result(PATIENCE_S)
    assert [] == inbox.pending()


def test_work_that_fails_after_the_inbox_was_closed_is_not_done(inbox: Inbox) -> None:
    """It opens itself again, also to give the event back."""
    inbox.receive(PAID)
    delivery = inbox.take()
    assert delivery is not None
    with contextlib.suppress(KeyError), delivery:
        inbox.close()
        raise KeyError

    again = inbox.take()

    assert again is not None
    assert (PAID, 2) == (again.event, again.attempt)


def test_closing_ends_work_that_waits(inbox: Inbox) -> None:
    """However far the loop is."""
    with ThreadPoolExecutor(1) as pool:
        worked = pool.submit(lambda: list(inbox.work()))
        while not worked.done():
            inbox.close()

        assert [] == worked.result()


def test_a_break_ends_work(inbox: Inbox) -> None:
    """Nothing goes on in the background."""
    inbox.receive(PAID)
    for delivery in inbox.work():
        inbox.done(delivery)
        break

    assert [] == inbox.pending()


def test_only_postgres_takes_a_connection(inbox: Inbox) -> None:
    """With a sentence that says so."""
    for call in (lambda: inbox.receive(PAID, object()), lambda: inbox.taken(connection=object()).__enter__()):
        with pytest.raises(ConfigurationError, match="only PostgresInbox takes a connection"):
            call()


def test_an_inbox_that_nobody_closes_ends_its_thread(tmp_path: Path) -> None:
    """When it is collected."""
    before = threading.active_count()
    inbox = SqliteInbox(tmp_path / "inbox.db")
    inbox.receive(PAID)

    del inbox
    gc.collect()

    assert threading.active_count() <= before + 1  # of the pool of asyncio.to_thread, at most
