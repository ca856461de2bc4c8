"""The blocking twin takes the same journal."""

import asyncio

import pytest

from paycombat_async.sandbox import Sandbox
from paycombat_sync import PayCombat
from paycombat_sync.batch import PostgresJournal, sync_customers
from tests.batch.postgres.runs import counts, updates
from tests.postgres_server import PostgresServer, new_schema

pytest.importorskip("psycopg", reason="psycopg is not installed")


def test_blocking_code_shares_a_run(postgres_server: PostgresServer) -> None:
    """Twice the same rows: sent once, and the second call finds nothing to do."""
    journal = PostgresJournal(postgres_server.dsn, "run", schema=new_schema())
    with Sandbox() as sandbox:
        asyncio.run(journal.migrate())
        sandbox.add_customers(f"c{number}" for number in range(50))
        account = {"token": sandbox.token, "signature_key": sandbox.signature_key, "base_url": sandbox.base_url}
        with PayCombat(**account) as client:
            reports = [sync_customers(client, updates(50), journal=journal) for _ in range(2)]
        asyncio.run(journal.aclose())

    assert [(50, 0, 0, 0, 0), (0, 50, 0, 0, 0)] == [counts(report) for report in reports]
