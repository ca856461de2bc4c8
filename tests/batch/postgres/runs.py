"""Runs in a real PostgreSQL, for tests: journals with empty tables, clients of a provider in memory, rows."""

import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

from paycombat_async import AsyncPayCombat, UpdateCustomer
from paycombat_async.batch import BatchReport, PostgresJournal
from tests.batch.provider import Provider
from tests.conftest import SIGNATURE_KEY, TOKEN
from tests.postgres_server import execute, new_schema


@contextlib.asynccontextmanager
async def postgres_journals(dsn: str) -> AsyncIterator[Callable[..., PostgresJournal]]:
    """A function that makes the journals of several machines, in a schema of their own, dropped afterwards."""
    schema, made = new_schema(), list[PostgresJournal]()

    def make(run: str = "run", **options: Any) -> PostgresJournal:
        made.append(PostgresJournal(dsn, run, schema=schema, **options))
        return made[-1]

    await make().migrate()
    try:
        yield make
    finally:
        for journal in made:
            await journal.aclose()
        await execute(dsn, f'DROP SCHEMA "{schema}" CASCADE')


def client_of(provider: Provider, token: str = TOKEN, **options: Any) -> AsyncPayCombat:
    return AsyncPayCombat(token=token, signature_key=SIGNATURE_KEY, transport=provider, **options)


def updates(number: int, description: str = "x") -> list[UpdateCustomer]:
    return [UpdateCustomer(customer_id=f"c{at}", description=description) for at in range(number)]


def counts(report: BatchReport) -> tuple[int, int, int, int, int]:
    return report.updated, report.unchanged, report.failed, report.unknown, report.pending
