"""Jobs of a task queue that carry out one batch of customers together.

`PostgresJournal` knows which rows are done: a job that is repeated continues the run, and
sends nothing once the run is over.
"""

import asyncio
import os
from collections.abc import Callable
from typing import Final

from paycombat_async import AsyncPayCombat, ConfigurationError
from paycombat_async.batch import BatchReport, PostgresJournal, sync_customers

DATABASE: Final = os.environ["PAYCOMBAT_DATABASE_URL"]
# Requests per second, of all jobs of the run together.
RATE: Final = float(os.environ.get("BATCH_RATE", "200"))
# Seconds after which a job ends, so that its worker can do something else.
PART_S: Final = float(os.environ.get("BATCH_PART_S", "600"))


class RunNotOver(Exception):
    """Rows are left: the queue has to run the job again."""


async def carry_out_part(run: str, path: str, is_stopping: Callable[[], bool]) -> None:
    """Sends rows of the file until none is left, for `PART_S` seconds at most.

    Ends earlier if `is_stopping` says so, which is asked twice a second. Calls under way
    are finished. Raises `RunNotOver` if rows are left.
    """
    journal = PostgresJournal(DATABASE, run, rate=RATE)
    try:
        if await is_over(journal):
            return  # a job that came twice: another pass would send the failed rows again
        report = await send(journal, path, is_stopping)
        if not await is_over(journal):
            raise RunNotOver(report.stopped or f"{report.pending} rows are pending")
    finally:
        await journal.aclose()


async def is_over(journal: PostgresJournal) -> bool:
    """Whether the run has rows, and each of them was sent, skipped or refused."""
    try:
        status = await journal.status()
    except ConfigurationError:
        return False  # this run has not begun
    return status.rows > 0 and status.is_over


async def send(
    journal: PostgresJournal, path: str, is_stopping: Callable[[], bool]
) -> BatchReport:
    stop = asyncio.Event()
    watch = asyncio.create_task(set_in_time(stop, is_stopping))
    try:
        async with AsyncPayCombat() as paycombat:
            return await sync_customers(paycombat, path, journal=journal, stop=stop)
    finally:
        watch.cancel()


async def set_in_time(stop: asyncio.Event, is_stopping: Callable[[], bool]) -> None:
    """Sets `stop` when the worker is stopping, or `PART_S` seconds have passed."""
    clock = asyncio.get_running_loop().time
    end = clock() + PART_S
    while clock() < end and not is_stopping():
        await asyncio.sleep(0.5)
    stop.set()
