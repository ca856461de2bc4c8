"""The stores in PostgreSQL behind a real PgBouncer, which gives each transaction another connection to the server."""

import asyncio
import logging
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest

from paycombat_async.intents.postgres import PostgresIntents
from paycombat_async.testing import inbox_conformance, intents_conformance
from paycombat_async.webhooks.inboxes.inbox import Receipt
from paycombat_async.webhooks.inboxes.postgres import PostgresInbox
from tests.postgres_server import PostgresServer, execute, postgres_inbox, postgres_intents
from tests.processes import PATIENCE_S, Process
from tests.webhooks.postgres_events import OTHER, PAID, event

psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed")

pytestmark = [pytest.mark.promise("P13", "P14"), pytest.mark.timeout(2 * PATIENCE_S)]

CONNECTIONS = 3  # to the server: fewer than the clients have, so that they share them
SETTINGS = """
[databases]
postgres = host={folder} user=tests dbname=postgres

[pgbouncer]
pool_mode = transaction
default_pool_size = {connections}
auth_type = any
listen_addr =
unix_socket_dir = {folder}
listen_port = 6432
"""


@pytest.fixture(name="pooled_dsn", scope="module")
def _pooled_dsn(postgres_server: PostgresServer) -> Iterator[str]:
    program = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        pytest.skip("PgBouncer is not installed")
    settings = postgres_server.folder / "pgbouncer.ini"
    settings.write_text(SETTINGS.format(folder=postgres_server.folder, connections=CONNECTIONS))
    user = ["-u", postgres_server.user] if postgres_server.user else []  # it refuses root
    with Process(program, *user, settings, cwd=postgres_server.folder) as bouncer:
        bouncer.complaint("process up")
        yield postgres_server.dsn_of("postgres", port="6432")


@pytest.fixture(name="inbox")
async def _inbox(pooled_dsn: str) -> AsyncIterator[PostgresInbox]:
    async with postgres_inbox(pooled_dsn) as inbox:
        yield inbox


@pytest.fixture(name="intents")
async def _intents(pooled_dsn: str) -> AsyncIterator[PostgresIntents]:
    async with postgres_intents(pooled_dsn) as intents:
        yield intents


@pytest.mark.parametrize("check", inbox_conformance.CHECKS, ids=lambda check: check.__name__)
async def test_the_inbox_keeps_its_rules(inbox: PostgresInbox, check: inbox_conformance.Check) -> None:
    """The suite that is the same for all inboxes."""
    await check(inbox)


@pytest.mark.parametrize("check", intents_conformance.CHECKS, ids=lambda check: check.__name__)
async def test_the_intents_keep_their_rules(
    intents: PostgresIntents, check: Callable[[PostgresIntents], Awaitable[None]]
) -> None:
    """The suite that is the same for all stores."""
    await check(intents)


async def test_connections_are_really_shared(inbox, pooled_dsn):
    """Else these tests would show nothing: eight clients have three connections to the server among them."""
    async with await psycopg.AsyncConnection.connect(pooled_dsn, autocommit=True) as connection:
        ((pid,),) = await (await connection.execute("SELECT pg_backend_pid()", prepare=False)).fetchall()
        assert pid != connection.info.backend_pid

    for number in range(50):
        await inbox.receive(event("SUCCESS", number=number))
    taken = await asyncio.gather(*(inbox.take() for _ in range(60)))
    assert list(range(1, 51)) == sorted(delivery.number for delivery in taken if delivery)
    await asyncio.gather(*(inbox.done(delivery) for delivery in taken if delivery))
    assert 0 == (await inbox.depth()).waiting


async def test_a_transaction_stays_on_its_connection(inbox, pooled_dsn):
    """That of `taken`, and the caller's own."""
    await inbox.receive(PAID)
    async with inbox.taken() as delivery:
        await delivery.connection.execute(f"CREATE TABLE {inbox.schema}.shop (paid text)".encode())
        assert await inbox.receive(OTHER) is Receipt.NEW  # meanwhile, over another one
    async with await psycopg.AsyncConnection.connect(pooled_dsn, prepare_threshold=None) as connection:
        await inbox.receive(event("SUCCESS", number=3), connection=connection)
        await connection.rollback()
        async with inbox.taken(connection=connection) as delivery:
            assert delivery.event == OTHER
        await connection.commit()

    assert [] == await inbox.pending()


async def test_workers_poll_behind_it(inbox, pooled_dsn, caplog):
    """It takes LISTEN and passes nothing on, so the workers do not rely on it, and the log says so."""
    caplog.set_level(logging.INFO, "paycombat")
    other = PostgresInbox(pooled_dsn, schema=inbox.schema)
    working = asyncio.ensure_future(anext(inbox.work(poll=0.01)))
    await other.receive(PAID)
    async with asyncio.timeout(PATIENCE_S):
        assert (await working).event == PAID
        while "through a connection pooler" not in caplog.text:  # noqa: ASYNC110  # the log sets no event
            await asyncio.sleep(0.01)
    await other.aclose()


async def test_workers_listen_past_it(inbox, pooled_dsn, postgres_server):
    """With a connection string of its own; here they would poll once an hour."""
    past = PostgresInbox(pooled_dsn, schema=inbox.schema, listen_dsn=postgres_server.dsn)
    working = asyncio.ensure_future(anext(past.work(poll=3600)))
    listening = "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'LISTEN %' AND state = 'idle'"
    async with asyncio.timeout(PATIENCE_S):
        while not await execute(postgres_server.dsn, listening):  # noqa: ASYNC110  # the server sets no event
            await asyncio.sleep(0.01)
        await inbox.receive(PAID)
        assert (await working).event == PAID
    await past.aclose()
