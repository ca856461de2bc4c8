"""A cluster that fails while a run is under way: one sentence, exit code 2, and the run can be resumed."""

import asyncio
import concurrent.futures
from collections.abc import AsyncIterator, Callable

import pytest

from paycombat_async.batch import BatchReport, PostgresJournal, Progress, sync_customers, sync_customers_on
from tests.batch.postgres.fake_cluster import FakeCluster
from tests.batch.postgres.runs import client_of, counts, postgres_journals, updates
from tests.batch.provider import Provider
from tests.conftest import SIGNATURE_KEY, TOKEN
from tests.postgres_server import PostgresServer
from tests.processes import PATIENCE_S

pytest.importorskip("psycopg", reason="psycopg is not installed")
pytest.importorskip("distributed", reason="distributed is not installed")

Journals = Callable[..., PostgresJournal]
ROWS = 20
WORKERS = {"tcp://w:1": 1}
URL = "https://provider.test"


async def good() -> bytes:
    return b'{"stopped":"","misconfigured":false,"doubtful":0}'


@pytest.fixture(name="journals")
async def _journals(
    postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Callable[..., PostgresJournal]]:
    monkeypatch.setenv("PAYCOMBAT_TOKEN", TOKEN)
    monkeypatch.setenv("PAYCOMBAT_SIGNATURE_KEY", SIGNATURE_KEY)
    async with postgres_journals(postgres_server.dsn) as make:
        yield make


async def carried_out(
    cluster: FakeCluster,
    journal: PostgresJournal,
    stop: asyncio.Event | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> BatchReport:
    async with asyncio.timeout(PATIENCE_S):
        return await sync_customers_on(
            cluster, updates(ROWS), journal=journal, workers=2, base_url=URL, stop=stop, on_progress=on_progress
        )


async def test_a_silent_scheduler_ends_the_run_which_can_be_resumed(
    journals: Journals, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A scheduler that is suspended keeps its connection: Dask itself waits for ever."""
    monkeypatch.setattr("paycombat_async.batch.cluster_signals.SILENT_S", 0.0)
    ended = await carried_out(FakeCluster(None, None, workers=None), journals())
    async with client_of(Provider(), base_url=URL) as client:
        resumed = await sync_customers(client, updates(ROWS), journal=journals())

    assert ended.stopped == (
        "the Dask scheduler has not answered for a minute; workers that are left stop within a minute"
    )
    assert (2, (0, 0, 0, 0, ROWS)) == (ended.exit_code, counts(ended))
    assert (0, (ROWS, 0, 0, 0, 0)) == (resumed.exit_code, counts(resumed))


class KilledWorker(Exception):
    """Named as Dask's error of a task whose workers have died."""


LOST = (
    "the connection to the Dask scheduler was lost, or the tasks of the run were cancelled; workers that are left stop"
    " within a minute"
)
KILLED = (
    "a worker of the cluster failed: a task was lost with its worker too often (Dask's setting"
    " distributed.scheduler.allowed-failures)"
)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (concurrent.futures.CancelledError("scheduler-connection-lost"), LOST),
        (KilledWorker("key"), KILLED),
        (RuntimeError("a\nb"), r"a worker of the cluster failed: RuntimeError: a\x0ab"),
    ],
    ids=["lost", "killed", "other"],
)
async def test_a_lost_task_is_one_sentence(error: Exception, said: str, journals: Journals) -> None:
    """With exit code 2: rows are left that no worker carries out any more."""

    async def lost() -> bytes:
        raise error

    ended = await carried_out(FakeCluster(lost, good, workers=WORKERS), journals())

    assert (2, said) == (ended.exit_code, ended.stopped)
    assert (0, 0, 0, 0, ROWS) == counts(ended)


async def test_a_task_that_is_lost_after_the_last_row_is_no_failure(journals: Journals) -> None:
    """The other workers have carried out its rows: the journal counts, not the engine."""

    async def last_row_and_lost() -> bytes:
        async with client_of(Provider(), base_url=URL) as client:
            await sync_customers(client, updates(ROWS), journal=journals())
        raise concurrent.futures.CancelledError

    ended = await carried_out(FakeCluster(last_row_and_lost, good, workers=WORKERS), journals())

    assert (0, "") == (ended.exit_code, ended.stopped)
    assert (ROWS, 0, 0, 0, 0) == counts(ended)


async def test_a_stopped_run_does_not_wait_for_tasks_without_workers(journals: Journals) -> None:
    """All workers are gone, so that the tasks which are left never begin."""
    stop = asyncio.Event()

    ended = await carried_out(FakeCluster(None, None, workers={}), journals(), stop, lambda _: stop.set())

    assert (130, "") == (ended.exit_code, ended.stopped)
    assert (0, 0, 0, 0, ROWS) == counts(ended)


async def test_a_worker_that_lacks_the_package_is_one_sentence(journals: Journals) -> None:
    """Its answer is made without the package."""

    async def lacks() -> bytes:
        return b'{"stopped": "a worker cannot take part: it lacks paycombat", "misconfigured": true}'

    ended = await carried_out(FakeCluster(lacks, good, workers=WORKERS), journals())

    assert (2, "a worker cannot take part: it lacks paycombat") == (ended.exit_code, ended.stopped)


async def test_a_cluster_whose_workers_do_not_come_back_ends_the_run(
    journals: Journals, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dask keeps their tasks for ever. A cluster that has had no worker yet is waited for."""
    monkeypatch.setattr("paycombat_async.batch.cluster._EMPTY_S", 0.05)
    monkeypatch.setattr("paycombat_async.batch.cluster.POLL_S", 0.1)
    cluster = FakeCluster(None, None, workers={})
    asked = list[bool]()

    async def nthreads() -> dict[str, int]:
        asked.append(True)
        return WORKERS if len(asked) == 3 else {}

    monkeypatch.setattr(cluster, "nthreads", nthreads)
    ended = await carried_out(cluster, journals())

    assert len(asked) > 3
    assert (2, "the Dask cluster has had no workers for five minutes") == (ended.exit_code, ended.stopped)
    assert (0, 0, 0, 0, ROWS) == counts(ended)
