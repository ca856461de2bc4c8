"""The rate of three processes that share a `PostgresLimiter`, in real time, while one of them is killed."""

import asyncio
import sys
from bisect import bisect_left
from itertools import chain
from time import monotonic

import pytest

from tests.chaos.soak import LIMIT_S, SOAK
from tests.postgres_server import PostgresServer, postgres_limiters
from tests.processes import Process

pytest.importorskip("psycopg", reason="psycopg is not installed")
pytestmark = [
    pytest.mark.promise("P16"),
    pytest.mark.skipif(not SOAK, reason="a minute of real time: PAYCOMBAT_SOAK=1"),
    pytest.mark.timeout(LIMIT_S),
]
PER_SECOND, SECONDS = 200, 60


async def test_the_rate_is_reached_and_never_exceeded(
    postgres_server: PostgresServer, capsys: pytest.CaptureFixture[str]
) -> None:
    async with postgres_limiters(postgres_server.dsn, 1, PER_SECOND) as (limiter,):
        arguments = ("-m", "tests.limiters.asker", postgres_server.dsn, limiter.schema, PER_SECOND, SECONDS)
        askers = [Process(sys.executable, *arguments) for _ in range(3)]
        said = asyncio.gather(*(asyncio.to_thread(heard, asker) for asker in askers))
        await asyncio.sleep(SECONDS / 2)
        askers[0].kill()
        killed = monotonic()
        turns = sorted(chain.from_iterable(await said))

    first, last = turns[0] + 3, turns[-1] - 3
    in_a_second = [bisect_left(turns, turn + 1) - bisect_left(turns, turn) for turn in turns if first <= turn <= last]
    of_three = len([turn for turn in turns if first <= turn < killed]) / (killed - first)
    of_two = len([turn for turn in turns if killed + 1 <= turn < last]) / (last - killed - 1)
    with capsys.disabled():
        sys.stdout.write(
            f"\nof 200 per second: {max(in_a_second)} at most, {of_three:.1f} by three, {of_two:.1f} by two\n"
        )
    assert max(in_a_second) <= 1.1 * PER_SECOND
    assert min(of_three, of_two) >= 0.95 * PER_SECOND


def heard(asker: Process) -> list[float]:
    """The times that it says until it ends or is killed."""
    times = []
    while line := asker.line():
        if line.endswith("\n"):
            times.append(float(line))
    return times
