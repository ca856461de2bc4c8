"""A process of `python -m benchmarks workers`: loads a run into PostgreSQL, or carries out one, or its part of one.

`python -m benchmarks._workers JOB TEXT …` imports what it needs, prints a line, waits for a line of input, and prints
as JSON how long the job took, how much processor time of this process, and its figures of memory.
"""

import asyncio
import os
import sys
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import msgspec

from benchmarks._data import KEY, TOKEN
from benchmarks._processes import MEMORY_IS_KNOWN, resident_mb
from benchmarks.bench_profile import AnswersAtOnce
from paycombat_async import AsyncPayCombat, UpdateCustomer
from paycombat_async._clock import SYSTEM_CLOCK
from paycombat_async.batch import (
    PostgresJournal,
    Progress,
    cluster_worker,
    open_rows,
    sync_customers,
    sync_customers_on,
)
from paycombat_async.batch.journal.binding import Binding
from paycombat_async.batch.postgres.load import Loader
from paycombat_async.batch.rows.file import RowFile

SCHEMA: Final = "paycombat_benchmark"
DATABASE: Final = "PAYCOMBAT_DATABASE_URL"
CONCURRENCY: Final = 64
_ADDRESS: Final = "http://127.0.0.1"
PARTS: Final = 5  # memory is looked at after each of so many parts of the rows

Job = Callable[..., Coroutine[Any, Any, "Taken"]]


class Taken(msgspec.Struct):
    """What a job has taken: seconds on the wall and of the processor, and memory in MB after each part of its rows."""

    wall: float = 0.0
    cpu: float = 0.0
    memory: list[float] = []


class Watch:
    """Takes the figures of a job from its making on."""

    def __init__(self, rows: int = 0) -> None:
        self._part = max(1, rows // PARTS)
        self._memory: list[float] = []
        self._begun, self._cpu = time.perf_counter(), time.process_time()

    def see(self, rows: int) -> None:
        """Notes how much memory this process holds, if `rows` rows are a part of them all."""
        if MEMORY_IS_KNOWN and rows >= self._part * (len(self._memory) + 1):
            self._memory.append(resident_mb())

    def taken(self, more_cpu: float = 0.0) -> Taken:
        cpu = time.process_time() - self._cpu + more_cpu
        return Taken(time.perf_counter() - self._begun, cpu, self._memory)


def journal_of(run: str) -> PostgresJournal:
    """The journal of a run in the database that the environment names."""
    return PostgresJournal(os.environ[DATABASE], run, schema=SCHEMA)


def _client(**_options: object) -> AsyncPayCombat:
    """A client whose provider is in this process and answers immediately, so that the journal is what is measured."""
    return AsyncPayCombat(token=TOKEN, signature_key=KEY, base_url=_ADDRESS, transport=AnswersAtOnce())


def answer_at_once() -> None:
    """Makes the workers of a cluster in this process use such a client. Credentials are in their environment anyway."""
    assert "AsyncPayCombat" in vars(cluster_worker)  # or the replacement would replace nothing
    vars(cluster_worker)["AsyncPayCombat"] = _client


async def _sync(rows: str, kind: str, run: str) -> Taken:
    """Carries out the rows of a file, or takes part in a run that has been loaded: `kind` is none, file or run."""
    with TemporaryDirectory() as folder:
        journals = {"none": None, "file": Path(folder, "journal"), "run": journal_of(run) if run else None}
        journal, count = journals[kind], int(Path(rows).stem)
        watch = Watch(count)

        def on_progress(progress: Progress) -> None:
            watch.see(progress.updated)

        async with _client() as client:
            report = await sync_customers(
                client, rows, journal=journal, concurrency=CONCURRENCY, on_progress=on_progress
            )
        assert report.updated == count, report
        taken = watch.taken()
        if isinstance(journal, PostgresJournal):
            await journal.aclose()
    return taken


async def _dask(rows: str, run: str, workers: str) -> Taken:
    """Has the workers of a cluster on this machine carry out a run that has been loaded."""
    # Not at the top of the file: it brings click, which would count as memory of the other jobs.
    from paycombat_async.cli.customers_dask import LOCAL, dask_cluster  # noqa: PLC0415

    os.environ.update(PAYCOMBAT_TOKEN=TOKEN, PAYCOMBAT_SIGNATURE_KEY=KEY)
    count, journal = int(workers), journal_of(run)
    async with dask_cluster(LOCAL, count) as cluster:
        client: Any = cluster.client  # the SDK's own type of it has no `run`, which the SDK does not use
        await client.run(answer_at_once)
        before = sum((await client.run(time.process_time)).values())
        watch = Watch()
        report = await sync_customers_on(
            client, rows, journal=journal, workers=count, concurrency=CONCURRENCY, base_url=_ADDRESS
        )
        assert report.updated == report.rows, report
        taken = watch.taken(sum((await client.run(time.process_time)).values()) - before)
    await journal.aclose()
    return taken


async def _load(rows: str, run: str) -> Taken:
    """Copies the rows of a file into a run."""
    file = open_rows(rows)
    return await _load_into(run, file, await asyncio.to_thread(file.content_digest), Watch())


async def _load_many(number: str, run: str) -> Taken:
    """Copies so many rows, which no file holds, and looks at the memory meanwhile."""
    watch = Watch(int(number))

    def small() -> Iterator[UpdateCustomer]:
        for count in range(int(number)):
            watch.see(count)
            yield UpdateCustomer(customer_id=f"customer_{count}", description="VIP")

    taken = await _load_into(run, small(), "", watch)
    watch.see(int(number))
    return taken


async def _load_into(run: str, rows: RowFile | Iterator[UpdateCustomer], digest: str, watch: Watch) -> Taken:
    journal = journal_of(run)
    async with _client() as client:
        observed = client.observed(lambda _: None)
        binding = Binding(source="", address=observed.base_url, account=observed.account_digest("paycombat journal"))
        await Loader(journal, binding, SYSTEM_CLOCK, send_all=False).join(rows, digest)
    taken = watch.taken()
    await journal.aclose()
    return taken


JOBS: Final[Mapping[str, Job]] = {"sync": _sync, "dask": _dask, "load": _load, "load many": _load_many}

if __name__ == "__main__":
    print(flush=True)
    sys.stdin.readline()
    print(msgspec.json.encode(asyncio.run(JOBS[sys.argv[1]](*sys.argv[2:]))).decode())
