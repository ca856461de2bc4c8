"""`PostgresJournal.forget`: deletes a run that is over, and nothing of other runs."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from paycombat_async import ConfigurationError, RawReply
from paycombat_async.batch import PostgresJournal, sync_customers
from paycombat_async.batch.postgres import forgetting
from paycombat_async.batch.postgres.load import Loader
from paycombat_async.batch.rows.reader import RowReader
from paycombat_sync.batch import forget_run
from tests.batch.postgres.runs import client_of, counts, postgres_journals, updates
from tests.batch.provider import Provider, refused, updated
from tests.postgres_server import PostgresServer, execute
from tests.processes import PATIENCE_S

Journals = Callable[..., PostgresJournal]
TABLES = {"batch_run": "name", "batch_row": "run", "batch_chunk": "run", "rate": "name"}


@pytest.fixture(name="journals")
async def _journals(postgres_server: PostgresServer) -> AsyncIterator[Journals]:
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    async with postgres_journals(postgres_server.dsn) as make:
        yield make


async def left(server: PostgresServer, journal: PostgresJournal) -> dict[str, int]:
    """The number of rows in each table."""
    found = "UNION ALL ".join(f"SELECT '{table}', count(*) FROM {journal.schema}.{table} " for table in TABLES)
    return dict(await execute(server.dsn, found))


async def test_a_run_that_is_over_is_deleted_and_other_runs_stay(
    journals: Journals, postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Failed rows and the row of the rate are deleted, too; the same rows are then new, and are sent again."""
    monkeypatch.setattr(forgetting, "DELETED_AT_ONCE", 400)
    provider = Provider(lambda customer, _: refused(400) if customer == "c1" else updated(customer))
    journal, other = journals(rate=100_000), journals("other", rate=100_000)
    async with client_of(provider) as client:
        await sync_customers(client, updates(1001), journal=journal)
        await sync_customers(client, updates(3), journal=other)
        forgotten = [await journal.forget(), await journal.forget()]
        rest, runs = await left(postgres_server, other), await journal.runs()
        again = await sync_customers(client, updates(1001), journal=journals())

    assert [1001, 0] == forgotten
    assert {"batch_run": 1, "batch_row": 3, "batch_chunk": 1, "rate": 1} == rest
    assert [("other", 2)] == [(status.run, status.updated) for status in runs]
    assert (1000, 0, 1, 0, 0) == counts(again)
    assert 2 == provider.sent["c1000"]


async def test_a_run_that_was_stopped_is_deleted_on_demand_only(
    journals: Journals, postgres_server: PostgresServer
) -> None:
    """Without `unfinished`, its rows stay, and it can be continued."""
    stop = asyncio.Event()

    def answer(customer: str, _: int) -> RawReply:
        stop.set()
        return updated(customer)

    journal = journals()
    async with client_of(Provider(answer)) as client:
        await sync_customers(client, updates(600), journal=journal, stop=stop)
    with pytest.raises(ConfigurationError, match="the run run is not over: 2 of its chunks are not done"):
        await journal.forget()
    kept = await left(postgres_server, journal)

    assert (1, 600, 2) == (kept["batch_run"], kept["batch_row"], kept["batch_chunk"])
    assert 600 == await journal.forget(unfinished=True)
    assert {0} == set((await left(postgres_server, journal)).values())


async def test_a_run_is_kept_while_a_machine_loads_it(journals: Journals, postgres_server: PostgresServer) -> None:
    """A machine that loads rows has locked the run."""
    journal = journals()
    async with client_of(Provider()) as client:
        await sync_customers(client, updates(2), journal=journal)
    async with locked(postgres_server, journal):
        with pytest.raises(ConfigurationError, match="a machine loads rows into the run run"):
            await journal.forget()

    assert 2 == await journal.forget()


async def test_a_machine_that_waits_for_a_run_begins_it_anew_if_it_is_deleted(
    journals: Journals, postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would otherwise wait for ever."""
    monkeypatch.setattr("paycombat_async.batch.postgres.load._POLL_S", 0.01)
    journal, waiting, try_to_join = journals(), asyncio.Event(), Loader._try_to_join

    async def watched(loader: Loader, reader: RowReader, fingerprint: str) -> int | None:
        number = await try_to_join(loader, reader, fingerprint)
        if number is None:
            waiting.set()
        return number

    async with client_of(Provider()) as client, asyncio.timeout(PATIENCE_S):
        await sync_customers(client, updates(2), journal=journal)
        monkeypatch.setattr(Loader, "_try_to_join", watched)
        async with locked(postgres_server, journal) as connection:
            task = asyncio.create_task(sync_customers(client, updates(3), journal=journals()))
            await waiting.wait()
            await connection.execute(f"DELETE FROM {journal.schema}.batch_run")
        report = await task

    assert (3, 0, 0, 0, 0) == counts(report)


@contextlib.asynccontextmanager
async def locked(server: PostgresServer, journal: PostgresJournal) -> AsyncIterator[Any]:
    """A connection whose transaction has locked the run, and is committed afterwards."""
    import psycopg

    async with await psycopg.AsyncConnection.connect(server.dsn) as connection:
        await connection.execute(f"SELECT FROM {journal.schema}.batch_run FOR UPDATE".encode())
        yield connection


async def test_what_an_interrupted_call_has_left_is_deleted_by_the_next(
    journals: Journals, postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also by one for another run; until then no list of runs shows it, and its name is free."""
    journal = journals(rate=100_000)
    async with client_of(Provider()) as client:
        await sync_customers(client, updates(5), journal=journal)
        with monkeypatch.context() as patched:
            patched.setattr(forgetting, "DELETED_AT_ONCE", 0)
            with pytest.raises(ValueError, match="zero"):
                await journal.forget()
        runs, kept = await journal.runs(), await left(postgres_server, journal)
        again = await sync_customers(client, updates(5), journal=journals())
        forgotten = await journals("other").forget()

    assert ([], 5, 0) == (runs, kept["batch_row"], kept["rate"])
    assert (5, 0, 0, 0, 0) == counts(again)
    assert 5 == forgotten
    assert 5 == (await left(postgres_server, journal))["batch_row"]


async def test_a_run_is_kept_while_a_machine_works_on_it(journals: Journals, postgres_server: PostgresServer) -> None:
    """Whatever the caller says, because the machine could not record its results. The blocking twin says the same."""
    journal = journals()
    reopen = f"UPDATE {journal.schema}.batch_chunk SET is_done = false, leased_until = clock_timestamp()"
    async with client_of(Provider()) as client:
        await sync_customers(client, updates(2), journal=journal)
    await execute(postgres_server.dsn, f"{reopen} + interval '50 seconds'")
    with pytest.raises(ConfigurationError, match="machines are at work on the run run"):
        await asyncio.to_thread(forget_run, journal, unfinished=True)
    await execute(postgres_server.dsn, reopen)
    with pytest.raises(ConfigurationError, match="the run run is not over"):
        await asyncio.to_thread(forget_run, journal)

    assert 2 == await asyncio.to_thread(forget_run, journal, unfinished=True)
