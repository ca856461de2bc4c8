"""Workers of an inbox in PostgreSQL: woken by other machines, and at work through failures of the database."""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing

import pytest

from paycombat_async import LeaseLost, StoreFailed
from paycombat_async._postgres import listener
from paycombat_async._secrets import Secret
from paycombat_async.testing import FakeClock
from paycombat_async.webhooks.inboxes import postgres_core
from paycombat_async.webhooks.inboxes.delivery import Delivery
from paycombat_async.webhooks.inboxes.news import News
from paycombat_async.webhooks.inboxes.postgres import PostgresInbox
from paycombat_async.webhooks.inboxes.work import deliveries
from tests.postgres_server import PostgresServer, execute, postgres_inbox
from tests.processes import PATIENCE_S
from tests.webhooks.postgres_events import OTHER, PAID, event

psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed")
psycopg_pool = pytest.importorskip("psycopg_pool", reason="psycopg_pool is not installed")

pytestmark = [pytest.mark.promise("P14"), pytest.mark.timeout(2 * PATIENCE_S)]

NEVER_S = 3600.0  # for polls: what is found at once was announced
SOON_S = 20.0  # far less than statements that get no answer take with all their tries
LISTENING = "SELECT pid FROM pg_stat_activity WHERE query LIKE 'LISTEN %' AND state = 'idle'"


@pytest.fixture(name="inbox")
async def _inbox(postgres_server: PostgresServer) -> AsyncIterator[PostgresInbox]:
    async with postgres_inbox(postgres_server.dsn) as inbox:
        yield inbox


@pytest.fixture(name="other")
async def _other(inbox: PostgresInbox, postgres_server: PostgresServer) -> AsyncIterator[PostgresInbox]:
    """The same inbox as another machine sees it."""
    other = PostgresInbox(postgres_server.dsn, schema=inbox.schema)
    yield other
    await other.aclose()


async def worked_on(inbox: PostgresInbox, count: int, poll: float = NEVER_S) -> list[str]:
    """The ids of the next events, each worked on."""
    ids = []
    async for delivery in inbox.work(poll=poll):
        async with delivery as taken:
            ids.append(taken.id)
        if len(ids) == count:
            break
    return ids


async def until(condition: Callable[[], bool]) -> None:
    """Returns once it holds, by what other tasks do."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110  # nobody sets an event
            await asyncio.sleep(0.01)


async def listeners(server: PostgresServer, count: int) -> list[int]:
    """The processes of the server that listen, once there are so many."""
    async with asyncio.timeout(PATIENCE_S):
        while len(found := await execute(server.dsn, LISTENING)) != count:  # noqa: ASYNC110  # the server sets no event
            await asyncio.sleep(0.01)
    return [pid for (pid,) in found]


async def test_workers_are_woken_by_other_machines(inbox, other, postgres_server):
    """At once, although they poll once an hour; also by what another worker gives back."""
    working = asyncio.ensure_future(worked_on(inbox, 3))
    await listeners(postgres_server, 1)
    await other.receive(PAID)
    await other.receive(OTHER)
    await other.receive(event("SUCCESS", number=3))

    async with asyncio.timeout(PATIENCE_S):
        assert ["id-1", "id-2", "id-3"] == await working


async def test_a_released_event_wakes_the_others(inbox, other, postgres_server):
    """Its first attempt failed on another machine, and it may be taken again at once."""
    await other.receive(PAID)
    delivery = await other.take()
    working = asyncio.ensure_future(worked_on(inbox, 1))
    await listeners(postgres_server, 1)
    await other.release(delivery)

    async with asyncio.timeout(PATIENCE_S):
        assert ["id-1"] == await working


async def test_other_schemas_wake_nobody(inbox, postgres_server):
    """They share the channel, since its name is too short for a schema's."""
    told = []
    inbox._news.tell = lambda: told.append("told")
    working = asyncio.ensure_future(worked_on(inbox, 1))
    await until(lambda: told == ["told"])  # at the beginning, since something may have been missed
    for payload in ("", "elsewhere", f'"{inbox.schema}_2"', f'"{inbox.schema}"'):
        await execute(postgres_server.dsn, f"NOTIFY paycombat_inbox, '{payload}'")
    await until(lambda: len(told) > 1)
    working.cancel()
    await asyncio.wait([working])

    assert ["told"] * 2 == told


@pytest.mark.parametrize("end", ["break", "cancel", "garbage", "close"])
async def test_nothing_listens_any_more_when_the_work_is_over(inbox, postgres_server, end):
    """Of several workers in one event loop the last one ends the connection, in whatever way it ends."""
    tasks = [asyncio.ensure_future(worked_on(inbox, 1)) for _ in range(3)]
    await listeners(postgres_server, 1)
    if end == "break":
        for number in range(3):
            await inbox.receive(event("SUCCESS", number=number))
    elif end == "cancel":
        for task in tasks:
            task.cancel()
    elif end == "garbage":
        for task in tasks:
            task.cancel()
        unfinished = inbox.work(poll=NEVER_S)
        await inbox.receive(PAID)
        await anext(unfinished)
        del unfinished
        gc.collect()
    else:
        await inbox.aclose()
    await asyncio.wait(tasks)

    assert [] == await listeners(postgres_server, 0)
    await until(lambda: len(asyncio.all_tasks()) == 1)


async def test_lost_notifications_are_made_up_for(inbox, other, postgres_server, caplog):
    """The connection that listens is ended; what arrived meanwhile is found when it listens again."""
    working = asyncio.ensure_future(worked_on(inbox, 2))
    (pid,) = await listeners(postgres_server, 1)
    await other.receive(PAID)
    await execute(postgres_server.dsn, f"SELECT pg_terminate_backend({pid}, 10000)")
    await other.receive(OTHER)

    async with asyncio.timeout(PATIENCE_S):
        assert ["id-1", "id-2"] == await working
    assert [text for text in caplog.messages if "no notifications" in text and "workers poll it" in text]


async def test_where_nothing_can_listen_workers_poll(inbox, other, postgres_server, caplog):
    """Here the connection string for LISTEN leads nowhere; one warning is enough."""
    deaf = PostgresInbox(postgres_server.dsn, schema=inbox.schema, listen_dsn="host=127.0.0.1 port=1")
    working = asyncio.ensure_future(worked_on(deaf, 2, poll=0.01))
    await other.receive(PAID)
    await other.receive(OTHER)

    async with asyncio.timeout(PATIENCE_S):
        assert ["id-1", "id-2"] == await working
    await deaf.aclose()
    assert 1 == len([text for text in caplog.messages if "nothing listens at its address" in text])


async def test_an_outage_may_last_for_days(monkeypatch, caplog):
    """The waits between the tries grow to 30 seconds, and the number of tries is no limit."""
    waits = []

    class Clock(FakeClock):
        async def sleep(self, seconds: float) -> None:
            waits.append(seconds)
            if len(waits) > 3000:
                await asyncio.Event().wait()

    monkeypatch.setattr(postgres_core, "SYSTEM_CLOCK", Clock())
    monkeypatch.setattr(listener, "connector", lambda dsn: _refuse)
    inbox = PostgresInbox("")
    async with inbox._notices.received():
        await until(lambda: len(waits) > 3000)

    assert [2, 4, 8, 16, 30, 30] == waits[:6]
    assert {30} == set(waits[4:])
    assert 1 == len(caplog.records)


async def _refuse():
    raise psycopg.OperationalError("connection refused")


async def test_a_given_pool_lends_no_connection_for_listening(inbox, other, postgres_server):
    """It would lose one for good: workers poll, unless there is a connection string for LISTEN."""
    async with psycopg_pool.AsyncConnectionPool(postgres_server.dsn, min_size=1, max_size=1, open=False) as pool:
        polling = PostgresInbox(pool, schema=inbox.schema)
        listening = PostgresInbox(pool, schema=inbox.schema, listen_dsn=postgres_server.dsn)
        working = asyncio.ensure_future(worked_on(polling, 1, poll=0.01))
        await other.receive(PAID)
        async with asyncio.timeout(PATIENCE_S):
            assert ["id-1"] == await working
            working = asyncio.ensure_future(worked_on(listening, 1))
            await listeners(postgres_server, 1)
            await other.receive(OTHER)
            assert ["id-2"] == await working


async def test_a_pooler_is_not_listened_to(inbox, postgres_server, monkeypatch):
    """Each client of it has another number than the process of the server; `listen_dsn` says that all is well."""
    monkeypatch.setattr(listener, "fetch", _pooled)
    dsn = Secret(postgres_server.dsn)
    async with aclosing(listener.notifications(dsn, "channel", is_direct=True)) as heard:
        assert None is await anext(heard)
    async with aclosing(listener.notifications(dsn, "channel", is_direct=False)) as heard:
        with pytest.raises(listener.ListenFailed, match="through a connection pooler"):
            await anext(heard)


async def _pooled(connection, statement):
    return [(-1,)] if b"backend_pid" in statement else []


async def test_a_restart_while_workers_wait_and_work(inbox, other, postgres_server, caplog):
    """Both workers go on; the one at work ends its event after the restart, and nothing is worked on twice."""
    await other.receive(PAID)
    begun, go_on, done = asyncio.Event(), asyncio.Event(), []

    async def work(own: PostgresInbox) -> None:
        async for delivery in own.work(lease=60, poll=0.05):
            async with delivery as taken:
                begun.set()
                await go_on.wait()
                done.append(taken.id)

    tasks = [asyncio.ensure_future(work(each)) for each in (inbox, inbox, other)]
    await begun.wait()
    await asyncio.to_thread(postgres_server.stop)
    try:
        await until(lambda: "the inbox cannot be reached" in caplog.text)
    finally:
        await asyncio.to_thread(postgres_server.start)
    go_on.set()
    for number in range(2, 10):
        await other.receive(event("SUCCESS", number=number))
    await until(lambda: len(done) == 9)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)

    assert [f"id-{number}" for number in range(1, 10)] == sorted(done)
    assert 3 >= len([text for text in caplog.messages if "the inbox cannot be reached" in text])


async def test_a_worker_that_the_database_has_given_up_stops(inbox, other, postgres_server):
    """While it was cut off, its lease ended, and another worker took the event: its body is cancelled."""
    await inbox.receive(PAID)
    delivery = await inbox.take(lease=0.3)  # renewed every 0.1 s
    ended = []

    async def work() -> None:
        try:
            async with delivery:
                while (taken := await other.take()) is None:  # it may have been renewed in between
                    await execute(postgres_server.dsn, f"UPDATE {inbox.schema}.event SET free_at = now()")
                ended.append(taken)
                await asyncio.Event().wait()
        except LeaseLost as error:
            ended.append(error)

    async with asyncio.timeout(PATIENCE_S):
        await work()
    assert (2, LeaseLost) == (ended[0].attempt, type(ended[1]))
    await other.done(ended[0])


async def test_workers_go_on_after_an_outage_of_days(caplog):
    """For every inbox: the number of tries is no limit, and one warning is enough."""
    waits = []

    class Clock(FakeClock):
        async def sleep(self, seconds: float) -> None:
            waits.append(seconds)

    async def take() -> Delivery | None:
        if len(waits) < 3000:
            raise StoreFailed("away")
        raise LeaseLost("back")

    work = deliveries(take, News(), Clock(), poll=1.0, stop=None)
    with pytest.raises(LeaseLost, match="back"):
        await anext(work)

    assert [2, 4, 8, 16, 30, 30] == waits[:6]
    assert {30} == set(waits[4:])
    assert 1 == len(caplog.records)


async def test_a_worker_stops_at_the_end_of_its_lease_while_the_database_is_silent(inbox, other, monkeypatch):
    """It cannot renew and is told nothing; others can reach the database, and have the event from then on."""
    await inbox.receive(PAID)
    delivery = await inbox.take(lease=0.6)
    monkeypatch.setattr(inbox, "renew", _silent)

    with pytest.raises(LeaseLost, match="cannot be renewed"):
        async with asyncio.timeout(SOON_S), delivery:
            await asyncio.Event().wait()
    async with asyncio.timeout(PATIENCE_S):
        while (taken := await other.take()) is None:  # noqa: ASYNC110  # the server sets no event
            await asyncio.sleep(0.01)
    assert 2 == taken.attempt


async def _silent(*arguments, **options):
    await asyncio.Event().wait()
