"""A run on a Dask cluster of real worker processes, with credentials from their environment."""

import sys
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from paycombat_async import ConfigurationError
from paycombat_async.batch import PostgresJournal
from paycombat_async.batch.cluster import Order, take_part
from paycombat_async.sandbox import Sandbox
from tests.cli.command import environment
from tests.postgres_server import PostgresServer, new_schema
from tests.processes import run

pytest.importorskip("psycopg", reason="psycopg is not installed")
pytest.importorskip("distributed", reason="distributed is not installed")


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
    """It might understand the tables in another way."""
    order = Order(
        version="0.0.1",
        run=1,
        name="run",
        rate=None,
        schema="paycombat",
        account=None,
        base_url=None,
        concurrency=1,
        stop="stop",
    )

    with pytest.raises(ConfigurationError, match=r"begun with 0\.0\.1; install the same"):
        take_part(order)


@pytest.mark.parametrize("without", ["PAYCOMBAT_TOKEN", "PAYCOMBAT_DATABASE_URL"])
async def test_workers_without_credentials_are_one_sentence(
    without: str, postgres_server: PostgresServer, sandbox: Sandbox
) -> None:
    """With exit code 2, and nothing is sent or lost."""
    said = await carried_out(postgres_server, sandbox, 20, without=without)

    assert said.startswith("(0, 0, 0, 0, 20) 2 a worker cannot take part: ")
    assert without in said
    assert 1 == said.count("\n")
