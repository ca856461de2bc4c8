"""Both journals give the same report, and the same failures file, for the same input and the same answers."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from paycombat_async import UpdateCustomer
from paycombat_async.batch import BatchReport, PostgresJournal, open_rows, sync_customers
from paycombat_async.batch.rows.reader import GivenRows
from tests.batch.postgres.runs import client_of, postgres_journals
from tests.batch.provider import Answer, Provider, refused, updated
from tests.postgres_server import PostgresServer

CSV = """customer_id,description,company.name
c1,one,
c2,two,"Quoted, Ltd"
,no id,
c3,three,=SUM(A1)
c3,three,=SUM(A1)
c3,another,
c4,,
c5,8.21E+11,
c6,six,too,many
gone,x,
down,x,
c7,seven,é
"""
JSONL = "".join(
    f"{line}\n"
    for line in (
        '{"customer_id": "c1", "description": "one"}',
        '{"customer_id": "c2", "description": "\\ud83d\\ude00", "metadata": {"a": "b"}}',
        '{"customer_id": "c2", "description": "two"}',
        "no JSON",
        '{"customer_id": "c4"}',
        '{"customer_id": "c5", "description": 5}',
        '{"customer_id": "gone", "description": "x"}',
        '{"customer_id": "down", "description": "x"}',
    )
)
GIVEN = [
    UpdateCustomer(customer_id="c1", description="one"),
    UpdateCustomer(customer_id=""),
    UpdateCustomer(customer_id="c1", description="two"),
    UpdateCustomer(customer_id="c\0", description="two"),
    UpdateCustomer(customer_id="c2"),
    UpdateCustomer(customer_id="gone", description="x"),
    UpdateCustomer(customer_id="down", description="x"),
    UpdateCustomer(customer_id="é", description="x"),
]


@pytest.fixture(name="journal")
async def _journal(postgres_server: PostgresServer) -> AsyncIterator[PostgresJournal]:
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    async with postgres_journals(postgres_server.dsn) as make:
        yield make()


def answer(customer: str, number: int) -> Answer:
    """Refuses one customer, fails for another, and answers 429 once for a third."""
    if customer == "c1" and number == 1:
        return refused(429)
    return {"gone": refused(404, "no such customer"), "down": refused(500)}.get(customer) or updated(customer)


def rows_of(kind: str, folder: Path) -> GivenRows:
    if kind == "given":
        return GIVEN
    path = folder / f"in.{kind}"
    path.write_text(CSV if kind == "csv" else JSONL, encoding="utf-8")
    return open_rows(path)


def comparable(report: BatchReport) -> BatchReport:
    return replace(report, elapsed=0.0, failures_file=None)


@pytest.mark.parametrize("kind", ["csv", "jsonl", "given"])
async def test_the_reports_are_the_same(kind: str, journal: PostgresJournal, tmp_path: Path) -> None:
    """In a first run, and in a second one with the same input, in which the provider has recovered."""
    reports, files, sent = [], [], []
    for place in (tmp_path / "journal", journal):
        failed = tmp_path / f"{type(place).__name__}.failed"
        first, second = Provider(answer), Provider()
        async with client_of(first, max_retries=0) as client:
            reports.append(await sync_customers(client, rows_of(kind, tmp_path), journal=place, failed=failed))
        files.append(failed.read_text(encoding="utf-8"))
        async with client_of(second) as client:
            reports.append(await sync_customers(client, rows_of(kind, tmp_path), journal=place, failed=failed))
        files.append(failed.read_text(encoding="utf-8"))
        sent.append((first.sent, second.sent, first.bodies))

    assert comparable(reports[0]) == comparable(reports[2])
    assert comparable(reports[1]) == comparable(reports[3])
    assert sorted(files[0].splitlines()) == sorted(files[2].splitlines())
    assert sorted(files[1].splitlines()) == sorted(files[3].splitlines())
    assert files[2] != files[3]
    assert sent[0] == sent[1]
    assert 3 == reports[0].exit_code
