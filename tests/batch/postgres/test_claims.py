"""Leases and fencing: a machine that comes back late writes nothing, and stops sending what others have taken over."""

import asyncio
from collections.abc import AsyncIterator
from itertools import chain

import pytest

from paycombat_async import RawReply
from paycombat_async._clock import SYSTEM_CLOCK, SystemClock
from paycombat_async._protocol.messages import Draft
from paycombat_async.batch import PostgresJournal, sync_customers
from paycombat_async.batch.journal.binding import Binding
from paycombat_async.batch.postgres.chunk_statements import LEASE_S
from paycombat_async.batch.postgres.claims import ClaimedRow, Claims, RowResult
from paycombat_async.batch.postgres.load import Loader
from paycombat_async.testing import FakeClock
from tests.batch.postgres.runs import client_of, counts, postgres_journals, updates
from tests.batch.provider import Provider
from tests.postgres_server import PostgresServer, execute
from tests.processes import PATIENCE_S


@pytest.fixture(name="journal")
async def _journal(postgres_server: PostgresServer) -> AsyncIterator[PostgresJournal]:
    """The journal of a run with 1200 rows, none of which was sent."""
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    async with postgres_journals(postgres_server.dsn) as make:
        loader = Loader(make(), Binding(source=""), SYSTEM_CLOCK, send_all=False)
        await loader.join(updates(1200), "")
        yield make()


async def expire(server: PostgresServer, journal: PostgresJournal) -> None:
    """As if 15 seconds had passed for all leases."""
    await execute(server.dsn, f"UPDATE {journal.schema}.batch_chunk SET leased_until = '-infinity'")


def machine(journal: PostgresJournal, name: str) -> Claims:
    return Claims(journal.tables, 1, name, SYSTEM_CLOCK)


def done(rows: list[ClaimedRow]) -> list[RowResult]:
    return [RowResult(row.number, row.chunk, "done", None) for row in rows]


async def taken(claims: Claims) -> list[ClaimedRow]:
    rows = await claims.claim()
    assert rows is not None
    return rows


async def commit(claims: Claims, results: list[RowResult]) -> None:
    await claims.commit(results, retried=0, throttled=0)


async def test_a_chunk_belongs_to_one_machine_at_a_time(journal: PostgresJournal) -> None:
    """Three machines get different rows, in order; then nothing is free."""
    machines = [machine(journal, name) for name in ("a", "b", "c", "d")]

    found = [await claims.claim() for claims in machines]

    lines = [[row.line for row in rows or []] for rows in found]
    assert [500, 500, 200, 0] == [len(one) for one in lines]
    assert list(range(1, 1201)) == list(chain.from_iterable(lines))
    assert found[3] is None


async def test_late_results_write_nothing(journal: PostgresJournal, postgres_server: PostgresServer) -> None:
    """The machine that lost its chunk is told so, and the other one's results count once."""
    late, other = machine(journal, "late"), machine(journal, "other")
    first = await taken(late)
    await commit(late, done(first[:100]))
    await expire(postgres_server, journal)
    second = await taken(other)

    await commit(late, done(first[100:200]))
    is_lost = late.take_lost()
    after = await journal.status()
    await commit(other, done(second))
    at_the_end = await journal.status()

    assert first[100:] == second
    assert is_lost is not None
    assert (True, False) == (is_lost(first[0].chunk), is_lost(0))
    assert (100, 500) == (after.updated, at_the_end.updated)
    assert (3, 2) == (after.chunks, at_the_end.chunks)


async def test_repeating_a_commit_counts_nothing_twice(journal: PostgresJournal) -> None:
    """As after a connection that broke when the database had committed already."""
    claims = machine(journal, "a")
    rows = await taken(claims)

    await commit(claims, done(rows[:10]))
    await commit(claims, done(rows[:10]))

    assert 10 == (await journal.status()).updated


async def test_a_lease_is_renewed_while_nobody_has_taken_the_chunk(
    journal: PostgresJournal, postgres_server: PostgresServer
) -> None:
    """Even after its end: a machine that was cut off alone goes on, as does one whose database was restarted."""
    clock = FakeClock()
    claims = Claims(journal.tables, 1, "a", clock)
    await taken(claims)
    await expire(postgres_server, journal)

    clock.time += 16.0
    is_late = claims.is_late()
    await commit(claims, [])

    assert (True, False) == (is_late, claims.is_late())
    assert claims.take_lost() is None
    assert 500 == len(await taken(machine(journal, "b")))
    assert 1 == (await execute(postgres_server.dsn, f"SELECT min(token) FROM {journal.schema}.batch_chunk"))[0][0] + 1


class SkewedClock(SystemClock):
    """The clock of a machine, which a test can set forward."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def monotonic(self) -> float:  # type: ignore[override]  # a static method there, to be fast
        return SYSTEM_CLOCK.monotonic() + self.ahead


async def test_rows_that_another_machine_has_taken_over_are_not_sent_any_more(
    journal: PostgresJournal, postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only those under way when the loss is noticed are sent by both; all are done, and each counts once."""
    clock, first_calls, may_go_on = SkewedClock(), asyncio.Event(), asyncio.Event()
    monkeypatch.setattr("paycombat_async.batch.postgres.job.SYSTEM_CLOCK", clock)

    class Held(Provider):
        async def send(self, draft: Draft, timeout: float) -> RawReply:
            first_calls.set()
            await may_go_on.wait()
            return await super().send(draft, timeout)

    held, other = Held(), machine(journal, "other")
    async with client_of(held, clock=FakeClock()) as client, asyncio.timeout(PATIENCE_S):
        run = asyncio.create_task(sync_customers(client, updates(1200), journal=journal, concurrency=4))
        await first_calls.wait()
        await expire(postgres_server, journal)
        taken_over = await taken(other)
        clock.ahead = LEASE_S + 1
        while (await journal.status()).free == 2:  # until it has noticed the loss, and has taken the next chunk
            pass
        may_go_on.set()
        await commit(other, done(taken_over))
        report = await run

    assert 500 == len(taken_over)
    assert (1200, 0, 0, 0, 0) == counts(report)
    assert len({row.customer_id for row in taken_over} & set(held.sent)) <= 4
