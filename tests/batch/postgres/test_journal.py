"""A run of many machines: joined, resumed, changed, refused; its report and its failures."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from paycombat_async import ConfigurationError, RawReply, StoreFailed, UpdateCustomer
from paycombat_async.batch import PostgresJournal, sync_customers
from tests.batch.postgres.runs import client_of, counts, postgres_journals, updates
from tests.batch.provider import Provider, refused, updated
from tests.postgres_server import PostgresServer, execute
from tests.processes import PATIENCE_S

Journals = Callable[..., PostgresJournal]


@pytest.fixture(name="journals")
async def _journals(postgres_server: PostgresServer) -> AsyncIterator[Journals]:
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    async with postgres_journals(postgres_server.dsn) as make:
        yield make


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def test_two_machines_carry_out_one_run(journals: Journals) -> None:
    """They load the same rows, send each once, and both report all of them."""
    provider = Provider()
    async with client_of(provider) as one, client_of(provider) as other:
        reports = await asyncio.gather(
            *(sync_customers(client, updates(2000), journal=journals()) for client in (one, other))
        )

    assert [(2000, 0, 0, 0, 0)] * 2 == [counts(report) for report in reports]
    assert {1} == set(provider.sent.values())
    assert 2000 == len(provider.sent)


async def test_the_same_rows_twice_are_one_run_and_a_changed_input_sends_the_changes(journals: Journals) -> None:
    """Rows that are no longer in the input are not sent, and those that come back unchanged are not sent again."""
    provider = Provider()
    inputs = [
        updates(1200),
        updates(1200),
        [*updates(3, "y"), *updates(900)[3:], UpdateCustomer(customer_id="new", description="x")],
        [*updates(3, "y"), *updates(1200)[3:]],
    ]
    async with client_of(provider) as client:
        reports = [await sync_customers(client, rows, journal=journals()) for rows in inputs]

    assert [1200, 0, 4, 0] == [report.updated for report in reports]
    assert [0, 1200, 897, 1200] == [report.unchanged for report in reports]
    assert {"c0", "c1", "c2"} == {customer for customer, number in provider.sent.items() if number == 2}
    assert 1201 == len(provider.sent)
    assert b'"y"' in provider.bodies["c0"]


async def test_all_rows_are_sent_again_on_demand(journals: Journals) -> None:
    """With `send_all`, even those that are done."""
    provider = Provider()
    async with client_of(provider) as client:
        for send_all in (False, True, False):
            report = await sync_customers(client, updates(40), journal=journals(), send_all=send_all)

    assert (0, 40, 0, 0, 0) == counts(report)
    assert {2} == set(provider.sent.values())


async def test_rows_that_failed_are_sent_again_by_the_next_run(journals: Journals) -> None:
    """Rows that were carried out are not."""
    answers = {"c1": refused(400), "c2": refused(500)}
    first, second = Provider(lambda customer, _: answers.get(customer, updated(customer))), Provider()
    async with client_of(first, max_retries=0) as client:
        before = await sync_customers(client, updates(5), journal=journals())
    async with client_of(second) as client:
        after = await sync_customers(client, updates(5), journal=journals())

    assert (3, 0, 1, 1, 0) == counts(before)
    assert [(2, "c1"), (3, "c2")] == [(failure.line, failure.customer_id) for failure in before.failures]
    assert (2, 3, 0, 0, 0) == counts(after)
    assert {"c1", "c2"} == set(second.sent)


async def test_another_account_is_refused_once_a_row_was_carried_out(journals: Journals) -> None:
    """A token that the provider refuses does not bind the run; a named account may replace its token."""
    wrong = Provider(lambda *_: refused(401))
    async with client_of(wrong, "snd_wrong") as client:
        unsent = await sync_customers(client, updates(5), journal=journals())
    async with client_of(Provider()) as client:
        report = await sync_customers(client, updates(5), journal=journals(), account="shop")
    async with client_of(Provider(), "snd_other") as client:
        renamed = await sync_customers(client, updates(5), journal=journals(), account="shop")
        with pytest.raises(ConfigurationError, match="the run run belongs to another account") as caught:
            await sync_customers(client, updates(5), journal=journals(), account="other")

    assert (0, 0, 0, 0, 5) == counts(unsent)
    assert (2, 0, 0) == (unsent.exit_code, report.exit_code, renamed.exit_code)
    assert "--run" in str(caught.value)


async def test_a_stopped_run_is_resumed_and_sends_nothing_twice(journals: Journals) -> None:
    """The stopped machine gives its rows back immediately, and its report counts them as pending."""
    stop = asyncio.Event()

    def answer(customer: str, _: int) -> RawReply:
        if len(provider.sent) >= 700:
            stop.set()
        return updated(customer)

    provider = Provider(answer)
    async with client_of(provider) as client, asyncio.timeout(PATIENCE_S):
        stopped = await sync_customers(client, updates(2000), journal=journals(), stop=stop)
        sent = len(provider.sent)
        status = await journals().status()
        resumed = await sync_customers(client, updates(2000), journal=journals())

    assert (sent, 0, 0, 0, 2000 - sent) == counts(stopped)
    assert (130, sent, False) == (stopped.exit_code, status.updated, status.is_over)
    assert (2000, 0, 0, 0, 0) == counts(resumed)
    assert {1} == set(provider.sent.values())


async def test_a_run_that_is_stopped_while_it_is_loaded_has_no_rows(journals: Journals) -> None:
    """The loading is undone, nothing is sent, and the next call begins again."""
    stop, provider = asyncio.Event(), Provider()

    async def rows() -> AsyncIterator[UpdateCustomer]:
        for number, update in enumerate(updates(2000)):
            if number == 1000:
                stop.set()
            yield update

    async with client_of(provider) as client, asyncio.timeout(PATIENCE_S):
        stopped = await sync_customers(client, rows(), journal=journals(), stop=stop)
        loaded = (await journals().status()).rows
        unsent = not provider.sent
        report = await sync_customers(client, updates(2000), journal=journals())

    assert (130, 0, 0, True) == (stopped.exit_code, stopped.rows, loaded, unsent)
    assert (2000, 0, 0, 0, 0) == counts(report)


async def test_an_error_of_the_callback_is_raised_when_the_run_is_over(journals: Journals) -> None:
    """The rows are sent nevertheless, because other machines rely on this one."""
    provider = Provider()

    def fail(_: object) -> None:
        raise ZeroDivisionError

    async with client_of(provider) as client:
        with pytest.raises(ZeroDivisionError):
            await sync_customers(client, updates(20), journal=journals(), on_progress=fail)

    assert 20 == len(provider.sent)


async def test_a_cancelled_machine_gives_its_rows_back(journals: Journals) -> None:
    """Rows whose call was cut are unknown in its report, and sent again by the next machine, which needs no wait."""
    started = asyncio.Event()

    class Stuck(Provider):
        async def send(self, draft: object, timeout: float) -> RawReply:
            reply = await super().send(draft, timeout)
            if len(self.sent) > 30:
                started.set()
                await asyncio.Event().wait()
            return reply

    stuck, provider = Stuck(), Provider()
    async with client_of(stuck) as client, client_of(provider) as other, asyncio.timeout(PATIENCE_S):
        task = asyncio.create_task(sync_customers(client, updates(100), journal=journals(), concurrency=4))
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        status = await journals().status()
        report = await sync_customers(other, updates(100), journal=journals())

    assert (100, 0, 0, 0, 0) == counts(report)
    assert 0 == status.machines
    assert 0 < len(set(stuck.sent) & set(provider.sent)) <= 4


async def test_bodies_are_deleted_when_their_rows_are_done(journals: Journals, postgres_server: PostgresServer) -> None:
    """Rows that failed keep theirs, for the next run and for the failures file."""
    provider = Provider(lambda customer, _: refused(400) if customer == "c1" else updated(customer))
    journal = journals()
    async with client_of(provider) as client:
        await sync_customers(client, updates(5), journal=journal)
    rows = await execute(
        postgres_server.dsn,
        f"SELECT state, body IS NULL, source IS NULL FROM {journal.schema}.batch_row ORDER BY number",
    )

    assert [("done", True, True)] * 4 + [("failed", False, True)] == sorted(rows)


async def test_another_input_waits_until_no_machine_works(journals: Journals, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is refused after a while, and the run goes on."""
    monkeypatch.setattr("paycombat_async.batch.postgres.load._PATIENCE_S", 0)
    started, may_end = asyncio.Event(), asyncio.Event()

    class Slow(Provider):
        async def send(self, draft: object, timeout: float) -> RawReply:
            started.set()
            await may_end.wait()
            return await super().send(draft, timeout)

    async with client_of(Slow()) as client, client_of(Provider()) as other, asyncio.timeout(PATIENCE_S):
        task = asyncio.create_task(sync_customers(client, updates(10), journal=journals()))
        await started.wait()
        with pytest.raises(ConfigurationError, match="machines are at work on another input"):
            await sync_customers(other, updates(11), journal=journals())
        may_end.set()
        report = await task

    assert (10, 0, 0, 0, 0) == counts(report)


async def test_the_rate_is_that_of_all_machines_together(journals: Journals) -> None:
    """Two machines at 100 per second send 60 requests in no less than 0.5 seconds; two rates are refused."""
    provider = Provider()
    async with client_of(provider) as one, client_of(provider) as other:
        reports = await asyncio.gather(
            *(sync_customers(client, updates(60), journal=journals(rate=100)) for client in (one, other))
        )
        with pytest.raises(ConfigurationError, match="rate of its journal differ"):
            await sync_customers(one, updates(60), journal=journals(rate=100), rate=50)

    assert [60, 60] == [report.updated for report in reports]
    assert max(report.elapsed for report in reports) > 0.5


async def test_the_status_counts_all_machines(journals: Journals) -> None:
    """Runs have names; an unknown one is refused."""
    async with client_of(Provider()) as client:
        await sync_customers(client, updates(3), journal=journals("first"))
        await sync_customers(client, [*updates(2), *updates(1, "z")], journal=journals("second"))
    runs = await journals().runs()

    assert [("first", 3, 3, 0), ("second", 3, 2, 1)] == [
        (status.run, status.rows, status.updated, status.failed) for status in runs
    ]
    assert all(status.is_over and not status.pending for status in runs)
    with pytest.raises(ConfigurationError, match="no run 'third'"):
        await journals("third").status()


@pytest.mark.parametrize("run", ["", " x", "x\n", "x" * 81, 3])
def test_invalid_names_of_runs_are_refused(run: str) -> None:
    """Before anything is connected."""
    pytest.importorskip("psycopg", reason="psycopg is not installed")

    with pytest.raises(ConfigurationError, match="the name of a run must be 1 to 80 printable characters"):
        PostgresJournal("postgresql://nowhere", run)


async def test_missing_tables_are_named(postgres_server: PostgresServer, tmp_path: Path) -> None:
    """The sentence says how to create them; nothing is sent, and no file is left."""
    provider = Provider()
    journal = PostgresJournal(postgres_server.dsn, "run", schema="missing")
    async with client_of(provider) as client:
        with pytest.raises(
            StoreFailed, match="the journal in PostgreSQL has no tables yet; run `paycombat db migrate`"
        ):
            await sync_customers(client, updates(3), journal=journal, failed=tmp_path / "failed.jsonl")
    await journal.aclose()

    assert not provider.sent
    assert [] == names_in(tmp_path)
