"""A run of the batch that is broken off somewhere, and what its journal says afterwards."""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Literal, TypeAlias

from paycombat_async import AsyncPayCombat, Attempt, UpdateCustomer, sync_customers
from paycombat_async.batch import BatchReport

Break: TypeAlias = Literal["never", "stop", "cancel"]


async def run_partly(
    options: dict[str, Any], rows: Sequence[UpdateCustomer], journal: Path, how: Break, after: int
) -> BatchReport | None:
    """Send these rows; after so many attempts the run is stopped or cancelled, None then."""
    stop = asyncio.Event()
    attempts = 0
    breaks: dict[Break, Callable[[], object]] = {}

    def on_attempt(_attempt: Attempt) -> None:
        nonlocal attempts
        attempts += 1
        if attempts == after:
            breaks[how]()

    async with AsyncPayCombat(**options, on_attempt=on_attempt) as client:
        run = asyncio.ensure_future(sync_customers(client, rows, journal=journal, concurrency=3, stop=stop))
        breaks |= {"never": lambda: None, "stop": stop.set, "cancel": run.cancel}
        await asyncio.wait([run])
    return None if run.cancelled() else run.result()


def row_states(journal: Path) -> dict[str, tuple[str, str]]:
    """By customer: the digest of the row's content, and its state."""
    if not journal.exists():
        return {}
    with closing(sqlite3.connect(journal)) as connection:
        assert [("ok",)] == connection.execute("PRAGMA integrity_check").fetchall()
        found = connection.execute("SELECT customer, body, state FROM row")
        return {customer: (body, state) for customer, body, state in found}
