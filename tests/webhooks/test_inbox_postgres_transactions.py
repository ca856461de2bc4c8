"""The inbox in PostgreSQL inside transactions: the caller's own, and those of `taken`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, suppress

import pytest

from paycombat_async import ConfigurationError, LeaseLost, StoreFailed
from paycombat_async.webhooks.inboxes.delivery import Delivery
from paycombat_async.webhooks.inboxes.inbox import Receipt
from paycombat_async.webhooks.inboxes.postgres import PostgresInbox
from tests.postgres_server import PostgresServer, execute, postgres_inbox
from tests.webhooks.postgres_events import EXPIRED, OTHER, PAID, RETURNED, SENT, event

psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed")

pytestmark = [pytest.mark.promise("P14"), pytest.mark.timeout(60)]

NEW, DUPLICATE, _, CONFLICT = Receipt


class BodyFailed(Exception):
    """The error of a worker."""


@pytest.fixture(name="inbox")
async def _inbox(postgres_server: PostgresServer) -> AsyncIterator[PostgresInbox]:
    async with postgres_inbox(postgres_server.dsn) as inbox:
        await execute(postgres_server.dsn, f"CREATE TABLE {inbox.schema}.shop (paid text PRIMARY KEY)")
        yield inbox


@pytest.fixture(name="connection")
async def _connection(postgres_server: PostgresServer) -> AsyncIterator["psycopg.AsyncConnection"]:
    """The caller's own."""
    async with await psycopg.AsyncConnection.connect(postgres_server.dsn) as connection:
        yield connection
        await connection.rollback()


async def fail_in(taken: AbstractAsyncContextManager[Delivery | None], *statements: bytes | str) -> Delivery:
    """Executes the statements in the body of `taken`, which fails then; returns its delivery."""
    delivery = None
    try:
        async with taken as delivery:
            for statement in statements:
                await delivery.connection.execute(statement)
            raise BodyFailed
    except BodyFailed:
        return delivery
    raise AssertionError("the error of the body did not come out")


async def fail_after_receive(inbox: PostgresInbox, connection: "psycopg.AsyncConnection") -> None:
    async with connection.transaction():
        assert await inbox.receive(PAID, connection=connection) is NEW
        raise BodyFailed


async def write_in(inbox: PostgresInbox, statement: str) -> None:
    async with inbox.taken() as delivery:
        await delivery.connection.execute(statement)


def credit(inbox: PostgresInbox, name: str) -> bytes:
    return f"INSERT INTO {inbox.schema}.shop VALUES ('{name}')".encode()


async def credited(inbox: PostgresInbox, server: PostgresServer) -> list[str]:
    return [name for (name,) in await execute(server.dsn, f"SELECT paid FROM {inbox.schema}.shop ORDER BY paid")]


async def test_what_is_rolled_back_is_not_kept(inbox, connection):
    """Neither the event nor the status, so that its repetition is NEW."""
    assert await inbox.receive(PAID, connection=connection) is NEW
    assert await inbox.receive(PAID, connection=connection) is DUPLICATE
    assert await inbox.receive(EXPIRED, connection=connection) is CONFLICT
    await connection.rollback()

    assert [] == await inbox.pending()
    assert await inbox.receive(EXPIRED, connection=connection) is NEW
    await connection.commit()
    assert [EXPIRED] == await inbox.pending()


async def test_a_worker_is_fenced_off_by_one_whose_transaction_failed(inbox):
    """As by one that has released the event: whoever comes too late is told, in whichever way it was taken."""
    await inbox.receive(PAID)
    late = await inbox.take(lease=0)
    await fail_in(inbox.taken())

    for call in (inbox.done, inbox.release, inbox.renew):
        with pytest.raises(LeaseLost):
            await call(late)
    depth = await inbox.depth()
    assert (1, 0) == (depth.waiting, depth.taken)


async def test_a_commit_wakes_the_workers_of_other_machines(inbox, connection, postgres_server):
    """The notification is a part of the transaction."""
    other = PostgresInbox(postgres_server.dsn, schema=inbox.schema)
    waiting = asyncio.ensure_future(anext(other.work(poll=3600)))
    await inbox.receive(PAID, connection=connection)
    await connection.commit()

    async with asyncio.timeout(30):
        assert (await waiting).event == PAID
    await other.aclose()


async def test_a_connection_that_commits_by_itself_is_refused(inbox, postgres_server):
    """Unless a transaction was begun in it; the event would be kept although the caller's work fails."""
    async with await psycopg.AsyncConnection.connect(postgres_server.dsn, autocommit=True) as connection:
        for use in (lambda: inbox.receive(PAID, connection=connection), lambda: enter(inbox, connection)):
            with pytest.raises(ConfigurationError, match="autocommit"):
                await use()
        with pytest.raises(BodyFailed):
            await fail_after_receive(inbox, connection)
        assert [] == await inbox.pending()
        async with connection.transaction():
            await inbox.receive(PAID, connection=connection)
        assert [PAID] == await inbox.pending()


async def enter(inbox: PostgresInbox, connection: object) -> None:
    async with inbox.taken(connection=connection):
        pass


async def test_what_is_no_async_connection_is_refused(inbox, postgres_server):
    """Such as a blocking one."""
    with psycopg.connect(postgres_server.dsn) as blocking:
        for wrong in (blocking, "postgresql://host/shop"):
            with pytest.raises(ConfigurationError, match="AsyncConnection of psycopg"):
                await inbox.receive(PAID, connection=wrong)
            with pytest.raises(ConfigurationError, match="AsyncConnection of psycopg"):
                await enter(inbox, wrong)


async def test_a_caller_keeps_its_settings(inbox, postgres_server):
    """Except that its transaction is durable, and remains stricter where the caller wants more."""
    for wanted, kept in (("off", "on"), ("local", "on"), ("on", "on"), ("remote_apply", "remote_apply")):
        options = f"-c lock_timeout=777 -c synchronous_commit={wanted}"
        dsn = postgres_server.dsn_of("postgres", options=options)
        rows = {"row_factory": psycopg.rows.dict_row, "cursor_factory": psycopg.AsyncRawCursor}
        async with await psycopg.AsyncConnection.connect(dsn, **rows) as connection:
            await inbox.receive(event("PENDING", number=wanted), connection=connection)
            shown = [await (await connection.execute(f"SHOW {name}")).fetchone() for name in SETTINGS]
            await connection.rollback()
            before = await (await connection.execute("SHOW synchronous_commit")).fetchone()

        assert [{"lock_timeout": "777ms"}, {"synchronous_commit": kept}] == shown
        assert {"synchronous_commit": wanted} == before


SETTINGS = ("lock_timeout", "synchronous_commit")


@pytest.mark.parametrize(("is_committed", "receipt"), [(True, DUPLICATE), (False, NEW)])
async def test_a_repetition_waits_for_the_transaction_of_the_first(inbox, connection, is_committed, receipt):
    """If it is rolled back, the second is the one that counts."""
    await inbox.receive(PAID, connection=connection)
    second = asyncio.ensure_future(inbox.receive(PAID))
    await locked(connection)
    await (connection.commit() if is_committed else connection.rollback())

    assert receipt is await second
    assert [PAID] == await inbox.pending()


async def test_the_order_of_one_payout_is_that_of_the_commits(inbox, connection, postgres_server):
    """A later status waits for the transaction of the earlier one, so that a worker never meets it first."""
    await inbox.receive(SENT, connection=connection)
    second = asyncio.ensure_future(inbox.receive(RETURNED))
    await locked(connection)
    between = await inbox.take()
    await connection.commit()

    assert between is None
    assert NEW is await second
    assert [SENT, RETURNED] == await inbox.pending()


async def locked(connection: "psycopg.AsyncConnection") -> None:
    """Returns as soon as somebody waits for a lock."""
    async with asyncio.timeout(30):
        waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        while (await (await connection.execute(waits)).fetchone()) == (0,):  # noqa: ASYNC110  # the server sets no event
            await asyncio.sleep(0.005)


async def test_work_and_its_end_are_one_transaction(inbox, postgres_server):
    """What the worker has written is there if the event is done, and only then."""
    await inbox.receive(PAID)
    await inbox.receive(OTHER)
    failing = await fail_in(inbox.taken(), credit(inbox, "first"))
    assert ([], 2) == (await credited(inbox, postgres_server), (await inbox.depth()).waiting)
    async with inbox.taken() as delivery:
        await delivery.connection.execute(credit(inbox, "second"))

    assert (failing.event, failing.attempt, delivery.event, delivery.attempt) == (PAID, 1, PAID, 2)
    assert (["second"], [OTHER]) == (await credited(inbox, postgres_server), await inbox.pending())


async def test_a_failure_counts_and_the_others_go_on(inbox):
    """The transaction is rolled back, and the attempt with it; it is counted all the same."""
    await inbox.receive(PAID)
    await inbox.receive(OTHER)
    taken = [await fail_in(inbox.taken()) for _ in range(3)]

    assert [(PAID, 1), (PAID, 2), (OTHER, 1)] == [(delivery.event, delivery.attempt) for delivery in taken]


async def test_a_failure_that_is_counted_too_late_changes_nothing(inbox, monkeypatch):
    """Between the rollback and the count another worker has taken the event: it keeps it, and its lease."""
    await inbox.receive(PAID)
    count, others = inbox._core.count_failure, []

    async def count_late(number: int, attempt: int) -> None:
        others.append(await inbox.take())
        await count(number, attempt)

    monkeypatch.setattr(inbox._core, "count_failure", count_late)
    await fail_in(inbox.taken())

    assert await inbox.take() is None
    await inbox.done(others[0])
    assert [] == await inbox.pending()


async def test_a_payload_goes_when_its_event_is_done(inbox, connection):
    """It holds personal data, whichever way the event ends."""
    events = [event("SUCCESS", number=number) for number in range(4)]
    for each in events:
        await inbox.receive(each)
    await inbox.done(await inbox.take())
    async with inbox.taken():
        pass
    async with inbox.taken(connection=connection):
        pass
    await connection.commit()
    await inbox.done(events[3])

    kept = await connection.execute(f"SELECT state, payload FROM {inbox.schema}.event".encode())
    assert [("done", None)] * 4 == await kept.fetchall()


async def test_a_cancelled_body_is_rolled_back_and_counted(inbox, postgres_server):
    """Also if it is cancelled in the middle of a statement."""
    await inbox.receive(PAID)

    async def body() -> None:
        async with inbox.taken() as delivery:
            await delivery.connection.execute(credit(inbox, "first"))
            await delivery.connection.execute(f"SELECT pg_sleep(60), '{inbox.schema}'".encode())

    task = asyncio.ensure_future(body())
    # Its own sleep: that of an earlier test may still be there, since the server does not notice a cut connection.
    sleeps = f"SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND query LIKE '%pg_sleep%{inbox.schema}%'"
    async with asyncio.timeout(30):
        while not await execute(postgres_server.dsn, sleeps):  # noqa: ASYNC110  # the server sets no event
            await asyncio.sleep(0.005)
    task.cancel()
    await asyncio.wait([task])

    assert task.cancelled()
    assert [] == await credited(inbox, postgres_server)
    async with inbox.taken() as delivery:
        assert (delivery.event, delivery.attempt) == (PAID, 2)


async def test_nobody_else_gets_a_taken_event(inbox):
    """Nor a later one of the same payout, with or without a lease."""
    for each in (SENT, RETURNED, OTHER):
        await inbox.receive(each)
    async with inbox.taken() as first, inbox.taken() as second, inbox.taken() as third:
        assert (first.event, second.event, third) == (SENT, OTHER, None)
        assert await inbox.take() is None
    async with inbox.taken() as fourth:
        assert fourth.event == RETURNED


async def test_taken_in_the_transaction_of_the_caller(inbox, connection, postgres_server):
    """Done with the commit; after a rollback it may be taken again at once, and the attempt was none."""
    await inbox.receive(PAID)
    async with inbox.taken(connection=connection) as delivery:
        assert connection is delivery.connection
        await connection.execute(credit(inbox, "first"))
    await connection.rollback()
    again = await fail_in(inbox.taken(connection=connection))
    await connection.rollback()
    async with inbox.taken(connection=connection) as last:
        await connection.execute(credit(inbox, "last"))
    await connection.commit()

    assert {(PAID, 1)} == {(each.event, each.attempt) for each in (delivery, again, last)}
    assert (["last"], []) == (await credited(inbox, postgres_server), await inbox.pending())
    async with inbox.taken(connection=connection) as nothing:
        assert nothing is None


async def test_a_token_of_a_rolled_back_attempt_is_worth_nothing(inbox, connection):
    """The next attempt has the same number, and must not be ended by the first."""
    await inbox.receive(PAID)
    async with inbox.taken(connection=connection) as rolled_back:
        pass
    await connection.rollback()
    holder = await inbox.take()

    assert rolled_back.attempt == holder.attempt
    assert rolled_back.token != holder.token


async def test_a_broken_transaction_is_not_called_done(inbox, postgres_server):
    """The worker has caught its statement's error, and goes on as if nothing were."""
    await inbox.receive(PAID)

    async def work() -> None:
        async with inbox.taken() as delivery:
            with suppress(psycopg.errors.UndefinedTable):
                await delivery.connection.execute("SELECT * FROM nowhere")

    with pytest.raises(StoreFailed, match="in a transaction that has failed before"):
        await work()
    assert [PAID] == await inbox.pending()
    assert (await inbox.take()).attempt == 2


async def test_an_error_of_the_workers_own_statement_comes_out_as_it_is(inbox):
    """It is not the inbox that failed."""
    await inbox.receive(PAID)
    with pytest.raises(psycopg.errors.UndefinedTable):
        await write_in(inbox, "SELECT * FROM nowhere")
    assert [PAID] == await inbox.pending()


async def test_a_commit_that_fails_is_a_failure_of_the_store(inbox, postgres_server):
    """Here by a constraint that is checked at the end of the transaction."""
    await execute(
        postgres_server.dsn,
        f"ALTER TABLE {inbox.schema}.shop ADD parent text REFERENCES {inbox.schema}.shop DEFERRABLE INITIALLY DEFERRED",
    )
    await inbox.receive(PAID)
    with pytest.raises(StoreFailed, match="SQLSTATE 23503"):
        await write_in(inbox, f"INSERT INTO {inbox.schema}.shop VALUES ('a', 'b')")

    assert [PAID] == await inbox.pending()
    assert (await inbox.take()).attempt == 2


async def test_many_transactions_at_once_keep_nobody_from_receiving(inbox):
    """Each holds a connection for as long as its worker works."""
    for number in range(12):
        await inbox.receive(event("SUCCESS", number=number))
    working = [0]
    over = asyncio.Event()

    async def work() -> None:
        async with inbox.taken() as delivery:
            assert delivery is not None
            working[0] += 1
            if working[0] == 12:
                assert await inbox.receive(event("SUCCESS", number="more")) is NEW
                over.set()
            await over.wait()

    async with asyncio.timeout(30):
        await asyncio.gather(*(work() for _ in range(12)))
    assert (await inbox.depth()).waiting == 1


async def test_a_worker_whose_connection_is_cut_loses_the_event(inbox, postgres_server):
    """Its transaction is over, and another worker gets the event."""
    await inbox.receive(PAID)

    async def work() -> None:
        async with inbox.taken() as delivery:
            pid = delivery.connection.info.backend_pid
            await execute(postgres_server.dsn, f"SELECT pg_terminate_backend({pid}, 10000)")

    with pytest.raises(StoreFailed, match=r"shutting down|connection broke"):
        await work()
    async with inbox.taken() as again:
        assert again.event == PAID
