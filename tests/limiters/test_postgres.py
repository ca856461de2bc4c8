"""`PostgresLimiter`: machines that share a database share one rate."""

import asyncio
from typing import Any

import pytest

from paycombat_async import ConfigurationError, StoreFailed
from paycombat_async.limiters import PostgresLimiter
from paycombat_async.limiters.block import LATENESS_S
from paycombat_async.limiters.postgres import AHEAD_S
from paycombat_async.testing import FakeClock
from tests.postgres_server import PostgresServer, execute, postgres_limiters
from tests.processes import PATIENCE_S

pytest.importorskip("psycopg", reason="psycopg is not installed")


async def blocks(limiter: PostgresLimiter, number: int) -> list[tuple[float, float]]:
    """Takes one moment after the other from new blocks; returns the beginning and end of each block."""
    taken = []
    for _ in range(number):
        here = limiter._here()
        here.waiting = 10
        await limiter._lease(here)
        block = here.block
        taken.append((block._next, block._next + block._left * block._interval))
    return taken


async def test_machines_never_have_the_same_moments(postgres_server: PostgresServer) -> None:
    """Three machines take blocks at the same time. The blocks follow each other without an overlap."""
    clock = FakeClock()  # stands still, so that the blocks are as far from each other as in the database
    async with postgres_limiters(postgres_server.dsn, 3, 100, clock=clock) as limiters:
        taken = await asyncio.gather(*(blocks(limiter, 10) for limiter in limiters))

    in_order = sorted(block for each in taken for block in each)
    assert 30 == len(in_order)
    assert all(0.1 == pytest.approx(end - begin) for begin, end in in_order)
    # The database's own clock goes on between the calls; what it has moved is the error of these numbers.
    first, last = in_order[0][0], in_order[-1][1]
    assert last - first <= 30 * 0.1 + LATENESS_S


async def test_each_moment_is_given_once(postgres_server: PostgresServer) -> None:
    """500 requests of two machines at 1000 per second: the database has given away half a second, and hardly more."""
    async with postgres_limiters(postgres_server.dsn, 2, 1000) as limiters:
        for limiter in limiters:
            limiter._clock = FakeClock()  # each machine has its own
        ((begun,),) = await limiters[0]._tables.execute("SELECT clock_timestamp()", {})
        await asyncio.gather(*(limiter.acquire() for limiter in limiters for _ in range(250)))
        ((end, now),) = await limiters[0]._tables.execute("SELECT next_at, clock_timestamp() FROM {schema}.rate", {})

    assert 0.5 - LATENESS_S <= (end - begun).total_seconds() <= (now - begun).total_seconds() + 0.5 + 2 * AHEAD_S


async def test_a_block_is_as_large_as_the_demand(postgres_server: PostgresServer) -> None:
    """One waiting task takes one moment, twenty take twenty; never more than those of a second are taken."""
    async with postgres_limiters(postgres_server.dsn, 1, 50, clock=FakeClock()) as (limiter,):
        here = limiter._here()
        here.waiting = 1
        assert 1 == limiter._wanted(here)
        here.waiting = 20
        assert 20 == limiter._wanted(here)
        here.waiting = 200
        assert 50 == limiter._wanted(here)


async def test_a_clock_that_was_set_back_does_not_stop_everything(postgres_server: PostgresServer) -> None:
    """After a failover to a machine whose clock is behind, the row lies far in the future."""
    async with postgres_limiters(postgres_server.dsn, 1, 50) as (limiter,):
        await limiter.acquire()
        await limiter._tables.execute(
            "UPDATE {schema}.rate SET next_at = clock_timestamp() + interval '1 day' RETURNING 1", {}
        )
        begin, _ = (await blocks(limiter, 1))[0]

    assert begin - limiter._clock.monotonic() < 1


async def test_a_failure_reaches_all_who_wait(postgres_server: PostgresServer) -> None:
    """The table is gone: each waiting task gets the error, and the next one asks again."""
    async with postgres_limiters(postgres_server.dsn, 1, 50) as (limiter,):
        await limiter.acquire()
        await execute(postgres_server.dsn, f'ALTER TABLE "{limiter.schema}".rate RENAME TO gone')
        limiter._loops.clear()

        raised = await asyncio.gather(*(limiter.acquire() for _ in range(20)), return_exceptions=True)
        assert [StoreFailed] * 20 == [type(one) for one in raised]
        assert {"limiter in PostgreSQL"} == {str(one)[4:25] for one in raised}

        await execute(postgres_server.dsn, f'ALTER TABLE "{limiter.schema}".gone RENAME TO rate')
        await limiter.acquire()


async def test_without_tables_the_error_says_what_to_run(postgres_server: PostgresServer) -> None:
    limiter = PostgresLimiter(postgres_server.dsn, "x", 1, "nowhere")
    with pytest.raises(StoreFailed, match="paycombat db migrate"):
        await limiter.acquire()
    await limiter.aclose()


@pytest.mark.parametrize("name", ["", " x", "x\0", "x" * 101, 5, None])
def test_a_name_that_cannot_be_stored_is_refused(name: object) -> None:
    with pytest.raises(ConfigurationError, match="name of a limiter"):
        PostgresLimiter("postgresql://h/d", name, 1)  # type: ignore[arg-type]  # wrong on purpose


async def test_one_caller_after_another_gets_its_turns_at_a_high_rate(
    postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It asks for one moment at a time, which is shorter than the way to the database, and uses each that it gets."""
    lease, leases = PostgresLimiter._lease, list[None]()

    async def counted(limiter: PostgresLimiter, here: Any) -> None:
        leases.append(None)
        await lease(limiter, here)

    monkeypatch.setattr(PostgresLimiter, "_lease", counted)
    async with postgres_limiters(postgres_server.dsn, 1, 5000) as (limiter,), asyncio.timeout(PATIENCE_S):
        for _ in range(20):
            await limiter.acquire()

    assert len(leases) <= 25
