"""The connections of a blocking pool go back to it, however often and whenever their users are cancelled."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("psycopg", reason="psycopg is not installed")

from paycombat_async._postgres.threaded import ThreadedPool
from tests.processes import PATIENCE_S


class Pool:
    """Lends connections once it may, and counts those that it has lent and got back."""

    def __init__(self) -> None:
        self.was_asked, self.may_lend = threading.Event(), threading.Event()
        self.lent = self.returned = 0

    @contextlib.contextmanager
    def connection(self, timeout: float | None = None) -> Iterator[Any]:
        self.was_asked.set()
        assert self.may_lend.wait(PATIENCE_S)
        self.lent += 1
        try:
            yield SimpleNamespace(pgconn=None)
        finally:
            self.returned += 1


async def turns() -> None:
    """Lets the other tasks run until they wait for something outside of the loop."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_two_cancellations_while_a_connection_is_waited_for() -> None:
    """The second one comes while the first one waits for the thread."""
    pool = Pool()

    async def use() -> None:
        async with ThreadedPool(pool).connection():
            pass

    task = asyncio.create_task(use())
    await asyncio.to_thread(pool.was_asked.wait, PATIENCE_S)
    for _ in range(2):
        task.cancel()
        await turns()
    pool.may_lend.set()

    with pytest.raises(asyncio.CancelledError):
        await task

    assert (1, 1) == (pool.lent, pool.returned)


@pytest.mark.parametrize("fails", [False, True])
async def test_a_cancellation_before_the_thread_that_gives_it_back_has_begun(fails: bool) -> None:
    """All threads are busy, and a call that waits for one of them could still be dropped."""
    pool, threads, begun, hold = Pool(), ThreadPoolExecutor(1), asyncio.Event(), threading.Event()
    asyncio.get_running_loop().set_default_executor(threads)
    pool.may_lend.set()

    async def use() -> None:
        async with ThreadedPool(pool).connection():
            threads.submit(hold.wait, PATIENCE_S)
            begun.set()
            if fails:
                raise ZeroDivisionError

    task = asyncio.create_task(use())
    await begun.wait()
    await turns()
    task.cancel()
    await turns()
    hold.set()

    with pytest.raises(asyncio.CancelledError):
        await task

    assert (1, 1) == (pool.lent, pool.returned)
