"""A worker process of an inbox in PostgreSQL: `python -m tests.webhooks.inbox_worker DSN SCHEMA LOG KIND`.

Four tasks or threads take events until a line comes in on stdin. KIND says whether they work under a lease, or in one
transaction with a row of the table `effect`, whose primary key refuses a second one. What they do is appended to LOG: a
line for the beginning and the end of each attempt, with the time, which is the same for all processes of a machine.
"""

import asyncio
import os
import random
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

import psycopg

from paycombat_async import LeaseLost, StoreFailed
from paycombat_async.webhooks import PostgresInbox
from paycombat_sync.webhooks import PostgresInbox as BlockingInbox

AT_ONCE = 4
LEASE_S = 3.0
POLL_S = 0.1
LONGEST_S = 0.01  # of the work on one event
FAILING = 0.02  # of all attempts


class WorkFailed(Exception):
    """The work on an event failed; the next attempt may succeed."""


class Log:
    """Appends lines to a file, each with one write, so that a process can be killed at any time."""

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    @contextmanager
    def attempt(self, key: str) -> Any:
        name = f"{os.getpid()}-{random.getrandbits(64)}"
        self._write("begin", name, key)
        try:
            yield
        except BaseException:
            self._write("failed", name, key)
            raise
        self._write("ended", name, key)

    def _write(self, *words: str) -> None:
        os.write(self._file, "\t".join([*words, repr(time.monotonic())]).encode() + b"\n")


def pause() -> float:
    """How long the work takes. Sometimes it fails."""
    if random.random() < FAILING:
        raise WorkFailed
    return random.random() * LONGEST_S


async def under_lease(inbox: PostgresInbox, log: Log, stop: asyncio.Event) -> None:
    while not stop.is_set():
        try:
            async for delivery in inbox.work(lease=LEASE_S, poll=POLL_S, stop=stop):
                async with delivery as event:
                    with log.attempt(event.key):
                        await asyncio.sleep(pause())
        except (LeaseLost, StoreFailed, WorkFailed):
            pass


async def in_transaction(inbox: PostgresInbox, log: Log, stop: asyncio.Event) -> None:
    effect = f"INSERT INTO {inbox.schema}.effect VALUES (%s)"
    while not stop.is_set():
        try:
            async with inbox.taken() as delivery:
                if delivery is None:
                    await asyncio.sleep(POLL_S)
                    continue
                with log.attempt(delivery.event.key):
                    await delivery.connection.execute(effect, [delivery.event.key])
                    await asyncio.sleep(pause())
        except (StoreFailed, WorkFailed, psycopg.OperationalError):
            await asyncio.sleep(LONGEST_S)


def in_threads_under_lease(inbox: BlockingInbox, log: Log, stop: threading.Event) -> None:
    while not stop.is_set():
        try:
            for delivery in inbox.work(lease=LEASE_S, poll=POLL_S, stop=stop):
                with delivery as event, log.attempt(event.key):
                    time.sleep(pause())
        except (LeaseLost, StoreFailed, WorkFailed):
            pass


def in_threads_in_transaction(inbox: BlockingInbox, log: Log, stop: threading.Event) -> None:
    effect = f"INSERT INTO {inbox.schema}.effect VALUES (%s)"
    while not stop.is_set():
        try:
            with inbox.taken() as delivery:
                if delivery is None:
                    stop.wait(POLL_S)
                    continue
                with log.attempt(delivery.event.key):
                    delivery.connection.execute(effect, [delivery.event.key])
                    time.sleep(pause())
        except (StoreFailed, WorkFailed, psycopg.OperationalError):
            stop.wait(LONGEST_S)


TASKS: dict[str, Callable[..., Any]] = {"under_lease": under_lease, "in_transaction": in_transaction}
THREADS: dict[str, Callable[..., None]] = {
    "in_threads_under_lease": in_threads_under_lease,
    "in_threads_in_transaction": in_threads_in_transaction,
}
KINDS = (*TASKS, *THREADS)


def say_ready() -> None:
    sys.stdout.write("ready\n")
    sys.stdout.flush()


async def work_in_tasks(dsn: str, schema: str, log: Log, kind: str) -> None:
    inbox, stop, loop = PostgresInbox(dsn, schema=schema), asyncio.Event(), asyncio.get_running_loop()
    threading.Thread(target=lambda: (sys.stdin.readline(), loop.call_soon_threadsafe(stop.set)), daemon=True).start()
    with suppress(StoreFailed):  # the server is being restarted
        await inbox.depth()
    say_ready()
    await asyncio.gather(*(TASKS[kind](inbox, log, stop) for _ in range(AT_ONCE)))
    await inbox.aclose()


def work_in_threads(dsn: str, schema: str, log: Log, kind: str) -> None:
    inbox, stop = BlockingInbox(dsn, schema=schema), threading.Event()
    threading.Thread(target=lambda: (sys.stdin.readline(), stop.set()), daemon=True).start()
    with suppress(StoreFailed):
        inbox.depth()
    say_ready()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for ended in [pool.submit(THREADS[kind], inbox, log, stop) for _ in range(AT_ONCE)]:
            ended.result()
    inbox.close()


def main(dsn: str, schema: str, path: str, kind: str) -> None:
    if kind in TASKS:
        asyncio.run(work_in_tasks(dsn, schema, Log(path), kind))
    else:
        work_in_threads(dsn, schema, Log(path), kind)


if __name__ == "__main__":
    main(*sys.argv[1:])
