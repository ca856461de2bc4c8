"""The task that a worker of a Dask cluster carries out: a part of a run, until no row is left."""

import asyncio
import importlib
import os
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import msgspec
from msgspec import Struct

from paycombat_async._clock import SYSTEM_CLOCK
from paycombat_async._version import __version__
from paycombat_async.batch.cluster_signals import Signals
from paycombat_async.batch.postgres.job import Part, limiter_of
from paycombat_async.batch.postgres.journal import PostgresJournal
from paycombat_async.batch.run.arguments import Job
from paycombat_async.client import AsyncPayCombat
from paycombat_async.errors import ConfigurationError, PayCombatError

DATABASE: Final = "PAYCOMBAT_DATABASE_URL"


class Order(Struct, frozen=True, kw_only=True):
    """What each worker of the cluster is told about the run. The worker takes the credentials from its environment.

    `run` is the number of the run in the database, `name` is its name. `signals` is the name of the run's `Signals`.
    """

    run: int
    name: str
    rate: float | None
    schema: str
    account: str | None
    base_url: str | None
    concurrency: int
    signals: str


class Share(Struct, frozen=True):
    """What a worker returns when it has ended. `stopped` is the message of the problem that stopped it, or "".

    `misconfigured` is true if the problem is a setting, the credentials, the database or the worker itself. `doubtful`
    is the number of rows that may have been carried out and have no result.
    """

    stopped: str = ""
    misconfigured: bool = False
    doubtful: int = 0


def task_of(version: str, order: Order) -> Callable[[], bytes]:
    """Returns the function that a worker has to call. Its result is a `Share` in JSON.

    `version` is the version of paycombat that begins the run. The function and its result contain no class of this
    package, for two reasons. The scheduler does not need the package. And a worker that lacks the package, or has a
    different version, can report this; if Dask could not decode the task in such a worker, the worker would close
    without a message.
    """
    encoded = msgspec.json.encode(order)

    def take_part_in_worker() -> bytes:  # Dask sends a function in a function by value, and so without its module
        import importlib  # noqa: PLC0415  # for the reason above
        import json  # noqa: PLC0415  # for the reason above

        try:
            worker = importlib.import_module("paycombat_async.batch.cluster_worker")
        except ImportError as error:
            problem = f"a worker cannot take part: it lacks paycombat {version}, or what that needs ({error})"
            return json.dumps({"stopped": problem, "misconfigured": True}).encode()
        return worker.take_part(version, encoded)  # type: ignore[no-any-return]  # the module is imported by name

    return take_part_in_worker


def take_part(version: str, order: bytes) -> bytes:
    """Carries out rows of the run in this worker, until no row is left or the run is stopped.

    Returns a `Share`, the report of this worker. The version of paycombat is compared before the order (the description
    of the run) is decoded, because a different version may have encoded it differently. The `Share` says what is wrong
    if

    - this worker has a different version of paycombat than the process that began the run;
    - its environment has no URL of a database or no credentials;
    - the credentials belong to a different account than the run; or
    - the database fails at the start.
    """
    try:
        return msgspec.json.encode(_take_part(version, order))
    except PayCombatError as error:
        return msgspec.json.encode(Share(f"a worker cannot take part: {error}", misconfigured=True))


def _take_part(version: str, order: bytes) -> Share:
    if version != __version__:
        raise ConfigurationError(
            f"it has paycombat {__version__}, and the run was begun with {version}; install the same version"
        )
    if not os.environ.get(DATABASE):
        raise ConfigurationError(f"its environment has no {DATABASE}")
    client = importlib.import_module("distributed").get_client()
    return asyncio.run(carry_out_order(msgspec.json.decode(order, type=Order), client))


async def carry_out_order(order: Order, client: object) -> Share:
    """Sends rows as the order (the description of the run) says. `client` is the Dask client of this worker.

    Raises the errors that `take_part` reports.
    """
    # The URL is in no variable, because tracebacks with local variables would show the password in it.
    journal = PostgresJournal(os.environ[DATABASE], order.name, order.rate, order.schema)
    stop = asyncio.Event()
    job = Job(
        (), journal, None, order.concurrency, None, None, stop, dry_run=False, send_all=False, account=order.account
    )
    limiter = limiter_of(journal, job)
    try:
        async with AsyncPayCombat(base_url=order.base_url, max_connections=max(100, order.concurrency)) as paycombat:
            part = Part(paycombat, journal, job, limiter)
            await part.check(order.run)
            await _work(part, order.run, stop, Signals(client, order.signals, SYSTEM_CLOCK))
            return Share(*part.end)
    finally:
        for store in (limiter, journal):
            if store is not None:
                await store.aclose()


async def _work(part: Part, run: int, stop: asyncio.Event, signals: Signals) -> None:
    """Sends rows until none is left or a signal ends the work. Rows whose calls a signal cancels are doubtful."""
    working = asyncio.create_task(part.work(run))
    relay = asyncio.create_task(signals.relay(stop, working.cancel))
    try:
        with suppress(asyncio.CancelledError):  # the relay has cancelled it; nothing else cancels a task of Dask
            await working
    finally:
        relay.cancel()
