"""What a run records is not lost when a commit of the journal fails."""

import asyncio
import threading
from collections.abc import Sequence

import pytest

from paycombat_async import ConfigurationError, UpdateCustomer
from paycombat_async.batch.journal.journal import Journal, Plan, Result, RowState, temporary_journal
from paycombat_async.batch.report import Tally
from paycombat_async.batch.rows.row import Row, row_from_request
from paycombat_async.batch.run.recorder import RunRecorder
from tests.processes import PATIENCE_S


def row(customer_id: str) -> Row:
    made = row_from_request(2, UpdateCustomer(customer_id=customer_id, description="x"))
    assert isinstance(made, Row)
    return made


async def test_results_of_a_commit_that_failed_are_written_by_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without them, rows that were carried out would be reported, and sent again, as if they were not."""
    journal = temporary_journal()
    recorder = RunRecorder(journal, None, Tally(None))
    items = await recorder.plan([row("c1"), row("c2")])
    commit, written = Journal.commit, list[Result]()

    def fails(_journal: Journal, results: Sequence[Result], rows: Sequence[Row]) -> list[Plan]:
        raise ConfigurationError("the disk is full")

    def works(journal: Journal, results: Sequence[Result], rows: Sequence[Row]) -> list[Plan]:
        written.extend(results)
        return commit(journal, results, rows)

    recorder.mark_done(items[0].number)
    monkeypatch.setattr(Journal, "commit", fails)
    with pytest.raises(ConfigurationError, match="disk is full"):
        await recorder.flush()
    recorder.mark_done(items[1].number)
    monkeypatch.setattr(Journal, "commit", works)
    await recorder.flush()
    await recorder.close()

    assert [(item.number, RowState.DONE) for item in items] == [(result.number, result.state) for result in written]


async def test_results_of_a_commit_that_failed_are_written_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """The run stops after such a failure, so `close` is what comes next."""
    journal = temporary_journal()
    recorder = RunRecorder(journal, None, Tally(None))
    items = await recorder.plan([row("c1")])
    written: list[Result] = []
    close = Journal.close

    def fails(_journal: Journal, results: Sequence[Result], rows: Sequence[Row]) -> list[Plan]:
        raise ConfigurationError("the disk is full")

    def closes(journal: Journal, results: Sequence[Result], failures_left: str = "") -> None:
        written.extend(results)
        close(journal, results, failures_left)

    monkeypatch.setattr(Journal, "commit", fails)
    monkeypatch.setattr(Journal, "close", closes)
    recorder.mark_done(items[0].number)
    with pytest.raises(ConfigurationError, match="disk is full"):
        await recorder.flush()
    await recorder.close()

    assert [(items[0].number, RowState.DONE)] == [(result.number, result.state) for result in written]


async def test_results_of_a_commit_that_is_cancelled_are_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """The commit waits for its thread when the run is cancelled; the rows were carried out all the same."""
    recorder = RunRecorder(temporary_journal(), None, Tally(None))
    items = await recorder.plan([row("c1")])
    commit, written, may_write = Journal.commit, list[Result](), threading.Event()

    def watched(journal: Journal, results: Sequence[Result], rows: Sequence[Row]) -> list[Plan]:
        written.extend(results)
        return commit(journal, results, rows)

    monkeypatch.setattr(Journal, "commit", watched)
    recorder.mark_done(items[0].number)
    recorder._thread.submit(may_write.wait, PATIENCE_S)
    flushing = asyncio.create_task(recorder.flush())
    await asyncio.sleep(0)
    flushing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await flushing
    may_write.set()
    await recorder.close()

    assert [(items[0].number, RowState.DONE)] == [(result.number, result.state) for result in written]
