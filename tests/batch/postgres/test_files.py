"""The same file on two machines, a changed file, and the file of another account."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from paycombat_async import ConfigurationError
from paycombat_async.batch import PostgresJournal, sync_customers
from tests.batch.postgres.runs import client_of, counts, postgres_journals
from tests.batch.provider import Provider
from tests.postgres_server import PostgresServer

Journals = Callable[..., PostgresJournal]
ROWS = 40


@pytest.fixture(name="journals")
async def _journals(postgres_server: PostgresServer) -> AsyncIterator[Journals]:
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    async with postgres_journals(postgres_server.dsn) as make:
        yield make


def csv_of(path: Path, lines: list[str]) -> Path:
    path.write_text("\n".join(["customer_id,description", *lines, ""]))
    return path


async def test_a_file_on_two_machines_is_one_run_and_a_changed_file_sends_the_change(
    journals: Journals, tmp_path: Path
) -> None:
    """Both load it at once, and one of them copies it; the same lines in another order are no change."""
    provider, lines = Provider(), [f"c{number},x" for number in range(ROWS)]
    copies = [csv_of(tmp_path / name, lines) for name in ("one.csv", "other.csv")]
    async with client_of(provider) as one, client_of(provider) as other:
        both = await asyncio.gather(
            *(
                sync_customers(client, path, journal=journals())
                for client, path in zip((one, other), copies, strict=True)
            )
        )
        sent = dict(provider.sent)
        turned = csv_of(tmp_path / "turned.csv", lines[::-1])
        changed = csv_of(tmp_path / "changed.csv", ["c0,y", *lines[2:], "new,x"])
        later = [await sync_customers(one, path, journal=journals()) for path in (turned, changed)]

    # A machine that comes after the end of the run has nothing to send.
    assert (ROWS, 0, 0, 0, 0) in [counts(report) for report in both]
    assert all(counts(report) in {(ROWS, 0, 0, 0, 0), (0, ROWS, 0, 0, 0)} for report in both)
    assert {f"c{number}": 1 for number in range(ROWS)} == sent
    assert [(0, ROWS, 0, 0, 0), (2, ROWS - 2, 0, 0, 0)] == [counts(report) for report in later]
    assert {"c0": 2, "new": 1} == {customer: n for customer, n in provider.sent.items() if n != sent.get(customer)}


async def test_the_file_of_another_account_is_refused_also_while_the_run_is_loaded_by_both(
    journals: Journals, tmp_path: Path
) -> None:
    """One of the two carries the run out; nothing of the other is sent."""
    path, providers = csv_of(tmp_path / "rows.csv", [f"c{n},x" for n in range(ROWS)]), (Provider(), Provider())
    async with client_of(providers[0]) as one, client_of(providers[1], "snd_other") as other:
        ended = await asyncio.gather(
            *(sync_customers(client, path, journal=journals()) for client in (one, other)), return_exceptions=True
        )

    [refused] = [end for end in ended if isinstance(end, ConfigurationError)]
    assert "the run run belongs to another account" in str(refused)
    assert [0, ROWS] == sorted(len(provider.sent) for provider in providers)
