"""The database is restarted, or goes away for good, while a run is under way."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from paycombat_async import RawReply
from paycombat_async._protocol.messages import Draft
from paycombat_async.batch import PostgresJournal, sync_customers, sync_customers_on
from paycombat_async.batch.postgres.load_statements import CHUNK_ROWS
from paycombat_async.batch.postgres.recorder import COMMIT_RESULTS
from tests.batch.postgres.fake_cluster import FakeCluster
from tests.batch.postgres.runs import client_of, counts, postgres_journals, updates
from tests.batch.provider import Provider
from tests.conftest import SIGNATURE_KEY, TOKEN
from tests.postgres_server import PostgresServer, execute, running_server
from tests.processes import PATIENCE_S

ROWS, CONCURRENCY = 3000, 16


class Paced(Provider):
    """Calls `at` once, when the given number of rows has been sent; each call takes a few milliseconds."""

    def __init__(self, number: int, at: Callable[[], object]) -> None:
        super().__init__()
        self._number, self._at, self._is_next = number, at, True

    async def send(self, draft: Draft, timeout: float) -> RawReply:
        if self._is_next and sum(self.sent.values()) >= self._number:
            self._is_next = False
            self._at()
        await asyncio.sleep(0.002)
        return await super().send(draft, timeout)


@pytest.fixture(name="server")
def _server() -> PostgresServer:
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    with running_server() as server:
        yield server


@pytest.fixture(name="journals")
async def _journals(server: PostgresServer) -> AsyncIterator[Callable[..., PostgresJournal]]:
    async with postgres_journals(server.dsn) as make:
        yield make


async def test_a_restart_of_the_database_is_waited_for(
    server: PostgresServer, journals: Callable[..., PostgresJournal]
) -> None:
    """Results are kept until it is back, the rate's turns are waited for, and nothing is sent twice."""
    restarts = list[asyncio.Future[None]]()
    provider = Paced(1000, lambda: restarts.append(asyncio.ensure_future(asyncio.to_thread(server.restart))))

    async with client_of(provider) as client, asyncio.timeout(PATIENCE_S):
        report = await sync_customers(client, updates(ROWS), journal=journals(rate=5000), concurrency=CONCURRENCY)
    await restarts[0]

    assert (ROWS, 0, 0, 0, 0) == counts(report)
    assert {1} == set(provider.sent.values())


async def test_a_database_that_does_not_come_back_ends_the_run_and_loses_nothing(
    server: PostgresServer, journals: Callable[..., PostgresJournal], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One sentence and exit code 2; the next run sends what is left, and rows whose results could not be committed."""
    monkeypatch.setattr("paycombat_async.batch.postgres.outage.OUTAGE_S", 0.0)
    provider = Paced(1000, server.stop)

    async with client_of(provider) as client, asyncio.timeout(PATIENCE_S):
        ended = await sync_customers(client, updates(ROWS), journal=journals(), concurrency=CONCURRENCY)
        sent = len(provider.sent)
        await asyncio.to_thread(server.start)
        await execute(
            server.dsn, f"UPDATE {journals().schema}.batch_chunk SET leased_until = '-infinity'"
        )  # 15 s later
        report = await sync_customers(client, updates(ROWS), journal=journals(), concurrency=CONCURRENCY)

    again = sum(provider.sent.values()) - ROWS
    assert "the journal in PostgreSQL cannot be reached" in ended.stopped
    assert (2, sent) == (ended.exit_code, ended.updated)
    assert (ROWS, 0, 0, 0, 0) == counts(report)
    # Without the database no chunk can be taken: one was being sent, one was read ahead, the rest waited for a commit.
    assert 0 < again <= 2 * CHUNK_ROWS + 2 * COMMIT_RESULTS


async def test_a_run_on_a_cluster_tells_how_many_rows_are_left_although_the_database_is_gone(
    server: PostgresServer, journals: Callable[..., PostgresJournal], monkeypatch: pytest.MonkeyPatch
) -> None:
    """This process sends no row itself, so that its own counts would say that the input is empty."""
    pytest.importorskip("distributed", reason="distributed is not installed")
    monkeypatch.setenv("PAYCOMBAT_TOKEN", TOKEN)
    monkeypatch.setenv("PAYCOMBAT_SIGNATURE_KEY", SIGNATURE_KEY)

    async def gone() -> bytes:
        await asyncio.to_thread(server.stop)
        return b'{"stopped": "the journal in PostgreSQL cannot be reached", "misconfigured": true}'

    async with asyncio.timeout(PATIENCE_S):
        ended = await sync_customers_on(
            FakeCluster(gone, workers={"tcp://w:1": 1}), updates(20), journal=journals(), workers=1
        )
        await asyncio.to_thread(server.start)
    async with client_of(Provider()) as client:
        report = await sync_customers(client, updates(20), journal=journals())

    assert (2, "the journal in PostgreSQL cannot be reached") == (ended.exit_code, ended.stopped)
    assert (0, 0, 0, 0, 20) == counts(ended)
    assert (20, 0, 0, 0, 0) == counts(report)
