"""A run on a Dask cluster of real worker processes, with credentials from their environment."""

import asyncio
import sys
import traceback
from collections.abc import Iterator
from urllib.parse import quote

import msgspec
import pytest

from paycombat_async import AsyncPayCombat, ConfigurationError, UpdateCustomer, __version__
from paycombat_async.batch import PostgresJournal, sync_customers
from paycombat_async.batch.cluster_worker import Order, Share, carry_out_order, take_part, task_of
from paycombat_async.batch.postgres.job import Part
from paycombat_async.batch.run.arguments import Job
from paycombat_async.sandbox import Sandbox
from tests.cli.command import environment
from tests.postgres_server import PostgresServer, new_schema
from tests.processes import run

pytest.importorskip("psycopg", reason="psycopg is not installed")
pytest.importorskip("distributed", reason="distributed is not installed")

ORDER = Order(
    run=1,
    name="run",
    rate=None,
    schema="paycombat",
    account=None,
    base_url=None,
    concurrency=1,
    signals="signals",
)


@pytest.fixture(name="sandbox")
def _sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


async def carried_out(server: PostgresServer, sandbox: Sandbox, rows: int, *more: str, without: str = "") -> str:
    """What the program prints about a run in a schema of its own."""
    url = f"postgresql://tests@/postgres?host={quote(str(server.folder), '')}"
    journal = PostgresJournal(url, "run", schema=new_schema())
    await journal.migrate()
    await journal.aclose()
    sandbox.add_customers(f"c{number}" for number in range(rows))
    variables = environment(sandbox, PAYCOMBAT_DATABASE_URL=url, WITHOUT=without)
    program = (sys.executable, "-m", "tests.batch.postgres.dask_program", url, journal.schema, rows, *more)
    ended = run(*program, env=variables)
    return ended.stdout or ended.stderr


async def test_the_workers_of_a_cluster_carry_out_a_run(postgres_server: PostgresServer, sandbox: Sandbox) -> None:
    """All rows are updated, and the report is that of both."""
    assert "(1200, 0, 0, 0, 0) 0 \n" == await carried_out(postgres_server, sandbox, 1200)


async def test_rows_of_a_killed_worker_are_taken_over(postgres_server: PostgresServer, sandbox: Sandbox) -> None:
    """By the other worker, or by the one that Dask starts instead."""
    assert "(1200, 0, 0, 0, 0) 0 \n" == await carried_out(postgres_server, sandbox, 1200, "kill")


def test_a_worker_with_another_version_does_not_take_part() -> None:
    """It might understand the tables in another way; so might it the order, which it does not read therefore."""
    share = msgspec.json.decode(take_part("0.0.1", b"an order of another version"), type=Share)

    assert share.misconfigured
    assert share.stopped == (
        f"a worker cannot take part: it has paycombat {__version__}, and the run was begun with 0.0.1; install the"
        " same version"
    )


def test_a_worker_without_the_package_says_so() -> None:
    """The task is sent without any name of the package, which such a worker, and the scheduler, could not import."""
    distributed = pytest.importorskip("distributed")
    sent = distributed.protocol.pickle.dumps(task_of(__version__, ORDER))
    code = (
        "import sys; sys.modules['paycombat_async'] = None;"
        "from distributed.protocol import pickle; print(pickle.loads(sys.stdin.buffer.read())().decode())"
    )
    ended = run(sys.executable, "-c", code, input=sent)
    share = msgspec.json.decode(ended.stdout, type=Share)

    assert share.misconfigured
    assert share.stopped.startswith(
        f"a worker cannot take part: it lacks paycombat {__version__}, or what that needs ("
    )


async def test_a_worker_whose_database_has_not_the_run_does_not_take_part(
    postgres_server: PostgresServer, sandbox: Sandbox
) -> None:
    """Runs are known by numbers, which begin at 1 in each database: another run may have the number of this one."""
    schema = new_schema()
    sandbox.add_customers(["c1"])
    account = {"token": sandbox.token, "signature_key": sandbox.signature_key, "base_url": sandbox.base_url}
    async with AsyncPayCombat(**account) as client:
        other = PostgresJournal(postgres_server.dsn, "another run", schema=schema)
        await other.migrate()
        await sync_customers(client, [UpdateCustomer(customer_id="c1", description="x")], journal=other)
        journal = PostgresJournal(postgres_server.dsn, "run", schema=schema)
        job = Job((), journal, None, 1, None, None, None, dry_run=False, send_all=False)
        for number in (1, 2):
            with pytest.raises(ConfigurationError, match="does not have the run run"):
                await Part(client, journal, job, None).check(number)
        await Part(client, other, job, None).check(1)
        await other.aclose()
        await journal.aclose()


def test_a_worker_that_fails_shows_no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither in the message nor in the local variables, which reporters of errors show."""
    monkeypatch.setenv("PAYCOMBAT_DATABASE_URL", "postgresql://shop:canary@[::1/shop")
    monkeypatch.setattr("distributed.get_client", lambda: None)

    share = take_part(__version__, msgspec.json.encode(ORDER))
    with pytest.raises(ConfigurationError) as caught:
        asyncio.run(carry_out_order(ORDER, None))

    told = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    assert "canary" not in "".join(told.format())
    assert b"canary" not in share


@pytest.mark.parametrize("without", ["PAYCOMBAT_TOKEN", "PAYCOMBAT_DATABASE_URL"])
async def test_workers_without_credentials_are_one_sentence(
    without: str, postgres_server: PostgresServer, sandbox: Sandbox
) -> None:
    """With exit code 2, and nothing is sent or lost."""
    said = await carried_out(postgres_server, sandbox, 20, without=without)

    assert said.startswith("(0, 0, 0, 0, 20) 2 a worker cannot take part: ")
    assert without in said
    assert 1 == said.count("\n")
